#include "gate/attempt.h"

#include "base/check.h"
#include "base/mutant.h"
#include "gate/catalogue.h"
#include "gate/forward.h"
#include "gate/other_side.h"
#include "gate/plan_kept.h"
#include "gate/refuse.h"
#include "gate/user_variables.h"

/* ---- where to ---- */

static bool
in_transaction(const struct session *s)
{
	return s->txn != TXN_NONE || !s->autocommit;
}

/* What it locks stays locked: it is waited for like a transaction. */
static bool
is_lock_tables(const struct statement *st)
{
	return st->kind == STATEMENT_LOCK_TABLES && st->changes_session;
}

/* Is it no part of a transaction? It looks at the session, a catalogue or a sequence then, and may run while
 * the transaction has begun on no server yet, or is open on another one. */
static bool
is_outside(const struct attempt *a)
{
	enum statement_kind kind = a->q->statement->kind;

	if ((a->q->statement->uses & USES_TRANSACTION) != 0)
		return false;
	return kind == STATEMENT_SHOW ||
	    (!a->plan.names_tables && (kind == STATEMENT_SELECT || kind == STATEMENT_SET));
}

static void
set_ask(struct attempt *a)
{
	const struct session *s = a->s;

	a->ask.transaction =
	    (in_transaction(s) || s->lock_slot >= 0 || is_lock_tables(a->q->statement)) &&
	    !is_outside(a);
	a->ask.locks =
	    a->plan.locks || (a->ask.transaction && session_isolation(s) == ISOLATION_SERIALIZABLE);
	a->ask.reads = a->ask.transaction && !a->ask.locks && a->plan.names_tables;
	a->ask.defines = a->q->statement->kind == STATEMENT_DDL ? a->q->statement : NULL;
	a->begins = s->txn == TXN_PENDING && a->ask.transaction;
}

bool
attempt_has_snapshots(const struct session *s)
{
	return session_isolation(s) != ISOLATION_READ_COMMITTED;
}

/* A moved table is refused where the session has a temporary table of its old or its new name: a server would
 * take the temporary one. */
static int
check_hidden(struct ctx *cx, const struct attempt *a)
{
	for (size_t i = 0; a->plan.rewritten && i < a->plan.ruled_count; i++) {
		const struct routing_rule *r = a->plan.ruled[i]->record;

		if (temporary_place(&a->s->temporary, slice_str(r->from_keyspace),
			slice_str(r->from_table)) != NULL ||
		    temporary_place(&a->s->temporary, slice_str(r->to_keyspace),
			slice_str(r->to_table)) != NULL)
			return refuse(cx->err, ER_NOT_SUPPORTED_YET,
			    "the moved table '%s' in a session that made a temporary table of its name",
			    r->from_table);
	}
	return 0;
}

/* Noted before the table is made: the name does no harm when making it fails. */
static int
note_temporary(struct ctx *cx, const struct attempt *a)
{
	const struct statement *st = a->q->statement;
	const struct table_ref *t = st->tables; /* the first is the one that is made */
	struct slice keyspace;

	if (st->kind != STATEMENT_DDL || !st->changes_session || st->tables_count == 0)
		return 0;
	keyspace = slice_is_null(t->database) ? session_keyspace(a->s) : t->database;
	if (temporary_note(&a->s->temporary, keyspace, t->table,
		a->plan.temporary == NULL ? "" : a->plan.temporary))
		return 0;
	return refuse(cx->err, ER_NOT_SUPPORTED_YET, "so many temporary tables in one session");
}

static struct slice
base_of(const struct attempt *a)
{
	const struct request *q = a->q;

	return q->prepared != NULL ? q->prepared->base
	    : q->named != NULL     ? q->named->base
				   : session_base(a->s);
}

/* Where its plan is kept, or NULL. */
static struct plan_kept *
kept_of(const struct attempt *a, const struct plan_input *in)
{
	if (in->temporary->names.len > 0 || a->q->named != NULL)
		return NULL;
	return a->q->prepared != NULL ? prepared_kept(a->q->prepared, in)
				      : plans_kept_of(a->s->loop->plans, in);
}

static int
make_plan(struct ctx *cx, struct attempt *a, const struct plan_input *in)
{
	struct plan_kept *kept = kept_of(a, in);

	if (kept != NULL && plan_kept_find(kept, in, &a->plan))
		return 0;
	if (catalogue_plan(cx, a->s, in, &a->plan) == 0) {
		if (kept != NULL)
			plan_kept_note(kept, in, &a->plan);
		return 0;
	}
	forward_judge(cx, a->s, in->statement, in->sql);
	return -1;
}

