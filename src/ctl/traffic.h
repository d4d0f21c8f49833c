/*
 * traffic.h - where a workflow's tables are served, as Vitess says it.
 */
#ifndef CTL_TRAFFIC_H
#define CTL_TRAFFIC_H

#include "ctl/workflow.h"

/* Is the target the one that serves? From the commit of a switch on, while that is being finished too. */
bool traffic_at_target(const struct workflow_record *r);
/* "Reads Not Switched. Writes Not Switched", "All Reads Switched. Writes Switched", and "Not Created" before
 * it is made and after it was cancelled. */
extern const char traffic_switched[]; /* the second of them */
const char *traffic_state(const struct workflow_record *r);

#endif
