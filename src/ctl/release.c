#include "ctl/release.h"

#include "base/clock.h"
#include "base/mutant.h"
#include "ctl/acknowledge.h"
#include "ctl/both.h"

/* What is left of the step does not wait longer for a gate that does not answer. */
enum { TELL_WITHIN_MS = 250 };

struct release {
	struct workflow *w;
	struct swapped open; /* as it is told: w is saved meanwhile */
	int64_t *told_us;
};

static int
write_release(struct ctx *cx, void *arg)
{
	struct release *r = arg;

	return rules_apply(cx, r->w, RULES_RELEASE);
}

static int
tell_release(struct ctx *cx, void *arg)
{
	struct release *r = arg;
	struct ctx within = ctx_within(cx, TELL_WITHIN_MS * MSEC);
	struct err ignored = { 0 };

	within.err = &ignored;
	if (swap_acknowledged(&within, r->w->ctl, &r->open) == 0)
		*r->told_us = clock_wall();
	return 0;
}

int
release_apply(struct ctx *cx, struct workflow *w, int64_t *told_us)
{
	struct release r = { .w = w, .told_us = told_us };

	/* Who has not swapped it does not know of which revision it is. */
	if (w->swapped == NULL || w->swapped->sw.phase != RULE_SWITCHED ||
	    mutant("ctl_release_untold"))
		return rules_apply(cx, w, RULES_RELEASE);
	r.open = swapped_copy(cx->arena, w->swapped);
	r.open.sw.phase = RULE_OPEN;
	return both(cx, write_release, tell_release, &r);
}