int
attempt_plan(struct ctx *cx, struct attempt *a)
{
	struct session *s = a->s;
	/* clang-format off */
	struct plan_input in = {
		.statement = a->q->statement, .sql = a->q->sql,
		.keyspace = attempt_keyspace(a), .base = base_of(a),
		.temporary = &s->temporary,
		.ascii_only = !s->charset.utf8,
		.modes = a->q->prepared != NULL ? a->q->prepared->modes : session_modes(s)
	};
	/* clang-format on */

	a->epoch = a->route->epoch;
	a->by_view = s->view != NULL && a->q->statement->kind == STATEMENT_SELECT &&
	    !mutant("gate_snapshot_view");
	if (a->by_view) {
		route_unref(a->route);
		a->route = route_ref(s->view);
	}
	in.route = a->route;
	in.own = a->q->prepared == NULL ? session_own(s, a->route) : NULL;
	TRY(make_plan(cx, a, &in));
	TRY(check_hidden(cx, a));
	TRY(note_temporary(cx, a));
	if (s->next.len > 0 && s->txn == TXN_NONE && !is_outside(a))
		session_use_next(s);
	set_ask(a);
	return 0;
}

static bool
touched_any(const struct attempt *a)
{
	const struct work *w = &a->s->work;

	for (size_t i = 0; i < a->plan.ruled_count; i++) {
		const struct barrier *b =
		    in_flight_barrier(&a->s->loop->in_flight, a->plan.ruled[i]->record);

		for (size_t n = 0; n < w->touches_count; n++) {
			if (w->touches[n].barrier == b)
				return true;
		}
	}
	return false;
}

/* A transaction that has written nothing and has no snapshot can go on at another server. */
static bool
may_move(const struct session *s)
{
	return s->bound != s->txn_slot && !s->begin_cut && s->work.wrote_seq == 0 &&
	    (!s->txn_named || !attempt_has_snapshots(s));
}

static int
move_txn(struct ctx *cx, struct session *s)
{
	SCOPED(buf)
	struct buf begin = BUF_INIT;

	buf_swap(&begin, &s->begin);
	TRY(session_side_query(cx, s, s->txn_slot, slice_str(SIDE_COMMIT)));
	if (s->txn == TXN_OPEN)
		session_end_txn(s);
	buf_swap(&begin, &s->begin);
	/* A procedure has begun it: there is no text of a BEGIN. */
	if (s->begin.len == 0 && s->autocommit)
		check(session_begin_with(s, slice_str("START TRANSACTION")));
	s->txn = s->begin.len > 0 ? TXN_PENDING : TXN_NONE;
	return 0;
}

/* Its snapshot is of a server that no longer serves the table. It is rolled back, as after a deadlock. */
void
attempt_too_late(struct ctx *cx, struct session *s, const char *why)
{
	bool rolled_back = s->txn != TXN_OPEN ||
	    session_side_query(cx, s, s->txn_slot, slice_str(SIDE_ROLLBACK)) == 0;

	count(&s->loop->counts.too_late, 1);
	if (!rolled_back)
		session_drop_backend(s, s->txn_slot);
	if (s->txn != TXN_NONE)
		session_end_txn(s);
	err_clear(cx->err);
	(void)refuse(cx->err, ER_LOCK_DEADLOCK,
	    "Deadlock found when trying to get lock; try restarting transaction (%s)", why);
}

/* As a server does before DDL. */
static enum outcome
commit_before(struct ctx *cx, struct session *s)
{
	if (session_side_query(cx, s, s->txn_slot, slice_str(SIDE_COMMIT)) != 0)
		return cx->err->kind == ERR_SERVER ? OUTCOME_ERROR : OUTCOME_CLOSE;
	if (s->txn == TXN_OPEN)
		session_end_txn(s);
	return OUTCOME_AGAIN;
}

/* Could it have run at the transaction's server when that began? Then a cutover is why it cannot now, and a
 * client that repeats the transaction finds all of its tables at the new side. */
