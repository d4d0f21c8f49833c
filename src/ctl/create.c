#include "ctl/create.h"

#include "base/clock.h"
#include "base/mutant.h"
#include "ctl/alone.h"
#include "ctl/back.h"
#include "ctl/check.h"
#include "ctl/complete.h"
#include "ctl/control.h"
#include "ctl/flavours.h"
#include "ctl/follow.h"
#include "ctl/limits.h"
#include "ctl/move_request.h"
#include "ctl/pick.h"

enum {
	TELL_AFTER_MS = 1000, /* a long poll: ctl_api.h */
	END_WITHIN_S = 60,    /* for the way back of the move before */
};

/* What is asked of a new move when the command says nothing. */
static const struct workflow_options defaults = {
	.grace_period = 10 * SECOND,
	.timeout = 30 * SECOND,
	.reader_wait = SECOND,
	.max_lag = 30 * SECOND,
	.on_grace = ON_GRACE_ABORT,
	.switch_attempts = 10,
	.reverse = true,
};

/* What the command gave, over what there is. */
static struct workflow_options
options_over(const struct workflow_options *before, const struct ctl_request *q)
{
	struct workflow_options o = *before;

	workflow_options_take(&o, &q->options, q->given);
	/* 0 seconds or 0 attempts: no client of ours asks for that, but a request made by hand may. */
	if (o.timeout == 0)
		o.timeout = defaults.timeout;
	if (o.switch_attempts == 0)
		o.switch_attempts = defaults.switch_attempts;
	return o;
}

/* ---- One that is there */

static bool
has_table(const struct workflow *w, const struct moved_names *t)
{
	for (size_t i = 0; i < w->r.tables_count; i++) {
		if (strcmp(side_table(w, SIDE_SOURCE, i), t->from) == 0)
			return strcmp(side_table(w, SIDE_TARGET, i), t->to) == 0;
	}
	return false;
}

/* No table is in either twice. */
static bool
names_same(const struct workflow *w, const struct ctl_request *q)
{
	if (w->r.tables_count != q->tables_count)
		return false;
	for (size_t i = 0; i < q->tables_count; i++) {
		if (!has_table(w, &q->tables[i]))
			return false;
	}
	return true;
}

static int
check_same(struct ctx *cx, const struct workflow *w, const struct ctl_request *q)
{
	bool same = strcmp(w->r.source_keyspace, q->keyspace) == 0;

	if (same && (pick_is_open(q) || names_same(w, q)))
		return 0;
	if (w->r.tables_count == 1 && q->tables_count == 1)
		err_set(cx->err, ERR_REFUSED, "workflow '%s' moves '%s.%s', not '%s.%s'", w->id,
		    w->r.source_keyspace, side_table(w, SIDE_SOURCE, 0), q->keyspace,
		    q->tables[0].from);
	else
		err_set(cx->err, ERR_REFUSED, "workflow '%s' moves other tables of keyspace '%s'",
		    w->id, w->r.source_keyspace);
	return err_hint(cx->err, "--workflow NAME, or see: vtctlclient Workflow show %s",
	    workflow_typed(cx->arena, &w->r));
}

static bool
has_begun(const struct workflow_record *r)
{
	for (size_t i = 0; i < r->tables_count; i++) {
		if (strcmp(r->tables[i].state, table_progress_names[TABLE_INIT]) != 0)
			return true;
	}
	return r->tables_count == 0;
}

/* Is the move of that name over, so that it stands for nothing any more? After a refusal of its creation
 * there is nothing left of it. One that has switched is done, and stays so, until its table is served from
 * somewhere else: moved back, say. */
static int
begins_anew(struct ctx *cx, const struct workflow *w, const struct ctl_request *q, bool *anew)
{
	bool arrived = true;
	bool more = false; /* that came since, or was left out */

	for (size_t i = 0; i < q->tables_count && pick_is_open(q); i++)
		more |= !has_table(w, &q->tables[i]);
	if (workflow_switched(&w->r))
		TRY(rules_arrived(cx, w, &arrived));
	*anew = !arrived || (workflow_switched(&w->r) && more) || w->r.state == WORKFLOW_CANCELLED ||
	    (w->r.state == WORKFLOW_ERROR && w->r.copied_us == 0 && !has_begun(&w->r));
	return 0;
}

