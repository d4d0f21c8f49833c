#include "sim/minidb.h"

#include "base/check.h"
#include "base/mem.h"
#include "mysql/command.h"
#include "sim/mini_dump.h"
#include "sim/mini_session.h"
#include "task/sim.h"

#include <stdio.h>
#include <stdlib.h>

enum { STATEMENT_MAX = 64 * 1024 * 1024 };

/* ---- A client's session */

static int
answer(struct ctx *cx, struct mini_session *s, const struct mini_result *r)
{
	struct err e;

	if (r->error != 0) {
		err_set(&e, ERR_SERVER, "%s", r->text);
		e.mysql_errno = r->error;
		memcpy(e.sqlstate, r->error == ER_DEADLOCK ? "40001" : "HY000", 6);
		return server_send_err(cx, &s->packets, &e);
	}
	uint16_t status = s->held ? 0 : STATUS_AUTOCOMMIT;

	if (s->txn.begun)
		status |= STATUS_IN_TRANS;
	if (r->columns == 0)
		return server_send_ok(cx, &s->packets, s->client.caps,
		    &(struct ok_packet){
			.affected_rows = r->affected, .status = status, .info = slice_str(r->info) });
	return server_send_rows(cx, &s->packets, s->client.caps,
	    &(struct server_rows){ .columns = r->columns,
		.rows = r->rows,
		.names = r->names,
		.values = r->values,
		.status = status });
}

static int
query(struct ctx *cx, struct mini_session *s, struct slice sql)
{
	struct mini_result r = { 0 };
	int rc = session_run(cx, s, sql, &r);

	if (rc == 0)
		rc = answer(cx, s, &r);
	result_done(&r);
	return rc;
}

static int
serve_one(struct ctx *cx, struct mini_session *s, struct slice packet)
{
	SCOPED(buf) struct buf copy = BUF_INIT; /* a load reads more packets meanwhile */
	struct command_packet c;

	buf_add_slice(&copy, packet);
	TRY(command_read(buf_slice(&copy), &c, cx->err));
	if (c.com == COM_QUERY)
		return query(cx, s, c.text);
	if (c.com == COM_BINLOG_DUMP)
		return dump_serve(cx, s, buf_slice(&copy));
	if (c.com == COM_QUIT)
		return -1;
	if (c.com == COM_RESET_CONNECTION)
		s->txn.unchecked = false;
	if (c.com != COM_REGISTER_SLAVE && c.com != COM_PING && c.com != COM_RESET_CONNECTION)
		mini_cannot(buf_slice(&copy), command_name(c.com));
	return server_send_ok(
	    cx, &s->packets, s->client.caps, &(struct ok_packet){ .status = STATUS_AUTOCOMMIT });
}

static int
serve(struct ctx *cx, struct mini_session *s)
{
	for (;;) {
		struct slice packet;

		packets_await_command(&s->packets);
		TRY(packets_read(cx, &s->packets, STATEMENT_MAX, &packet));
		TRY(serve_one(cx, s, packet));
		if (s->dead)
			return -1;
	}
}

static bool
lookup(void *arg, struct slice user, struct auth_stored *out)
{
	auth_store(slice_of("", 0), out);
	return true;
}

static void
session_main(void *arg)
{
	struct mini_session *s = arg;
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err, .arena = &s->arena };
	struct server_params params = {
		.version = "10.11.99-MariaDB-mini",
		.thread_id = s->id,
		.caps = SERVER_CAPS,
		.lookup = lookup,
	};

	packets_init(&s->packets, s->conn);
	if (server_greet(&cx, &s->packets, &params, &s->client) == 0 &&
	    server_welcome(&cx, &s->packets, &s->client) == 0) {
		s->found_rows = (s->client.caps & CAP_FOUND_ROWS) != 0;
		(void)!serve(&cx, s); /* the client went away, or the server did */
	}
	packets_done(&s->packets);
	conn_close(s->conn);
	session_free(s);
}