static bool
was_possible(const struct attempt *a)
{
	const struct session *s = a->s;
	struct plan plan;
	struct err err;
	/* clang-format off */
	struct plan_input     in = {
		    .route = s->began,
		    .statement = a->q->statement,
		    .sql = a->q->sql,
		    .keyspace = attempt_keyspace(a),
		    .base = base_of(a),
		    .temporary = &s->temporary
	};
	/* clang-format on */

	return s->began != NULL && s->began != a->route &&
	    plan_make(&a->s->arena, &in, &plan, &err) == 0 && plan.place != NULL &&
	    strcmp(plan.place->server, s->slots[s->txn_slot]->server) == 0;
}

/* A keyspace that the server serves, for messages: clients are not told addresses. */
static const char *
keyspace_at(const struct route *r, const char *server)
{
	for (size_t i = 0; i < r->keyspaces_count; i++) {
		if (r->keyspaces[i].server != NULL && strcmp(r->keyspaces[i].server, server) == 0)
			return r->keyspaces[i].name;
	}
	return "?";
}

/* The place's server is not the one that the transaction is open on. */
static enum outcome
other_server(struct ctx *cx, struct attempt *a)
{
	struct session *s = a->s;
	const struct backend *b = s->slots[s->txn_slot];

	if (may_move(s))
		return move_txn(cx, s) == 0 ? OUTCOME_AGAIN : OUTCOME_CLOSE;
	if (a->q->statement->implicit_commit)
		return commit_before(cx, s);
	if ((touched_any(a) && s->work.wrote_seq == 0) || was_possible(a)) {
		attempt_too_late(cx, s, "a table of this transaction has moved since it began");
		return OUTCOME_ERROR;
	}
	(void)refuse(cx->err, ER_NOT_SUPPORTED_YET,
	    "a transaction on two servers: it began at that of keyspace '%s', and keyspace '%s' is "
	    "at another",
	    keyspace_at(a->route, b->server), a->plan.place->name);
	forward_judge(cx, s, a->q->statement, a->q->sql);
	return OUTCOME_ERROR;
}

/* Statements without a place run where the session's state is. */
static const struct route_keyspace *
default_place(const struct attempt *a)
{
	return a->plan.place != NULL ? a->plan.place : route_any(a->route);
}

static bool
asks_last(const struct attempt *a)
{
	const unsigned about_last =
	    USES_LAST_INSERT_ID | USES_FOUND_ROWS | USES_ROW_COUNT | USES_WARNINGS;

	return (a->q->statement->uses & about_last) != 0;
}

/* Is the backend of the last statement still ours, with what it knows of it? */
static bool
has_last(const struct session *s)
{
	const struct backend *b = s->last < 0 ? NULL : s->slots[s->last];

	return b != NULL && b->serial == s->last_serial && b->session == s->owner;
}

/* Does the session have such a thing where the statement is to run? */
static bool
keeps_at_place(const struct attempt *a, unsigned what)
{
	const struct session *s = a->s;

	for (int i = 0; i < SLOTS_MAX; i++) {
		if ((s->keeps[i] & what) != 0 && a->plan.place != NULL &&
		    strcmp(s->slots[i]->server, a->plan.place->server) == 0)
			return true;
	}
	return false;
}

/* The slot that a statement without tables must use, or -1. */
static int
fixed_slot(const struct attempt *a)
{
	const struct session *s = a->s;
	const unsigned uses = a->q->statement->uses;

	if (a->plan.names_tables || a->plan.catalogue)
		return -1;
	if ((uses & USES_LOCKS) != 0 && session_keeper(s, LEAVES_LOCKS) >= 0 &&
	    !keeps_at_place(a, LEAVES_LOCKS))
		return session_keeper(s, LEAVES_LOCKS);
	if (a->plan.in_place)
		return -1;
	if (asks_last(a) && has_last(s))
		return s->last;
	if ((uses & USES_VARIABLES) != 0 && session_keeper(s, LEAVES_VARIABLES) >= 0)
		return session_keeper(s, LEAVES_VARIABLES);
	if (s->txn == TXN_OPEN)
		return s->txn_slot;
	if (s->lock_slot >= 0)
		return s->lock_slot;
	return s->home >= 0 ? s->home : s->bound;
}

/* What only the last statement's connection can tell. */
static bool
asks_more_than_insert_id(const struct attempt *a)
{
	return (a->q->statement->uses & (USES_FOUND_ROWS | USES_ROW_COUNT | USES_WARNINGS)) != 0;
}

/* After an OK of the gate's own, ROW_COUNT() is 0 and there are no warnings, as a server has it after DO. An
 * error of the gate's own is raised at the server, so that SHOW WARNINGS, @@error_count and GET DIAGNOSTICS
 * know it. */
