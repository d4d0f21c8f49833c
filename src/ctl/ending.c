#include "ctl/ending.h"

static int
run_step(struct ctx *cx, struct workflow *w, const struct ending_step *s)
{
	SCOPED(arena) struct arena scratch = ARENA_INIT;
	struct ctx inner = ctx_within(cx, workflow_longer(w, ENDING_STEP_WITHIN_S * SECOND));

	inner.arena = &scratch;
	TRY(workflow_pass(cx, w, s->before));
	if (strcmp(w->r.step, s->name) != 0) {
		w->r.step = s->name;
		workflow_note(w, s->name, "begun", s->doing);
		TRY(workflow_save(&inner, w));
	}
	if (s->run(&inner, w) != 0)
		return err_wrap(cx->err, "%s", s->doing);
	return workflow_pass(cx, w, s->after);
}

/* The step is tried again, and the person who waits for it reads in the record why it takes so long. */
static int
tell_why(struct ctx *cx, struct workflow *w)
{
	struct err why = *cx->err;

	if (why.kind != ERR_CANCELLED && why.kind != ERR_CONFLICT &&
	    strcmp(w->r.state_text, why.text) != 0) {
		w->r.state_text = arena_strdup(&w->arena, why.text);
		w->r.hint = arena_strdup(&w->arena, why.hint);
		TRY(workflow_save(cx, w));
	}
	return err_copy(cx->err, &why);
}

int
ending_run(
    struct ctx *cx, struct workflow *w, const struct ending_step *steps, size_t count, size_t first)
{
	for (size_t i = 0; i < count; i++) {
		if (run_step(cx, w, &steps[(first + i) % count]) != 0)
			return tell_why(cx, w);
	}
	return 0;
}

int
ending_rehearse(struct ctx *cx, struct workflow *w, const struct ending_step *steps, size_t count,
    struct lines *out)
{
	for (size_t i = 0; i < count; i++)
		TRY(steps[i].rehearse(cx, w, out));
	return 0;
}
