/*
 * gate_metrics.h - what a gate counts, for Prometheus: the sums over its workers.
 */
#ifndef GATE_GATE_METRICS_H
#define GATE_GATE_METRICS_H

#include "base/buf.h"
#include "gate/gate_loop.h"

enum { METRICS_WORKERS_MAX = 32 }; /* as gate_api.h has them */

/* Appends Prometheus' text format (prometheus.io, "Exposition formats"). counts: one for each worker, at most
 * METRICS_WORKERS_MAX; they go on counting meanwhile. */
void gate_metrics_print(struct buf *out, const struct gate_counts *const *counts, int workers,
    int64_t version, bool lease_held);

#endif
