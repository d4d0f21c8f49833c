#include "rpc/api.h"

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
