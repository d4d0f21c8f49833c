#include "gate/session.h"

#include "base/check.h"
#include "base/mem.h"
#include "gate/prepared.h"
#include "gate/refuse.h"
#include "mysql/command.h"
#include "mysql/reply_relay.h"
#include "mysql/server.h"

#include <stdio.h>
#include <stdlib.h>

void
session_check(const struct session *s)
{
	check(s->txn != TXN_OPEN ||
	    (s->slots[s->txn_slot] != NULL &&
		s->slots[s->txn_slot]->state == BACKEND_IN_USE)); /* (1) */
	check(s->view == NULL || s->txn == TXN_OPEN);             /* (2) */
	check(s->bound < 0 ||
	    (s->slots[s->bound] != NULL && s->slots[s->bound]->state == BACKEND_IN_USE)); /* (3) */
	for (int i = 0; session_keeps_any(s) && i < SLOTS_MAX; i++)
		check((s->keeps[i] == 0 && !s->snapshots[i]) ||
		    (s->slots[i] != NULL && s->slots[i]->state == BACKEND_IN_USE)); /* (3), (5) */
	check(s->home < 0 || s->keeps[s->home] != 0);                               /* (3) */
	check(s->lock_slot < 0 || (s->locked[s->lock_slot] && s->work.wrote_seq != 0)); /* (4) */
}

static void
kill_session(struct work *w)
{
	struct session *s = list_item(w, struct session, work);

	s->killed = true;
	if (s->task != NULL)
		task_cancel(s->task);
}

void
session_init(struct session *s, struct gate_loop *loop, struct conn *conn, uint32_t id)
{
	*s = (struct session){ .loop = loop,
		.id = id,
		.owner = id,
		.conn = conn,
		.autocommit = true,
		.isolation = ISOLATION_REPEATABLE_READ,
		.bound = -1,
		.insert_slot = -1,
		.insert_id = "0",
		.last = -1,
		.home = -1,
		.only_slot = -1,
		.lock_slot = -1,
		.running = -1,
		.statements_next = 1 };
	packets_init(&s->client, conn);
	settings_init(&s->settings);
	arena_init(&s->arena);
	buf_init(&s->begin);
	buf_init(&s->next);
	temporary_init(&s->temporary);
	buf_init(&s->handlers);
	map_init(&s->named);
	s->work.kill = kill_session;
	list_push(&loop->sessions, &s->node);
}

void
session_set_user(struct session *s, const char *user)
{
	free(s->user);
	s->user = mem_strdup(user);
}

void
session_end_txn(struct session *s)
{
	session_check(s);
	session_note_span(s);
	s->txn = TXN_NONE;
	s->txn_shared = s->txn_named = s->begin_cut = s->txn_read_only = false;
	s->next_used = 0;
	buf_reset(&s->begin);
	route_unref(s->view);
	route_unref(s->began);
	s->view = s->began = NULL;
	session_end_snapshots(s);
	if (s->lock_slot < 0)
		work_leave(&s->loop->in_flight, &s->work);
}

void
session_locked(struct session *s, int slot)
{
	session_check(s);
	s->locked[slot] = true;
	if (s->lock_slot < 0)
		s->lock_slot = slot;
}

void
session_unlocked(struct session *s, int slot)
{
	bool locked = s->lock_slot >= 0;

	session_check(s);
	s->locked[slot] = false;
	s->lock_slot = -1;
	for (int i = SLOTS_MAX - 1; i >= 0; i--) {
		if (s->locked[i])
			s->lock_slot = i;
	}
	if (locked && s->lock_slot < 0 && s->txn != TXN_OPEN)
		work_leave(&s->loop->in_flight, &s->work);
}

int
session_locked_count(const struct session *s)
{
	int n = 0;

	for (int i = 0; i < SLOTS_MAX; i++)
		n += s->locked[i];
	return n;
}

