#include "ctl/control.h"

#include "base/check.h"
#include "ctl/back.h"
#include "ctl/traffic.h"

#include <inttypes.h>

enum { STREAM_WITHIN_S = 10 };

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
	c->kick = true;
	waitlist_wake_all(&c->kicked);
	return 0;
}

/* ---- SwitchTraffic */

static int
cannot_switch(struct ctx *cx, const struct workflow *w, const char *why, const char *hint)
{
	err_set(cx->err, ERR_REFUSED, "cannot switch traffic for workflow %s at this time: %s",
	    w->r.name, why);
	return hint == NULL ? -1 : err_hint(cx->err, "%s %.140s", hint, w->id);
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
	TRY(check_stream(cx, w, w->r.options.max_lag));
	w->r.options.no_switch = false;
	back_count_anew(w);
	if (!(q->given & GIVEN_POSTPONE_FILE))
		w->r.options.postpone_file = "";
	if (!(q->given & GIVEN_WINDOW))
		w->r.options.window_from = w->r.options.window_to = 0;
	w->r.state_text = w->r.hint = "";
	workflow_note(w, "switch", "asked", "");
	return 0;
}

int
control_switch(
    struct ctx *cx, struct ctl *c, const struct ctl_request *q, struct control_answer *out)
{
	return change_record(cx, c, give_leave, q, out);
}
