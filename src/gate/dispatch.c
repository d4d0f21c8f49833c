#include "gate/dispatch.h"

#include "base/check.h"
#include "gate/beside.h"
#include "gate/snapshot.h"
#include "gate/database.h"
#include "gate/digesting.h"
#include "gate/execute.h"
#include "gate/handler.h"
#include "gate/kill.h"
#include "gate/lock_tables.h"
#include "gate/naming.h"
#include "gate/refuse.h"
#include "gate/savepoint.h"
#include "gate/sql_prepare.h"
#include "gate/trigger.h"
#include "gate/variables.h"
#include "mysql/command.h"
#include "sql/split.h"

enum { NAMINGS_MAX = 10 }; /* each takes some milliseconds */

/* ---- transactions and databases ---- */

/* An OK of our own: what asks about the last statement means this one. */
static int
send_own_ok(struct ctx *cx, struct session *s)
{
	session_answered(s, NULL);
	return session_send_ok(cx, s);
}

/* Will the transaction be read only? */
static bool
begins_read_only(const struct session *s, const struct statement *st)
{
	static const char *const yes[] = { "1", "on", "true", "'on'" };
	struct slice set = settings_get(&s->settings, "tx_read_only"), sql;
	bool out = false;

	for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++)
		out = out || slice_eq_nocase(set, slice_str(yes[i]));
	set = settings_get(&s->settings, "transaction read");
	if (!slice_is_null(set))
		out = slice_eq_nocase(set, slice_str("read only"));
	for (size_t at = 0; session_next_begin(s, &at, &sql);) {
		if (slice_eq_str(sql, "SET TRANSACTION read only"))
			out = true;
		else if (slice_eq_str(sql, "SET TRANSACTION read write"))
			out = false;
	}
	return st->read_only || (out && !st->read_write);
}

static int
begin(struct ctx *cx, struct session *s, const struct request *q)
{
	if (execute_commit(cx, s) != 0)
		return -1;
	s->txn = TXN_PENDING;
	buf_reset(&s->begin);
	buf_swap(&s->begin, &s->next);
	if (!session_begin_with(s, q->sql)) {
		session_end_txn(s);
		(void)refuse(cx->err, ER_NOT_SUPPORTED_YET, "so long a BEGIN");
		return session_send_err(cx, s, cx->err);
	}
	s->txn_read_only = begins_read_only(s, q->statement);
	return send_own_ok(cx, s);
}

/* COMMIT and ROLLBACK where no server knows of a transaction are answered here. */
static int
end(struct ctx *cx, struct session *s, const struct request *q)
{
	enum completion type = session_completion(s);
	const struct statement *st = q->statement;
	bool chain = st->chain || (type == COMPLETION_CHAIN && !st->no_chain);
	bool release = st->release || (type == COMPLETION_RELEASE && !st->no_release);
	bool read_only = s->txn_read_only;

	if (s->txn == TXN_OPEN && !chain && !release)
		return execute(cx, s, q);
	if (chain && session_isolation(s) != s->isolation) {
		(void)refuse(cx->err, ER_NOT_SUPPORTED_YET, "AND CHAIN after SET TRANSACTION");
		return session_send_err(cx, s, cx->err);
	}
	if (s->txn == TXN_OPEN &&
	    session_side_query(cx, s, s->txn_slot,
		slice_str(st->kind == STATEMENT_COMMIT ? SIDE_COMMIT : SIDE_ROLLBACK)) != 0)
		return -1;
	if (s->txn != TXN_NONE)
		session_end_txn(s);
	buf_reset(&s->next); /* SET TRANSACTION ends with it, begun or not */
	if (chain) {
		s->txn = TXN_PENDING;
		check(session_begin_with(
		    s, slice_str(read_only ? "START TRANSACTION READ ONLY" : "START TRANSACTION")));
		s->txn_read_only = read_only;
	}
	session_rest(s);
	TRY(send_own_ok(cx, s));
	return release ? -1 : 0; /* without an error: as the client wished */
}

int
dispatch_use(struct ctx *cx, struct session *s, struct slice name)
{
	int rc = database_use(cx, s, name);

	session_rest(s);
	return rc == 0 ? send_own_ok(cx, s) : session_send_err(cx, s, cx->err);
}

/* ---- statements ---- */

/* The statement as a packet of its own: for a prepared one that the session itself must see. */
static const struct request *
as_query(struct session *s, const struct request *q)
{
	SCOPED(buf)
	struct buf packet = BUF_INIT;
	struct request *out;

	if (q->prepared == NULL)
		return q;
	out = arena_new(&s->arena, struct request);
	*out = *q;
	command_put_text(&packet, COM_QUERY, q->sql);
	out->packet = arena_dup(&s->arena, buf_slice(&packet));
	out->prepared = NULL;
	return out;
}

