#include "ctl/cancel.h"

#include "base/log.h"
#include "base/mutant.h"
#include "ctl/acknowledge.h"
#include "ctl/complete.h"
#include "ctl/cutover.h"
#include "ctl/ending.h"
#include "ctl/pause.h"
#include "ctl/traffic.h"

/* ---- May it be? */

static int
hint_back(struct ctx *cx, const struct workflow *w)
{
	if (w->r.start[0] != '\0')
		return err_hint(cx->err, "to go back: vtctlclient MoveTables ReverseTraffic %s",
		    workflow_typed(cx->arena, &w->r));
	return err_hint(cx->err, "the way back is a move: vtctlclient MoveTables %s %s",
	    name_typed(cx->arena, w->r.target_keyspace, side_table(w, SIDE_TARGET, 0)),
	    name_typed(cx->arena, w->r.source_keyspace, side_table(w, SIDE_SOURCE, 0)));
}

static int
check_not_switched(struct ctx *cx, const struct workflow *w)
{
	static const char refusal[] = "cannot cancel workflow because you have already switched "
				      "some or all read and write traffic";

	/* An attempt to come back is under way, or was left: it is served from the new side. */
	if (workflow_switched(&w->r) ||
	    (w->r.direction == DIRECTION_REVERSE && !mutant("ctl_cancel_while_reversing"))) {
		err_set(cx->err, ERR_REFUSED, "%s", refusal);
		return hint_back(cx, w);
	}
	if (!cutover_committed(&w->r) || mutant("ctl_cancel_past_commit"))
		return 0;
	err_set(cx->err, ERR_REFUSED, "%s", refusal);
	return err_hint(cx->err, "it is being finished: vtctlclient Workflow show %s",
	    workflow_typed(cx->arena, &w->r));
}

int
cancel_begin(struct ctx *cx, struct workflow *w)
{
	if (!mutant("ctl_cancel_same_number"))
		workflow_outdate(w); /* (1) */
	w->r.state = WORKFLOW_CANCELLING;
	w->r.cancel = w->r.finishing = false;
	w->r.step = w->r.state_text = w->r.hint = "";
	workflow_note(w, "cancel", "begun", "");
	return workflow_save(cx, w);
}

/* ---- Doing it */

/* It has been there and back: the last lock may be held still, the stream of the round before is kept, and
 * the target's tables are older than its stream, which is no maker of them. */
static int
delete_after_rounds(struct ctx *cx, const struct workflow *w)
{
	TRY(side_events_on(cx, w, SIDE_SOURCE));
	TRY(round_do(cx, w, w->r.round - 1, SIDE_TARGET, TABLET_UNLOCK));
	TRY(round_stream_delete(cx, w, w->r.round - 1, false));
	return w->r.keep_data ? 0 : complete_drop(cx, w, SIDE_TARGET);
}

static int
delete_stream(struct ctx *cx, struct workflow *w)
{
	TRY(round_stream_delete(cx, w, w->r.round, w->r.round == 1 && !w->r.keep_data));
	if (w->r.round > 1)
		TRY(delete_after_rounds(cx, w));
	/* Its triggers went with the table, if that went. */
	return side_fence_remove(cx, w, SIDE_TARGET);
}

static int
remove_fence(struct ctx *cx, struct workflow *w)
{
	TRY(side_do(cx, w, SIDE_SOURCE, TABLET_DISARM, w->r.attempt));
	return pause_for(cx, w, SIDE_SOURCE, side_fence_remove);
}

static int
remove_rules(struct ctx *cx, struct workflow *w)
{
	TRY(rules_apply(cx, w, w->r.keep_rules ? RULES_SETTLE : RULES_REMOVE));
	return rules_known(cx, w->ctl);
}

/* ---- What a dry run says of it (lines.h) */

static int
rehearse_stream(struct ctx *cx, struct workflow *w, struct lines *out)
{
	lines_add(cx->arena, out, "Delete vreplication streams on: [%s]",
	    lines_tablet(cx->arena, w, SIDE_TARGET));
	lines_add(cx->arena, out,
	    "%s in the database of keyspace %s: [keyspace:%s;shard:0;%s;tables:%s]",
	    w->r.keep_data ? "Keeping these tables, as they are now," : "Dropping these tables",
	    w->r.target_keyspace, w->r.target_keyspace, lines_tablet(cx->arena, w, SIDE_TARGET),
	    lines_tables(cx->arena, w, SIDE_TARGET));
	return 0;
}

static int
rehearse_fence(struct ctx *cx, struct workflow *w, struct lines *out)
{
	lines_add(cx->arena, out, "Remove the fence from keyspace %s for tables %s",
	    w->r.source_keyspace, lines_tables(cx->arena, w, SIDE_SOURCE));
	return 0;
}

static int
rehearse_rules(struct ctx *cx, struct workflow *w, struct lines *out)
{
	lines_add(cx->arena, out, "Routing rules for tables %s will be %s",
	    lines_tables(cx->arena, w, SIDE_SOURCE),
	    w->r.keep_rules ? "kept: they lead to the source" : "deleted");
	return 0;
}

#define POINTS(name) "workflow.cancel." name ".before", "workflow.cancel." name ".after"

