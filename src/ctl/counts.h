/*
 * counts.h - what a vtctld counts, for Prometheus (ctl_metrics.h prints it).
 *
 * Since this vtctld began: what another one did with a workflow is in its own counts.
 */
#ifndef CTL_COUNTS_H
#define CTL_COUNTS_H

#include "base/err.h"
#include "base/metric.h"

enum { COUNTS_STEPS_MAX = 16, COUNTS_KINDS = ERR_SERVER + 1 };

struct ctl_counts {
	uint64_t attempts, rolled_back;           /* rolled_back: also what another one had begun */
	uint64_t refused;                         /* moves, by their check */
	struct histogram steps[COUNTS_STEPS_MAX]; /* of the cutover: those that succeeded */
	uint64_t failures[COUNTS_STEPS_MAX][COUNTS_KINDS]; /* of a step, by kind of error */
};

#endif
