/*
 * metric.h - counters, gauges and histograms, printed in Prometheus' text format.
 *
 * Counters live in the struct that counts; this only prints. A histogram
 * holds counts in buckets that double from 100 us to 100 s.
 */
#ifndef BASE_METRIC_H
#define BASE_METRIC_H

#include "base/buf.h"
#include "base/parse.h"

enum { METRIC_BUCKETS = 21 }; /* 100 us * 2^20 is over 100 s */

struct histogram {
	uint64_t counts[METRIC_BUCKETS + 1];
	uint64_t total;
	usec sum, max;
};

void histogram_add(struct histogram *h, usec value);
usec histogram_quantile(const struct histogram *h, double q); /* upper bound of the bucket */

/* Appends name="value", escaped, for labels; a comma before it when something is there. */
void metric_label(struct buf *labels, const char *name, const char *value);
void metric_print(
    struct buf *out, const char *name, const char *help, const char *labels, double value);
void metric_print_histogram(
    struct buf *out, const char *name, const char *help, const struct histogram *h);
/* The same with labels, of which help comes with the first: NULL for the others. */
void metric_print_histogram_of(struct buf *out, const char *name, const char *help,
    const char *labels, const struct histogram *h);

#endif
