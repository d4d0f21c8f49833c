#include "tablet/trigger_calls.h"

#include "base/mutant.h"
#include "tablet/server/spare.h"
#include "tablet/table/trigger_make.h"
#include "tablet/table/user_triggers.h"

int
trigger_calls_read(struct ctx *cx, const struct tablet_env *env, const struct move_request *q,
    struct triggers_read_reply *reply)
{
	SCOPED(client) struct mysql_client *c = NULL;

	TRY(env_dba(cx, env, &c));
	return user_triggers_read(cx, c, q, q->side, &reply->triggers);
}

int
trigger_calls_try(struct ctx *cx, const struct tablet_env *env, const struct triggers_try_request *q)
{
	return trigger_try(cx, env, &q->move, &q->triggers, NULL);
}

int
trigger_calls_drop(struct ctx *cx, const struct tablet_env *env, const struct move_request *q)
{
	const struct table_set set = table_set_at(cx->arena, q, q->side);
	SCOPED(spare) struct spare dba = { 0 };

	TRY(spare_take(cx, env, ROLE_DBA, &dba));
	return trigger_drop(cx, env, dba.client, &set);
}

int
trigger_calls_make(
    struct ctx *cx, const struct tablet_env *env, struct move *move, const struct freeze_request *q)
{
	SCOPED(ddl) struct ddl d = { 0 };

	if (q->triggers.count == 0)
		return 0;
	TRY(move_begin(cx, move, q->move.attempt));
	int rc = ddl_open(cx, env, &d);
	if (rc == 0)
		rc = trigger_make(cx, &d, &q->move, &q->triggers);
	move_end(move);
	return rc;
}

int
trigger_calls_undo(
    struct ctx *cx, const struct tablet_env *env, struct move *move, const struct move_request *q)
{
	if (mutant("tablet_thaw_keeps_triggers"))
		return 0;
	TRY(move_begin(cx, move, q->attempt));
	int rc = trigger_calls_drop(cx, env, q);
	move_end(move);
	return rc;
}
