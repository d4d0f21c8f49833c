#include "ctl/control.h"

#include "base/check.h"
#include "ctl/back.h"
#include "ctl/cutover.h"
#include "ctl/flavours.h"
#include "ctl/limits.h"
#include "ctl/switch_time.h"
#include "ctl/traffic.h"

#include <inttypes.h>

enum {
	STREAM_WITHIN_S = 10,
	STOP_WITHIN_S = 30, /* a pass of a stream ends, and a tablet that is away comes back */
};

int
control_id(struct ctx *cx, const struct ctl_request *q, const char **id)
{
	struct name_parts parts = { q->keyspace, q->workflow };

	if (q->keyspace[0] == '\0')
		TRY(name_split(cx->arena, q->workflow, "keyspace/workflow", &parts, cx->err));
	TRY(name_check("keyspace", parts.keyspace, cx->err));
	TRY(name_check("workflow", parts.name, cx->err));
	*id = name_pair(cx->arena, parts.keyspace, parts.name);
	return 0;
}

/* ---- One change of a record */

/* Changes w->r, or only looks; a change that somebody else was faster than is made again on top of his. */
typedef int change_fn(
    struct ctx *cx, struct workflow *w, const struct ctl_request *q, struct control_answer *out);

static int
change_until_saved(struct ctx *cx, struct workflow *w, change_fn *change,
    const struct ctl_request *q, struct control_answer *out)
{
	for (;;) {
		if (workflow_load(cx, w) != 0)
			return cx->err->kind != ERR_NOT_FOUND
			    ? -1
			    : err_set(cx->err, ERR_NOT_FOUND, "workflow %s does not exist", w->id);
		*out = (struct control_answer){ .changed = true };
		if (w->r.streams_count > 0)
			out->tablet = arena_strdup(cx->arena, w->r.streams[0].target_tablet);
		TRY(change(cx, w, q, out));
		if (!out->changed || q->dry_run || workflow_save(cx, w) == 0)
			return 0;
		if (cx->err->kind != ERR_CONFLICT)
			return -1;
	}
}

static int
change_record(struct ctx *cx, struct ctl *c, change_fn *change, const struct ctl_request *q,
    struct control_answer *out)
{
	struct workflow w;
	const char *id;

	TRY(control_id(cx, q, &id));
	workflow_init(&w, c, id);
	int rc = change_until_saved(cx, &w, change, q, out);
	workflow_done(&w);
	TRY(rc);
	err_clear(cx->err);
	ctl_kick(c);
	return 0;
}

/* ---- SwitchTraffic */

static int
cannot_switch(struct ctx *cx, const struct workflow *w, const char *why, const char *hint)
{
	err_set(cx->err, ERR_REFUSED, "cannot switch traffic for workflow %s at this time: %s",
	    w->r.name, why);
	return hint == NULL ? -1
			    : err_hint(cx->err, "%s %s", hint, workflow_typed(cx->arena, &w->r));
}

static int
check_stream(struct ctx *cx, const struct workflow *w, usec most)
{
	struct ctx within = ctx_within(cx, STREAM_WITHIN_S * SECOND);
	struct move_request q;
	struct stream_status_reply r;

	TRY(side_request(&within, w, workflow_to(w), &q));
	TRY(side_call(&within, w, TABLET_STREAM_STATUS, &q, &r));
	if (r.phase == STREAM_ERROR)
		return cannot_switch(cx, w,
		    arena_printf(cx->arena, "workflow has errors: %s", r.error),
		    "see: vtctlclient Workflow show");
	if (r.lag_ms < 0 || r.lag_ms <= most / MSEC)
		return 0;
	return cannot_switch(cx, w,
	    arena_printf(cx->arena,
		"replication lag %" PRId64 "s is higher than allowed lag %" PRId64 "s",
		(r.lag_ms + 999) / 1000, most / SECOND),
	    "longer with --max-replication-lag-allowed; see: vtctlclient Workflow show");
}

