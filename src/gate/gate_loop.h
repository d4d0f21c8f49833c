/*
 * gate_loop.h - what the sessions of one loop share.
 *
 * A gate has a loop for each core, each with its own clients and backends; a session never goes to another
 * loop. What stands here is the loop's alone but for the counts, which the control loop reads for /metrics,
 * and the lease, which the control loop writes (lease_view.h). So nothing here needs a lock.
 */
#ifndef GATE_GATE_LOOP_H
#define GATE_GATE_LOOP_H

#include "gate/barrier.h"
#include "gate/complaints.h"
#include "gate/digest.h"
#include "gate/lease_view.h"
#include "gate/pool.h"
#include "mysql/server.h"
#include "rpc/api.h"
#include "sql/statement_cache.h"

/* Of one loop, which writes them; the control loop reads them: relaxed atomics, since a sum over loops is
 * of no one moment anyhow. clients and backends are there now, hold_us_max is the largest, all others only
 * grow. What each means is its help text in gate_metrics.c. */
struct gate_counts {
	_Atomic uint64_t clients, connections, refused, statements, errors, holds, replays,
	    fence_errors, too_late, lease_closed, backends, hold_us_max, slow_turns;
	struct complaints complaints;
};

struct kill_order;
struct group;
struct plans_kept;

/* How the connections on both sides of a gate are made. */
struct gate_links {
	struct mysql_link servers;
	struct server_link clients;
};

struct gate_loop {
	struct in_flight in_flight; /* statements and transactions that a hold waits for (barrier.h) */
	struct pool pool; /* idle connections to servers, for whichever session needs one next */
	const struct lease_view *lease;
	const struct credentials *credentials; /* of clients */
	const struct gate_links *links;        /* NULL: without TLS and compression */
	struct gate_counts counts;
	struct list sessions; /* all clients, logged in or not, in the order they came */
	struct statement_cache *statements; /* that the loop's clients have sent; NULL: none are kept */
	struct plans_kept *plans;           /* of those; NULL: none are kept */
	struct digests *digests; /* what the loop's clients have run; NULL: it is not kept */
	struct waitlist left;    /* a session has ended */
	bool draining;           /* stopping: a client that is at rest is told so and leaves */
	size_t packet_max;       /* larger statements of clients are refused */
	struct group *tasks;     /* of the loop, for what must not wait for a session; or NULL */
	bool listing;            /* a client waits for a list of clients: one at a time */
	struct waitlist listed;
	/* Passes a KILL on to the loop of the client that it is about; kill_answered() follows. */
	void (*kill)(void *arg, const struct kill_order *order);
	/* Asks for newer rules than those of the present route; returns at once. */
	void (*refresh)(void *arg);
	void *arg;
};

/* by may be negative for what is there now. Only the loop itself writes its counts: a load and a store do,
 * where an atomic addition would lock the cache line for each statement. */
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
