/*
 * create.h - making a workflow, or finding the one that is there.
 *
 * What the request alone tells is refused before anything is written. Then the record is made, in
 * CHECKING, and its job (job.h) asks everybody (check.h). The command waits for that, long poll by long
 * poll; a refusal it tells, and puts back what the name stood for before, so that topology and servers
 * are as they were. Else the job goes on in CREATING: it writes the routing rules (both names -> source),
 * has all gates acknowledge them, and only then lets the tablet make the target table.
 */
#ifndef CTL_CREATE_H
#define CTL_CREATE_H

#include "ctl/lines.h"
#include "ctl/rules.h"

struct move_result {
	const char *workflow; /* cx->arena */
	bool created, done;
	bool back;              /* it is the way back of that workflow, which has been asked for */
	const char *ended;      /* the workflow whose way back has ended for this move, or NULL */
	bool checking;          /* not over: to be asked again, after this revision */
	const char *state_text; /* what that waits for; cx->arena */
	int64_t revision;
	/* The preflight's list has refused it: everything is as it was before. */
	bool refused;
	const char *text, *hint;  /* why */
	struct findings findings; /* of the check, once it is over */
	struct lines lines;       /* of a dry run, which makes no record and asks at once */
};

int create_move(
    struct ctx *cx, struct ctl *c, const struct ctl_request *q, struct move_result *out) MUST_USE;

#endif
