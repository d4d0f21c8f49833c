/*
 * ctl_metrics.h - a vtctld's /metrics: workflows by state, attempts, failures by cause, durations of steps.
 */
#ifndef CTL_CTL_METRICS_H
#define CTL_CTL_METRICS_H

#include "ctl/cluster.h"

/* Asks the topology for the workflows. */
int ctl_metrics_print(struct ctx *cx, struct ctl *c, struct buf *out) MUST_USE;

#endif
