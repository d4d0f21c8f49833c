#include "sim/mini_session.h"

#include "base/check.h"
#include "base/mem.h"
#include "base/parse.h"
#include "sim/mini_catalog.h"
#include "sim/mini_foreign.h"
#include "sim/mini_table.h"

#include <stdio.h>
#include <stdlib.h>

/* Around a SELECT. */
#define COUNT_HEAD "SELECT COUNT(*) FROM ("
#define COUNT_TAIL ") AS rest"
/* Before a table. */
#define COUNT_ALL  "SELECT COUNT(*) FROM `"

enum {
	FILE_MAX = 64 * 1024 * 1024,
	LATE_US = 3 * SECOND, /* longer than a process needs that begins anew */
};

struct mini_session *
session_new(struct minidb *db)
{
	struct mini_session *s = mem_new(struct mini_session);

	s->db = db;
	s->id = ++db->next_id;
	arena_init(&s->arena);
	txn_init(&s->txn, &db->store);
	list_push(&db->sessions, &s->node);
	return s;
}

void
session_end_txn(struct mini_session *s, uint64_t seq)
{
	bool changed = s->txn.changes_count > 0 && seq != 0;

	txn_end(&s->txn, seq);
	list_each(&s->db->sessions, n) {
		struct mini_session *other = list_item(n, struct mini_session, node);

		if (other->txn.waits_for == &s->txn)
			other->txn.waits_for = NULL;
	}
	waitlist_wake_all(&s->db->ended);
	if (changed && s->db->params.committed != NULL)
		s->db->params.committed(s->db->params.arg);
}

void
session_free(struct mini_session *s)
{
	if (s->pending.list != NULL)
		session_make_visible(s);
	session_end_txn(s, 0);
	list_remove(&s->node);
	waitlist_wake_all(&s->db->ended);
	txn_done(&s->txn);
	arena_done(&s->arena);
	free(s);
}

static int
nap(struct ctx *cx, struct mini_session *s, uint64_t limit)
{
	usec duration = (usec)rand_below(&s->db->rand, limit + 1);

	if (duration > 0)
		TRY(task_sleep(cx, duration));
	return s->dead ? err_set(cx->err, ERR_RETRY, "the server went down") : 0;
}

/*
 * Mostly short, at times as long as it may be, and once in a while far longer: that is where races
 * are. The world's own sessions are quick; what was sent ahead is answered at one go.
 */
int
session_pause(struct ctx *cx, struct mini_session *s, usec max)
{
	enum { STALL_ONE_IN = 512, STALL = 32, LONG_ONE_IN = 8, SHORT = 16, OWN = 8 };
	uint64_t kind = rand_below(&s->db->rand, STALL_ONE_IN);
	uint64_t limit = kind % LONG_ONE_IN == 0 ? (uint64_t)max : (uint64_t)max / SHORT;

	if (s->conn == NULL)
		limit /= OWN;
	else if (kind == 1)
		limit = (uint64_t)max * STALL;
	else if (packets_buffered(&s->packets))
		limit = 0;
	return nap(cx, s, limit);
}

void
minidb_place(const struct minidb *db, uint64_t seq, const char **file, uint64_t *offset)
{
	int i = db->binlog.count - 1;

	while (i > 0 && db->binlog.files[i].marks[0].seq > seq)
		i--;
	const struct mini_file *f = &db->binlog.files[i];
	size_t m = f->marks_count - 1;

	while (m > 0 && f->marks[m].seq > seq)
		m--;
	*file = f->name;
	*offset = f->marks[m].offset;
}

/* ---- Transactions */

void
session_make_visible(struct mini_session *s)
{
	list_remove(&s->pending);
	session_end_txn(s, s->txn.logged);
}

