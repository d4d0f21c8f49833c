#include "gate/execute.h"

#include "base/check.h"
#include "base/log.h"
#include "gate/refuse.h"
#include "mysql/command.h"
#include "mysql/server.h"
#include "rpc/api.h"

enum {
	REPLAYS_MAX = 100,    /* with the pause below: longer than a cutover's --timeout at its default */
	ERR_MAX     = 16 * 1024,
};

#define REPLAY_PAUSE (300 * MSEC)     /* a stale gate's rules arrive much sooner, and wake it */
#define LEASE_PAUSE  (20 * MSEC)
#define LEASE_WAIT   (10 * SECOND)    /* three leases: a store that comes back does so in this time */

/* How an attempt ended. */
enum outcome {
	OUTCOME_DONE,      /* the client has its answer */
	OUTCOME_AGAIN,     /* something changed before anything had an effect */
	OUTCOME_ERROR,     /* cx->err is the answer */
	OUTCOME_CLOSE,     /* cx->err, and the connection cannot go on */
};

struct attempt {
	struct session          *s;
	const struct request    *q;
	struct route            *route;     /* one reference */
	struct plan              plan;
	struct turnstile_ask     ask;
	bool                     by_view;   /* routed by the transaction's view */
	int                      slot;
	bool                     begins;    /* BEGIN goes ahead of it */
	uint64_t                 epoch;     /* of the lease, when it was planned */
	uint8_t                  reply_seq; /* of the answer's first packet */
	struct reply_scan        scan;
};

/* ---- where to ---- */

static bool
in_transaction(const struct session *s)
{
	return s->txn != TXN_NONE || !s->autocommit;
}

/* Looks at the session only: these may run in front of a transaction that has begun nowhere yet. */
static bool
is_outside(const struct attempt *a)
{
	enum statement_kind kind = a->q->statement->kind;

	return !a->plan.names_tables && (kind == STATEMENT_SELECT || kind == STATEMENT_SHOW || kind == STATEMENT_SET ||
	    kind == STATEMENT_PREPARE);
}

static void
set_ask(struct attempt *a)
{
	const struct session *s = a->s;

	a->ask.transaction = in_transaction(s) && !is_outside(a);
	a->ask.locks = a->plan.locks || (a->ask.transaction && s->isolation == ISOLATION_SERIALIZABLE);
	a->ask.reads = !a->ask.locks && a->plan.names_tables;
	a->begins = s->txn == TXN_PENDING && a->ask.transaction;
}

static bool
has_snapshots(const struct session *s)
{
	return s->isolation != ISOLATION_READ_COMMITTED;
}

static int
plan(struct ctx *cx, struct attempt *a)
{
	struct session *s = a->s;
	struct slice    keyspace = s->keyspace == NULL ? SLICE_NULL : slice_str(s->keyspace);

	a->epoch = a->route->epoch;
	a->by_view = s->view != NULL && a->q->statement->kind == STATEMENT_SELECT;
	if (a->by_view) {
		route_unref(a->route);
		a->route = route_ref(s->view);
	}
	TRY(plan_make(&s->arena, a->route, a->q->statement, a->q->sql, keyspace, &a->plan, cx->err));
	set_ask(a);
	return 0;
}

static bool
touched_any(const struct attempt *a)
{
	const struct passenger *p = &a->s->passenger;

	for (size_t i = 0; i < a->plan.ruled_count; i++) {
		const struct turnstile *t = crowd_turnstile(&a->s->hall->crowd, a->plan.ruled[i]->record);

		for (size_t n = 0; n < p->touches_count; n++) {
			if (p->touches[n].turnstile == t)
				return true;
		}
	}
	return false;
}

/* A transaction that has read by statements only, or nothing at all, can go on at another server. */
static bool
may_move(const struct session *s)
{
	return s->bound != s->txn_slot && s->passenger.wrote_seq == 0 && (!s->txn_named || !has_snapshots(s));
}

