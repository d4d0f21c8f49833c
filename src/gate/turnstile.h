/*
 * turnstile.h - holds statements on the tables of one workflow while they change hands.
 *
 *          rules v+1                 rules v+2                  rules v+3
 *   OPEN ------------> HOLD ------------------> SWITCHED ------------> OPEN
 *                        |        rolled back                           ^
 *                        +----------------------------------------------+
 *
 *          rules n                 rules n+1, or its time is over
 *   OPEN ----------> PAUSE -------------------------------------------> OPEN
 *
 *          rules n                       rules n+1
 *   OPEN ----------> NAMING ------------------------> OPEN, elsewhere or as before
 *
 * A crowd is all that one loop's sessions have under way; a turnstile is what
 * one workflow's rules say to them. Phases come only from routing rules.
 *
 * OPEN      Everybody passes.
 * HOLD      Reads go on at the present side. Waiting: statements that write or
 *           lock a table of the workflow outside of a transaction; in a
 *           transaction that has begun on no server yet, the first one that
 *           names such a table. Passing: transactions of the second kind, which
 *           before the hold had touched a table of the workflow, or had written
 *           or locked anything on the server that has them. A transaction that
 *           only read other tables goes on reading; it waits where it writes.
 * SWITCHED  Reads go to the new side, writes still wait. A transaction that reads the
 *           old side by its snapshot goes on (session.c routes it); its first
 *           write is too late.
 *
 * PAUSE     The server's table is needed for a moment without anybody on it (docs/architecture.md
 *           section 6). Everything that names a table of the workflow waits, plain reads too, but
 *           for transactions of the second kind, which go on to their end: the table is not
 *           free before they are over.
 *
 * NAMING    No table has this name, and it is about to get another place (naming.h). Only DDL that
 *           names it waits, whatever transaction it is in: it commits that first, so it holds no rows that
 *           others need. Everything else goes on, and is told that there is no such table.
 *
 * A turnstile is drained, and its rules may be acknowledged, when nobody of
 * the second kind is left that has written, no statement that was sent before
 * the hold is running, and those that only read had reader_wait. In a pause all of the second
 * kind are waited for. While NAMING only DDL is waited for that was sent before and names the table.
 *
 * Invariants
 *   (1) What may still change a table of the workflow at the present side is a
 *       passenger in the crowd, from before its first byte is sent until its
 *       reply, or its transaction, has ended.
 *   (2) The second kind is decided by what was done before the hold (sequence
 *       numbers), so it only shrinks while the hold lasts, but for (8).
 *   (3) HOLD ends only by newer rules. A waiter's deadline ends its own wait,
 *       never the hold: a gate that let go by its own clock could write beside
 *       the new side.
 *   (4) Waiting statements are bounded in bytes. Past the bound nobody is
 *       refused; overflowed asks for the attempt to be rolled back.
 *   (5) Once drained was acknowledged for a hold, it stays true: a reader that had
 *       its reader_wait waits with its first write to the workflow's tables.
 *   (6) A rule that changes its workflow takes the touches of its table along: a second
 *       move of a table waits for what was begun under the first one's name.
 *   (7) A pause ends at grace by this gate's clock, as nothing but latency hangs on it: the server
 *       refuses whoever needs the table, when somebody is on it. Its number is the version of the
 *       rules that began it; one that the clock has ended does not begin again.
 *   (8) Waiting clients hold nothing that others need: a transaction that was begun during a HOLD, has
 *       locked rows at the workflow's server and waits, is let in when a statement that the
 *       hold waits for has not come back for STALL_MS, unless drained was acknowledged. From then
 *       on it is of the second kind.
 *   (9) The two of (8) may be at two crowds, of one gate or of two, and nobody can be let in behind an
 *       acknowledgement: each tells (standstill) what it has, and when both are there, the attempt
 *       is rolled back (gate_api.c).
 */
#ifndef GATE_TURNSTILE_H
#define GATE_TURNSTILE_H

#include "base/list.h"
#include "base/map.h"
#include "gate/route.h"
#include "sql/statement.h"
#include "task/waitlist.h"

enum {
	/* Long for a statement that waits for nobody, short for one that is held. */
	STALL_MS = 50,
	/* The same, where an attempt is the price: longer than a hold that nothing is in the way of lasts */
	STANDSTILL_MS = 300,
	TOUCHES_MAX =
	    8, /* workflows that one transaction touches; past it, it counts as touching all */
};

