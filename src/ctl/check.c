#include "ctl/check.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mutant.h"
#include "ctl/acknowledge.h"
#include "ctl/alone.h"
#include "ctl/flavours.h"
#include "ctl/limits.h"
#include "ctl/preflight.h"
#include "ctl/rules.h"

enum { AGAIN_MS = 100 }; /* a topology that is away */

/* ---- The questions */

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
	struct health_record health;

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
fill_stream(
    struct workflow *w, const struct tablet_record *source, const struct tablet_record *target)
{
	struct arena *a = &w->arena;

	w->r.streams[0] = (struct workflow_stream){
		.source_keyspace = arena_strdup(a, source->keyspace),
		.source_shard = arena_strdup(a, source->shard),
		.source_tablet = arena_strdup(a, source->alias),
		.target_keyspace = arena_strdup(a, target->keyspace),
		.target_shard = arena_strdup(a, target->shard),
		.target_tablet = arena_strdup(a, target->alias),
	};
}

static void
take_views(struct workflow *w, const struct check_from_reply *r)
{
	SCOPED(buf) struct buf names = BUF_INIT;

	w->r.views = arena_array(&w->arena, const char *, r->views_count);
	w->r.views_count = r->views_count;
	for (size_t i = 0; i < r->views_count; i++) {
		w->r.views[i] = arena_strdup(&w->arena, r->views[i]);
		buf_addf(&names, "%s'%s.%s'", i > 0 ? ", " : "", w->r.source_keyspace, r->views[i]);
	}
	if (r->views_count > 0)
		workflow_note(w, "check", "views",
		    arena_printf(&w->arena, "made at the target before the switch: view%s %s",
			r->views_count > 1 ? "s" : "", names.data));
}

static void
take_routines(struct workflow *w, const struct check_from_reply *r)
{
	SCOPED(buf) struct buf names = BUF_INIT;
	bool both = false;

	w->r.routines = arena_array(&w->arena, struct moved_routine, r->routines.count);
	w->r.routines_count = r->routines.count;
	for (size_t i = 0; i < r->routines.count; i++) {
		const struct moved_routine *one = &r->routines.items[i].of;

		w->r.routines[i] = (struct moved_routine){
			.name = arena_strdup(&w->arena, one->name),
			.kind = one->kind,
			.both = one->both,
		};
		w->r.routines[i].rule = moved_routine_rule(&w->arena, one);
		both = both || one->both;
		buf_addf(&names, "%s%s '%s'%s", i > 0 ? ", " : "", routine_kind_names[one->kind],
		    one->name, one->both ? " (*)" : "");
	}
	if (r->routines.count > 0)
		workflow_note(w, "check", "routines",
		    arena_printf(&w->arena, "made at the target before the switch: %s%s", names.data,
			both ? "; (*) names no table, and stays at the source too" : ""));
	if (r->staying[0] != '\0')
		workflow_note(w, "check", "routines",
		    arena_printf(&w->arena, "stay at the source: %s", r->staying));
}

/* Those that the target has already are not the move's. */
static void
keep_routines(struct workflow *w, const struct check_to_reply *r)
{
	for (size_t i = 0; i < w->r.routines_count; i++) {
		struct moved_routine *one = &w->r.routines[i];

		for (size_t k = 0; k < r->kept_count; k++)
			one->kept = one->kept ||
			    (one->kind == r->kept[k].kind && strcmp(one->name, r->kept[k].name) == 0);
	}
}

static void
note_triggers(struct workflow *w, const struct trigger_list *triggers)
{
	SCOPED(buf) struct buf names = BUF_INIT;

	for (size_t i = 0; i < triggers->count; i++)
		buf_addf(&names, "%s'%s'", i > 0 ? ", " : "", triggers->items[i].name);
	if (triggers->count > 0)
		workflow_note(w, "check", "triggers",
		    arena_printf(&w->arena,
			"made at the target in the switch, while writes wait: trigger%s %s",
			triggers->count > 1 ? "s" : "", names.data));
}

/* From the answer of the end that the tables leave: what --force and --drop-foreign-keys have let
 * pass, for the record, and each table's definition, for the question to the other end. */
