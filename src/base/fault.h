/*
 * fault.h - named fault points.
 *
 * fault("workflow.commit.before") costs one load when nothing is armed. What
 * is armed comes from $SWITCHYARD_FAULTS at start or fault_arm(), a list of
 * name=action[@n]: the n-th passage (default 1) acts.
 *   kill        SIGKILL of this process, as a power cut would
 *   stop        SIGSTOP of this process, at the n-th passage and each later one: whoever has armed it does
 *               there what he wants to be done, and SIGCONT lets it go on
 *   error       fault() returns true: the caller fails as if the act had failed
 *   sleep:MS    fault_sleep_ms() tells the caller how long to wait
 * Names are workflow.step.before|after. One that ends in * is of all that begin so.
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