static int
commit(struct ctx *cx, struct mini_session *s)
{
	struct minidb *db = s->db;

	if (s->txn.changes_count == 0 || !db->params.binlog) {
		session_end_txn(s, s->txn.changes_count > 0 ? db->store.visible + 1 : 0);
		return 0;
	}
	binlog_add(
	    &db->binlog, s->txn.changes, s->txn.changes_count, (uint32_t)(task_now() / SECOND));
	s->txn.logged = db->binlog.seq;
	list_push(&db->pending, &s->pending);
	waitlist_wake_all(&db->written);
	TRY(nap(cx, s, (uint64_t)db->params.pace.visible / (rand_below(&db->rand, 4) == 0 ? 1 : 8)));
	while (!s->dead && db->pending.first != &s->pending)
		TRY(waitlist_wait(cx, &db->ended));
	if (s->dead)
		return err_set(cx->err, ERR_RETRY, "the server went down");
	session_make_visible(s);
	return 0;
}

static bool
is_deadlock(const struct mini_txn *txn)
{
	const struct mini_txn *t = txn->waits_for;

	while (t != NULL && t != txn)
		t = t->waits_for;
	return t == txn;
}

/* 1: try again; 0: the statement has failed. */
static int
wait_lock(struct ctx *cx, struct mini_session *s, usec until, struct mini_result *out)
{
	struct err unused = { 0 };
	struct ctx inner = *cx;

	if (is_deadlock(&s->txn)) {
		session_end_txn(s, 0);
		return result_error(out, ER_DEADLOCK, "Deadlock found when trying to get lock");
	}
	inner.err = &unused;
	inner.deadline = until;
	int rc = waitlist_wait(&inner, &s->db->ended);
	s->txn.waits_for = NULL;
	if (s->dead || unused.kind == ERR_CANCELLED)
		return err_set(cx->err, ERR_RETRY, "the server went down");
	if (rc == 0)
		return 1;
	return result_error(out, ER_LOCK_WAIT, "Lock wait timeout exceeded");
}

static bool
is_victim(struct mini_session *s, const struct mini_stmt *stmt)
{
	uint64_t one_in = s->db->params.victim_one_in;

	return one_in > 0 && s->conn != NULL && stmt->kind != MINI_SELECT &&
	    rand_below(&s->db->victims, one_in) == 0;
}

static int
run_rows(struct ctx *cx, struct mini_session *s, struct mini_run *run, struct mini_result *out)
{
	usec until = task_now() + s->db->params.pace.lock_wait;

	if (is_victim(s, run->stmt)) {
		session_end_txn(s, 0);
		return result_error(out, ER_DEADLOCK, "Deadlock found when trying to get lock");
	}
	s->txn.begun = s->txn.begun || s->held;
	while (mini_run(run, out) == MINI_BLOCKED) {
		int rc = wait_lock(cx, s, until, out);

		if (rc != 1)
			return rc;
	}
	if (out->error == 0 && !s->txn.begun)
		return commit(cx, s);
	if (!s->txn.begun)
		session_end_txn(s, 0);
	return 0;
}

/* ---- Tables */

static bool
has_locks(const struct mini_table *t)
{
	for (size_t i = 0; i < t->count; i++) {
		if (t->rows[i]->locked_by != NULL)
			return true;
	}
	return false;
}

/* At its end a change of a table needs it for itself. */
static int
wait_for_table(struct ctx *cx, struct mini_session *s, const struct mini_table *t, usec takes)
{
	TRY(session_pause(cx, s, takes));
	while (has_locks(t) && !s->dead)
		TRY(waitlist_wait(cx, &s->db->ended));
	return s->dead ? err_set(cx->err, ERR_RETRY, "the server went down") : 0;
}

/* An online build lets others write. */
static int
alter(struct ctx *cx, struct mini_session *s, struct mini_stmt *stmt, struct mini_result *out)
{
	usec takes = s->db->params.pace.alter;
	int error;

	/* Without a look at a row. */
	if (slice_starts(slice_str(stmt->alter), "ADD CONSTRAINT "))
		takes = s->db->params.pace.statement;
	TRY(wait_for_table(cx, s, stmt->table, takes));
	error = mini_alter(&s->db->store, stmt->table, slice_str(stmt->alter));
	return error == 0 ? 0 : result_error(out, error, "Duplicate key name, or entry for a key");
}

