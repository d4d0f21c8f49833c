#include "gate/execute.h"

#include "base/check.h"
#include "base/mutant.h"
#include "gate/kill.h"
#include "gate/refuse.h"
#include "gate/relay.h"
#include "gate/request.h"
#include "gate/unknown.h"
#include "mysql/wire.h"
#include "mysql/command.h"
#include "mysql/reply_relay.h"
#include "mysql/server.h"
#include "rpc/api.h"

enum {
	REPLAYS_MAX =
	    100, /* with the pause below: longer than a cutover's --timeout at its default */
	ERR_MAX = 16 * 1024,
};

/* The newer rules arrive much sooner, and end the wait. */
#define REPLAY_PAUSE (300 * MSEC)

/* ---- the answer ---- */

static bool
is_fence(struct slice packet)
{
	struct err_packet e;
	struct err err;

	return err_packet_read(packet, &e, &err) == 0 && e.code == FENCE_ERRNO &&
	    slice_starts(e.text, FENCE_TEXT);
}

/* Does its failure take back all that it did? A procedure may have committed a part of it, and of other kinds
 * it is not known. */
static bool
is_atomic(const struct statement *st)
{
	return st->kind == STATEMENT_WRITE || st->kind == STATEMENT_SELECT_LOCKING;
}

/* Was it prepared in the moment in which the fence was made? MariaDB does not know of the table that the
 * fence reads then, and fails it every time. MySQL prepares it anew by itself, and gives up when triggers
 * have come or gone each time. Nothing was done. */
static bool
is_half_prepared(const struct attempt *a, struct slice packet)
{
	struct err_packet e;
	struct err err;

	enum { ER_NEED_REPREPARE = 1615 };
	const struct statement *st = a->q->statement;

	if (a->q->prepared == NULL || err_packet_read(packet, &e, &err) != 0 ||
	    mutant("gate_half_prepared"))
		return false;
	if (e.code == ER_NEED_REPREPARE)
		return is_atomic(st) || st->kind == STATEMENT_SELECT;
	return is_atomic(st) && e.code == ER_NO_SUCH_TABLE && fence_table_missing(e.text);
}

/* An ERR does not say whether the transaction still exists; the answer to a ping does. */
static int
ask_status(struct ctx *cx, struct session *s, int slot)
{
	static const uint8_t ping[] = { COM_PING };

	return session_side_command(cx, s, slot, slice_of(ping, sizeof ping));
}

/* The server has a transaction open that we did not ask for: a procedure's, XA START's, autocommit
 * off. */
static void
join_late(struct session *s, const char *server, bool reads)
{
	const struct barrier_ask opened = { .transaction = true, .locks = !reads, .reads = reads };

	work_leave(&s->loop->in_flight, &s->work);
	s->work.server = server;
	work_send(&s->loop->in_flight, &s->work, &opened, NULL, 0);
}

static bool
ends_transaction(const struct attempt *a)
{
	enum statement_kind kind = a->q->statement->kind;

	return kind == STATEMENT_COMMIT || kind == STATEMENT_ROLLBACK;
}

/* Does the server have a transaction open beside the session's, which is on another server? */
static bool
is_second(const struct attempt *a, bool failed, uint16_t status)
{
	const struct session *s = a->s;

	return !failed && !a->ask.transaction && (status & STATUS_IN_TRANS) != 0 &&
	    s->txn == TXN_OPEN && s->txn_slot != a->slot;
}

/* Did it fail before a transaction began? Then what SET TRANSACTION said counts for the next one. */
static bool
is_unbegun(uint16_t error)
{
	enum { ER_BAD_FIELD = 1054, ER_READ_ONLY_TRANSACTION = 1792 };

	return error == ER_BAD_FIELD || error == ER_NO_SUCH_TABLE || error == ER_PARSE_ERROR ||
	    error == ER_READ_ONLY_TRANSACTION;
}

/* The server has no transaction open after it: something has ended it, or SET TRANSACTION alone went ahead
 * of a single statement. When it failed the server may still keep that for its next one: ROLLBACK ends it. */