static void
take_facts(struct ctx *cx, struct workflow *w, const struct check_from_reply *r,
    struct check_to_request *q)
{
	q->definitions = arena_array(cx->arena, const char *, r->tables_count);
	q->definitions_count = r->tables_count;
	if (r->passed[0] != '\0')
		workflow_note(w, "check", "forced", r->passed);
	if (r->dropped[0] != '\0')
		workflow_note(w, "check", "dropped", r->dropped);
	w->r.restore = arena_strdup(&w->arena, r->restore);
	take_views(w, r);
	take_routines(w, r);
	note_triggers(w, &r->triggers);
	q->triggers = r->triggers;
	q->routines = r->routines;
	for (size_t i = 0; i < r->tables_count; i++) {
		if (r->tables[i].converted[0] != '\0')
			workflow_note(w, "check", "converted", r->tables[i].converted);
		if (r->tables[i].strict[0] != '\0')
			workflow_note(w, "check", "strict", r->tables[i].strict);
		w->r.tables[i].rows_estimate = r->tables[i].rows_estimate;
		q->definitions[i] = r->tables[i].definition;
	}
}

/* A way back brings the triggers back: can they be made where they are now? */
static int
try_triggers_back(struct ctx *cx, const struct workflow *w, const struct trigger_list *triggers)
{
	struct triggers_try_request q = { .triggers = *triggers };

	if (triggers->count == 0 || !w->r.options.reverse)
		return 0;
	TRY(side_request(cx, w, SIDE_SOURCE, &q.move));
	return side_call(cx, w, TABLET_TRIGGERS_TRY, &q, NULL);
}

/* Both servers are asked by their tablets; the one that the tables go to is told what they are to become. */
static int
ask_tablets(struct ctx *cx, struct workflow *w)
{
	struct check_from_request from = { .force = w->r.options.force,
		.drop_foreign_keys = w->r.options.drop_foreign_keys,
		.with_views = w->r.options.with_views,
		.with_routines = w->r.options.with_routines,
		.to_innodb = w->r.options.to_innodb,
		.way_back = w->r.options.reverse };
	struct check_from_reply described;
	struct check_to_request to = { .definitions_count = 0 };
	struct check_to_reply there;

	TRY(flavours_differ(cx, w, &from.common));
	TRY(flavours_allow_on_ddl(cx, w));
	to.common = from.common;
	TRY(side_check_request(cx, w, SIDE_SOURCE, &from.move));
	TRY(side_call(cx, w, TABLET_CHECK_FROM, &from, &described));
	if (described.tables_count != w->r.tables_count)
		return err_set(cx->err, ERR_CORRUPT,
		    "the source's tablet described %zu tables of %zu", described.tables_count,
		    w->r.tables_count);
	take_facts(cx, w, &described, &to);
	TRY(side_check_request(cx, w, SIDE_TARGET, &to.move));
	TRY(side_call(cx, w, TABLET_CHECK_TO, &to, &there));
	keep_routines(w, &there);
	return try_triggers_back(cx, w, &described.triggers);
}

/*
 * What the move before, of that name, left at the servers: its stream's row, kept to be looked at, and
 * perhaps its fence's rows, armed, where the table has been dropped by hand since. A fence that is made
 * anew would find them and refuse every client. That move is over and the table is served from its source
 * again, or the questions had been answered otherwise.
 */
static int
clear_before(struct ctx *cx, struct workflow *w)
{
	if (w->r.attempts_from == 0 || mutant("ctl_left_fence_stays"))
		return 0;
	TRY(round_stream_delete(cx, w, w->r.round, false));
	TRY(side_fence_remove(cx, w, SIDE_TARGET));
	TRY(side_do(cx, w, SIDE_SOURCE, TABLET_DISARM, w->r.attempt));
	return side_fence_remove(cx, w, SIDE_SOURCE);
}

/* What works and will hurt. */
static int
look(struct ctx *cx, struct workflow *w)
{
	struct hurt found;

	TRY(preflight_collect(cx, w, &found));
	preflight_note(w, &found.findings);
	return preflight_judge(cx, w, &found);
}

static int
ask_everybody(struct ctx *cx, struct workflow *w)
{
	struct keyspace_record from, to;
	struct tablet_record source, target;
	struct rules_record rules;

	TRY(cluster_keyspace(cx, w->ctl, w->r.source_keyspace, &from));
	TRY(cluster_keyspace(cx, w->ctl, w->r.target_keyspace, &to));
	TRY(workflow_check_alone(cx, w));
	TRY(rules_load(cx, w->ctl, &rules));
	TRY(rules_check_served(cx, &rules, w));
	TRY(healthy_primary(cx, w->ctl, w->r.source_keyspace, &source));
	TRY(healthy_primary(cx, w->ctl, w->r.target_keyspace, &target));
	fill_stream(w, &source, &target);
	TRY(ask_tablets(cx, w));
	TRY(limits_try(cx, w));
	TRY(rules_known(cx, w->ctl));
	return look(cx, w);
}

