#include "tablet/server/stream_ddl.h"

#include "base/mutant.h"

enum { TABLES_SESSION = STATE_SESSIONS + 2 }; /* of the stream's, see state_succeed() */

int
stream_ddl_open(struct ctx *cx, const struct tablet_env *env, struct stream_id id, struct ddl *out)
{
	TRY(ddl_open(cx, env, out));
	if (mutant("stream_late_ddl") || state_succeed(cx, out->session, id, TABLES_SESSION) == 0)
		return 0;
	ddl_done(out);
	return -1;
}
