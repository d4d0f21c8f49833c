/*
 * worker.h - one thread with one loop: accepts clients, serves them, follows the routes it is
 * given.
 *
 *            routes, shut, drain                    ready, routed, acknowledged, refresh, overflow, ended
 *   control -------------------> worker's mailbox,  worker -----------------------> control's
 * mailbox
 *
 * Nothing else crosses: a route is immutable and counted, the lease view is atomic.
 * A worker listens once it has its first route.
 */
#ifndef GATE_WORKER_H
#define GATE_WORKER_H

#include "gate/gate_loop.h"
#include "gate/kill_order.h"
#include "rpc/api.h"
#include "task/mailbox.h"

enum worker_news {
	WORKER_READY,
	WORKER_FAILED,
	WORKER_ROUTED,       /* it goes by a new route */
	WORKER_ACKNOWLEDGED, /* of one workflow */
	WORKER_QUIET,        /* the same, of a hold: barrier.h (10) */
	WORKER_REFRESH,
	WORKER_OVERFLOW,
	WORKER_STANDSTILL,
	WORKER_KILL,   /* a client of it says KILL */
	WORKER_KILLED, /* what came of one */
	WORKER_STATEMENTS,
	WORKER_ENDED
};

struct worker;

/* Which digests are asked for. */
struct statements_order {
	uint64_t ticket;
	char keyspace[NAME_MAX_BYTES + 1]; /* "": all */
};

/* Those of one loop, copied there. */
struct statements_copy {
	struct arena arena;
	struct statements_record record;
};

enum { WORKERS_MAX = 32 }; /* as many as a client's number has room for: worker.c */

/* A workflow's switch key of that revision, or the newest one before it that this loop has seen, is
 * drained. */
struct switch_ack {
	char workflow[NAME_PAIR_MAX];
	int64_t revision, number;
	enum rule_phase phase;
};

/* What a worker tells; freed by who takes it. */
struct worker_message {
	enum worker_news kind;
	struct worker *worker;
	int64_t version;       /* ROUTED: of the rules */
	uint64_t route_number; /* REFRESH: of the route that it has */
	/* ACKNOWLEDGED; of QUIET, OVERFLOW and STANDSTILL the workflow and the number */
	struct switch_ack of;
	struct standstill standstill;
	struct kill_order kill;             /* KILL, KILLED */
	struct statements_copy *statements; /* STATEMENTS: the taker's, in answer to this ticket */
	uint64_t ticket;
	struct err err; /* FAILED: why it does not listen; it waits to be drained */
};

struct worker_params {
	int index;
	const char *address; /* to listen on; port 0 for the first one only */
	size_t clients_max, backends_max, packet_max, hold_bytes_max;
	/* Of all workers, against clients_max: the kernel deals connections out unevenly. */
	_Atomic size_t *clients;
	usec drain_timeout;
	const struct credentials *credentials;
	const struct gate_links *links;
	const struct lease_view *lease;
	struct mailbox *control;
};

/* Starts the thread. WORKER_READY or WORKER_FAILED follows when the first route was posted. */
struct worker *worker_start(const struct worker_params *params, struct err *err) MUST_USE;
/* Takes over one reference. From the control's loop only, as are the following. */
void worker_route(struct worker *w, struct route *route);
void worker_drain(struct worker *w); /* the last order: WORKER_ENDED follows */
/* All of them are quiet: barrier.h (10). */
void worker_shut(struct worker *const *workers, int count, const struct switch_ack *of);
/* KILL goes to the workers it may concern, or back at once when there is none; KILLED to the asker's. */
void worker_pass_kill(struct worker *const *workers, int count, const struct worker_message *m);
/* WORKER_STATEMENTS follows, unless it is being drained. */
void worker_ask_statements(struct worker *w, const struct statements_order *order);
void statements_copy_free(struct statements_copy *copy); /* NULL is fine */
int worker_port(const struct worker *w);
int worker_index(const struct worker *w);
const struct gate_counts *worker_counts(const struct worker *w);
/* After WORKER_ENDED: joins the thread. */
void worker_free(struct worker *w);

#endif