static int
ended_already(struct ctx *cx, struct attempt *a, bool failed)
{
	struct session *s = a->s;

	if (failed && s->next_used > 0)
		TRY(session_side_query(cx, s, a->slot, slice_str(SIDE_ROLLBACK)));
	if (failed && is_unbegun(a->error))
		session_unuse_next(s);
	if (s->txn == TXN_PENDING)
		session_end_txn(s);
	return 0;
}

/* LOCK TABLES as well as UNLOCK TABLES has unlocked what was locked at that server before. */
static void
note_lock_tables(const struct attempt *a)
{
	if (!a->q->statement->changes_session)
		session_unlocked(a->s, a->slot);
	else if (!mutant("gate_lock_tables"))
		session_locked(a->s, a->slot);
}

/* What is true of the session once a statement has ended at its backend. */
static int
settle(struct ctx *cx, struct attempt *a, bool failed, uint16_t status)
{
	struct session *s = a->s;
	const struct backend *b = s->slots[a->slot];
	bool snapshot = !failed && a->q->statement->snapshot;
	bool on = !failed && (status & STATUS_AUTOCOMMIT) != 0 && !s->autocommit;

	session_last(s, a->slot);
	if (!failed && a->q->statement->kind == STATEMENT_LOCK_TABLES)
		note_lock_tables(a);
	if (failed && (a->ask.transaction || a->q->statement->changes_session)) {
		if (!mutant("gate_error_ends_transaction"))
			TRY(ask_status(cx, s, a->slot));
	} else if (is_second(a, failed, status)) {
		/* NEXTVAL() with autocommit off, beside the transaction of another server. */
		TRY(session_side_query(cx, s, a->slot, slice_str(SIDE_COMMIT)));
	} else if (!failed) {
		session_take_status(s, a->slot, status);
		s->autocommit = (status & STATUS_AUTOCOMMIT) != 0;
	}
	if (!failed && a->q->statement->drops)
		attempt_forget_temporary(a);
	if (!failed && (status & STATUS_DB_DROPPED) != 0)
		attempt_lose_database(a);
	/* By completion_type=CHAIN: the transaction that is open is the next one. */
	if (!failed && s->txn == TXN_OPEN && ends_transaction(a)) {
		session_end_txn(s);
		session_take_status(s, a->slot, status);
	}
	/* Switching autocommit on commits, also what this server does not know of. */
	if (on && (s->txn == TXN_PENDING || (s->txn == TXN_OPEN && s->txn_slot != a->slot)))
		TRY(execute_commit(cx, s));
	if (a->begins && s->txn == TXN_PENDING)
		TRY(ended_already(cx, a, failed));
	if (s->txn == TXN_OPEN && s->began == NULL)
		s->began = route_ref(a->route);
	if (s->txn == TXN_OPEN && !s->work.open)
		join_late(s, b->server, snapshot);
	work_answered(&s->loop->in_flight, &s->work, s->txn == TXN_OPEN || s->lock_slot >= 0);
	s->txn_named = s->txn == TXN_OPEN &&
	    (s->txn_named || (a->plan.names_tables && a->ask.transaction) || snapshot);
	if (s->view == NULL && s->txn == TXN_OPEN && (a->ask.reads || snapshot) &&
	    attempt_has_snapshots(s))
		s->view = route_ref(a->route);
	return 0;
}

/* What the statement left on its connection that only this connection has. */
static void
keep_state(struct attempt *a)
{
	struct session *s = a->s;
	const struct statement *st = a->q->statement;
	struct ok_packet ok;
	struct err err;
	bool until_next = (st->uses & USES_CALC_ROWS) != 0;

	if (!a->scan.failed && !a->scan.saw_rows &&
	    ok_read(reply_scan_tail(&a->scan), s->caps, &ok, &err) == 0) {
		until_next = until_next || ok.warnings != 0;
		if (ok.insert_id != 0)
			session_note_insert_id(s, a->slot);
	} else if (!a->scan.failed && (st->uses & USES_RETURNING) != 0) {
		session_note_insert_id(s, a->slot);
	}
	if ((a->scan.status & STATUS_CURSOR_EXISTS) != 0) {
		s->cursor = a->q->prepared;
		s->bound = a->slot;
	} else if (s->cursor == NULL) {
		s->bound = until_next ? a->slot : -1;
	}
	if ((st->leaves & LEAVES_INSERT_ID) != 0 && !a->scan.failed)
		session_note_insert_id(s, a->slot);
	session_keep(s, a->slot, st->leaves & ~(unsigned)LEAVES_INSERT_ID);
}