static int
follow_own_answer(struct ctx *cx, struct attempt *a)
{
	struct session *s = a->s;

	if (!s->answered || (a->q->statement->uses & (USES_ROW_COUNT | USES_WARNINGS)) == 0)
		return 0;
	s->answered = false;
	if (s->signal == NULL)
		return session_side_query(cx, s, a->slot, slice_str("DO 0"));
	if (session_side_query(cx, s, a->slot, slice_str(s->signal)) != 0 &&
	    cx->err->kind != ERR_SERVER)
		return -1;
	err_clear(cx->err);
	return 0;
}

static int
check_state(struct ctx *cx, struct attempt *a)
{
	struct session *s = a->s;
	unsigned uses = a->q->statement->uses;

	if ((uses & USES_VARIABLES) != 0 && session_keeps_elsewhere(s, a->slot, LEAVES_VARIABLES))
		return refuse(cx->err, ER_NOT_SUPPORTED_YET,
		    "a user variable of another server than the one that the statement's tables are on");
	if (asks_more_than_insert_id(a) && !s->answered && s->last >= 0 &&
	    !(has_last(s) && s->last == a->slot))
		return refuse(cx->err, ER_NOT_SUPPORTED_YET,
		    "what the last statement left (FOUND_ROWS(), ROW_COUNT(), warnings) is gone: "
		    "its connection was needed elsewhere");
	TRY(follow_own_answer(cx, a));
	/* Should it generate no insert id, the server must answer with the session's. */
	if ((uses & USES_RETURNING) != 0 && session_has_insert_id(s))
		return session_carry_insert_id(cx, s, a->slot);
	return (uses & USES_LAST_INSERT_ID) == 0 ? 0 : session_carry_insert_id(cx, s, a->slot);
}

/* May it read or set a user variable? Whatever calls a procedure may. */
static bool
touches_variables(const struct statement *st)
{
	return (st->uses & USES_VARIABLES) != 0 || (st->leaves & LEAVES_VARIABLES) != 0;
}

int
attempt_take_backend(struct ctx *cx, struct attempt *a)
{
	struct session *s = a->s;
	const struct route_keyspace *where = default_place(a);
	struct route_keyspace same;

	a->slot = fixed_slot(a);
	if (a->slot >= 0) {
		same = (struct route_keyspace){
			.name = "", .database = "", .server = s->slots[a->slot]->server
		};
		where = &same;
	}
	if (where == NULL)
		return refuse(
		    cx->err, ER_BAD_DB_ERROR, "there is no keyspace with a primary tablet yet");
	if (touches_variables(a->q->statement) && session_keeper(s, LEAVES_VARIABLES) >= 0)
		TRY(user_variables_save(cx, s, where->server));
	TRY(session_backend(cx, s, where, &a->slot));
	if (a->q->named != NULL)
		TRY(session_use_keyspace(cx, s, a->slot, a->q->named->keyspace, a->q->named->base));
	return check_state(cx, a);
}

/* ---- waiting ---- */

bool
attempt_interrupted(struct ctx *cx, const struct session *s)
{
	return s->interrupted &&
	    refuse(cx->err, ER_QUERY_INTERRUPTED, "Query execution was interrupted") != 0;
}

/* Waits as long as the hold lasts, which has a deadline of its own: for the client it is latency, not an
 * error. What waits is bounded in bytes, and too many of them end the attempt (barrier.h). */
enum outcome
attempt_hold(struct ctx *cx, struct attempt *a)
{
	struct session *s = a->s;
	struct in_flight *in_flight = &s->loop->in_flight;
	usec since = task_now();

	for (size_t i = 0; i < a->plan.ruled_count; i++) {
		struct barrier *b = in_flight_barrier(in_flight, a->plan.ruled[i]->record);

		/* A read by a view goes on during a cutover; in a pause it is judged as any. */
		if (a->by_view && (b->phase != RULE_PAUSE || mutant("gate_pause_by_view")))
			continue;
		if (barrier_judge(b, &s->work, &a->ask) == BARRIER_PASS)
			continue;
		session_rest(s);
		count(&s->loop->counts.holds, 1);
		a->held = true;
		other_side_connect(cx, s, a->plan.ruled[i]);
		if (!attempt_is_current(a)) /* that has taken time, and nobody would wake it */
			return OUTCOME_AGAIN;
		if (barrier_wait(cx, in_flight, b, &s->work, a->q->packet.len) != 0)
			return OUTCOME_CLOSE;
		count_max(&s->loop->counts.hold_us_max, (uint64_t)(task_now() - since));
		return attempt_interrupted(cx, s) ? OUTCOME_ERROR : OUTCOME_AGAIN;
	}
	return OUTCOME_DONE;
}