static int
empty(struct ctx *cx, struct mini_session *s, struct mini_table *t)
{
	TRY(wait_for_table(cx, s, t, s->db->params.pace.statement));
	t->count = 0;
	return 0;
}

static int
run_table(struct ctx *cx, struct mini_session *s, struct mini_stmt *stmt, struct mini_result *out)
{
	if (stmt->kind == MINI_ALTER)
		return alter(cx, s, stmt, out);
	if (stmt->kind == MINI_EMPTY)
		return empty(cx, s, stmt->table);
	if (stmt->table == NULL)
		return 0; /* IF EXISTS, IF NOT EXISTS */
	if (stmt->kind == MINI_DROP)
		store_drop(&s->db->store, stmt->table);
	else
		store_add(&s->db->store, stmt->table);
	return 0;
}

int
session_read_file(struct ctx *cx, struct mini_session *s, struct buf *out)
{
	struct slice piece;

	TRY(packets_write(cx, &s->packets,
	    slice_str("\xfb"
		      "rows")));
	TRY(packets_flush(cx, &s->packets));
	do {
		TRY(packets_read(cx, &s->packets, FILE_MAX, &piece));
		buf_add_slice(out, piece);
	} while (piece.len > 0);
	return session_pause(cx, s, s->db->params.pace.statement);
}

static int
run_statement(
    struct ctx *cx, struct mini_session *s, struct mini_stmt *stmt, struct mini_result *out)
{
	SCOPED(buf) struct buf file = BUF_INIT;
	struct mini_run run = { &s->txn, stmt, &s->arena, SLICE_NULL, s->found_rows };

	if (stmt->kind >= MINI_CREATE)
		return run_table(cx, s, stmt, out);
	if (stmt->kind == MINI_LOAD) {
		check(s->conn != NULL);
		TRY(session_read_file(cx, s, &file));
		run.file = buf_slice(&file);
	}
	return run_rows(cx, s, &run, out);
}

static int
run_parsed(struct ctx *cx, struct mini_session *s, struct slice sql, struct mini_result *out)
{
	struct mini_stmt *stmt = arena_new(&s->arena, struct mini_stmt);
	int rc = stmt_read(&s->arena, &s->db->store, sql, stmt);

	if (rc == 0)
		rc = run_statement(cx, s, stmt, out);
	else
		rc = result_error(out, rc, "Table doesn't exist, or does");
	stmt_done(stmt);
	return rc;
}

/* ---- Statements that are not about rows */

static void
one_value(struct mini_session *s, struct mini_result *out, const char *value)
{
	result_begin(out, &s->arena, 1, "value");
	result_add(out, value == NULL ? SLICE_NULL : slice_str(value));
}

static const char *
gtid_text(struct mini_session *s, uint64_t seq)
{
	return seq == 0
	    ? ""
	    : arena_printf(&s->arena, "0-%d-%llu", MINI_SERVER_ID, (unsigned long long)seq);
}

static void
master_status(struct mini_session *s, struct mini_result *out)
{
	const struct mini_file *f = binlog_last(&s->db->binlog);

	result_begin(out, &s->arena, 2, "File", "Position");
	result_add(out, slice_str(f->name));
	result_add(out, slice_str(arena_printf(&s->arena, "%zu", f->bytes.len)));
}

static void
snapshot_status(struct mini_session *s, struct mini_result *out)
{
	const char *file;
	uint64_t offset;

	check(s->txn.snapshot);
	minidb_place(s->db, s->txn.view, &file, &offset);
	result_begin(out, &s->arena, 2, "Variable_name", "Value");
	result_add(out, slice_str("binlog_snapshot_file"));
	result_add(out, slice_str(file));
	result_add(out, slice_str("binlog_snapshot_position"));
	result_add(out, slice_str(arena_printf(&s->arena, "%llu", (unsigned long long)offset)));
}