static int
move_txn(struct ctx *cx, struct session *s)
{
	SCOPED(buf) struct buf begin = BUF_INIT;

	buf_swap(&begin, &s->begin);
	TRY(session_side_query(cx, s, s->txn_slot, slice_str("COMMIT")));
	if (s->txn == TXN_OPEN)
		session_end_txn(s);
	buf_swap(&begin, &s->begin);
	s->txn = s->autocommit ? TXN_PENDING : TXN_NONE;
	return 0;
}

/* Its snapshot is of a server that no longer serves the table. What is open there ends, as after a deadlock. */
static void
too_late(struct ctx *cx, struct session *s, const char *why)
{
	bool rolled_back = s->txn != TXN_OPEN ||
	    session_side_query(cx, s, s->txn_slot, slice_str("ROLLBACK")) == 0;

	count(&s->hall->counts.too_late, 1);
	if (!rolled_back)
		session_drop_backend(s, s->txn_slot);
	if (s->txn != TXN_NONE)
		session_end_txn(s);
	err_clear(cx->err);
	(void)refuse(cx->err, ER_LOCK_DEADLOCK,
	    "Deadlock found when trying to get lock; try restarting transaction (%s)", why);
}

static enum outcome
other_server(struct ctx *cx, struct attempt *a)
{
	struct session       *s = a->s;
	const struct backend *b = s->slots[s->txn_slot];

	if (may_move(s))
		return move_txn(cx, s) == 0 ? OUTCOME_AGAIN : OUTCOME_CLOSE;
	if (touched_any(a) && s->passenger.wrote_seq == 0) {
		too_late(cx, s, "a table of this transaction has moved since its snapshot");
		return OUTCOME_ERROR;
	}
	(void)refuse(cx->err, ER_NOT_SUPPORTED_YET,
	    "a transaction on two servers: it began at %s, and keyspace '%s' is at %s", b->server, a->plan.place->name,
	    a->plan.place->server);
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
	const unsigned about_last = USES_LAST_INSERT_ID | USES_FOUND_ROWS | USES_ROW_COUNT | USES_WARNINGS;

	return (a->q->statement->uses & about_last) != 0;
}

/* Is the backend of the last statement still ours, with what it knows of it? */
static bool
has_last(const struct session *s)
{
	const struct backend *b = s->last < 0 ? NULL : s->slots[s->last];

	return b != NULL && b->serial == s->last_serial && b->session == s->id;
}

/* The slot that a statement without tables must use, or -1. */
static int
fixed_slot(const struct attempt *a)
{
	const struct session *s = a->s;

	if (a->plan.names_tables)
		return -1;
	if (asks_last(a) && has_last(s))
		return s->last;
	if (s->txn == TXN_OPEN)
		return s->txn_slot;
	if ((a->q->statement->uses & USES_DATABASE) != 0)
		return -1;
	return s->home >= 0 ? s->home : s->bound;
}

/* LAST_INSERT_ID() of a statement at another server than the last one. */
static int
carry_insert_id(struct ctx *cx, struct attempt *a)
{
	struct session   *s = a->s;
	struct backend   *from = s->slots[s->last];
	struct mysql_rows rows;
	struct ctx        inner = *cx;

	inner.arena = &s->arena;
	if (from->state == BACKEND_PARKED)
		pool_unpark(&s->hall->pool, from);
	TRY(mysql_select(&inner, from->client, slice_str("SELECT LAST_INSERT_ID()"), &rows));
	return session_side_query(cx, s, a->slot, slice_str(arena_printf(&s->arena, "SET last_insert_id = %.*s",
	    SLICE_ARG(rows.values[0]))));
}

static int
check_state(struct ctx *cx, struct attempt *a)
{
	struct session *s = a->s;
	unsigned        uses = a->q->statement->uses;

	if ((uses & USES_VARIABLES) != 0 && s->home >= 0 && s->home != a->slot)
		return refuse(cx->err, ER_NOT_SUPPORTED_YET,
		    "a user variable of another server than the one that the statement's tables are on");
	if (!asks_last(a) || s->last < 0 || (has_last(s) && s->last == a->slot))
		return 0;
	if (has_last(s) && (uses & (USES_FOUND_ROWS | USES_ROW_COUNT | USES_WARNINGS)) == 0)
		return carry_insert_id(cx, a);
	return refuse(cx->err, ER_NOT_SUPPORTED_YET,
	    "what the last statement left (LAST_INSERT_ID(), FOUND_ROWS(), ROW_COUNT(), warnings) is gone: "
	    "its connection was needed elsewhere");
}

