/*
 * attempt.h - one try at running a statement: where it goes, whether it must wait, on which
 * backend.
 *
 * What is decided here holds for one route only: whoever has waited since looks again.
 */
#ifndef GATE_ATTEMPT_H
#define GATE_ATTEMPT_H

#include "gate/plan.h"
#include "gate/session.h"

struct request;

/* What is done once a statement has ended at its server and the client has not been told yet. */
struct before_told {
	void (*fn)(struct ctx *cx, struct session *s, const struct request *q);
	bool done; /* else the statement did not come to a server, or nobody knows how it ended */
};

struct request {
	enum command com;    /* COM_QUERY, COM_STMT_EXECUTE */
	struct slice packet; /* as the client sent it; borrowed from its buffer */
	struct slice sql;
	const struct statement *statement;
	struct prepared *prepared; /* COM_STMT_EXECUTE */
	const struct named *named; /* by PREPARE, and its names are of that keyspace; or NULL */
	bool *apart; /* set, not refused, when its tables are on two servers; or NULL */
	bool quiet;  /* its answer is dropped, unless it is an error */
	struct before_told *before_told; /* or NULL; of a statement that has no rows */
	struct slice using; /* EXECUTE p USING this; sql is p's text. SLICE_NULL: no such statement */
};

/* How an attempt ended. */
enum outcome {
	OUTCOME_DONE,  /* the client has its answer */
	OUTCOME_AGAIN, /* something changed before anything had an effect */
	OUTCOME_ERROR, /* cx->err is the answer */
	OUTCOME_CLOSE, /* cx->err, and the connection cannot go on */
};

struct attempt {
	struct session *s;
	const struct request *q;
	struct route *route; /* one reference */
	struct plan plan;
	struct barrier_ask ask;
	bool by_view; /* routed by the transaction's view */
	bool held;    /* it has waited for a cutover */
	int slot;
	bool begins;            /* BEGIN goes ahead of it */
	uint64_t epoch;         /* of the lease, when it was planned */
	uint8_t reply_seq;      /* of the answer's first packet */
	uint16_t error;         /* of an answer that was one */
	uint32_t remote;        /* the prepared statement's number there */
	struct reply_scan scan; /* last, as it is large and begun only when the answer comes */
};

/* The keyspace that its names are of; SLICE_NULL: none. */
static inline struct slice
request_keyspace(const struct session *s, const struct request *q)
{
	return q->prepared != NULL ? q->prepared->keyspace
	    : q->named != NULL     ? q->named->keyspace
				   : session_keyspace(s);
}

static inline struct slice
attempt_keyspace(const struct attempt *a)
{
	return request_keyspace(a->s, a->q);
}

/* On the present route: the caller gives the reference back. The scan is begun later. */
static inline void
attempt_init(struct attempt *a, struct session *s, const struct request *q)
{
	memset(a, 0, offsetof(struct attempt, scan));
	a->s = s;
	a->q = q;
	a->slot = -1;
	a->route = route_ref(s->loop->in_flight.route);
}

/* Has KILL QUERY come while it waited? Then cx->err says so. */
bool attempt_interrupted(struct ctx *cx, const struct session *s);
/* Sets the plan, and what barriers are asked; -1: cx->err is the client's answer. */
int attempt_plan(struct ctx *cx, struct attempt *a) MUST_USE;
/* DONE: it may go on. AGAIN: the transaction has moved to the place's server, if it could. */
enum outcome attempt_settle_server(struct ctx *cx, struct attempt *a);
/* DONE: nothing holds it. AGAIN: it has waited. */
enum outcome attempt_hold(struct ctx *cx, struct attempt *a);
/* It was let in, and is not any more (barrier.h, 10). */
bool attempt_shut_out(const struct attempt *a);
/* Is the lease held, without a gap since the plan was made? True where no table has a rule. */
bool attempt_lease_held(const struct attempt *a);
/* Waits until it is, or CLOSE. */
enum outcome attempt_wait_lease(struct ctx *cx, struct attempt *a);
enum outcome attempt_lease_lost(struct ctx *cx, const struct attempt *a);
/* a->slot is a backend with the session's state. */
int attempt_take_backend(struct ctx *cx, struct attempt *a) MUST_USE;
/* A DROP TABLE of it has succeeded. */
void attempt_forget_temporary(const struct attempt *a);
/* A database was dropped there, and a server says so whichever it was: when it was the current one the
 * session has none, as at a server. */
void attempt_lose_database(const struct attempt *a);
/* Is the route still the one that it was planned on? */
bool attempt_is_current(const struct attempt *a);

/* The transaction's table has moved since its snapshot: it ends, and cx->err is 1213. */
void attempt_too_late(struct ctx *cx, struct session *s, const char *why);
/* Does a transaction of the session see one moment only? */
bool attempt_has_snapshots(const struct session *s);

#endif
