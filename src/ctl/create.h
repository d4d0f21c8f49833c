/*
 * create.h - making a workflow, or finding the one that is there.
 *
 * Everything is asked before anything is written: a refusal leaves topology and
 * servers as they were. Then the record is made, in CREATING; its job (job.h)
 * writes the routing rules (both names -> source), has all gates acknowledge them, and only
 * then lets the tablet make the target table.
 */
#ifndef CTL_CREATE_H
#define CTL_CREATE_H

#include "ctl/rules.h"

struct move_result {
	const char *workflow;       /* cx->arena */
	bool        created, done;
};

int create_move(struct ctx *cx, struct ctl *c, const struct ctl_request *q, struct move_result *out) MUST_USE;

#endif
