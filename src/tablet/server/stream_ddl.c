#include "tablet/server/stream_ddl.h"

#include "base/mutant.h"

int
stream_ddl_open(struct ctx *cx, const struct tablet_env *env, struct stream_id id, struct ddl *out)
{
	TRY(ddl_open(cx, env, out));
	if (mutant("stream_late_ddl") || state_succeed(cx, out->session, id, SESSION_TABLES) == 0)
		return 0;
	ddl_done(out);
	return -1;
}