static int
take_backend(struct ctx *cx, struct attempt *a)
{
	struct session              *s = a->s;
	const struct route_keyspace *where = default_place(a);
	struct route_keyspace        same;

	a->slot = fixed_slot(a);
	if (a->slot >= 0) {
		same = (struct route_keyspace){ .name = "", .database = "", .server = s->slots[a->slot]->server };
		where = &same;
	}
	if (where == NULL)
		return refuse(cx->err, ER_BAD_DB_ERROR, "there is no keyspace with a primary tablet yet");
	TRY(session_backend(cx, s, where, &a->slot));
	return check_state(cx, a);
}

/* ---- waiting ---- */

static enum outcome
hold(struct ctx *cx, struct attempt *a)
{
	struct session *s = a->s;
	struct crowd   *crowd = &s->hall->crowd;
	usec            since = task_now();
	struct ctx      within = ctx_within(cx, s->hall->hold_wait);

	for (size_t i = 0; i < a->plan.ruled_count && !a->by_view; i++) {
		struct turnstile *t = crowd_turnstile(crowd, a->plan.ruled[i]->record);

		if (turnstile_judge(t, &s->passenger, &a->ask) == TURNSTILE_PASS)
			continue;
		session_rest(s);
		count(&s->hall->counts.holds, 1);
		if (turnstile_wait(&within, crowd, t, a->q->packet.len) != 0) {
			cx->err->mysql_errno = ER_LOCK_WAIT_TIMEOUT;
			return cx->err->kind == ERR_TIMEOUT ? OUTCOME_ERROR : OUTCOME_CLOSE;
		}
		count_max(&s->hall->counts.hold_us_max, (uint64_t)(task_now() - since));
		return OUTCOME_AGAIN;
	}
	return OUTCOME_DONE;
}

static bool
lease_held(const struct attempt *a)
{
	return a->plan.ruled_count == 0 || lease_view_held(a->s->hall->lease, a->epoch);
}

static enum outcome
lease_lost(struct ctx *cx, const struct attempt *a)
{
	count(&a->s->hall->counts.lease_closed, 1);
	(void)refuse(cx->err, ER_CONNECTION_KILLED,
	    "vtgate has lost its lease: whether table '%s' is still served where the statement ran is unknown",
	    a->plan.ruled[0]->record->from_table);
	return OUTCOME_CLOSE;
}

/* The lease of the route is not held: wait for it, and for the rules read under it. */
static enum outcome
wait_for_lease(struct ctx *cx, struct attempt *a)
{
	const struct hall *hall = a->s->hall;
	usec               until = task_now() + LEASE_WAIT;

	while (!lease_view_held(hall->lease, hall->crowd.route->epoch)) {
		if (task_now() >= until)
			return lease_lost(cx, a);
		if (task_sleep(cx, LEASE_PAUSE) != 0)
			return OUTCOME_CLOSE;
	}
	return OUTCOME_AGAIN;
}

/* ---- sending ---- */

static int
send_begin(struct ctx *cx, struct attempt *a, struct packets *p)
{
	SCOPED(buf) struct buf packet = BUF_INIT;

	command_put_text(&packet, COM_QUERY, buf_slice(&a->s->begin));
	p->seq = 0;
	return packets_write(cx, p, buf_slice(&packet));
}

static int
send_query(struct ctx *cx, struct attempt *a, struct packets *p)
{
	SCOPED(buf) struct buf packet = BUF_INIT;

	p->seq = 0;
	if (!a->plan.rewritten)
		return packets_write(cx, p, a->q->packet);
	command_put_text(&packet, COM_QUERY, a->plan.text);
	return packets_write(cx, p, buf_slice(&packet));
}