static bool
lock_is_free(const struct mini_session *s, const char *name)
{
	list_each(&s->db->sessions, n) {
		const struct mini_session *other = list_item(n, struct mini_session, node);

		if (other != s && !other->dead && strcmp(other->lock, name) == 0)
			return false;
	}
	return true;
}

/* SELECT GET_LOCK('name', 10) */
static int
get_lock(struct ctx *cx, struct mini_session *s, struct slice sql, struct mini_result *out)
{
	struct slice rest, name;
	const char *text;
	struct err unused = { 0 };
	struct ctx inner = *cx;
	struct err err;
	uint64_t seconds;

	rest = slice_split(slice_split(sql, '\'', &name), '\'', &name);
	rest = slice_trim(slice_cut(rest, 1, rest.len - 1));
	text = arena_slice_str(&s->arena, name);
	if (parse_u64(rest, &seconds, &err) != 0 || name.len >= sizeof(s->lock))
		mini_cannot(sql, "a lock's name and seconds");
	inner.err = &unused;
	inner.deadline = task_now() + (usec)seconds * SECOND;
	while (!s->dead && !lock_is_free(s, text) && waitlist_wait(&inner, &s->db->ended) == 0)
		;
	if (s->dead || unused.kind == ERR_CANCELLED)
		return err_set(cx->err, ERR_RETRY, "the server went down");
	bool free_now = lock_is_free(s, text);
	if (free_now)
		memcpy(s->lock, text, name.len + 1);
	one_value(s, out, free_now ? "1" : "0");
	return 0;
}

static void
set_variables(struct mini_session *s, struct slice sql)
{
	static const char period[] = "@master_heartbeat_period=", state[] = "@slave_connect_state='";
	static const char checks[] = "foreign_key_checks=";
	const char *at = memmem(sql.ptr, sql.len, period, sizeof(period) - 1);

	s->held = s->held || slice_eq_str(sql, "SET autocommit=0");
	if (at != NULL)
		s->heartbeat = (usec)(strtoll(at + sizeof(period) - 1, NULL, 10) / 1000);
	at = memmem(sql.ptr, sql.len, checks, sizeof(checks) - 1);
	if (at != NULL)
		s->txn.unchecked = at[sizeof(checks) - 1] == '0';
	at = memmem(sql.ptr, sql.len, state, sizeof(state) - 1);
	s->seeks = s->seeks || at != NULL;
	if (at != NULL && at[sizeof(state) - 1] != '\'') /* 0-1-seq, or nothing */
		s->sought = strtoull(at + sizeof(state) - 1 + strlen("0-1-"), NULL, 10);
}

static int
begin(struct ctx *cx, struct mini_session *s, bool snapshot)
{
	TRY(commit(cx, s));
	s->txn.begun = true;
	s->txn.snapshot = snapshot;
	s->txn.view = s->db->store.visible;
	return 0;
}

/* What stands in the parentheses, or all of the table. */
static struct slice
counted(struct mini_session *s, struct slice sql)
{
	size_t tail = strlen(COUNT_TAIL), head = strlen(COUNT_HEAD);

	if (slice_starts(sql, COUNT_ALL))
		return slice_str(arena_printf(&s->arena, "SELECT 1 FROM `%.*s",
		    SLICE_ARG(slice_cut(sql, strlen(COUNT_ALL), sql.len))));
	check(sql.len > head + tail &&
	    slice_eq_str(slice_cut(sql, sql.len - tail, sql.len), COUNT_TAIL));
	return slice_cut(sql, head, sql.len - tail);
}

static int
run_count(struct ctx *cx, struct mini_session *s, struct slice sql, struct mini_result *out)
{
	TRY(run_parsed(cx, s, counted(s, sql), out));
	if (out->error != 0)
		return 0;
	const char *count = arena_printf(&s->arena, "%zu", out->rows);

	result_done(out);
	one_value(s, out, count);
	return 0;
}

