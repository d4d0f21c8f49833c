#include "ctl/stopping.h"

enum { SUSPEND_WITHIN_S = 10 }; /* of one try; it is tried until it is done */

int
stopping_write(struct ctx *cx, struct workflow *w, const char *text, const char *step)
{
	w->r.state = WORKFLOW_STOPPED;
	w->r.step = step;
	w->r.state_text = text;
	w->r.hint = arena_printf(&w->arena, "it goes on with: vtctlclient Workflow start %s",
	    workflow_typed(&w->arena, &w->r));
	workflow_note(w, "stop", step[0] == '\0' ? "done" : "begun", "");
	return workflow_save(cx, w);
}

int
stopping_run(struct ctx *cx, struct workflow *w)
{
	struct ctx within = ctx_within(cx, SUSPEND_WITHIN_S * SECOND);

	TRY(side_do(&within, w, workflow_to(w), TABLET_STREAM_SUSPEND, w->r.attempt));
	w->r.step = "";
	workflow_note(w, "stop", "done", "");
	return workflow_save(cx, w);
}

bool
stopping_rests(const struct workflow_record *r)
{
	return (workflow_ended(r) && !workflow_has_work(r)) ||
	    (r->state == WORKFLOW_STOPPED && r->step[0] == '\0');
}
