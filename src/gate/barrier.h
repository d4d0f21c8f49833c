/*
 * barrier.h - holds statements on the tables of one workflow while they change hands.
 *
 *        switch key: hold       switch key: switched      switch key: open
 *   OPEN ------------> HOLD ------------------> SWITCHED ------------> OPEN
 *                        |        rolled back                           ^
 *                        +----------------------------------------------+
 *
 *    switch key: pause          switch key: open, or its time is over
 *   OPEN ----------> PAUSE -------------------------------------------> OPEN
 *
 *    switch key: naming            it is gone again
 *   OPEN ----------> NAMING ------------------------> OPEN, elsewhere or as before
 *
 * A barrier is what one workflow's switch key says to the sessions of one loop. An in_flight is all that
 * these sessions have under way; a work is one session's part of it, a statement or a transaction. Phases
 * come only from switch keys. Barriers know nothing of one another: each is drained, and acknowledged, for
 * itself.
 *
 * An awaited transaction is one that, before the hold began, had touched a table of the workflow, or
 * had written or locked anything on the server that has them. It passes, since it may have rows locked
 * that others need, and the hold is drained only when it has ended.
 *
 * OPEN      Everything passes.
 * HOLD      Reads go on at the present side. These wait: statements that write or lock a table of
 *           the workflow outside of a transaction; in a transaction that has begun on no server
 *           yet, the first one that names such a table. Awaited transactions pass. A transaction
 *           that has only read other tables goes on reading, and waits when it writes.
 * SWITCHED  Reads go to the new side, writes still wait. A transaction that reads the old side by
 *           its snapshot goes on (session.c routes it); its first write is answered with 1213.
 *
 * PAUSE     The server needs the table for a moment without anybody on it (docs/architecture.md,
 *           section 6). Transactions that come to a table of the workflow wait, plain reads too. Awaited
 *           ones pass, because the table is not free before they have ended, and so do statements
 *           outside of transactions until then (10); once the pause is acknowledged nothing passes.
 *
 * NAMING    No table has this name, and it is about to get another place (naming.h). Only DDL that
 *           names it waits, in a transaction too: DDL commits the transaction first, so it holds no
 *           rows that others need. Everything else goes on and is told that there is no such table.
 *
 * A barrier is drained, and its switch key may be acknowledged, when
 *   HOLD      no awaited transaction that has written is left, those that have only read had
 *             reader_wait to end, and no statement sent before the hold is running: it is quiet. Then
 *             nobody is let in any more (10), and no statement that was let in is running
 *   PAUSE     no awaited transaction is left, and no statement sent before it is running; then as above
 *   NAMING    no DDL that was sent before and names the table is running
 *
 * Invariants
 *   (1) What may still change a table of the workflow at the present side is a work in the
 *       in_flight, from before its first byte is sent until its reply, or its transaction, has
 *       ended.
 *   (2) Which transactions are awaited is decided by what was done before the hold (sequence
 *       numbers), so they only become fewer while it lasts, but for (8).
 *   (3) HOLD ends only by a newer switch key. The deadline of one that waits ends its own wait, never the
 *       hold: a gate that ended it by its own clock could write at the present side while others
 *       write at the new one.
 *   (4) What waits is bounded in bytes. Past the bound nobody is refused; overflowed asks for the
 *       attempt to be rolled back.
 *   (5) Once drained was acknowledged for a hold, it stays true: a reader that had its reader_wait
 *       waits with its first write to the workflow's tables.
 *   (6) When a rule gets another workflow, what was done to its table counts for that one as well:
 *       a second move of a table waits for what began under the first one's name.
 *   (7) A pause ends after grace by this gate's clock. That is safe: the server refuses whoever needs the
 *       table while somebody is on it, so only time is lost. Each pause has a number of its own; one that the
 *       clock has ended does not begin again.
 *   (8) A transaction that was begun during a HOLD, has locked rows at the workflow's server and
 *       waits here may have the rows that an awaited one needs. When a statement that the hold waits
 *       for has not come back for STALL_MS, it is let in and awaited as well, unless drained was
 *       acknowledged.
 *   (9) The two of (8) may be in two loops, of one gate or of two, and after an acknowledgement nobody
 *       is let in. So each loop reports which of the two it has (standstill); when both are there
 *       the attempt is rolled back (gate_api.c).
 *  (10) A client may have two connections, and wait here with the one while the hold waits for the
 *       transaction that it has open on the other one. So a hold that is not quiet after THINK_MS lets
 *       statements outside of transactions in, and a pause that is not quiet does so at once, but no
 *       DDL, as if they had come before it. The two connections may be at two loops: so nobody is shut
 *       out before all loops of the gate are quiet. in_flight.one_of_many: the gate tells when that
 *       is (in_flight_shut()); else it is so at once. Two connections at two gates wait for the grace
 *       period.
 */
#ifndef GATE_BARRIER_H
#define GATE_BARRIER_H

#include "base/list.h"
#include "base/map.h"
#include "gate/route.h"
#include "sql/statement.h"
#include "task/waitlist.h"

enum {
	/* Long for a statement that waits for nobody, short for one that is held. */
	STALL_MS = 50,
	/* Longer than transactions take that nothing delays, and as long as those that only read are waited
	 * for; short for a person who waits for a page. */
	THINK_MS = 1000,
	/* Until an attempt is rolled back for it: longer than a hold takes when nothing delays it. */
	STANDSTILL_MS = 300,
	/* Workflows that one transaction touches; past it, it counts as touching all. */
	TOUCHES_MAX = 8,
};

