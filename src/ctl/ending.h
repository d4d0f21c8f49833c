/*
 * ending.h - what ends a workflow, cancelled or complete: steps that take something away.
 *
 * Each step is in the record before it is acted on. Each may be done again: whoever resumes begins with the
 * first, and repeats them until all are done. There is no way back.
 */
#ifndef CTL_ENDING_H
#define CTL_ENDING_H

#include "ctl/lines.h"
#include "ctl/rules.h"

enum {
	/* of one try: a tablet that hangs is soon told of; a drop goes on waiting */
	ENDING_STEP_WITHIN_S = 20,
};

struct ending_step {
	const char *name;
	const char *doing; /* what an operator reads when it does not come to an end */
	int (*run)(struct ctx *cx, struct workflow *w);
	rehearse_fn *rehearse;
	const char *before, *after; /* fault points */
};

/* All count steps, from the first'th on and round. -1: what it waits for is in the record's state_text. */
int ending_run(struct ctx *cx, struct workflow *w, const struct ending_step *steps, size_t count,
    size_t first) MUST_USE;
/* What they would do. */
int ending_rehearse(struct ctx *cx, struct workflow *w, const struct ending_step *steps,
    size_t count, struct lines *out) MUST_USE;

#endif
