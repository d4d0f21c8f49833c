#include "ctl/move_request.h"

#include "ctl/pick.h"
#include "ctl/switch_time.h"
#include "topo/name_index.h"
#include "topo/workflow_store.h"

void
move_request_set(struct arena *a, struct ctl_request *q)
{
	if (q->tables_count > 0 || pick_is_open(q))
		return;
	q->tables = arena_new(a, struct moved_names);
	q->tables[0] = (struct moved_names){ .from = q->table, .to = q->target_table };
	q->tables_count = 1;
}

const char *
move_request_workflow(const struct ctl_request *q)
{
	if (q->workflow[0] != '\0')
		return q->workflow;
	return q->tables_count == 1 && !pick_is_open(q) ? q->tables[0].to : q->keyspace;
}

static int
refuse_twice(struct ctx *cx, const char *keyspace, const char *table)
{
	return err_set(cx->err, ERR_REFUSED, "table '%s.%s' is named twice", keyspace, table);
}

static int
check_once(struct ctx *cx, struct name_index *x)
{
	const struct name_at *twice;

	name_index_sort(x);
	twice = name_index_twice(x);
	return twice == NULL ? 0 : refuse_twice(cx, twice->keyspace, twice->table);
}

int
move_request_check_tables(struct ctx *cx, const struct ctl_request *q)
{
	struct name_index from = name_index_new(cx->arena, q->tables_count);
	struct name_index to = name_index_new(cx->arena, q->tables_count);

	for (size_t i = 0; i < q->tables_count; i++) {
		TRY(name_check("table", q->tables[i].from, cx->err));
		TRY(name_check("table", q->tables[i].to, cx->err));
		name_index_add(&from, q->keyspace, q->tables[i].from, i);
		name_index_add(&to, q->target_keyspace, q->tables[i].to, i);
	}
	TRY(check_once(cx, &from));
	return check_once(cx, &to);
}

int
move_request_check_count(struct ctx *cx, const struct ctl_request *q)
{
	if (q->tables_count == 0)
		return err_set(cx->err, ERR_REFUSED,
		    q->all ? "no tables to move: keyspace '%s' serves no table that could be moved"
			   : "no tables to move: keyspace '%s' serves none that matches",
		    q->keyspace);
	if (q->tables_count <= WORKFLOW_TABLES_MAX)
		return 0;
	err_set(cx->err, ERR_REFUSED, "%zu tables in one move, at most %d", q->tables_count,
	    WORKFLOW_TABLES_MAX);
	return err_hint(
	    cx->err, "name some of them, and the others in a move of their own (--workflow)");
}

/* Whether it has moved whole is known once it has. */
static int
check_follow(struct ctx *cx, const struct ctl_request *q)
{
	if (!q->options.follow || (q->all && q->excluded_count + q->excluded_patterns_count == 0))
		return 0;
	err_set(cx->err, ERR_REFUSED, "--follow-keyspace is for a keyspace that moves whole");
	return err_hint(cx->err,
	    "move all of it (KEYSPACE.*, --all-tables), or see: vtctlclient "
	    "FollowKeyspace --help");
}

int
move_request_check(struct ctx *cx, const struct ctl_request *q)
{
	TRY(name_check("keyspace", q->keyspace, cx->err));
	TRY(name_check("keyspace", q->target_keyspace, cx->err));
	TRY(name_check("workflow", move_request_workflow(q), cx->err));
	TRY(move_request_check_tables(cx, q));
	TRY(check_follow(cx, q));
	TRY(switch_time_check(&q->options, cx->err));
	TRY(throttle_limits_check(&q->options.limits, cx->err));
	if (strcmp(q->keyspace, q->target_keyspace) != 0)
		return 0;
	if (q->tables_count == 1)
		err_set(cx->err, ERR_REFUSED,
		    "source and target are both in keyspace '%s': '%s.%s' to '%s.%s'", q->keyspace,
		    q->keyspace, q->tables[0].from, q->target_keyspace, q->tables[0].to);
	else
		err_set(
		    cx->err, ERR_REFUSED, "source and target are both keyspace '%s'", q->keyspace);
	return err_hint(cx->err, "name another keyspace as the target");
}