struct barrier {
	char workflow[NAME_PAIR_MAX];
	enum rule_phase phase;
	int64_t attempt;    /* or the number of the pause, of the naming */
	int64_t revision;   /* of the switch key that says so */
	int64_t told;       /* the last of these that was acknowledged to the control loop */
	const char *server; /* of the present side, borrowed from the loop's route; NULL for none */
	uint64_t held_seq;  /* when the phase began, in the loop's order of events */
	usec held_since;
	usec reader_wait, grace;
	enum on_grace on_grace;
	int64_t pause_over; /* number of the last pause that the clock has ended */
	bool ruled;         /* the route has a switch key of the workflow */
	bool drained;       /* when it was looked at last */
	bool acknowledged;  /* of this hold: it was drained once (5) */
	bool lets_in, shut; /* of this hold or pause (10) */
	bool quiet;         /* when it was looked at last (10) */
	bool quiet_told;    /* to the control loop, once */
	bool overflowed, reported;
	size_t waiting, waiting_bytes;
};

struct touch {
	const struct barrier *barrier;
	uint64_t seq; /* of the first time */
};

/* One session's statement or transaction, as far as barriers ask. All zero: it has none. */
struct work {
	struct list_node node; /* in the in_flight while anything is under way */
	bool running;          /* a statement outside of a transaction is at the server */
	bool open;             /* a transaction has begun on a server */
	bool has_view;         /* it has read, and goes on reading by the snapshot of then */
	const char *server;    /* borrowed from the backend */
	usec sent_at;          /* since when a statement of it is at the server; 0: none is */
	const struct statement *defines; /* its DDL that is at the server, or NULL; the session's */
	uint64_t defines_seq;            /* when that was sent */
	uint64_t wrote_seq; /* when it first wrote or locked anything; 0: it only read */
	struct touch touches[TOUCHES_MAX];
	size_t touches_count;
	uint64_t touched_all_seq;
	const struct barrier *let_in;   /* what it has running, or had (10) */
	int64_t let_in_to;              /* its attempt */
	const struct barrier *waits_at; /* barrier_wait() */
	usec waits_since;
	void (*kill)(struct work *w); /* ends its session: --on-grace kill */
};

/* What one loop knows of a hold that may never be drained (9). */
struct standstill {
	bool stalled; /* a statement that the hold waits for has not come back for STANDSTILL_MS */
	bool keeps;   /* a transaction that waits here for so long has locked rows at that server */
};

/* All that one loop's sessions have under way, and the barriers that it meets. */
struct in_flight {
	struct route *route; /* the present one; one reference */
	struct map barriers; /* by workflow */
	struct list work;
	uint64_t seq;     /* counts events; 0 is none */
	int holds;        /* barriers that are not open */
	bool one_of_many; /* loops, or perhaps so: in_flight_shut() follows when all are quiet (10) */
	size_t waiting_bytes_max;
	struct waitlist opened;  /* a route has arrived, or a pause is over */
	struct waitlist changed; /* a work has left, or a route has arrived: look at drained again */
};

/* What a statement is about to do. */
struct barrier_ask {
	bool transaction; /* it runs in one, perhaps one that has yet to begin on a server */
	bool locks;       /* anything but a plain read */
	bool reads;       /* a plain read of a table: in a transaction it takes the snapshot */
	const struct statement *defines; /* itself, if it is DDL; or NULL */
};

enum barrier_verdict { BARRIER_PASS, BARRIER_WAIT };

void in_flight_init(struct in_flight *f, size_t waiting_bytes_max);
void in_flight_done(struct in_flight *f);
/* Takes over the reference. Phases change here, and in in_flight_drained() (7). */
void in_flight_set_route(struct in_flight *f, struct route *route);
struct barrier *in_flight_barrier(struct in_flight *f, const struct routing_rule *rule);

/* Does it pass? Decided by the state alone. */
enum barrier_verdict barrier_judge(
    const struct barrier *b, const struct work *w, const struct barrier_ask *ask);
/* Waits until rules have changed once, a pause is over, or w may be let in (8), (10); the caller plans anew.
 * bytes: what it keeps in memory meanwhile. */
int barrier_wait(
    struct ctx *cx, struct in_flight *f, struct barrier *b, struct work *w, size_t bytes) MUST_USE;

/* A statement is about to be sent. rules: the tables it names that have one. */
void work_send(struct in_flight *f, struct work *w, const struct barrier_ask *ask,
    const struct route_rule *const *rules, size_t count);
/* Its reply has ended; in_transaction: as the server says. */
void work_answered(struct in_flight *f, struct work *w, bool in_transaction);
/* Its session has ended, or its server has gone. */
void work_leave(struct in_flight *f, struct work *w);

/* Sets each barrier's drained, and tells whether all are. Pauses whose time is over end here, and holds
 * begin to let in. *again: when to ask again although nothing has happened; NEVER for not at all.
 * Transactions past their grace are killed here when the switch key says so. */
bool in_flight_drained(struct in_flight *f, usec now, usec *again);

/* All loops were quiet in this hold or pause (10); of another one it says nothing. */
void in_flight_shut(struct in_flight *f, const char *workflow, int64_t attempt);

struct standstill in_flight_standstill(const struct in_flight *f, const struct barrier *b);

void in_flight_check(struct in_flight *f);

#endif
