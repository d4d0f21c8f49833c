/*
 * fault.h - named fault points.
 *
 * fault("workflow.commit.before") costs one load when nothing is armed. What
 * is armed comes from $SWITCHYARD_FAULTS at start or fault_arm(), a list of
 * name=action[@n]: the n-th passage (default 1) acts.
 *   kill        SIGKILL of this process, as a power cut would
 *   error       fault() returns true: the caller fails as if the act had failed
 *   sleep:MS    fault_sleep_ms() tells the caller how long to wait
 * Names are workflow.step.before|after.
 */
#ifndef BASE_FAULT_H
#define BASE_FAULT_H

#include "base/err.h"

#include <stdbool.h>

bool fault(const char *name);         /* true: fail here */
int fault_sleep_ms(const char *name); /* 0 when not armed */
int fault_arm(const char *spec, struct err *err) MUST_USE;
void fault_disarm_all(void);

#endif