static const struct ending_step cancel_steps[] = {
	{ "stream", "deleting the stream and the target's table", delete_stream, rehearse_stream,
	    POINTS("stream") },
	{ "fence", "removing the fence from the source", remove_fence, rehearse_fence,
	    POINTS("fence") },
	{ "rules", "removing the routing rules", remove_rules, rehearse_rules, POINTS("rules") },
};
enum { CANCEL_STEPS = sizeof(cancel_steps) / sizeof(cancel_steps[0]) };

static int
finish(struct ctx *cx, struct workflow *w)
{
	const char *source_table = side_table(w, SIDE_SOURCE, 0);

	for (size_t i = 0; i < w->r.tables_count; i++)
		w->r.tables[i].state = "cancelled";
	w->r.state = WORKFLOW_CANCELLED;
	w->r.step = w->r.position = "";
	w->r.state_text = arena_printf(&w->arena,
	    "the workflow was cancelled; '%s.%s' is served as it was before the move",
	    w->r.source_keyspace, source_table);
	if (w->r.copied_us == 0)
		w->r.restore = ""; /* the fences, before which keys are dropped, come later */
	if (w->r.restore[0] != '\0')
		w->r.state_text = arena_printf(&w->arena,
		    "%s, but for foreign keys of tables that stay, which were dropped for the switch: %s",
		    w->r.state_text, w->r.restore);
	w->r.hint = arena_printf(&w->arena, "to begin anew: vtctlclient MoveTables %s %s",
	    name_typed(&w->arena, w->r.source_keyspace, source_table),
	    name_typed(&w->arena, w->r.target_keyspace, side_table(w, SIDE_TARGET, 0)));
	workflow_note(w, "cancel", "done", "");
	log_info("workflow '%s' is cancelled", w->id);
	return workflow_save(cx, w);
}

int
cancel_run(struct ctx *cx, struct workflow *w)
{
	const size_t first = mutant("ctl_cancel_rules_first") ? CANCEL_STEPS - 1 : 0;

	TRY(ending_run(cx, w, cancel_steps, CANCEL_STEPS, first));
	return finish(cx, w);
}

/* ---- Asking */

static int
write_wish(struct ctx *cx, struct workflow *w)
{
	if (w->r.state == WORKFLOW_ERROR && w->r.rolling_back)
		w->r.state = WORKFLOW_SWITCHING; /* an attempt that was left in the middle */
	if (w->r.state != WORKFLOW_SWITCHING || mutant("ctl_cancel_around_rollback"))
		return cancel_begin(cx, w);
	/* As a gate asks for it (gate/rollback_request.h): only the wish is written here. The job that runs
	 * the attempt rolls it back, under the next number. */
	if (!w->r.rolling_back)
		workflow_note(w, w->r.step, "failed", "the move is cancelled");
	w->r.rolling_back = w->r.cancel = true;
	return workflow_save(cx, w);
}

static void
take_wish(struct workflow *w, const struct ctl_request *q)
{
	w->r.keep_data = strcmp(q->action, "keep") == 0;
	w->r.keep_rules = q->keep_rules;
}

/* What is being checked has made nothing that would have to be taken away. */
static int
wish(struct ctx *cx, struct workflow *w, const struct ctl_request *q)
{
	if (workflow_unmade(&w->r))
		return workflow_unmake(cx, w);
	take_wish(w, q);
	return write_wish(cx, w);
}

static int
rehearse(struct ctx *cx, struct workflow *w, const struct ctl_request *q, struct lines *out)
{
	take_wish(w, q);
	lines_lock(cx->arena, w, out);
	if (w->r.state == WORKFLOW_SWITCHING)
		lines_add(cx->arena, out, "Roll back attempt %d to switch", w->r.attempt);
	if (!workflow_unmade(&w->r))
		TRY(ending_rehearse(cx, w, cancel_steps, CANCEL_STEPS, out));
	lines_unlock(cx->arena, w, out);
	return 0;
}

static int
ask(struct ctx *cx, struct workflow *w, const struct ctl_request *q, struct cancel_answer *out)
{
	for (;;) {
		if (workflow_load(cx, w) != 0)
			return cx->err->kind != ERR_NOT_FOUND
			    ? -1
			    : err_set(cx->err, ERR_NOT_FOUND, "workflow '%s' does not exist", w->id);
		TRY(check_not_switched(cx, w));
		out->start_state = traffic_state(&w->r);
		out->already = w->r.state == WORKFLOW_CANCELLED;
		out->done = out->already || workflow_unmade(&w->r);
		if (out->already || workflow_cancelling(&w->r))
			return 0;
		if (q->dry_run)
			return rehearse(cx, w, q, &out->lines);
		if (wish(cx, w, q) == 0)
			return 0;
		if (cx->err->kind != ERR_CONFLICT)
			return -1; /* its job has just written: on top of that */
	}
}

int
cancel_ask(struct ctx *cx, struct ctl *c, const char *id, const struct ctl_request *q,
    struct cancel_answer *out)
{
	struct workflow w;

	workflow_init(&w, c, id);
	int rc = ask(cx, &w, q, out);
	workflow_done(&w);
	TRY(rc);
	err_clear(cx->err);
	ctl_kick(c);
	return 0;
}
