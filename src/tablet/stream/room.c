#include "tablet/stream/room.h"

#include "tablet/server/spare.h"

enum { POLL_MS = 2000 }; /* the server itself looks once a minute */

/*
 * A server whose disk is full makes whoever writes the binlog wait, without an error, and looks again
 * each minute: what it says meanwhile is the state of those sessions.
 */
int
room_watch(struct ctx *cx, const struct tablet_env *env, struct waiting *waiting)
{
	for (;;) {
		SCOPED(arena) struct arena scratch = ARENA_INIT;
		SCOPED(spare) struct spare c = { 0 };
		struct ctx inner = *cx;
		struct mysql_rows rows;

		inner.arena = &scratch;
		TRY(spare_take(&inner, env, ROLE_DBA, &c));
		TRY(mysql_selectf(&inner, c.client, &rows,
		    "SELECT 1 FROM %s WHERE state = 'Waiting for someone to free space' LIMIT 1",
		    mysql_dialect(c.client)->processes));
		if (rows.rows > 0)
			waiting_note(waiting,
			    "waiting: the disk of server '%s' is full; once there is "
			    "room again it goes on within a minute or two",
			    env->server);
		spare_done(&c);
		TRY(task_sleep(cx, POLL_MS * MSEC));
	}
}