/* May it be switched from this state? What is under way or done already is no error. */
static int
check_state(struct ctx *cx, const struct workflow *w)
{
	switch (w->r.state) {
	case WORKFLOW_CHECKING:
	case WORKFLOW_CREATING:
	case WORKFLOW_COPYING:
		return cannot_switch(cx, w, "copy is still in progress",
		    "see how far it is: vtctlclient MoveTables Status");
	case WORKFLOW_ERROR:
		return cannot_switch(cx, w,
		    arena_printf(cx->arena, "workflow has errors: %s", w->r.state_text),
		    "see: vtctlclient Workflow show");
	case WORKFLOW_STOPPED:
		return cannot_switch(
		    cx, w, "workflow is stopped", "start it: vtctlclient Workflow start");
	case WORKFLOW_CANCELLING:
	case WORKFLOW_CANCELLED:
		return cannot_switch(cx, w, "it is cancelled", "see: vtctlclient Workflow show");
	case WORKFLOW_RUNNING:
	case WORKFLOW_SWITCHING:
	case WORKFLOW_SWITCHED:
	case WORKFLOW_COMPLETING:
	case WORKFLOW_COMPLETE: return 0;
	}
	unreachable();
}

static int
give_leave(
    struct ctx *cx, struct workflow *w, const struct ctl_request *q, struct control_answer *out)
{
	out->start_state = traffic_state(&w->r);
	out->done = traffic_at_target(&w->r) && w->r.state != WORKFLOW_SWITCHING;
	out->changed = !out->done && w->r.state != WORKFLOW_SWITCHING;
	TRY(check_state(cx, w));
	if (w->r.state == WORKFLOW_SWITCHING && w->r.direction == DIRECTION_REVERSE)
		return back_refuse_under_way(cx, w);
	if (w->r.state == WORKFLOW_SWITCHED && w->r.reversing) {
		w->r.reversing =
		    false; /* between two attempts to go back: they are not wanted any more */
		out->changed = true;
	}
	if (!out->changed || out->done)
		return 0;
	workflow_options_take(&w->r.options, &q->options, q->given);
	TRY(switch_time_check(&w->r.options, cx->err));
	TRY(check_stream(cx, w, w->r.options.max_lag));
	w->r.options.no_switch = false;
	back_count_anew(w);
	if (!(q->given & GIVEN_POSTPONE_FILE))
		w->r.options.postpone_file = "";
	if (!(q->given & GIVEN_WINDOW))
		w->r.options.window_from = w->r.options.window_to = 0;
	w->r.state_text = w->r.hint = "";
	workflow_note(w, "switch", "asked", "");
	return q->dry_run ? cutover_rehearse(cx, w, &out->lines) : 0;
}

int
control_switch(
    struct ctx *cx, struct ctl *c, const struct ctl_request *q, struct control_answer *out)
{
	return change_record(cx, c, give_leave, q, out);
}

/* ---- Stop and start */

/* What still travels of its calls is outdated. Its attempts are counted as before. */
static void
outdate(struct workflow *w)
{
	int before = w->r.attempt;

	workflow_outdate(w);
	w->r.attempts_from += w->r.attempt - before;
}

static int
cannot(struct ctx *cx, const struct workflow *w, const char *act, const char *why)
{
	err_set(cx->err, ERR_REFUSED, "cannot %s workflow %s at this time: %s", act, w->r.name, why);
	return err_hint(
	    cx->err, "see: vtctlclient Workflow show %s", workflow_typed(cx->arena, &w->r));
}

static bool
may_stop(const struct workflow_record *r)
{
	if (r->cancel || r->rolling_back || r->finishing || workflow_unmade(r))
		return false;
	return r->state == WORKFLOW_COPYING || r->state == WORKFLOW_RUNNING ||
	    (r->state == WORKFLOW_ERROR && r->tables_count > 0 && r->copied_us != 0);
}

/* Why neither a stop nor a start is to be had from that state. */
static const char *
busy_with(const struct workflow_record *r)
{
	if (traffic_at_target(r))
		return "workflow is frozen: its traffic is switched";
	switch (r->state) {
	case WORKFLOW_SWITCHING: return "an attempt to switch is under way";
	case WORKFLOW_CANCELLING:
	case WORKFLOW_CANCELLED: return "it is cancelled";
	case WORKFLOW_CHECKING:
	case WORKFLOW_CREATING: return "it is being created";
	case WORKFLOW_COPYING:
	case WORKFLOW_RUNNING:
	case WORKFLOW_STOPPED:
	case WORKFLOW_SWITCHED:
	case WORKFLOW_COMPLETING:
	case WORKFLOW_COMPLETE:
	case WORKFLOW_ERROR: return "workflow has errors";
	}
	unreachable();
}

