#include "ctl/create.h"

#include "base/clock.h"
#include "base/log.h"

/* What is asked of a new move when the command says nothing. */
static const struct workflow_options defaults = {
	.grace_period = 10 * SECOND,
	.timeout = 30 * SECOND,
	.reader_wait = SECOND,
	.max_lag = 30 * SECOND,
	.on_grace = ON_GRACE_ABORT,
	.switch_attempts = 10,
};

/* What the command gave, over what there is. */
static struct workflow_options
options_over(const struct workflow_options *before, const struct ctl_request *q)
{
	struct workflow_options o = *before;

	workflow_options_take(&o, &q->options, q->given);
	/* Nothing could be done within no time, or in no attempt: a hand-made request. */
	if (o.timeout == 0)
		o.timeout = defaults.timeout;
	if (o.switch_attempts == 0)
		o.switch_attempts = defaults.switch_attempts;
	return o;
}

/* ---- What the request alone tells */

static int
check_request(struct ctx *cx, const struct ctl_request *q)
{
	TRY(name_check("keyspace", q->keyspace, cx->err));
	TRY(name_check("table", q->table, cx->err));
	TRY(name_check("keyspace", q->target_keyspace, cx->err));
	TRY(name_check("table", q->target_table, cx->err));
	if (strcmp(q->keyspace, q->target_keyspace) == 0) {
		err_set(cx->err, ERR_REFUSED,
		    "source and target are both in keyspace '%s': '%s.%s' to '%s.%s'", q->keyspace,
		    q->keyspace, q->table, q->target_keyspace, q->target_table);
		return err_hint(cx->err, "name another keyspace as the target");
	}
	if (strcmp(q->table, q->target_table) != 0) {
		err_set(cx->err, ERR_REFUSED, "table '%s' cannot be called '%s' at the target",
		    q->table, q->target_table);
		return err_hint(cx->err, "move it to %.64s.%.64s", q->target_keyspace, q->table);
	}
	return 0;
}

/* ---- One that is there */

static int
check_same(struct ctx *cx, const struct workflow *w, const struct ctl_request *q)
{
	if (strcmp(w->r.source_keyspace, q->keyspace) == 0 && w->r.tables_count == 1 &&
	    strcmp(w->r.tables[0].source_table, q->table) == 0)
		return 0;
	err_set(cx->err, ERR_REFUSED, "workflow '%s' moves '%s.%s', not '%s.%s'", w->id,
	    w->r.source_keyspace, side_table(w, SIDE_SOURCE, 0), q->keyspace, q->table);
	return err_hint(cx->err, "vtctlclient Workflow show %.140s", w->id);
}

/* Is there anything for it to do again? After a refusal of its creation there is nothing left of it. */
static bool
begins_anew(const struct workflow *w)
{
	return w->r.state == WORKFLOW_CANCELLED ||
	    (w->r.state == WORKFLOW_ERROR && w->r.copied_us == 0 && w->r.tables_count > 0 &&
	        strcmp(w->r.tables[0].state, "init") == 0);
}

/* A move that stopped goes on, one that waits for leave to switch gets it. One that switches is left
 * alone. Options that the command does not give stay as they were. */
static int
go_on(struct ctx *cx, struct workflow *w, const struct ctl_request *q)
{
	if (workflow_cancelling(&w->r)) {
		err_set(cx->err, ERR_REFUSED, "workflow '%s' is being cancelled", w->id);
		return err_hint(cx->err,
		    "this waits until it is: vtctlclient Workflow delete %.130s", w->id);
	}
	if (w->r.state == WORKFLOW_SWITCHING || workflow_switched(&w->r))
		return 0;
	if (w->r.state == WORKFLOW_ERROR) {
		TRY(workflow_check_alone(cx, w));
		/* An attempt that was left in the middle is undone first. */
		w->r.state = w->r.rolling_back ? WORKFLOW_SWITCHING : WORKFLOW_COPYING;
	}
	w->r.options = options_over(&w->r.options, q);
	w->r.state_text = w->r.hint = "";
	return workflow_save(cx, w);
}

static int
attach(struct ctx *cx, struct workflow *w, const struct ctl_request *q, struct move_result *out)
{
	for (;;) {
		TRY(check_same(cx, w, q));
		out->done = workflow_switched(&w->r);
		if (out->done)
			TRY(rules_check_arrived(cx, w));
		if (go_on(cx, w, q) == 0)
			return 0;
		if (cx->err->kind != ERR_CONFLICT)
			return -1;
		TRY(workflow_load(cx, w)); /* its job has just written: on top of that */
	}
}

/* ---- A new one */

/* A vttablet may have started before its keyspace was created with a name of its own choice. */
static int
check_sidecar(
    struct ctx *cx, const struct keyspace_record *keyspace, const struct tablet_record *tablet)
{
	if (strcmp(keyspace->sidecar, tablet->sidecar) == 0)
		return 0;
	err_set(cx->err, ERR_REFUSED,
	    "tablet '%s' works with the sidecar database '%s', and keyspace '%s' has '%s'",
	    tablet->alias, tablet->sidecar, keyspace->name, keyspace->sidecar);
	return err_hint(cx->err, "restart its vttablet");
}

