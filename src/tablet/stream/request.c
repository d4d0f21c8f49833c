#include "tablet/stream/request.h"

#include "tablet/server/spare.h"

enum { SAVE_DEADLINE_MS = 5000 };

int
request_save(struct ctx *cx, const struct tablet_env *env, struct stream_id id,
    const struct move_request *request)
{
	SCOPED(spare) struct spare dba = { 0 };
	SCOPED(buf) struct buf json = BUF_INIT;
	struct ctx within = ctx_within(cx, SAVE_DEADLINE_MS * MSEC);

	stored_request_write(&json, request);
	TRY(spare_take(&within, env, ROLE_DBA, &dba));
	return state_save_request(&within, dba.client, id, buf_slice(&json));
}