static int
send_execute(struct ctx *cx, struct attempt *a, struct packets *p)
{
	SCOPED(buf) struct buf packet = BUF_INIT;
	struct slice           chunk;
	uint32_t               remote;

	check(remote_find(a->s->slots[a->slot], a->q->prepared->id, a->plan.text, &remote));
	for (size_t at = 0; prepared_next_long_data(a->q->prepared, &at, &chunk); ) {
		buf_reset(&packet);
		buf_add_slice(&packet, chunk);
		command_set_statement_id((uint8_t *)packet.data, remote);
		p->seq = 0;
		TRY(packets_write(cx, p, buf_slice(&packet)));
	}
	buf_reset(&packet);
	TRY(prepared_execute_packet(a->q->prepared, a->q->packet, remote, &packet, cx->err));
	p->seq = 0;
	return packets_write(cx, p, buf_slice(&packet));
}

/* Prepares it where it is not yet; the answer is ours. */
static int
prepare_there(struct ctx *cx, struct attempt *a)
{
	struct backend        *b = a->s->slots[a->slot];
	struct packets        *p = mysql_packets(b->client);
	struct reply_scan      scan;
	uint32_t               remote;
	SCOPED(buf) struct buf packet = BUF_INIT;

	if (a->q->prepared == NULL || remote_find(b, a->q->prepared->id, a->plan.text, &remote))
		return 0;
	command_put_text(&packet, COM_STMT_PREPARE, a->plan.text);
	p->seq = 0;
	TRY(packets_write(cx, p, buf_slice(&packet)));
	TRY(packets_flush(cx, p));
	reply_scan_init(&scan, REPLY_PREPARE, mysql_caps(b->client));
	TRY(packets_drop_reply(cx, p, &scan));
	if (scan.failed)
		return err_from_packet(reply_scan_tail(&scan), cx->err);
	remote_put(b, a->q->prepared->id, a->plan.text, scan.statement_id);
	return 0;
}

static int
send_all(struct ctx *cx, struct attempt *a)
{
	struct packets *p = mysql_packets(a->s->slots[a->slot]->client);

	if (a->begins)
		TRY(send_begin(cx, a, p));
	if (a->q->prepared != NULL)
		TRY(send_execute(cx, a, p));
	else
		TRY(send_query(cx, a, p));
	a->reply_seq = p->seq;
	return packets_flush(cx, p);
}

/* The answer to the BEGIN that went ahead. Servers do not refuse one; if they do, nothing of this connection is sure. */
static int
read_begun(struct ctx *cx, struct attempt *a, struct packets *p)
{
	struct reply_scan scan;

	if (!a->begins)
		return 0;
	p->seq = 1;
	reply_scan_init(&scan, REPLY_RESULT, mysql_caps(a->s->slots[a->slot]->client));
	TRY(packets_drop_reply(cx, p, &scan));
	if (scan.failed) {
		(void)err_from_packet(reply_scan_tail(&scan), cx->err);
		cx->err->kind = ERR_RETRY;
		return -1;
	}
	return 0;
}

/* ---- the answer ---- */

static bool
is_fence(struct slice packet)
{
	struct err_packet e;
	struct err        err;

	return err_packet_read(packet, &e, &err) == 0 && e.code == FENCE_ERRNO && slice_starts(e.text, FENCE_TEXT);
}

/* After an ERR nobody says whether the transaction still exists: ask. */
static int
ask_status(struct ctx *cx, struct session *s, int slot)
{
	static const uint8_t ping[] = { COM_PING };

	return session_side_command(cx, s, slot, slice_of(ping, sizeof ping));
}

/* The server has a transaction open that we did not ask for: a procedure's, XA START's, autocommit off. */
static void
join_late(struct session *s, const char *server)
{
	static const struct turnstile_ask opened = { .transaction = true, .locks = true };

	passenger_leave(&s->hall->crowd, &s->passenger);
	s->passenger.server = server;
	passenger_send(&s->hall->crowd, &s->passenger, &opened, NULL, 0);
}