static int
begin_stop(
    struct ctx *cx, struct workflow *w, const struct ctl_request *q, struct control_answer *out)
{
	out->start_state = traffic_state(&w->r);
	out->changed = w->r.state != WORKFLOW_STOPPED;
	out->done = !out->changed && w->r.step[0] == '\0';
	if (!out->changed)
		return 0;
	if (!may_stop(&w->r))
		return cannot(cx, w, "stop", busy_with(&w->r));
	outdate(w);
	w->r.state = WORKFLOW_STOPPED;
	w->r.step = "stop";
	w->r.state_text = "it was stopped by command";
	w->r.hint = arena_printf(&w->arena, "it goes on with: vtctlclient Workflow start %s",
	    workflow_typed(&w->arena, &w->r));
	workflow_note(w, "stop", "begun", "");
	return 0;
}

/* Its job has the stream stopped. */
static int
wait_stopped(struct ctx *cx, struct workflow *w)
{
	struct ctx within = ctx_within(cx, STOP_WITHIN_S * SECOND);

	TRY(workflow_load(cx, w));
	while (w->r.state == WORKFLOW_STOPPED && w->r.step[0] != '\0') {
		if (workflow_next(&within, w) != 0)
			return err_wrap(
			    cx->err, "workflow %s stops as soon as its tablet answers", w->id);
	}
	return 0;
}

int
control_stop(struct ctx *cx, struct ctl *c, const struct ctl_request *q, struct control_answer *out)
{
	struct workflow w;
	const char *id;

	TRY(change_record(cx, c, begin_stop, q, out));
	TRY(control_id(cx, q, &id));
	workflow_init(&w, c, id);
	int rc = wait_stopped(cx, &w);
	workflow_done(&w);
	out->done = rc == 0;
	return rc;
}

void
control_restart(struct workflow *w)
{
	outdate(w);
	w->r.state = WORKFLOW_COPYING;
	w->r.step = w->r.state_text = w->r.hint = "";
	w->r.options.no_start = w->r.options.stop_after_copy = false;
	workflow_note(w, "start", "begun", "");
}

static int
begin_start(
    struct ctx *cx, struct workflow *w, const struct ctl_request *q, struct control_answer *out)
{
	out->start_state = traffic_state(&w->r);
	out->done = true;
	out->changed = w->r.state == WORKFLOW_STOPPED ||
	    (w->r.state == WORKFLOW_ERROR && !w->r.rolling_back && !workflow_unmade(&w->r) &&
		!traffic_at_target(&w->r));
	if (w->r.state == WORKFLOW_COPYING || w->r.state == WORKFLOW_RUNNING)
		return 0;
	if (!out->changed)
		return cannot(cx, w, "start", busy_with(&w->r));
	control_restart(w);
	return 0;
}

int
control_start(struct ctx *cx, struct ctl *c, const struct ctl_request *q, struct control_answer *out)
{
	return change_record(cx, c, begin_start, q, out);
}

/* ---- Options */

static int
take_options(
    struct ctx *cx, struct workflow *w, const struct ctl_request *q, struct control_answer *out)
{
	out->start_state = traffic_state(&w->r);
	out->done = true;
	if (q->given == 0) {
		err_set(cx->err, ERR_REFUSED, "no option is given that could be updated");
		return err_hint(cx->err, "vtctlclient Workflow --help lists them");
	}
	if (w->r.state == WORKFLOW_CANCELLED || w->r.state == WORKFLOW_COMPLETE)
		return cannot(cx, w, "update", "it is over");
	TRY(switch_time_check(&q->options, cx->err));
	TRY(throttle_limits_check(&q->options.limits, cx->err));
	workflow_options_take(&w->r.options, &q->options, q->given);
	if (q->given & (GIVEN_MAX_LOAD | GIVEN_THROTTLE_QUERY))
		TRY(limits_try(cx, w));
	if (q->given & GIVEN_ON_DDL)
		TRY(flavours_allow_on_ddl(cx, w));
	workflow_note(w, "update", "done", "");
	return 0;
}

static int
tell_limits(struct ctx *cx, struct ctl *c, const struct ctl_request *q)
{
	struct workflow w;
	const char *id;

	TRY(control_id(cx, q, &id));
	workflow_init(&w, c, id);
	int rc = workflow_load(cx, &w);
	if (rc == 0)
		rc = limits_tell(cx, &w);
	workflow_done(&w);
	return rc;
}

int
control_update(
    struct ctx *cx, struct ctl *c, const struct ctl_request *q, struct control_answer *out)
{
	TRY(change_record(cx, c, take_options, q, out));
	return q->given & GIVEN_STREAM ? tell_limits(cx, c, q) : 0;
}