void
session_keep(struct session *s, int slot, unsigned what)
{
	if (what == 0 || slot < 0 || s->slots[slot] == NULL)
		return;
	session_check(s);
	if (s->slots[slot]->state == BACKEND_PARKED)
		pool_unpark(&s->loop->pool, s->slots[slot]);
	s->keeps[slot] |= what;
	if (s->home < 0)
		s->home = slot;
}

bool
session_keeps_elsewhere(const struct session *s, int slot, unsigned what)
{
	for (int i = 0; i < SLOTS_MAX; i++) {
		if ((s->keeps[i] & what) != 0 && i != slot)
			return true;
	}
	return false;
}

int
session_keeper(const struct session *s, unsigned what)
{
	for (int i = 0; i < SLOTS_MAX; i++) {
		if ((s->keeps[i] & what) != 0)
			return i;
	}
	return -1;
}

/* Statements without tables run where something is still kept. */
void
session_keep_no_more(struct session *s, int slot, unsigned what)
{
	session_check(s);
	s->keeps[slot] &= ~what;
	if (s->keeps[slot] != 0)
		return;
	if (s->home == slot)
		s->home = session_keeper(s, ~0U);
}

/* They went with their connection. */
static void
lose_temporary(struct session *s, const char *server)
{
	const struct route *route = s->loop->in_flight.route;

	for (size_t i = 0; i < route->keyspaces_count; i++) {
		const struct route_keyspace *k = &route->keyspaces[i];

		if (k->server != NULL && strcmp(k->server, server) == 0)
			temporary_forget_place(&s->temporary, k->name);
	}
}

/* Gives one slot back; what is on it is undone by the next taker's reset. */
static void
release(struct session *s, int slot, bool reusable)
{
	struct backend *b = s->slots[slot];

	if (b == NULL)
		return;
	if (b->state == BACKEND_PARKED)
		pool_unpark(&s->loop->pool, b);
	if (s->bound == slot)
		s->bound = -1;
	if (s->insert_slot == slot) {
		s->insert_slot = -1;
		s->insert_id[0] = '\0';
	}
	if ((s->keeps[slot] & LEAVES_TABLES) != 0)
		lose_temporary(s, b->server);
	session_keep_no_more(s, slot, ~0U);
	s->snapshots[slot] = false;
	if (s->only_slot == slot)
		s->only_slot = SLOTS_MAX;
	if (s->locked[slot])
		session_unlocked(s, slot);
	s->slots[slot] = NULL;
	pool_give(&s->loop->pool, b, reusable);
}

void
session_end_snapshots(struct session *s)
{
	session_check(s);
	for (int i = 0; i < SLOTS_MAX; i++) {
		if (s->snapshots[i])
			release(s, i, false);
	}
}

void
session_drop_backend(struct session *s, int slot)
{
	session_check(s);
	if (s->txn == TXN_OPEN && s->txn_slot == slot)
		session_end_txn(s);
	release(s, slot, false);
}

void
session_reset(struct session *s)
{
	session_check(s);
	/* A transaction must not outlive its session on an idle connection. */
	bool open = s->txn == TXN_OPEN;
	int txn_slot = s->txn_slot;

	session_end_txn(s);
	for (int i = 0; i < SLOTS_MAX; i++)
		release(s, i,
		    !(open && i == txn_slot) && s->bound != i && !s->locked[i] && s->keeps[i] == 0);
	s->last = -1;
	s->insert_version = 0;
	memcpy(s->insert_id, "0", 2);
	prepared_forget_all(&s->statements);
	s->prepared_last = 0;
	named_forget_all(&s->named);
	s->cursor = NULL;
	settings_done(&s->settings);
	s->only_slot = -1;
	buf_reset(&s->next);
	buf_reset(&s->temporary.names);
	buf_reset(&s->handlers);
	s->modes = 0;
	s->charset = charset_of_collation(s->collation);
	s->autocommit = true;
	s->isolation = ISOLATION_REPEATABLE_READ;
	/* A backend with the old state counts as another session's from now on: ids have 32 bits. */
	s->owner += (uint64_t)1 << 32;
}