static int
healthy_primary(struct ctx *cx, struct ctl *c, const char *keyspace, struct tablet_record *out)
{
	struct keyspace_record r;
	struct health_record   health;

	TRY(cluster_keyspace(cx, c, keyspace, &r));
	TRY(cluster_primary(cx, c, keyspace, out));
	TRY(check_sidecar(cx, &r, out));
	TRY(cluster_health(cx, c, out->alias, &health));
	if (health.healthy)
		return 0;
	err_set(cx->err, ERR_REFUSED, "tablet '%s' of keyspace '%s' is not healthy: %s", out->alias,
	    keyspace, health.reason);
	return err_hint(cx->err, "see: vtctlclient GetTablets --keyspace %.64s", keyspace);
}

static void
fill_record(struct ctx *cx, struct workflow *w, const struct ctl_request *q)
{
	w->r = (struct workflow_record){
		.name = q->table,
		.type = WORKFLOW_MOVETABLES,
		.state = WORKFLOW_CREATING,
		.state_text = "",
		.hint = "",
		.source_keyspace = q->keyspace,
		.target_keyspace = q->target_keyspace,
		.tables = arena_new(cx->arena, struct workflow_table),
		.tables_count = 1,
		.streams = arena_new(cx->arena, struct workflow_stream),
		.streams_count = 1,
		.direction = DIRECTION_FORWARD,
		.step = "",
		.position = "",
		.created_us = clock_wall(),
		.options = options_over(&defaults, q),
	};
	w->r.tables[0] = (struct workflow_table){
		.source_table = q->table, .target_table = q->target_table, .state = "init"
	};
}

static void
fill_stream(
    struct workflow *w, const struct tablet_record *source, const struct tablet_record *target)
{
	w->r.streams[0] = (struct workflow_stream){
		.source_keyspace = source->keyspace,
		.source_shard = source->shard,
		.source_tablet = source->alias,
		.target_keyspace = target->keyspace,
		.target_shard = target->shard,
		.target_tablet = target->alias,
	};
}

/* Both servers are asked by their tablets; the source's is told what the target is to become. */
static int
ask_tablets(struct ctx *cx, struct workflow *w)
{
	struct tablet_request q;
	struct tablet_reply source, target;

	TRY(side_request(cx, w, SIDE_SOURCE, &q));
	TRY(side_call(cx, w, "check_source", &q, &source));
	if (source.tables_count != w->r.tables_count)
		return err_set(cx->err, ERR_CORRUPT,
		    "the source's tablet described %zu tables of %zu", source.tables_count,
		    w->r.tables_count);
	TRY(side_request(cx, w, SIDE_TARGET, &q));
	q.definition = source.tables[0].definition;
	TRY(side_call(cx, w, "check_target", &q, &target));
	w->r.tables[0].rows_estimate = source.tables[0].rows_estimate;
	return 0;
}

static int
preflight(struct ctx *cx, struct workflow *w, const struct ctl_request *q)
{
	struct keyspace_record from, to;
	struct tablet_record source, target;
	struct rules_record rules;
	int64_t revision;

	TRY(cluster_keyspace(cx, w->ctl, q->keyspace, &from));
	TRY(cluster_keyspace(cx, w->ctl, q->target_keyspace, &to));
	TRY(workflow_check_alone(cx, w));
	TRY(rules_load(cx, w->ctl, &rules, &revision));
	TRY(rules_check_served(cx, &rules, w));
	TRY(healthy_primary(cx, w->ctl, q->keyspace, &source));
	TRY(healthy_primary(cx, w->ctl, q->target_keyspace, &target));
	fill_stream(w, &source, &target);
	TRY(ask_tablets(cx, w));
	TRY(rules_load(cx, w->ctl, &rules, &revision));
	return rules_acknowledged(cx, w->ctl, rules.version);
}

static int
create(struct ctx *cx, struct workflow *w, const struct ctl_request *q)
{
	int64_t revision = w->revision; /* of one that ended, or 0 */
	int attempt = w->r.attempt;

	fill_record(cx, w, q);
	w->r.attempt = attempt;
	if (revision != 0)
		workflow_outdate(w); /* what still travels of that one does nothing to this one */
	w->r.attempts_from = w->r.attempt;
	struct ctx within = ctx_within(cx, w->r.options.timeout);
	TRY(preflight(&within, w, q));
	w->r.created_us = clock_wall(); /* the copy's time begins here, not with the questions */
	w->revision = revision;
	workflow_note(w, "create", "begun", "");
	TRY(workflow_save(cx, w));
	log_info("workflow '%s' is created", w->id);
	return 0;
}

int
create_move(struct ctx *cx, struct ctl *c, const struct ctl_request *q, struct move_result *out)
{
	struct workflow w;
	int rc;

	TRY(check_request(cx, q));
	out->workflow = arena_printf(cx->arena, "%s/%s", q->target_keyspace, q->target_table);
	workflow_init(&w, c, out->workflow);
	rc = workflow_load(cx, &w);
	out->created = rc != 0 ? cx->err->kind == ERR_NOT_FOUND : begins_anew(&w);
	if (out->created)
		rc = create(cx, &w, q);
	else if (rc == 0)
		rc = attach(cx, &w, q, out);
	workflow_done(&w);
	if (rc != 0)
		return -1;
	err_clear(cx->err);
	c->kick = true;
	waitlist_wake_all(&c->kicked);
	return 0;
}
