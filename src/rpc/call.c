#include "rpc/api.h"

#include <stdio.h>

int
rpc_call(
    struct ctx *cx, const char *address, const char *path, struct slice body, struct slice *out)
{
	struct http_reply reply = { .body = BUF_INIT };
	int               rc;

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
rpc_tablet(struct ctx *cx, const char *address, const char *method,
    const struct tablet_request *request, struct tablet_reply *reply)
{
	SCOPED(buf) struct buf body = BUF_INIT;
	char                   path[HTTP_PATH_MAX];
	struct slice           answer;

	snprintf(path, sizeof(path), "/tablet/%s", method);
	tablet_request_write(&body, request);
	TRY(rpc_call(cx, address, path, buf_slice(&body), &answer));
	return tablet_reply_read(cx->arena, answer, reply, cx->err);
}