void
session_done(struct session *s)
{
	session_reset(s);
	list_remove(&s->node);
	waitlist_wake_all(&s->loop->left);
	packets_done(&s->client);
	idmap_done(&s->statements);
	map_done(&s->named);
	buf_done(&s->begin);
	buf_done(&s->next);
	temporary_done(&s->temporary);
	buf_done(&s->handlers);
	arena_done(&s->arena);
	free(s->keyspace);
	free(s->base);
	free(s->user);
	free(s->signal);
}

/* ---- commands of our own on a backend ---- */

int
session_side_command(struct ctx *cx, struct session *s, int slot, struct slice packet)
{
	struct packets *p = mysql_packets(s->slots[slot]->client);
	struct reply_scan scan;

	session_check(s);
	packets_begin_command(p);
	TRY(packets_send(cx, p, packet));
	reply_scan_init(&scan, REPLY_RESULT, mysql_caps(s->slots[slot]->client));
	TRY(packets_drop_reply(cx, p, &scan));
	if (scan.failed)
		return err_from_packet(reply_scan_tail(&scan), cx->err);
	session_take_status(s, slot, scan.status);
	return 0;
}

int
session_side_query(struct ctx *cx, struct session *s, int slot, struct slice sql)
{
	SCOPED(buf)
	struct buf packet = BUF_INIT;

	command_put_text(&packet, COM_QUERY, sql);
	return session_side_command(cx, s, slot, buf_slice(&packet));
}

/* ---- backends ---- */

static int
find_slot(const struct session *s, const char *server)
{
	for (int i = 0; i < SLOTS_MAX; i++) {
		if (s->slots[i] != NULL && strcmp(s->slots[i]->server, server) == 0)
			return i;
	}
	return -1;
}

static int
free_slot(struct ctx *cx, struct session *s, int *slot)
{
	for (int i = 0; i < SLOTS_MAX; i++) {
		if (s->slots[i] == NULL) {
			*slot = i;
			return 0;
		}
	}
	for (int i = 0; i < SLOTS_MAX; i++) {
		if (s->slots[i]->state == BACKEND_PARKED) {
			release(s, i, true);
			*slot = i;
			return 0;
		}
	}
	return refuse(cx->err, ER_NOT_SUPPORTED_YET,
	    "a session that keeps state on more than %d servers", SLOTS_MAX);
}

/* The client's own settings, where the backend has not seen their latest version. */
static int
repeat_settings(struct ctx *cx, struct session *s, int slot)
{
	struct backend *b = s->slots[slot];
	SCOPED(buf)
	struct buf sql = BUF_INIT;

	if (b->session != s->owner) {
		if (b->session != 0)
			TRY(backend_reset(cx, b));
		b->session = s->owner;
		b->settings = 0;
	}
	if (b->settings == s->settings.version)
		return 0;
	if (settings_sql(&s->settings, b->settings, &sql))
		TRY(session_side_query(cx, s, slot, buf_slice(&sql)));
	buf_reset(&sql);
	if (settings_transaction_sql(&s->settings, &sql))
		TRY(session_side_query(cx, s, slot, buf_slice(&sql)));
	b->settings = s->settings.version;
	return 0;
}

/* A default database can be changed on a connection and not taken away: who has none must not get
 * another's. */
static int
take_clean(struct ctx *cx, struct session *s, const struct pool_key *key, struct backend **out)
{
	TRY(pool_take(cx, &s->loop->pool, key, out));
	while (s->keyspace == NULL && (*out)->database != NULL) {
		pool_give(&s->loop->pool, *out, false);
		TRY(pool_take(cx, &s->loop->pool, key, out));
	}
	return 0;
}

