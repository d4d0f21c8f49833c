/*
 * switch_lines.h - what each step of a switch would do, in lines: rehearse() of the rows in steps.c.
 */
#ifndef CTL_SWITCH_LINES_H
#define CTL_SWITCH_LINES_H

#include "ctl/lines.h"

/* Does the switch that the workflow is at leave a stream back? */
bool switch_leaves_way_back(const struct workflow *w);

int switch_lines_preflight(struct ctx *cx, struct workflow *w, struct lines *out) MUST_USE;
int switch_lines_hold(struct ctx *cx, struct workflow *w, struct lines *out) MUST_USE;
int switch_lines_fence(struct ctx *cx, struct workflow *w, struct lines *out) MUST_USE;
int switch_lines_catch_up(struct ctx *cx, struct workflow *w, struct lines *out) MUST_USE;
int switch_lines_reverse(struct ctx *cx, struct workflow *w, struct lines *out) MUST_USE;
int switch_lines_commit(struct ctx *cx, struct workflow *w, struct lines *out) MUST_USE;
int switch_lines_acknowledge(struct ctx *cx, struct workflow *w, struct lines *out) MUST_USE;
int switch_lines_release(struct ctx *cx, struct workflow *w, struct lines *out) MUST_USE;
int switch_lines_finish(struct ctx *cx, struct workflow *w, struct lines *out) MUST_USE;

#endif