/* What is true of the session once a statement has ended at its backend. */
static int
settle(struct ctx *cx, struct attempt *a, bool failed, uint16_t status)
{
	struct session       *s = a->s;
	const struct backend *b = s->slots[a->slot];

	s->last = a->slot;
	s->last_serial = b->serial;
	if (failed && (a->ask.transaction || a->q->statement->changes_session)) {
		TRY(ask_status(cx, s, a->slot));
	} else if (!failed) {
		session_take_status(s, a->slot, status);
		s->autocommit = (status & STATUS_AUTOCOMMIT) != 0;
	}
	if (a->begins && s->txn == TXN_PENDING)
		session_end_txn(s);       /* it began, and something has ended it already */
	if (s->txn == TXN_OPEN && !s->passenger.open)
		join_late(s, b->server);
	passenger_answered(&s->hall->crowd, &s->passenger, s->txn == TXN_OPEN);
	s->txn_named = s->txn == TXN_OPEN && (s->txn_named || a->plan.names_tables);
	if (s->txn == TXN_OPEN && a->ask.reads && has_snapshots(s) && s->view == NULL)
		s->view = route_ref(a->route);
	return 0;
}

/* What the statement left on its connection that only this connection has. */
static void
keep_state(struct attempt *a)
{
	struct session         *s = a->s;
	const struct statement *st = a->q->statement;
	struct ok_packet        ok;
	struct err              err;
	bool                    cursor = (a->scan.status & STATUS_CURSOR_EXISTS) != 0;
	bool                    left = cursor || (st->uses & USES_CALC_ROWS) != 0;

	if (!a->scan.failed && !a->scan.saw_rows && ok_read(reply_scan_tail(&a->scan), s->caps, &ok, &err) == 0)
		left = left || ok.insert_id != 0 || ok.warnings != 0;
	if (left)
		s->bound = a->slot;
	if (st->changes_session && st->kind != STATEMENT_SET)
		s->home = a->slot;
	if (cursor)
		s->cursor = a->q->prepared;
}

static int
relay_rest(struct ctx *cx, struct attempt *a, struct packets *p)
{
	struct packets *client = &a->s->client;

	a->s->replied = true;
	TRY(packets_relay_reply(cx, p, client, &a->scan));
	while (a->scan.state == REPLY_AT_FILE) {
		TRY(packets_relay_file(cx, client, p));
		reply_scan_file_sent(&a->scan);
		TRY(packets_relay_reply(cx, p, client, &a->scan));
	}
	return 0;
}

/* The fence refused it: our rules are older than they should be. */
static enum outcome
fenced(struct ctx *cx, struct attempt *a)
{
	struct session *s = a->s;
	struct hall    *hall = s->hall;
	bool            alone = !a->ask.transaction || (a->begins && s->bound != a->slot);
	struct ctx      within = ctx_within(cx, REPLAY_PAUSE);

	count(&hall->counts.fence_errors, 1);
	hall->refresh(hall->arg);
	if (!alone || (a->q->statement->uses & USES_LOCAL_FILE) != 0) {
		too_late(cx, s, "its table has moved");
		return OUTCOME_ERROR;
	}
	if (a->begins) {
		struct slice text = arena_dup(&s->arena, buf_slice(&s->begin));

		if (session_side_query(cx, s, a->slot, slice_str("ROLLBACK")) != 0)
			return OUTCOME_CLOSE;
		session_end_txn(s);
		s->txn = TXN_PENDING;
		buf_add_slice(&s->begin, text);
	}
	passenger_leave(&hall->crowd, &s->passenger);
	session_rest(s);
	count(&hall->counts.replays, 1);
	if (waitlist_wait(&within, &hall->crowd.opened) != 0 && cx->err->kind != ERR_TIMEOUT)
		return OUTCOME_CLOSE;
	err_clear(cx->err);
	return OUTCOME_AGAIN;
}

/* An ERR is looked at before it goes on. */
static enum outcome
answer_error(struct ctx *cx, struct attempt *a, struct packets *p)
{
	struct session *s = a->s;
	struct slice    packet;

	if (packets_read(cx, p, ERR_MAX, &packet) != 0)
		return OUTCOME_CLOSE;
	if (is_fence(packet))
		return fenced(cx, a);
	count(&s->hall->counts.errors, 1);
	s->replied = s->failed = true;
	if (packets_write(cx, &s->client, packet) != 0 || packets_flush(cx, &s->client) != 0)
		return OUTCOME_CLOSE;
	return settle(cx, a, true, 0) == 0 ? OUTCOME_DONE : OUTCOME_CLOSE;
}

