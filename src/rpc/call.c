#include "rpc/api.h"
#include "rpc/tablet.h"

#include <stdio.h>

int
rpc_call(struct ctx *cx, const char *address, const char *path, struct slice body, struct slice *out)
{
	struct http_reply reply = { .body = BUF_INIT };
	int rc;

	TRY(http_call(cx, address, path, body, &reply));
	if (reply.status == 200) {
		*out = arena_dup(cx->arena, buf_slice(&reply.body));
		rc = 0;
	} else {
		rc = rpc_read_error(&reply, cx->err);
	}
	buf_done(&reply.body);
	return rc;
}

int
rpc_tablet(struct ctx *cx, const char *address, enum tablet_method method, const void *request,
    void *reply)
{
	const struct tablet_call *call = &tablet_calls[method];
	SCOPED(buf) struct buf body = BUF_INIT;
	char path[HTTP_PATH_MAX];
	struct slice answer;

	snprintf(path, sizeof(path), "/tablet/%s", call->name);
	message_write(&body, call->request, request);
	TRY(rpc_call(cx, address, path, buf_slice(&body), &answer));
	return message_read(cx->arena, call->reply, answer, reply, cx->err);
}