/* Is it the first of its transaction, which began with it? */
static bool
is_first(const struct attempt *a)
{
	return a->begins || (a->s->txn == TXN_NONE && a->s->lock_slot < 0);
}

/* Makes the session what it was before the statement, which had no effect and is its transaction's first. */
static int
take_back(struct ctx *cx, struct attempt *a)
{
	struct session *s = a->s;
	struct slice text = arena_dup(&s->arena, buf_slice(&s->begin));
	size_t next_used = s->next_used;

	if (a->ask.transaction)
		TRY(session_side_query(cx, s, a->slot, slice_str(SIDE_ROLLBACK)));
	if (a->begins) {
		session_end_txn(s);
		s->txn = TXN_PENDING;
		buf_add_slice(&s->begin, text);
		s->next_used = next_used;
	}
	work_leave(&s->loop->in_flight, &s->work);
	session_rest(s);
	return 0;
}

/* Closes the prepared statement at the server, so that the next try prepares it anew. */
static enum outcome
prepare_again(struct ctx *cx, struct attempt *a)
{
	struct backend *b = a->s->slots[a->slot];
	struct packets *p = mysql_packets(b->client);
	uint32_t remote;
	SCOPED(buf)
	struct buf packet = BUF_INIT;

	if (remote_take(b, a->q->prepared->id, &remote)) {
		wire_put_int(&packet, COM_STMT_CLOSE, 1);
		wire_put_int(&packet, remote, 4);
		packets_begin_command(p);
		if (packets_send(cx, p, buf_slice(&packet)) != 0)
			return OUTCOME_CLOSE;
	}
	count(&a->s->loop->counts.replays, 1);
	if (a->ask.transaction && !a->begins)
		return settle(cx, a, true, 0) == 0 ? OUTCOME_AGAIN : OUTCOME_CLOSE;
	return take_back(cx, a) == 0 ? OUTCOME_AGAIN : OUTCOME_CLOSE;
}

/* Had nothing of its transaction been sent before it? */
static bool
is_alone(const struct attempt *a)
{
	return !a->ask.transaction || (is_first(a) && a->s->bound != a->slot) ||
	    mutant("gate_fence_in_transaction");
}

/* May it be sent a second time? @v := @v + 1 would add twice. */
static bool
is_repeatable(const struct attempt *a)
{
	const struct statement *st = a->q->statement;

	return ((is_atomic(st) && !st->changes_session) || mutant("gate_fence_replays_all")) &&
	    (!a->s->replied || mutant("gate_fence_after_answer"));
}

/* It had no effect: the next try sends it again. */
static enum outcome
repeat(struct ctx *cx, struct attempt *a)
{
	if (take_back(cx, a) != 0)
		return OUTCOME_CLOSE;
	count(&a->s->loop->counts.replays, 1);
	return OUTCOME_AGAIN;
}

/* The fence refused it: our rules are older than they should be. */
static enum outcome
fenced(struct ctx *cx, struct attempt *a)
{
	struct session *s = a->s;
	struct gate_loop *loop = s->loop;
	struct ctx within = ctx_within(cx, REPLAY_PAUSE);

	count(&loop->counts.fence_errors, 1);
	loop->refresh(loop->arg);
	if (!is_alone(a) || !is_repeatable(a)) {
		if (settle(cx, a, true, 0) != 0) /* a procedure may have begun a transaction */
			return OUTCOME_CLOSE;
		attempt_too_late(cx, s, "its table has moved");
		return OUTCOME_ERROR;
	}
	if (repeat(cx, a) != OUTCOME_AGAIN)
		return OUTCOME_CLOSE;
	if (waitlist_wait(&within, &loop->in_flight.opened) != 0 && cx->err->kind != ERR_TIMEOUT)
		return OUTCOME_CLOSE;
	err_clear(cx->err);
	return OUTCOME_AGAIN;
}