/* A move that stopped goes on, one that waits for leave to switch gets it. One that switches is left
 * alone. Options that the command does not give stay as they were. */
static int
go_on(struct ctx *cx, struct workflow *w, const struct ctl_request *q)
{
	if (workflow_cancelling(&w->r)) {
		err_set(cx->err, ERR_REFUSED, "workflow '%s' is being cancelled", w->id);
		return err_hint(cx->err, "this waits until it is: vtctlclient Workflow delete %s",
		    workflow_typed(cx->arena, &w->r));
	}
	if (w->r.state == WORKFLOW_SWITCHING && w->r.direction == DIRECTION_REVERSE)
		return back_refuse_under_way(cx, w);
	if (w->r.state == WORKFLOW_SWITCHING || workflow_switched(&w->r))
		return 0;
	if (w->r.state == WORKFLOW_STOPPED && !q->options.manual)
		control_restart(w);
	if (w->r.state == WORKFLOW_ERROR) {
		TRY(workflow_check_alone(cx, w));
		/* An attempt that was left in the middle is undone first. */
		w->r.state = w->r.rolling_back ? WORKFLOW_SWITCHING : WORKFLOW_COPYING;
	}
	w->r.options = options_over(&w->r.options, q);
	if (q->given & (GIVEN_MAX_LOAD | GIVEN_THROTTLE_QUERY))
		TRY(limits_try(cx, w));
	if (q->given & GIVEN_ON_DDL)
		TRY(flavours_allow_on_ddl(cx, w));
	back_count_anew(w);
	if (w->r.state != WORKFLOW_STOPPED)
		w->r.state_text = w->r.hint = "";
	return workflow_save(cx, w);
}

static int
attach(struct ctx *cx, struct workflow *w, const struct ctl_request *q, struct move_result *out)
{
	for (;;) {
		TRY(check_same(cx, w, q));
		out->done = workflow_switched(&w->r);
		if (go_on(cx, w, q) == 0)
			return 0;
		if (cx->err->kind != ERR_CONFLICT)
			return -1;
		TRY(workflow_load(cx, w)); /* its job has just written: on top of that */
	}
}

/* ---- A new one */

static void
fill_record(struct ctx *cx, struct workflow *w, const struct ctl_request *q)
{
	w->r = (struct workflow_record){
		.name = move_request_workflow(q),
		.type = WORKFLOW_MOVETABLES,
		.state = WORKFLOW_CHECKING,
		.state_text = "",
		.hint = "",
		.source_keyspace = q->keyspace,
		.target_keyspace = q->target_keyspace,
		.tables = arena_array(cx->arena, struct workflow_table, q->tables_count),
		.tables_count = q->tables_count,
		.streams = arena_new(cx->arena, struct workflow_stream),
		.streams_count = 1,
		.direction = DIRECTION_FORWARD,
		.round = 1,
		.start = "",
		.next_start = "",
		.closed = "",
		.restore = "",
		.step = "",
		.position = "",
		.created_us = clock_wall(),
		.options = options_over(&defaults, q),
	};
	for (size_t i = 0; i < q->tables_count; i++)
		w->r.tables[i] = (struct workflow_table){ .source_table = q->tables[i].from,
			.target_table = q->tables[i].to,
			.state = table_progress_names[TABLE_INIT] };
	w->r.streams[0] = (struct workflow_stream){
		.source_keyspace = q->keyspace,
		.source_shard = "0",
		.source_tablet = "",
		.target_keyspace = q->target_keyspace,
		.target_shard = "0",
		.target_tablet = "",
	};
}

/* An unknown keyspace is refused before a record of the move is written. */
static int
check_keyspaces(struct ctx *cx, struct ctl *c, const struct ctl_request *q)
{
	struct keyspace_record r;

	TRY(cluster_keyspace(cx, c, q->keyspace, &r));
	TRY(cluster_keyspace(cx, c, q->target_keyspace, &r));
	return q->options.follow ? follow_check_to(cx, c, q->keyspace, q->target_keyspace) : 0;
}

