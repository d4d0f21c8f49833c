/*
 * alone.h - no two workflows move a table at the same time.
 */
#ifndef CTL_ALONE_H
#define CTL_ALONE_H

#include "ctl/workflow.h"

/* ERR_REFUSED while another workflow that has not ended uses one of its tables. Of two that are being
 * checked the later one is refused, and none that is past its check waits for one that is not. */
int workflow_check_alone(struct ctx *cx, const struct workflow *w) MUST_USE;

#endif