static int
commit_asked(struct ctx *cx, struct mini_session *s)
{
	TRY(commit(cx, s));
	return s->ends ? err_set(cx->err, ERR_RETRY, "the connection is cut") : 0;
}

static int
run_text(struct ctx *cx, struct mini_session *s, struct slice sql, struct mini_result *out)
{
	if (slice_starts_nocase(sql, "SET "))
		set_variables(s, sql);
	else if (slice_starts(sql, "BEGIN NOT ATOMIC "))
		return 0; /* what a session says of itself where it may: here all is so */
	else if (slice_eq_str(sql, "BEGIN") || slice_eq_str(sql, "START TRANSACTION"))
		return begin(cx, s, false);
	else if (slice_eq_str(sql, "START TRANSACTION WITH CONSISTENT SNAPSHOT"))
		return begin(cx, s, true);
	else if (slice_eq_str(sql, "COMMIT"))
		return commit_asked(cx, s);
	else if (slice_eq_str(sql, "ROLLBACK"))
		session_end_txn(s, 0);
	else if (slice_eq_str(sql, "SELECT @@global.gtid_binlog_pos"))
		one_value(s, out, gtid_text(s, s->db->binlog.seq));
	else if (slice_eq_str(sql, "SHOW MASTER STATUS"))
		master_status(s, out);
	else if (slice_eq_str(sql, "SHOW STATUS LIKE 'binlog\\_snapshot\\_%'"))
		snapshot_status(s, out);
	else if (slice_eq_str(sql, "XA RECOVER"))
		result_begin(out, &s->arena, 4, "formatID", "gtrid_length", "bqual_length", "data");
	else if (slice_eq_str(sql, "SELECT @master_binlog_checksum"))
		one_value(s, out, "CRC32");
	else if (slice_eq_str(sql, "SELECT @@max_allowed_packet"))
		one_value(s, out, "16777216");
	else if (slice_eq_str(sql, "SELECT @@global.local_infile"))
		one_value(s, out, "1");
	else if (slice_starts(sql, COUNT_HEAD) || slice_starts(sql, COUNT_ALL))
		return run_count(cx, s, sql, out);
	else if (slice_starts(sql, "SELECT GET_LOCK("))
		return get_lock(cx, s, sql, out);
	else if (slice_starts(sql, "SELECT id, host FROM information_schema.processlist"))
		result_begin(out, &s->arena, 2, "id", "host");
	/* READ locks keep writers away from a side that was left: in these worlds nobody writes then. */
	else if (!slice_eq_str(sql, "DO 1") && !slice_starts(sql, "LOCK TABLES ") &&
	    !slice_eq_str(sql, "UNLOCK TABLES") &&
	    !slice_starts(sql, "CREATE DATABASE IF NOT EXISTS ") &&
	    !foreign_answer_orphan(&s->db->store, &s->arena, sql, out) &&
	    !mini_catalog_answer(&s->db->store, &s->arena, sql, out))
		return run_parsed(cx, s, sql, out);
	return 0;
}

/* Once. */
static bool
meets(const char **words, struct slice sql)
{
	bool met = *words != NULL && memmem(sql.ptr, sql.len, *words, strlen(*words)) != NULL;

	if (met)
		*words = NULL;
	return met;
}

int
session_run(struct ctx *cx, struct mini_session *s, struct slice sql, struct mini_result *out)
{
	TRY(session_pause(cx, s, s->db->params.pace.statement));
	if (meets(&s->db->late_at, sql))
		TRY(task_sleep(cx, (usec)rand_below(&s->db->rand, LATE_US)));
	if (meets(&s->db->cut_at, sql))
		return err_set(cx->err, ERR_RETRY, "the connection is cut");
	s->ends = s->ends || meets(&s->db->cut_behind, sql);
	arena_reset(&s->arena);
	TRY(run_text(cx, s, arena_dup(&s->arena, sql), out));
	return session_pause(cx, s, s->db->params.pace.statement);
}