static void
accept_main(void *arg)
{
	struct minidb *db = arg;
	struct listener *listener = db->listener;
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err };
	struct conn *conn;

	while (
	    listener != NULL && db->listener == listener && net_accept(&cx, listener, &conn) == 0) {
		struct mini_session *s = session_new(db);

		s->conn = conn;
		if (group_spawn(&db->group, "minidb session", session_main, s, &err) != 0)
			check_failed(__FILE__, __LINE__, err.text);
	}
}

/* ---- The server */

void
minidb_up(struct minidb *db)
{
	struct err err;

	check(db->listener == NULL);
	db->listener = net_listen(db->params.address, false, &err);
	if (db->listener == NULL ||
	    group_spawn(&db->group, "minidb accept", accept_main, db, &err) != 0)
		check_failed(__FILE__, __LINE__, err.text);
}

bool
minidb_is_up(const struct minidb *db)
{
	return db->listener != NULL;
}

struct minidb *
minidb_start(const struct minidb_params *params)
{
	struct minidb *db = mem_new(struct minidb);

	db->params = *params;
	rand_seed(&db->rand, params->seed);
	rand_seed(&db->victims, ~params->seed);
	store_init(&db->store);
	binlog_init(&db->binlog);
	list_init(&db->sessions);
	list_init(&db->pending);
	group_init(&db->group);
	minidb_up(db);
	return db;
}

/* What is in the binlog is committed, when a server begins as when it ends. */
static void
settle_pending(struct minidb *db)
{
	while (!list_empty(&db->pending))
		session_make_visible(list_item(db->pending.first, struct mini_session, pending));
}

void
minidb_crash(struct minidb *db)
{
	struct listener *listener = db->listener;

	check(listener != NULL);
	settle_pending(db);
	list_each(&db->sessions, n) {
		struct mini_session *s = list_item(n, struct mini_session, node);

		s->dead = true;
		session_end_txn(s, 0);
	}
	sim_reset(db->params.address);
	db->listener = NULL;
	listener_close(listener);
	binlog_rotate(&db->binlog, false);
	waitlist_wake_all(&db->written);
	waitlist_wake_all(&db->ended);
}

void
minidb_rotate(struct minidb *db)
{
	binlog_rotate(&db->binlog, true);
	waitlist_wake_all(&db->written);
}

void
minidb_stop(struct minidb *db)
{
	struct listener *listener = db->listener;

	settle_pending(db);
	db->listener = NULL;
	group_done(&db->group);
	listener_close(listener);
	check(list_empty(&db->sessions));
	store_done(&db->store);
	binlog_done(&db->binlog);
	free(db);
}

/* ---- The world's own sessions */

struct mini_session *
minidb_open(struct minidb *db)
{
	return db->listener == NULL ? NULL : session_new(db);
}

void
minidb_close(struct mini_session *s)
{
	if (s != NULL)
		session_free(s);
}

bool
minidb_kill_for(struct mini_session *heir, const char *lock)
{
	struct minidb *db = heir->db;

	list_each(&db->sessions, n) {
		struct mini_session *s = list_item(n, struct mini_session, node);

		if (s->conn == NULL || strcmp(s->lock, lock) != 0)
			continue;
		s->dead = true;
		conn_close(s->conn); /* its task wakes up and ends */
		s->conn = NULL;
		snprintf(heir->lock, sizeof(heir->lock), "%s", lock);
		return true;
	}
	return false;
}

int
minidb_exec(struct ctx *cx, struct mini_session *s, const char *sql)
{
	struct mini_result r = { 0 };
	int rc = session_run(cx, s, slice_str(sql), &r);

	if (rc == 0)
		rc = r.error;
	result_done(&r);
	return rc;
}

struct mini_store *
minidb_store(struct minidb *db)
{
	return &db->store;
}

uint64_t
minidb_seq(const struct minidb *db)
{
	return db->binlog.seq;
}

uint64_t
minidb_visible(const struct minidb *db)
{
	return db->store.visible;
}

void
minidb_cut_at(struct minidb *db, const char *words)
{
	db->cut_at = words;
}

void
minidb_cut_behind(struct minidb *db, const char *words)
{
	db->cut_behind = words;
}

void
minidb_late_at(struct minidb *db, const char *words)
{
	db->late_at = words;
}

bool
minidb_is_late(const struct minidb *db)
{
	return db->late_at == NULL;
}