bool
attempt_shut_out(const struct attempt *a)
{
	struct session *s = a->s;

	for (size_t i = 0; !a->ask.transaction && i < a->plan.ruled_count; i++) {
		if (barrier_judge(in_flight_barrier(&s->loop->in_flight, a->plan.ruled[i]->record),
			&s->work, &a->ask) != BARRIER_PASS)
			return true;
	}
	return false;
}

/* Must it run at the place, in the session's transaction? */
static bool
is_bound(const struct attempt *a)
{
	return (a->plan.names_tables || a->plan.in_place) && !is_outside(a);
}

/* Under LOCK TABLES a server refuses other tables; the one that this would run on knows of no lock. */
static int
check_locked(struct ctx *cx, const struct attempt *a)
{
	const struct session *s = a->s;

	if (s->lock_slot < 0 || !is_bound(a) || a->plan.place == NULL ||
	    a->q->statement->kind == STATEMENT_LOCK_TABLES)
		return 0;
	for (int i = 0; i < SLOTS_MAX; i++) {
		if (s->locked[i] && strcmp(s->slots[i]->server, a->plan.place->server) == 0)
			return 0;
	}
	if (a->plan.names_tables && a->q->statement->tables_count > 0)
		return refuse(cx->err, ER_TABLE_NOT_LOCKED,
		    "Table '%.*s' was not locked with LOCK TABLES",
		    SLICE_ARG(a->q->statement->tables[0].table));
	return refuse(cx->err, ER_NOT_SUPPORTED_YET,
	    "a statement for keyspace '%s' while LOCK TABLES is in force on another server",
	    a->plan.place->name);
}

/* Is it a read at a server that has a snapshot beside the transaction's? */
static bool
reads_at_snapshot(const struct attempt *a)
{
	const struct session *s = a->s;

	for (int i = 0; !a->ask.locks && i < SLOTS_MAX; i++) {
		if (s->snapshots[i] && strcmp(s->slots[i]->server, a->plan.place->server) == 0)
			return true;
	}
	return false;
}

enum outcome
attempt_settle_server(struct ctx *cx, struct attempt *a)
{
	const struct session *s = a->s;

	if (check_locked(cx, a) != 0)
		return OUTCOME_ERROR;
	if (!is_bound(a) || s->txn != TXN_OPEN || a->plan.place == NULL ||
	    strcmp(s->slots[s->txn_slot]->server, a->plan.place->server) == 0 ||
	    reads_at_snapshot(a))
		return OUTCOME_DONE;
	return other_server(cx, a);
}

bool
attempt_is_current(const struct attempt *a)
{
	return a->by_view || a->route == a->s->loop->in_flight.route ||
	    mutant("gate_route_is_current");
}

void
attempt_forget_temporary(const struct attempt *a)
{
	const struct statement *st = a->q->statement;

	for (size_t i = 0; i < st->tables_count; i++) {
		struct slice keyspace = st->tables[i].database;

		if (slice_is_null(keyspace))
			keyspace = session_keyspace(a->s);
		if (!slice_is_null(keyspace))
			temporary_forget(&a->s->temporary, keyspace, st->tables[i].table);
	}
}

/* The database that the statement drops by name; SLICE_NULL: something that it calls has dropped one. */
static struct slice
dropped_database(const struct attempt *a)
{
	const struct statement *st = a->q->statement;

	return st->kind == STATEMENT_DDL && st->tables_count > 0 ? st->tables[0].database
								 : SLICE_NULL;
}

void
attempt_lose_database(const struct attempt *a)
{
	struct session *s = a->s;
	struct backend *b = s->slots[a->slot];
	struct slice name = dropped_database(a);
	const struct route_keyspace *k = slice_is_null(name) ? NULL : route_keyspace(a->route, name);

	if (slice_is_null(name) || slice_eq(name, session_keyspace(s)))
		session_set_keyspace(s, SLICE_NULL);
	if (k != NULL)
		name = slice_str(k->database);
	if (slice_is_null(name) || (b->database != NULL && slice_eq_str(name, b->database)))
		backend_set_database(b, NULL);
}