/*
 * A deadlock's victim, of which nothing is left: the server has taken back its transaction, and that was
 * this statement. Fences make such victims among clients that never met without them: beside a trigger for
 * DELETE a server locks the row that a REPLACE finds shared at first, so that two of one key wait for one
 * another.
 */
static bool
is_undone_victim(const struct attempt *a)
{
	return a->error == ER_LOCK_DEADLOCK && a->plan.ruled_count > 0 && is_alone(a) &&
	    is_repeatable(a) && !mutant("gate_victims_told");
}

static void
complain(struct session *s, struct slice packet)
{
	struct err err = { 0 };

	(void)err_from_packet(packet, &err);
	session_complain(s, &err);
}

/* Nothing of the statement is under way any more, and its client waits. */
static void
before_told(struct ctx *cx, const struct attempt *a)
{
	struct before_told *b = a->q->before_told;

	if (b == NULL || mutant("gate_naming_after_told"))
		return;
	b->done = true;
	b->fn(cx, a->s, a->q);
}

static enum outcome
answer_instead(struct ctx *cx, struct attempt *a, const struct err *e)
{
	if (settle(cx, a, true, 0) != 0)
		return OUTCOME_CLOSE;
	before_told(cx, a);
	a->s->replied = true;
	return session_send_diagnostic(cx, a->s, e) == 0 ? OUTCOME_DONE : OUTCOME_CLOSE;
}

static int
tell_error(struct ctx *cx, struct attempt *a, struct slice packet)
{
	bool settled = a->q->before_told != NULL && settle(cx, a, true, 0) == 0;

	if (settled)
		before_told(cx, a);
	TRY(relay_error(cx, a, packet)); /* also where the server is gone: it has said why */
	return a->q->before_told == NULL ? settle(cx, a, true, 0) : settled ? 0 : -1;
}

/* An ERR is looked at before it goes on. */
static enum outcome
answer_error(struct ctx *cx, struct attempt *a, struct slice packet)
{
	struct session *s = a->s;
	struct err_packet e;
	struct err err;

	if (is_fence(packet))
		return fenced(cx, a);
	a->error = err_packet_read(packet, &e, &err) == 0 ? e.code : 0;
	if (!s->replied && is_half_prepared(a, packet))
		return prepare_again(cx, a);
	if (is_undone_victim(a))
		return repeat(cx, a);
	packet = arena_dup(&s->arena, packet); /* the server may be asked something */
	if (!s->replied &&
	    unknown_judge(cx, s,
		&(struct unknown_ask){ a->route, a->q->statement, a->q->sql, a->slot, a->error },
		&err))
		return answer_instead(cx, a, &err);
	complain(s, packet);
	s->replied = s->failed = true;
	return tell_error(cx, a, packet) == 0 ? OUTCOME_DONE : OUTCOME_CLOSE;
}

static enum outcome
answer(struct ctx *cx, struct attempt *a)
{
	struct backend *b = a->s->slots[a->slot];
	struct packets *p = mysql_packets(b->client);
	struct packet_head head;
	struct slice packet;

	if (a->begins && request_read_begun(cx, a) != 0)
		return OUTCOME_CLOSE;
	if (packets_peek(cx, p, &head) != 0)
		return OUTCOME_CLOSE;
	if (!attempt_lease_held(a) && !mutant("gate_lease_after_answer"))
		return attempt_lease_lost(cx, a);
	if (head.first == 0xff)
		return packets_read(cx, p, ERR_MAX, &packet) == 0 ? answer_error(cx, a, packet)
								  : OUTCOME_CLOSE;
	reply_scan_init(&a->scan, REPLY_RESULT, mysql_caps(b->client));
	if ((a->q->quiet ? packets_drop_reply(cx, p, &a->scan)
			 : relay_answer(cx, a, head.first != 0)) != 0)
		return OUTCOME_CLOSE;
	a->s->rows = a->scan.rows;
	keep_state(a);
	if (a->scan.failed)
		return answer_error(cx, a, reply_scan_tail(&a->scan));
	if (settle(cx, a, false, a->scan.status) != 0)
		return OUTCOME_CLOSE;
	if (a->q->before_told == NULL)
		return OUTCOME_DONE;
	before_told(cx, a);
	return packets_flush(cx, &a->s->client) == 0 ? OUTCOME_DONE : OUTCOME_CLOSE;
}

