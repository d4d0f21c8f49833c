/*
 * gate_loop.h - what the sessions of one loop share.
 */
#ifndef GATE_GATE_LOOP_H
#define GATE_GATE_LOOP_H

#include "gate/barrier.h"
#include "gate/complaints.h"
#include "gate/digest.h"
#include "gate/lease_view.h"
#include "gate/pool.h"
#include "rpc/api.h"
#include "sql/statement_cache.h"

/* Of one loop, which writes them; the control loop reads them: relaxed atomics. */
struct gate_counts {
	_Atomic uint64_t clients, connections, refused, statements, errors, holds, replays,
	    fence_errors, too_late, lease_closed, backends, hold_us_max, slow_turns;
	struct complaints complaints;
};

struct kill_order;
struct group;

struct gate_loop {
	struct in_flight in_flight;
	struct pool pool;
	const struct lease_view *lease;
	const struct credentials *credentials; /* of clients */
	struct gate_counts counts;
	struct list sessions;
	struct statement_cache *statements; /* that the loop's clients have sent; NULL: none are kept */
	struct digests *digests; /* what the loop's clients have run; NULL: it is not kept */
	struct waitlist left;    /* a session has ended */
	bool draining;
	size_t packet_max;   /* larger statements of clients are refused */
	struct group *tasks; /* of the loop, for what must not wait for a session; or NULL */
	bool listing;        /* a client waits for a list of clients: one at a time */
	struct waitlist listed;
	/* Passes a KILL on to the loop of the client that it is about; kill_answered() follows. */
	void (*kill)(void *arg, const struct kill_order *order);
	/* Asks for newer rules than those of the present route; returns at once. */
	void (*refresh)(void *arg);
	void *arg;
};

static inline void
count(_Atomic uint64_t *counter, int64_t by)
{
	atomic_store_explicit(counter,
	    atomic_load_explicit(counter, memory_order_relaxed) + (uint64_t)by,
	    memory_order_relaxed);
}

static inline void
count_max(_Atomic uint64_t *gauge, uint64_t value)
{
	if (atomic_load_explicit(gauge, memory_order_relaxed) < value)
		atomic_store_explicit(gauge, value, memory_order_relaxed);
}

#endif
