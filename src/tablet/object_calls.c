#include "tablet/object_calls.h"

#include "tablet/event_calls.h"
#include "tablet/table/routine.h"
#include "tablet/table/view.h"

int
object_calls_read(struct ctx *cx, const struct tablet_env *env, const void *q, void *r)
{
	const struct move_request *move = q;
	struct objects_read_reply *reply = r;
	SCOPED(client) struct mysql_client *c = NULL;

	if (move->views_count > 0)
		TRY(view_read_all(cx, env, move, reply));
	if (move->routines_count == 0)
		return 0;
	TRY(env_dba(cx, env, &c));
	return routine_read_all(cx, c, move, &reply->routines);
}

int
object_calls_make(struct ctx *cx, const struct tablet_env *env, const void *q, void *r)
{
	const struct objects_make_request *request = q;

	TRY(routine_make(cx, env, &request->move, &request->routines));
	TRY(event_calls_off(cx, env, &request->move, NULL)); /* somebody may have turned one on here */
	return request->views_count == 0 ? 0 : view_make(cx, env, request);
}

int
object_calls_drop(struct ctx *cx, const struct tablet_env *env, const void *q, void *r)
{
	const struct move_request *move = q;
	SCOPED(client) struct mysql_client *c = NULL;

	if (move->routines_count == 0)
		return 0;
	TRY(env_dba(cx, env, &c));
	return routine_drop(cx, c, move);
}