static enum outcome
run(struct ctx *cx, struct attempt *a)
{
	struct session *s = a->s;
	enum outcome out;

	if (!s->work.open) /* else it stays where its transaction or its locks are */
		s->work.server = s->slots[a->slot]->server;
	work_send(&s->loop->in_flight, &s->work, &a->ask, a->plan.ruled, a->plan.ruled_count);
	s->running = a->slot;
	out = request_send(cx, a) == 0 ? answer(cx, a) : OUTCOME_CLOSE;
	s->running = -1;
	if (s->killers > 0 && !mutant("gate_kill_waits"))
		kill_wait(cx, s);
	if (a->q->prepared != NULL && out == OUTCOME_DONE)
		buf_reset(&a->q->prepared->long_data);
	if (out == OUTCOME_CLOSE && s->slots[a->slot] != NULL)
		session_drop_backend(s, a->slot);
	return out;
}

static enum outcome
attempt(struct ctx *cx, struct attempt *a)
{
	struct session *s = a->s;
	bool open = s->txn == TXN_OPEN;
	enum outcome out;

	if (attempt_plan(cx, a) != 0)
		return OUTCOME_ERROR;
	out = attempt_settle_server(cx, a);
	if (out != OUTCOME_DONE)
		return out;
	out = attempt_hold(cx, a);
	if (out != OUTCOME_DONE)
		return out;
	if (!attempt_lease_held(a) && !mutant("gate_lease_at_send"))
		return attempt_wait_lease(cx, a);
	if (attempt_take_backend(cx, a) != 0 || request_prepare(cx, a) != 0) {
		if (a->slot >= 0 && s->slots[a->slot] != NULL &&
		    mysql_broken(s->slots[a->slot]->client))
			session_drop_backend(s, a->slot);
		/* A transaction that was lost with its backend must not look as if it went on. */
		return task_cancelled() || (open && s->txn != TXN_OPEN) ? OUTCOME_CLOSE
									: OUTCOME_ERROR;
	}
	if (attempt_interrupted(cx, s))
		return OUTCOME_ERROR;
	/* Taking may have waited: what was decided before must still be so. */
	if (!attempt_is_current(a) || !attempt_lease_held(a) || attempt_shut_out(a))
		return OUTCOME_AGAIN;
	return run(cx, a);
}

int
execute(struct ctx *cx, struct session *s, const struct request *q)
{
	enum outcome out = OUTCOME_AGAIN;

	s->replied = s->interrupted = false;
	for (int tries = 0; out == OUTCOME_AGAIN;) {
		struct attempt a;

		attempt_init(&a, s, q);
		out = attempt(cx, &a);
		route_unref(a.route);
		tries += !a.held;
		if (out == OUTCOME_AGAIN && tries > REPLAYS_MAX) {
			attempt_too_late(cx, s, "the rules for this statement do not come to rest");
			out = OUTCOME_ERROR;
		}
	}
	if (out == OUTCOME_CLOSE)
		return -1;
	session_unuse_next(s);
	session_rest(s);
	return out != OUTCOME_ERROR || plan_is_apart(cx->err, q->apart)
	    ? 0
	    : session_send_err(cx, s, cx->err);
}

int
execute_commit(struct ctx *cx, struct session *s)
{
	if (s->txn == TXN_OPEN)
		TRY(session_side_query(cx, s, s->txn_slot, slice_str(SIDE_COMMIT)));
	if (s->txn != TXN_NONE)
		session_end_txn(s);
	while (s->lock_slot >= 0) {
		TRY(session_side_query(cx, s, s->lock_slot, slice_str("UNLOCK TABLES")));
		session_unlocked(s, s->lock_slot);
	}
	return 0;
}