/* ---- Unless somebody else ends it */

struct watched {
	struct workflow *w;
	usec deadline;
	struct group group;
};

static void
ask_task(void *arg)
{
	struct watched *d = arg;
	struct err err = { 0 };
	SCOPED(arena) struct arena arena = ARENA_INIT;
	struct ctx cx = { .deadline = d->deadline, .err = &err, .arena = &arena };

	task_rename("workflow %s", d->w->id);
	if (ask_everybody(&cx, d->w) != 0 || clear_before(&cx, d->w) != 0)
		group_fail(&d->group, &err);
	else
		group_cancel(&d->group);
}

/* Waits until somebody has changed or deleted the record that is being checked: the answers would then be
 * about a move that nobody wants any more. */
static int
wait_changed(struct ctx *cx, struct workflow *seen)
{
	int64_t revision = seen->revision;

	for (;;) {
		if (workflow_next(cx, seen) == 0)
			return 0;
		if (cx->err->kind == ERR_NOT_FOUND)
			return 0;
		if (cx->err->kind == ERR_CANCELLED)
			return -1;
		TRY(task_sleep(cx, AGAIN_MS * MSEC));
		if (workflow_load(cx, seen) == 0 && seen->revision != revision)
			return 0;
	}
}

static void
watch_task(void *arg)
{
	struct watched *d = arg;
	struct err err = { 0 };
	SCOPED(arena) struct arena arena = ARENA_INIT;
	struct ctx cx = { .deadline = NEVER, .err = &err, .arena = &arena };
	struct workflow seen;

	workflow_init(&seen, d->w->ctl, d->w->id);
	seen.revision = d->w->revision;
	if (wait_changed(&cx, &seen) == 0) {
		err_set(
		    &err, ERR_CONFLICT, "workflow '%s' was changed while it was checked", d->w->id);
		group_fail(&d->group, &err);
	}
	workflow_done(&seen);
}

static int
ask_watched(struct ctx *cx, struct workflow *w)
{
	struct watched d = { .w = w, .deadline = cx->deadline };

	group_init(&d.group);
	int rc = group_spawn(&d.group, "checking", ask_task, &d, cx->err);
	if (rc == 0)
		rc = group_spawn(&d.group, "watching the record", watch_task, &d, cx->err);
	/* No deadline here: each question has one, and its error says which tablet has not answered. */
	struct ctx patient = *cx;
	patient.deadline = NEVER;
	if (rc == 0)
		rc = group_wait(&patient, &d.group);
	group_done(&d.group);
	return rc;
}

/* The list stays with the refusal, for whoever asked for the move. */
static int
keep_list(struct ctx *cx, struct workflow *w)
{
	struct err why = *cx->err;

	if (why.kind != ERR_REFUSED || workflow_event_at(w, "preflight", "refuses") == 0)
		return -1;
	if (workflow_save(cx, w) != 0 && cx->err->kind == ERR_CONFLICT)
		return -1;
	return err_copy(cx->err, &why);
}

int
check_run(struct ctx *cx, struct workflow *w)
{
	struct ctx within = ctx_within(cx, workflow_longer(w, w->r.options.timeout));

	TRY(workflow_pass(cx, w, "movetables.check.before"));
	if (ask_watched(&within, w) != 0) {
		/* Whoever waits for the answer is told at once who does not give it. */
		if (cx->err->kind != ERR_CANCELLED && cx->err->kind != ERR_CONFLICT)
			cx->err->kind = ERR_REFUSED;
		w->ctl->counts.refused += cx->err->kind == ERR_REFUSED;
		return keep_list(cx, w);
	}
	w->r.state = WORKFLOW_CREATING;
	w->r.state_text = w->r.hint = w->r.before = "";
	w->r.created_us = clock_wall(); /* the copy's time begins here, not with the questions */
	workflow_note(w, "create", "begun", "");
	TRY(workflow_save(cx, w));
	log_info("workflow '%s' is created", w->id);
	return 0;
}

int
check_rehearse(struct ctx *cx, struct workflow *w)
{
	struct ctx within = ctx_within(cx, workflow_longer(w, w->r.options.timeout));

	return ask_everybody(&within, w);
}
