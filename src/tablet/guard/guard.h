/*
 * guard.h - the side that was left, while it is a way back: has anybody but the stream changed its tables?
 *
 * The stream of a way back (round 2 and later) keeps the tables of the side that was left equal to those
 * that are served. The fence there refuses writes, but not all: TRUNCATE and DDL pass it, a superuser may
 * drop it, and what the fence let by before is unknown. If such a table were served again, acknowledged rows
 * would be missing. So the guard reads its own server's binlog, from the position P at which the fence was
 * armed: a row event or a statement on one of the tables outside of the stream's own transactions is a
 * finding. The stream's own are known by the stream's row in the sidecar database (by workflow and round),
 * which each of them writes, and no client may. With a finding there is no way back any more. The guard ends
 * when those tables serve again.
 *
 *   guard_start()            the row is read               somebody's change, or what cannot be read
 *   ------------> BACK-OFF -------------------> READING ------------------------------> CLOSED
 *                     ^      a passing error       |                                       ^
 *                     +----------------------------+        a finding is in the row        |
 *                     +--------------------------------------------------------------------+
 *
 * BACK-OFF  Its server does not answer, or this program has not the server's lock. It is tried again.
 * READING   The tail is connected.
 * CLOSED    There is a finding, which stays for good. Nothing is read any more.
 *
 * Invariants (guard_check() looks at those with a *)
 *   (1)* There is a tail exactly while READING, and none with a finding.
 *   (2)  The position stored is not beyond what was judged: after a kill it is read again from there, so a
 *        finding that could not be stored is found again.
 *   (3)  A finding is never taken back: it goes with the stream.
 *   (4)  An error that waiting does not mend is a finding: what was not read is not known to be clean.
 *
 * The statement that carries the next AUTO_INCREMENT value to this side (table/auto_increment.h) changes no
 * row, and is let by, whoever runs it.
 *
 * An example: a switch at P = 0-1-40, and TRUNCATE at the side that was left.
 *
 *   0-1-41  the stream's transaction, with its row: judged clean
 *   0-1-42  TRUNCATE TABLE users, by a client: CLOSED; the sentence is stored and told. Serving goes on
 *   lock    of an attempt to come back: refused with that sentence, so nothing is committed
 *
 * Its word is true of what it has read. So an attempt to come back takes READ locks on the tables first
 * (guard_lock()), which nobody who may write there delays, asks then, and keeps them until the tables serve.
 */
#ifndef TABLET_GUARD_GUARD_H
#define TABLET_GUARD_GUARD_H

#include "rpc/tablet.h"
#include "tablet/read/lag.h"
#include "tablet/read/tail.h"
#include "tablet/server/env.h"
#include "tablet/server/share.h"
#include "task/group.h"

/* Of guard.c alone. */
struct guard {
	const struct tablet_env *env;
	struct stream_id id;
	const struct move_request *request;
	struct group life;
	struct waitlist *changed;
	struct position read;   /* all up to here was judged */
	struct position stored; /* file and offset alone */
	char finding[512];
	struct lag lag;
	struct share lock; /* count is 0: none */

	/* While READING. */
	struct arena arena;
	struct moved_tables tables; /* at our end */
	struct tail_params params;
	struct tail *tail;
};

/* The row of a guard that begins behind that GTID list. */
int guard_row_make(
    struct ctx *cx, struct mysql_client *c, struct stream_id id, const char *gtid) MUST_USE;
int guard_row_delete(struct ctx *cx, struct mysql_client *c, struct stream_id id) MUST_USE;

/* Borrowed, with what id points to. */
struct guard_params {
	const struct tablet_env *env;
	struct stream_id id;
	const struct move_request *request; /* the stream's: the tables are at our server */
	struct waitlist *changed; /* woken when there is more; whoever waits in guard_lock() waits there */
};

int guard_start(const struct guard_params *params, struct guard **out, struct err *err) MUST_USE;
/* Clients may change its tables: from now on it finds nothing. Waits for nobody. */
void guard_end(struct guard *g);
/* What is on disk stays. */
void guard_stop(struct guard *g);
/* Why there is no way back: a sentence; "" */
const char *guard_finding(const struct guard *g);
int64_t guard_lag_ms(const struct guard *g); /* -1: not known */
/* ERR_* when the lock is not wanted any more. The guard may be gone then. */
typedef int guard_wanted_fn(struct ctx *cx, const void *arg);
/* READ locks on its tables, until guard_unlock() or the guard's end, and all that came before is judged.
 * ERR_REFUSED: with a finding. ERR_TIMEOUT at cx's deadline; the lock may be there. */
int guard_lock(struct ctx *cx, struct guard *g, guard_wanted_fn *wanted, const void *arg) MUST_USE;
/* Is it there, as the server says just now? */
bool guard_locked(struct ctx *cx, struct guard *g, guard_wanted_fn *wanted, const void *arg);
void guard_unlock(struct guard *g);
/* Aborts where (1) does not hold. */
void guard_check(const struct guard *g);

#endif
