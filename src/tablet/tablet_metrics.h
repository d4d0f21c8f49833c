/*
 * tablet_metrics.h - a vttablet's /metrics: its server's health, and its streams.
 */
#ifndef TABLET_TABLET_METRICS_H
#define TABLET_TABLET_METRICS_H

#include "tablet/health.h"
#include "tablet/stream/engine.h"

void tablet_metrics_print(struct buf *out, const struct engine *e, const struct health *health);

#endif