static enum outcome
answer(struct ctx *cx, struct attempt *a)
{
	struct backend    *b = a->s->slots[a->slot];
	struct packets    *p = mysql_packets(b->client);
	struct packet_head head;

	if (read_begun(cx, a, p) != 0)
		return OUTCOME_CLOSE;
	p->seq = a->reply_seq;
	if (packets_peek(cx, p, &head) != 0)
		return OUTCOME_CLOSE;
	if (!lease_held(a))
		return lease_lost(cx, a);
	if (head.first == 0xff)
		return answer_error(cx, a, p);
	reply_scan_init(&a->scan, REPLY_RESULT, mysql_caps(b->client));
	if (relay_rest(cx, a, p) != 0)
		return OUTCOME_CLOSE;
	a->s->failed = a->scan.failed;
	keep_state(a);
	return settle(cx, a, a->scan.failed, a->scan.status) == 0 ? OUTCOME_DONE : OUTCOME_CLOSE;
}

static enum outcome
run(struct ctx *cx, struct attempt *a)
{
	struct session *s = a->s;
	enum outcome    out;

	s->passenger.server = s->slots[a->slot]->server;
	passenger_send(&s->hall->crowd, &s->passenger, &a->ask, a->plan.ruled, a->plan.ruled_count);
	out = send_all(cx, a) == 0 ? answer(cx, a) : OUTCOME_CLOSE;
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
	bool            open = s->txn == TXN_OPEN;
	enum outcome    out;

	if (plan(cx, a) != 0)
		return OUTCOME_ERROR;
	if (a->plan.names_tables && s->txn == TXN_OPEN && a->plan.place != NULL &&
	    strcmp(s->slots[s->txn_slot]->server, a->plan.place->server) != 0)
		return other_server(cx, a);
	out = hold(cx, a);
	if (out != OUTCOME_DONE)
		return out;
	if (!lease_held(a))
		return wait_for_lease(cx, a);
	if (take_backend(cx, a) != 0 || prepare_there(cx, a) != 0) {
		if (a->slot >= 0 && s->slots[a->slot] != NULL && mysql_broken(s->slots[a->slot]->client))
			session_drop_backend(s, a->slot);
		/* A transaction that was lost with its backend must not look as if it went on. */
		return task_cancelled() || (open && s->txn != TXN_OPEN) ? OUTCOME_CLOSE : OUTCOME_ERROR;
	}
	/* Taking may have waited: what was decided before must still be so. */
	if ((!a->by_view && a->route != s->hall->crowd.route) || !lease_held(a))
		return OUTCOME_AGAIN;
	return run(cx, a);
}

int
execute(struct ctx *cx, struct session *s, const struct request *q)
{
	enum outcome out = OUTCOME_AGAIN;

	s->replied = false;
	for (int tries = 0; out == OUTCOME_AGAIN; tries++) {
		struct attempt a = { .s = s, .q = q, .slot = -1, .route = route_ref(s->hall->crowd.route) };

		out = attempt(cx, &a);
		route_unref(a.route);
		if (out == OUTCOME_AGAIN && tries >= REPLAYS_MAX) {
			(void)refuse(cx->err, ER_LOCK_DEADLOCK, "the rules for this statement do not come to rest");
			out = OUTCOME_ERROR;
		}
	}
	if (out == OUTCOME_CLOSE)
		return -1;
	session_rest(s);
	return out == OUTCOME_ERROR ? session_send_err(cx, s, cx->err) : 0;
}

int
execute_commit(struct ctx *cx, struct session *s)
{
	if (s->txn == TXN_OPEN)
		TRY(session_side_query(cx, s, s->txn_slot, slice_str("COMMIT")));
	if (s->txn != TXN_NONE)
		session_end_txn(s);
	return 0;
}