/* The head that the name has now, as text: it is put back if the new move is refused, and finds its tables
 * and its journal (topo/workflow_store.h). */
static const char *
before(struct arena *a, const struct workflow *w)
{
	if (w->revision == 0)
		return BEFORE_NOTHING;
	return workflow_unmade(&w->r) ? arena_strdup(a, w->r.before)
				      : arena_slice_str(a, w->texts->head);
}

/* The record, as it would begin; not saved. */
static int
make(struct ctx *cx, struct workflow *w, const struct ctl_request *q)
{
	const char *was = before(cx->arena, w);
	int attempt = mutant("ctl_cancel_counts_anew") ? 0 : w->r.attempt;

	TRY(check_keyspaces(cx, w->ctl, q));
	TRY(move_request_check_count(cx, q));
	fill_record(cx, w, q);
	w->r.before = was;
	w->r.attempt = attempt;
	if (w->revision != 0)
		workflow_outdate(w); /* late calls of that one have a lower number, and are refused */
	w->r.attempts_from = w->r.attempt;
	workflow_note(w, "check", "begun", "");
	return 0;
}

static int
create(struct ctx *cx, struct workflow *w, const struct ctl_request *q)
{
	TRY(make(cx, w, q));
	return workflow_save(cx, w);
}

/* ---- Its check */

static int
gone(struct ctx *cx, const struct workflow *w)
{
	err_set(cx->err, ERR_REFUSED,
	    "the move of workflow '%s' was refused, or deleted, while it was checked", w->id);
	return err_hint(cx->err, "the same command again says why, or begins it");
}

/* Waits until the check is over, its sentence is another one, or TELL_AFTER_MS have passed. */
static int
wait_checked(struct ctx *cx, struct workflow *w)
{
	struct ctx within = ctx_within(cx, TELL_AFTER_MS * MSEC);
	const char *text = arena_strdup(cx->arena, w->r.state_text);

	while (w->r.state == WORKFLOW_CHECKING && strcmp(w->r.state_text, text) == 0) {
		if (workflow_next(&within, w) == 0)
			continue;
		if (cx->err->kind == ERR_NOT_FOUND)
			return gone(cx, w);
		if (cx->err->kind != ERR_TIMEOUT)
			return -1;
		err_clear(cx->err);
		return 0;
	}
	return 0;
}

static void
take_findings(struct ctx *cx, const struct workflow *w, struct findings *out)
{
	*out = (struct findings){ .count = 0 };
	for (size_t i = 0; i < w->r.events_count; i++) {
		const struct workflow_event *e = &w->r.events[i];

		for (int s = FINDING_NOTE; s <= FINDING_REFUSES; s++) {
			if (strcmp(e->step, "preflight") == 0 &&
			    strcmp(e->what, finding_severity_names[s]) == 0)
				findings_add(
				    cx->arena, out, (enum finding_severity)s, "%s", e->text);
		}
	}
}

/* Refused: whoever asked for it knows it now, so that everything can be as it was. When it cannot be
 * written the record says it still, and may be deleted. */
static int
tell(struct ctx *cx, struct workflow *w, struct move_result *out)
{
	struct err why;

	if (w->r.state != WORKFLOW_ERROR || !workflow_unmade(&w->r))
		return 0;
	take_findings(cx, w, &out->findings);
	out->refused = findings_count(&out->findings, FINDING_REFUSES) > 0;
	out->text = arena_strdup(cx->arena, w->r.state_text);
	out->hint = arena_strdup(cx->arena, w->r.hint);
	err_set(cx->err, ERR_REFUSED, "%s", w->r.state_text);
	if (w->r.hint[0] != '\0')
		err_hint(cx->err, "%s", w->r.hint);
	why = *cx->err;
	(void)!workflow_unmake(cx, w);
	return out->refused ? 0 : err_copy(cx->err, &why);
}

/* ---- The way back, said as a move */