struct turnstile {
	char            workflow[NAME_PAIR_MAX];
	enum rule_phase phase;
	int             attempt;
	const char     *server;   /* of the present side, in the crowd's route; NULL for none */
	uint64_t        held_seq; /* when HOLD began, in the crowd's order of events */
	usec            held_since;
	usec            reader_wait, grace;
	enum on_grace   on_grace;
	int             pause_over;   /* number of the last pause that the clock has ended */
	bool            acknowledged; /* of this hold: it was drained once (5) */
	bool            overflowed, reported;
	size_t          waiting, waiting_bytes;
};

struct touch {
	const struct turnstile *turnstile;
	uint64_t                seq;
};

/* One session's statement or transaction, as far as holds ask. All zero is nobody. */
struct passenger {
	struct list_node node;      /* in the crowd while anything is under way */
	bool             running;   /* a statement outside of a transaction is at the server */
	bool             open;      /* a transaction has begun on a server */
	bool             has_view;  /* it has read: its snapshot is of then */
	const char      *server;    /* borrowed from the backend */
	usec             sent_at;   /* a statement of it is at the server since; 0: none */
	/* DDL of it is at the server, since then; or NULL. Borrowed from its session. */
	const struct statement *defines;
	uint64_t         defines_seq;
	uint64_t         wrote_seq; /* when it first wrote or locked anything; 0: it only read */
	struct touch     touches[TOUCHES_MAX];
	size_t           touches_count;
	uint64_t         touched_all_seq;
	const struct turnstile *waits_at; /* turnstile_wait() */
	usec                    waits_since;
	void (*kill)(struct passenger *p); /* ends its session: --on-grace kill */
};

/* What one crowd knows of a hold that may never be drained (9). */
struct standstill {
	bool stalled; /* a statement that the hold waits for has not come back for STANDSTILL_MS */
	bool keeps;   /* who waits that long has locked rows at the workflow's server */
};

struct crowd {
	struct route   *route;      /* the present one; one reference */
	struct map      turnstiles; /* by workflow */
	struct list     passengers;
	uint64_t        seq;
	int             holds; /* turnstiles that are not open */
	size_t          waiting_bytes_max;
	struct waitlist opened;  /* a route has arrived */
	struct waitlist changed; /* somebody left, or a route has arrived: look at drained again */
};

/* What a statement is about to do. */
struct turnstile_ask {
	bool transaction; /* it runs in one, perhaps one that has yet to begin on a server */
	bool locks;       /* anything but a plain read */
	bool reads;       /* a plain read of a table: in a transaction it takes the snapshot */
	const struct statement *defines; /* itself, if it is DDL; or NULL */
};

enum turnstile_verdict { TURNSTILE_PASS, TURNSTILE_WAIT };

void crowd_init(struct crowd *c, size_t waiting_bytes_max);
void crowd_done(struct crowd *c);
/* Takes over the reference. Phases change here, and in crowd_drained() (7). */
void              crowd_set_route(struct crowd *c, struct route *route);
struct turnstile *crowd_turnstile(struct crowd *c, const struct routing_rule *rule);

/* Who passes, decided by the state alone. */
enum turnstile_verdict turnstile_judge(
    const struct turnstile *t, const struct passenger *p, const struct turnstile_ask *ask);
/* Waits until rules have changed once, a pause is over, or p was let in (8); the caller plans anew.
 * bytes: what it keeps in memory meanwhile. */
int turnstile_wait(struct ctx *cx, struct crowd *c, struct turnstile *t, struct passenger *p,
    size_t bytes) MUST_USE;

/* A statement is about to be sent. rules: the tables it names that have one. */
void passenger_send(struct crowd *c, struct passenger *p, const struct turnstile_ask *ask,
    const struct route_rule *const *rules, size_t count);
/* Its reply has ended; in_transaction: as the server says. */
void passenger_answered(struct crowd *c, struct passenger *p, bool in_transaction);
/* Its session has ended, or its server has gone. */
void passenger_leave(struct crowd *c, struct passenger *p);

/* May these rules be acknowledged? Pauses whose time is over end here. *again: when to ask again
 * although nothing has happened; NEVER for not at all. Transactions past their grace are killed here
 * when the rules say so. */
bool crowd_drained(struct crowd *c, usec now, usec *again);

struct standstill crowd_standstill(const struct crowd *c, const struct turnstile *t);

void crowd_check(struct crowd *c);

#endif