int
session_backend(struct ctx *cx, struct session *s, const struct route_keyspace *where, int *slot)
{
	struct pool_key key = { where->server, s->caps & POOL_CAPS, s->collation };
	struct backend *b;

	session_check(s);
	*slot = find_slot(s, where->server);
	if (s->only_slot >= 0 && s->only_slot != *slot)
		return refuse(cx->err, ER_NOT_SUPPORTED_YET,
		    "another server, for a session with a setting that vtgate cannot repeat there");
	if (*slot >= 0 && backend_has_gone(s->slots[*slot])) {
		release(s, *slot, false);
		*slot = -1;
	}
	if (*slot < 0) {
		TRY(free_slot(cx, s, slot));
		TRY(take_clean(cx, s, &key, &b));
		s->slots[*slot] = b;
	} else if (s->slots[*slot]->state == BACKEND_PARKED) {
		pool_unpark(&s->loop->pool, s->slots[*slot]);
	}
	if (repeat_settings(cx, s, *slot) == 0 && session_use_own(cx, s, *slot) == 0)
		return 0;
	if (cx->err->kind != ERR_SERVER)
		session_drop_backend(s, *slot);
	return -1;
}

void
session_note_insert_id(struct session *s, int slot)
{
	session_check(s);
	s->insert_slot = slot;
	s->slots[slot]->insert_version = ++s->insert_version;
}

bool
session_has_insert_id(const struct session *s)
{
	return s->insert_slot >= 0 || s->insert_id[0] != '\0';
}

int
session_save_insert_id(struct ctx *cx, struct session *s)
{
	struct mysql_rows rows;
	struct ctx inner = *cx;

	session_check(s);
	if (s->insert_slot < 0)
		return 0;
	inner.arena = &s->arena;
	TRY(mysql_select(&inner, s->slots[s->insert_slot]->client,
	    slice_str("SELECT LAST_INSERT_ID() LIMIT 1"), &rows));
	(void)snprintf(s->insert_id, sizeof s->insert_id, "%.*s", SLICE_ARG(rows.values[0]));
	s->insert_slot = -1;
	return 0;
}

int
session_carry_insert_id(struct ctx *cx, struct session *s, int slot)
{
	struct backend *b = s->slots[slot];

	session_check(s);
	if (b->insert_version == s->insert_version)
		return 0;
	TRY(session_save_insert_id(cx, s));
	if (s->insert_id[0] == '\0')
		return refuse(cx->err, ER_NOT_SUPPORTED_YET,
		    "LAST_INSERT_ID() is gone with the connection to its server");
	TRY(session_side_query(cx, s, slot,
	    slice_str(arena_printf(&s->arena, "SET last_insert_id = %s", s->insert_id))));
	b->insert_version = s->insert_version;
	return 0;
}

void
session_rest(struct session *s)
{
	for (int i = 0; i < SLOTS_MAX; i++) {
		struct backend *b = s->slots[i];

		if (b == NULL || b->state != BACKEND_IN_USE || i == s->bound || s->keeps[i] != 0 ||
		    s->locked[i] || s->snapshots[i] || i == s->insert_slot ||
		    (s->txn == TXN_OPEN && i == s->txn_slot))
			continue;
		packets_park(mysql_packets(b->client));
		pool_park(&s->loop->pool, b, &s->slots[i]);
	}
	session_check(s);
}

unsigned
session_modes(const struct session *s)
{
	return s->modes | s->charset.modes | s->loop->pool.server_modes;
}

void
session_take_status(struct session *s, int slot, uint16_t status)
{
	session_check(s);
	s->modes = (status & STATUS_NO_BACKSLASH_ESCAPES) != 0 ? SQL_NO_BACKSLASH_ESCAPES : 0;
	if ((status & STATUS_ANSI_QUOTES) != 0)
		s->modes |= SQL_ANSI_QUOTES;
	if (s->snapshots[slot])
		return;
	if ((status & STATUS_IN_TRANS) != 0) {
		s->txn = TXN_OPEN;
		s->txn_slot = slot;
		s->txn_read_only = (status & STATUS_IN_TRANS_READONLY) != 0;
	} else if (s->txn == TXN_OPEN && s->txn_slot == slot) {
		session_end_txn(s);
	}
}

bool
session_at_rest(const struct session *s)
{
	session_check(s);
	return s->txn == TXN_NONE && s->home < 0 && s->lock_slot < 0;
}