/* *back: it is, and has been asked for. A way back that proves closed is none: then it is a move. */
static int
go_back(struct ctx *cx, struct ctl *c, const struct ctl_request *q, struct move_result *out)
{
	struct back_answer a = { .already = false };
	struct workflow w;
	const char *id;

	TRY(back_find(cx, c, q, &id));
	if (id == NULL)
		return 0;
	workflow_init(&w, c, id);
	int rc = back_ask(cx, &w, q, &a);
	workflow_done(&w);
	if (rc != 0 && a.closed) {
		err_clear(cx->err);
		return 0;
	}
	out->workflow = id;
	out->back = true;
	out->done = a.already;
	out->state_text = "";
	out->lines = a.lines;
	return rc;
}

/* A new move of a name whose last one has switched: its way back ends, as it does when another name's
 * move takes
 * its tables. */
static bool
is_to_be_ended(const struct workflow_record *r)
{
	return r->state == WORKFLOW_COMPLETING ||
	    (r->state == WORKFLOW_SWITCHED && (r->start[0] != '\0' || r->finishing));
}

/* ---- A dry run */

static void
add_findings(struct ctx *cx, const struct workflow *w, struct lines *out)
{
	for (size_t i = 0; i < w->r.events_count; i++) {
		const struct workflow_event *e = &w->r.events[i];

		if (strcmp(e->step, "preflight") == 0)
			lines_add(cx->arena, out, "%s: %s", e->what, e->text);
		else if (strcmp(e->step, "check") == 0 && e->text[0] != '\0')
			lines_add(cx->arena, out, "note: %s", e->text);
	}
}

/* What the job does of CREATING and COPYING. */
static void
add_acts(struct ctx *cx, const struct workflow *w, struct lines *out)
{
	struct arena *a = cx->arena;
	int64_t rows = 0;

	for (size_t i = 0; i < w->r.tables_count; i++)
		rows += w->r.tables[i].rows_estimate;
	lines_add(a, out,
	    "Routing rules for tables %s will be created: both keyspaces' names lead to keyspace %s",
	    lines_tables(a, w, SIDE_SOURCE), w->r.source_keyspace);
	lines_add(a, out, "Wait until every gate has them");
	if (!w->r.options.no_start)
		lines_add(a, out,
		    "Create tables %s in keyspace %s, and copy about %lld rows into them: [%s]",
		    lines_tables(a, w, SIDE_TARGET), w->r.target_keyspace, (long long)rows,
		    lines_tablet(a, w, SIDE_TARGET));
	lines_add(a, out,
	    w->r.options.no_start              ? "Leave the workflow stopped, for Start"
		: w->r.options.stop_after_copy ? "Stop the stream after the copy, for Start"
		: w->r.options.no_switch ? "Stay in step with the source until it is told to switch"
					 : "Switch traffic once the copy is in step");
}

/* Refused by its list: that is told as of a move (tell()). */
static int
rehearse_new(struct ctx *cx, struct workflow *w, struct move_result *out)
{
	int rc = check_rehearse(cx, w);

	take_findings(cx, w, &out->findings);
	if (rc != 0 && findings_count(&out->findings, FINDING_REFUSES) > 0) {
		out->refused = true;
		out->text = arena_strdup(cx->arena, cx->err->text);
		out->hint = arena_strdup(cx->arena, cx->err->hint);
		return 0;
	}
	TRY(rc);
	add_findings(cx, w, &out->lines);
	lines_lock(cx->arena, w, &out->lines);
	TRY(complete_others_rehearse(cx, w, &out->lines));
	add_acts(cx, w, &out->lines);
	lines_unlock(cx->arena, w, &out->lines);
	return 0;
}

/* One that is there would be gone on with. */
static int
rehearse_attach(
    struct ctx *cx, struct workflow *w, const struct ctl_request *q, struct move_result *out)
{
	TRY(check_same(cx, w, q));
	out->done = workflow_switched(&w->r);
	if (!out->done)
		lines_add(cx->arena, &out->lines, "Go on with workflow %s, which is %s",
		    name_of_table(cx->arena, w->r.target_keyspace, w->r.name),
		    workflow_state_name(w->r.state));
	return 0;
}

