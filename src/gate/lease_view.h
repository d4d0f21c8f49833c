/*
 * lease_view.h - the gate's lease, as every loop of it sees it.
 *
 * The control loop keeps the lease and publishes until when, on CLOCK_BOOTTIME, it is surely held
 * and its epoch, which changes whenever it may have lapsed in between. A loop that reads an old
 * view believes less than is true, never more: until only grows within an epoch, and a new epoch is
 * published before its until.
 */
#ifndef GATE_LEASE_VIEW_H
#define GATE_LEASE_VIEW_H

#include "base/mutant.h"
#include "task/task.h"

#include <stdatomic.h>

struct lease_view {
	_Atomic uint64_t epoch;
	_Atomic int64_t until;
};

static inline void
lease_view_publish(struct lease_view *v, uint64_t epoch, usec until)
{
	if (atomic_load(&v->epoch) != epoch) {
		atomic_store(&v->until, 0);
		atomic_store(&v->epoch, epoch);
	}
	atomic_store(&v->until, until);
}

/* Is the lease of this epoch held, without a gap since the epoch was read? */
static inline bool
lease_view_held(const struct lease_view *v, uint64_t epoch)
{
	usec until = atomic_load(&v->until);

	return (atomic_load(&v->epoch) == epoch || mutant("gate_lease_gap")) &&
	    task_boottime() < until;
}

#endif