/* What EXECUTE runs is dispatched as if it had come by itself; it is none of these again, as no server
 * prepares PREPARE. */
static int
prepare_in_sql(struct ctx *cx, struct session *s, const struct request *q)
{
	struct request inner;
	int rc = sql_prepare_run(cx, s, q, &inner);

	return rc == 1 ? dispatch(cx, s, &inner) : rc;
}

/* Names that the statement gives are routed first. Another client's DROP of one may take its route away in
 * between: then they are routed once more. */
static int
define(struct ctx *cx, struct session *s, const struct request *q)
{
	struct request again = *q;
	struct before_told told = { .fn = naming_after };
	bool apart;

	again.before_told = &told;
	for (int tries = 0;; tries++) {
		int rc = naming_before(cx, s, q);

		if (rc != 0)
			return rc == 1 ? 0 : -1;
		apart = false;
		again.apart = tries < NAMINGS_MAX ? &apart : NULL;
		TRY(execute(cx, s, &again));
		if (!apart)
			break;
		if (!beside_is_needed(
			s, q->statement, attempt_keyspace(&(struct attempt){ .s = s, .q = q })))
			tries = NAMINGS_MAX;
	}
	if (!told.done)
		naming_after(cx, s, q);
	return 0;
}

/* Runs where the trigger is, and as text, which has to be another one there. */
static int
drop_trigger(struct ctx *cx, struct session *s, const struct request *q)
{
	struct request there;

	if (trigger_find(cx, s, q, &there) != 0)
		return task_cancelled() ? -1 : session_send_err(cx, s, cx->err);
	return execute(cx, s, &there);
}

/* HANDLER statements name handlers, not tables. */
static int
other(struct ctx *cx, struct session *s, const struct request *q)
{
	struct request known = *q;
	struct attempt a = { .s = s, .q = q };

	known.statement = handler_read(s, q->statement);
	TRY(execute(cx, s, &known));
	handler_note(s, q->statement, attempt_keyspace(&a));
	return 0;
}

/* ---- any statement ---- */

/* A client knows the ids that the gate gave; a server's thread of that id is somebody else's. */
static bool
is_kill(const struct request *q)
{
	return q->statement->kind == STATEMENT_ADMIN &&
	    slice_starts_nocase(slice_trim(q->sql), "kill");
}

/* A comment has an answer; a text without even that is an error. */
static int
nothing(struct ctx *cx, struct session *s, struct slice sql)
{
	if (split_trim(slice_trim(sql)).len > 0)
		return send_own_ok(cx, s);
	(void)refuse(cx->err, ER_EMPTY_QUERY, "Query was empty");
	return session_send_err(cx, s, cx->err);
}

static int
run(struct ctx *cx, struct session *s, const struct request *q)
{
	if (is_kill(q))
		return kill_run(cx, s, q);
	if (q->statement->multiple) /* which no server reads on its own connection: a syntax error */
		return execute(cx, s, q);
	switch (q->statement->kind) {
	case STATEMENT_BEGIN:
		if (!q->statement->snapshot)
			return begin(cx, s, as_query(s, q));
		/* The snapshots are taken now, at the session's own server and at others. */
		if (execute_commit(cx, s) != 0)
			return -1;
		return snapshot_begin(cx, s, q);
	case STATEMENT_COMMIT:
	case STATEMENT_ROLLBACK: return end(cx, s, as_query(s, q));
	case STATEMENT_SAVEPOINT: return savepoint_run(cx, s, q);
	case STATEMENT_USE: return dispatch_use(cx, s, q->statement->use_database);
	case STATEMENT_SET: return variables_set(cx, s, q);
	case STATEMENT_LOCK_TABLES: return lock_tables_run(cx, s, as_query(s, q));
	case STATEMENT_PREPARE: return prepare_in_sql(cx, s, q);
	case STATEMENT_EMPTY: return nothing(cx, s, q->sql);
	case STATEMENT_DDL:
		return trigger_is_dropped(s, q) ? drop_trigger(cx, s, as_query(s, q))
						: define(cx, s, q);
	case STATEMENT_SELECT:
	case STATEMENT_SELECT_LOCKING:
	case STATEMENT_WRITE:
	case STATEMENT_XA:
	case STATEMENT_CALL:
	case STATEMENT_SHOW:
	case STATEMENT_ADMIN: break;
	case STATEMENT_OTHER: return other(cx, s, q);
	}
	return execute(cx, s, q);
}

int
dispatch(struct ctx *cx, struct session *s, const struct request *q)
{
	struct digesting d;

	digesting_begin(&d, s, q);
	int rc = run(cx, s, q);
	digesting_end(&d, s, rc != 0);
	return rc;
}