static int
rehearse(struct ctx *cx, struct workflow *w, const struct ctl_request *q, struct move_result *out)
{
	int rc = workflow_load(cx, w);

	out->created = rc != 0 && cx->err->kind == ERR_NOT_FOUND;
	if (rc == 0)
		TRY(begins_anew(cx, w, q, &out->created));
	else if (!out->created)
		return -1;
	out->state_text = "";
	if (!out->created)
		return rehearse_attach(cx, w, q, out);
	if (w->revision != 0 && is_to_be_ended(&w->r))
		lines_add(cx->arena, &out->lines,
		    "The way back of workflow %s ends with this move; its old tables are kept",
		    name_of_table(cx->arena, w->r.target_keyspace, w->r.name));
	TRY(make(cx, w, q));
	return rehearse_new(cx, w, out);
}

/* ---- The command */

static int
end_before(struct ctx *cx, struct workflow *w, struct move_result *out)
{
	struct ctx within = ctx_within(cx, END_WITHIN_S * SECOND);
	struct complete_answer a;

	if (!is_to_be_ended(&w->r))
		return 0;
	TRY(complete_ask(&within, w->ctl, w->id, &complete_keeping, &a));
	TRY(complete_wait(&within, w->ctl, w->id));
	out->ended = out->workflow;
	return workflow_load(cx, w);
}

/* What is refused must not have ended a way back. */
static int
begin_anew(struct ctx *cx, struct workflow *w, const struct ctl_request *q, struct move_result *out)
{
	TRY(move_request_check_count(cx, q));
	if (w->revision != 0)
		TRY(end_before(cx, w, out));
	return create(cx, w, q);
}

static int
begin(struct ctx *cx, struct workflow *w, const struct ctl_request *q, struct move_result *out)
{
	for (;;) {
		int rc = workflow_load(cx, w);

		out->created = rc != 0 && cx->err->kind == ERR_NOT_FOUND;
		if (rc == 0)
			rc = begins_anew(cx, w, q, &out->created);
		if (out->created)
			rc = begin_anew(cx, w, q, out);
		else if (rc == 0)
			rc = attach(cx, w, q, out);
		if (rc == 0 || (cx->err->kind != ERR_CONFLICT && cx->err->kind != ERR_NOT_FOUND))
			return rc;
		workflow_done(w); /* somebody else was faster: on top of that */
	}
}

/* The same command again, of one who waits for its answer. */
static int
go_on_waiting(struct ctx *cx, struct workflow *w)
{
	if (workflow_load(cx, w) == 0)
		return 0;
	return cx->err->kind == ERR_NOT_FOUND ? gone(cx, w) : -1;
}

static int
move(struct ctx *cx, struct workflow *w, const struct ctl_request *q, struct move_result *out)
{
	if (q->after_revision == 0) {
		TRY(begin(cx, w, q, out));
		ctl_kick(w->ctl);
	} else {
		TRY(go_on_waiting(cx, w));
	}
	TRY(wait_checked(cx, w));
	TRY(tell(cx, w, out));
	if (out->refused)
		return 0;
	out->checking = w->r.state == WORKFLOW_CHECKING;
	out->revision = w->revision;
	out->state_text = arena_strdup(cx->arena, w->r.state_text);
	return 0;
}

int
create_move(
    struct ctx *cx, struct ctl *c, const struct ctl_request *request, struct move_result *out)
{
	struct ctl_request q = *request;
	struct workflow w;

	move_request_set(cx->arena, &q);
	TRY(move_request_check(cx, &q));
	if (pick_is_open(&q) && q.after_revision == 0) {
		TRY(pick_tables(cx, c, &q));
		TRY(move_request_check_tables(cx, &q));
	}
	if (q.after_revision == 0)
		TRY(go_back(cx, c, &q, out));
	if (out->back)
		return 0;
	out->workflow = name_pair(cx->arena, q.target_keyspace, move_request_workflow(&q));
	workflow_init(&w, c, out->workflow);
	int rc = q.dry_run ? rehearse(cx, &w, &q, out) : move(cx, &w, &q, out);
	workflow_done(&w);
	TRY(rc);
	err_clear(cx->err);
	return 0;
}
