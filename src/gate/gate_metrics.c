#include "gate/gate_metrics.h"

#include "base/check.h"
#include "base/metric.h"

struct row {
	const char *name, *help;
	size_t offset;
	bool largest; /* the largest of the workers instead of their sum */
};

static const struct row ROWS[] = {
	{ "vtgate_clients", "Clients connected now.", offsetof(struct gate_counts, clients), false },
	{ "vtgate_connections_total", "Connections accepted.",
	    offsetof(struct gate_counts, connections), false },
	{ "vtgate_refused_total", "Connections refused with 1040.",
	    offsetof(struct gate_counts, refused), false },
	{ "vtgate_commands_total", "Commands of clients.", offsetof(struct gate_counts, statements),
	    false },
	{ "vtgate_errors_total", "Errors that clients were sent.",
	    offsetof(struct gate_counts, errors), false },
	{ "vtgate_backends", "Connections to database servers.",
	    offsetof(struct gate_counts, backends), false },
	{ "vtgate_holds_total", "Times that a statement waited for a cutover.",
	    offsetof(struct gate_counts, holds), false },
	{ "vtgate_hold_us_max", "The longest wait of one statement for a cutover, microseconds.",
	    offsetof(struct gate_counts, hold_us_max), true },
	{ "vtgate_replays_total",
	    "Statements sent again that had no effect: fenced, or a deadlock's victims.",
	    offsetof(struct gate_counts, replays), false },
	{ "vtgate_fence_errors_total", "Statements that the fence refused.",
	    offsetof(struct gate_counts, fence_errors), false },
	{ "vtgate_too_late_total", "Transactions ended with 1213 because their table had moved.",
	    offsetof(struct gate_counts, too_late), false },
	{ "vtgate_slow_turns_total",
	    "Turns of a task that kept the others of its loop waiting for more than 20 ms.",
	    offsetof(struct gate_counts, slow_turns), false },
	{ "vtgate_lease_closed_total", "Connections closed because the lease had lapsed.",
	    offsetof(struct gate_counts, lease_closed), false },
};

static uint64_t
value_of(const struct gate_counts *c, size_t offset)
{
	const _Atomic uint64_t *v = (const void *)((const char *)c + offset);

	return atomic_load_explicit(v, memory_order_relaxed);
}

static void
print_complaints(struct buf *out, const struct gate_counts *const *counts, int workers)
{
	const struct complaints *all[METRICS_WORKERS_MAX];

	check(workers <= METRICS_WORKERS_MAX);
	for (int w = 0; w < workers; w++)
		all[w] = &counts[w]->complaints;
	complaints_print(out, all, (size_t)workers);
}

void
gate_metrics_print(struct buf *out, const struct gate_counts *const *counts, int workers,
    int64_t version, bool lease_held)
{
	for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
		uint64_t sum = 0;

		for (int w = 0; w < workers; w++) {
			uint64_t v = value_of(counts[w], ROWS[i].offset);

			sum = ROWS[i].largest ? (v > sum ? v : sum) : sum + v;
		}
		metric_print(out, ROWS[i].name, ROWS[i].help, NULL, (double)sum);
	}
	print_complaints(out, counts, workers);
	metric_print(out, "vtgate_rules_version",
	    "Version of the routing rules by which all its loops go.", NULL, (double)version);
	metric_print(out, "vtgate_lease_held", "Is the gate's lease held?", NULL, lease_held);
}
