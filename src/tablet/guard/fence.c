#include "tablet/guard/fence.h"

#include "base/mutant.h"
#include "sql/quote.h"
#include "tablet/server/again.h"
#include "tablet/server/undo.h"
#include "topo/name_index.h"

enum {
	ROW_AGAIN_MS = 100, /* a tenth of the wait: others queue behind it */
	ROW_WAIT_S = 1,     /* of each try for a row: the least that InnoDB waits in turn */
	ER_LOCK_WAIT_TIMEOUT = 1205,
	ER_TABLE_NOT_LOCKED = 1100,
};

/* " WHERE workflow='w' AND (db,tbl) IN (('d','t'),...)": its tables alone. What an earlier move of that name
 * has left guards tables that are moved already, and stays. */
static void
add_rows_condition(struct buf *out, const struct fence *f)
{
	sidecar_where(out, f->id.workflow);
	buf_add_str(out, " AND (db,tbl) IN (");
	for (int t = 0; t < f->tables_count; t++) {
		buf_add_str(out, t == 0 ? "(" : ",(");
		quote_string(out, slice_str(f->database));
		buf_add_char(out, ',');
		quote_string(out, slice_str(f->tables[t]));
		buf_add_char(out, ')');
	}
	buf_add_char(out, ')');
}

/* Those that are there already stay as they are. */
static int
insert_rows(struct ctx *cx, struct ddl *d, const struct fence *f, bool armed)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	struct mysql_ok ok;

	buf_add_str(&sql, "INSERT IGNORE INTO ");
	sidecar_table(&sql, f->id.sidecar, "fence");
	buf_add_str(&sql, " (workflow,db,tbl,armed,attempt) VALUES ");
	for (int t = 0; t < f->tables_count; t++) {
		buf_add_str(&sql, t == 0 ? "(" : ",(");
		quote_string(&sql, slice_str(f->id.workflow));
		buf_add_char(&sql, ',');
		quote_string(&sql, slice_str(f->database));
		buf_add_char(&sql, ',');
		quote_string(&sql, slice_str(f->tables[t]));
		buf_addf(&sql, ",%d,%d)", armed, f->attempt);
	}
	return ddl_exec(cx, d, buf_slice(&sql), &ok);
}

static int
delete_rows(struct ctx *cx, struct ddl *d, const struct fence *f)
{
	SCOPED(buf) struct buf sql = BUF_INIT;

	buf_add_str(&sql, "DELETE FROM ");
	sidecar_table(&sql, f->id.sidecar, "fence");
	add_rows_condition(&sql, f);
	return ddl_run(cx, d, buf_slice(&sql));
}

/* Of some of its tables: those that are kept. */
static struct fence
fence_on_some(struct arena *a, const struct fence *f, const bool *kept)
{
	struct fence some = *f;
	const char **tables = arena_array(a, const char *, (size_t)f->tables_count);

	some.tables = tables;
	some.tables_count = 0;
	for (int t = 0; t < f->tables_count; t++) {
		if (kept[t])
			tables[some.tables_count++] = f->tables[t];
	}
	return some;
}

/* Which of its tables have no row. */
static int
find_fresh(struct ctx *cx, struct ddl *d, const struct fence *f, bool *fresh)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	struct name_index there;
	struct mysql_rows rows;

	buf_add_str(&sql, "SELECT tbl FROM ");
	sidecar_table(&sql, f->id.sidecar, "fence");
	add_rows_condition(&sql, f);
	TRY(mysql_select(cx, d->session, buf_slice(&sql), &rows));
	there = name_index_new(cx->arena, rows.rows);
	for (size_t i = 0; i < rows.rows; i++)
		name_index_add(&there, "", arena_slice_str(cx->arena, rows.values[i]), i);
	name_index_sort(&there);
	for (int t = 0; t < f->tables_count; t++)
		fresh[t] = name_index_find(&there, "", f->tables[t]) == NULL;
	return 0;
}

/* No trigger reads a row that was just made, so it is taken back. It must not be left to a removal of the
 * fence: an account that may not make triggers may not drop them either. */
static int
take_back(struct ctx *cx, struct ddl *d, const struct fence *f, bool *fresh)
{
	uint64_t *counts = arena_array(cx->arena, uint64_t, (size_t)f->tables_count);
	struct fence bare;

	TRY(fence_triggers_each(cx, d, f, counts));
	for (int t = 0; t < f->tables_count; t++)
		fresh[t] = fresh[t] && counts[t] == 0;
	bare = fence_on_some(cx->arena, f, fresh);
	return bare.tables_count == 0 ? 0 : delete_rows(cx, d, &bare);
}

static int
insert_missing(struct ctx *cx, struct ddl *d, const struct fence *f, bool armed, const bool *fresh)
{
	struct fence bare = fence_on_some(cx->arena, f, fresh);

	if (bare.tables_count == 0 || insert_rows(cx, d, &bare, armed) == 0)
		return 0;
	return err_wrap(
	    cx->err, "installing the fence on table '%s.%s'", f->database, bare.tables[0]);
}

int
fence_install(struct ctx *cx, struct ddl *d, const struct fence *f, bool armed)
{
	bool *fresh = arena_array(cx->arena, bool, (size_t)f->tables_count);
	struct err first;

	TRY(find_fresh(cx, d, f, fresh));
	TRY(insert_missing(cx, d, f, armed, fresh)); /* (1) */
	if (fence_triggers_create(cx, d, f) == 0)
		return 0;
	first = *cx->err;
	if (first.kind == ERR_SERVER)
		TRY(take_back(cx, d, f, fresh));
	return err_copy(cx->err, &first);
}

int
fence_check(struct ctx *cx, struct mysql_client *dba, const struct fence *f)
{
	uint64_t count, whole = (uint64_t)f->tables_count * FENCE_VERBS;

	TRY(fence_triggers_count(cx, dba, f, &count));
	if (count == whole)
		return 0;
	return err_set(cx->err, ERR_RETRY,
	    "the fence of workflow '%s' is not whole: %d of its %d triggers are there",
	    f->id.workflow, (int)count, (int)whole);
}

int
fence_remove(struct ctx *cx, struct ddl *d, const struct fence *f)
{
	TRY(fence_triggers_drop(cx, d, f));
	return delete_rows(cx, d, f);
}

int
fence_open(struct ctx *cx, const struct tablet_env *env, struct moves *moves)
{
	SCOPED(client) struct mysql_client *dba = NULL;
	SCOPED(arena) struct arena arena = ARENA_INIT;
	SCOPED(buf) struct buf sql = BUF_INIT;
	struct mysql_rows rows;
	struct ctx inner = *cx;

	if (mutant("guard_rows_unread"))
		return 0;
	inner.arena = &arena;
	buf_add_str(&sql, "SELECT workflow, MAX(attempt) FROM ");
	sidecar_table(&sql, env->sidecar, "fence");
	buf_add_str(&sql, " GROUP BY workflow");
	TRY(env_dba(&inner, env, &dba));
	TRY(mysql_select(&inner, dba, buf_slice(&sql), &rows));
	for (size_t i = 0; i < rows.rows; i++) {
		const struct slice *row = rows.values + i * rows.columns;
		int seen;

		TRY(parse_int(row[1], 0, INT32_MAX, &seen, cx->err));
		move_saw(move_of(moves, arena_slice_str(&arena, row[0])), seen);
	}
	return 0;
}

/* ---- Trying it */

/* While another table is locked the server looks at the account's rights, and then refuses, before it
 * asks for the table. */
static int
try_trigger(struct ctx *cx, struct ddl *d, const struct fence *f, const char *table)
{
	SCOPED(buf) struct buf sql = BUF_INIT;

	fence_trigger_sql(&sql, f, table);
	if (mysql_exec(cx, d->session, buf_slice(&sql), NULL) == 0)
		return err_set(
		    cx->err, ERR_CORRUPT, "a trigger was made on a table that was not locked");
	/* ER_LOCK_WAIT_TIMEOUT: somebody keeps all DDL away for now (BACKUP STAGE, say). The rights are
	 * there. */
	return cx->err->mysql_errno == ER_TABLE_NOT_LOCKED ||
		cx->err->mysql_errno == ER_LOCK_WAIT_TIMEOUT
	    ? 0
	    : -1;
}

/* Tries whether the account may lock the table. The server says so before it looks at the table, so that the
 * answer does not depend on who uses it now. */
static int
try_lock(struct ctx *cx, struct ddl *d, const struct fence *f, const char *table)
{
	SCOPED(buf) struct buf sql = BUF_INIT;

	buf_add_str(&sql, "LOCK TABLES ");
	quote_table(&sql, slice_str(f->database), slice_str(table));
	buf_add_str(&sql, " READ");
	if (mysql_exec(cx, d->session, buf_slice(&sql), NULL) == 0)
		return mysql_exec(cx, d->session, slice_str("UNLOCK TABLES"), NULL);
	return cx->err->mysql_errno == ER_LOCK_WAIT_TIMEOUT ? 0 : -1;
}

/* Sees the right to rows and to triggers. Another table is locked meanwhile (try_trigger). */
static int
try_triggers(struct ctx *cx, struct ddl *d, const struct fence *f)
{
	SCOPED(buf) struct buf lock = BUF_INIT;
	int rc = 0;

	buf_add_str(&lock, "LOCK TABLES ");
	sidecar_table(&lock, f->id.sidecar, "heartbeat");
	buf_add_str(&lock, " READ");
	TRY(ddl_run(cx, d, buf_slice(&lock)));
	for (int t = 0; rc == 0 && t < f->tables_count; t++) {
		rc = try_trigger(cx, d, f, f->tables[t]);
		if (rc != 0)
			err_wrap(cx->err, "trying the fence on table '%s.%s'", f->database,
			    f->tables[t]);
	}
	return undo_exec(cx, d->session, "UNLOCK TABLES", rc);
}

int
fence_try(struct ctx *cx, struct ddl *d, const struct fence *f)
{
	if (insert_rows(cx, d, f, false) != 0)
		return err_wrap(cx->err, "trying the fence");
	TRY(delete_rows(cx, d, f));
	for (int t = 0; t < f->tables_count; t++) {
		if (try_lock(cx, d, f, f->tables[t]) != 0)
			return err_wrap(cx->err, "trying the fence on table '%s.%s'", f->database,
			    f->tables[t]);
	}
	return try_triggers(cx, d, f);
}

/* Waits for each row ROW_WAIT_S at most (6). A session whose wait is another afterwards is of no use. */
static int
exec_row_wait(struct ctx *cx, struct mysql_client *dba, struct slice sql, struct mysql_ok *ok)
{
	SCOPED(buf) struct buf bounded = BUF_INIT;
	const struct dialect *d = mysql_dialect(dba);
	SCOPED(buf) struct buf back = BUF_INIT;

	if (d->row_wait != NULL) {
		d->row_wait(&bounded, ROW_WAIT_S, sql);
		return again_exec(cx, dba, buf_slice(&bounded), ok);
	}
	TRY(mysql_execf(cx, dba, "SET innodb_lock_wait_timeout=%d", ROW_WAIT_S));
	buf_addf(&back, "SET innodb_lock_wait_timeout=%d", ROLE_ROW_WAIT_S);
	return undo_exec(cx, dba, back.data, again_exec(cx, dba, sql, ok));
}

/* UPDATE of its rows unless a higher attempt was there; tells how many matched. */
static int
update_rows(struct ctx *cx, struct mysql_client *dba, const char *set, const struct fence *f,
    uint64_t *matched)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	struct mysql_ok ok;

	buf_add_str(&sql, "UPDATE ");
	sidecar_table(&sql, f->id.sidecar, "fence");
	buf_addf(&sql, " SET %s, attempt=%d", set, f->attempt);
	add_rows_condition(&sql, f);
	buf_addf(&sql, " AND attempt<=%d", f->attempt);
	TRY(exec_row_wait(cx, dba, buf_slice(&sql), &ok));
	*matched = ok.affected_rows; /* found_rows: matched, not changed */
	return 0;
}

/* How many of its rows this attempt may change, as far as can be seen without locking. */
static int
count_rows(struct ctx *cx, struct mysql_client *dba, const char *only, const struct fence *f,
    uint64_t *count)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	SCOPED(arena) struct arena arena = ARENA_INIT;
	struct mysql_rows rows;
	struct ctx inner = *cx;

	inner.arena = &arena;
	buf_add_str(&sql, "SELECT COUNT(*) FROM ");
	sidecar_table(&sql, f->id.sidecar, "fence");
	add_rows_condition(&sql, f);
	buf_addf(&sql, " AND %s AND attempt<=%d", only, f->attempt);
	TRY(mysql_select(&inner, dba, buf_slice(&sql), &rows));
	return parse_u64(rows.rows == 1 ? rows.values[0] : SLICE_NULL, count, cx->err);
}

int
fence_current(struct ctx *cx, struct mysql_client *dba, const struct fence *f)
{
	SCOPED(arena) struct arena arena = ARENA_INIT;
	SCOPED(buf) struct buf sql = BUF_INIT;
	struct mysql_rows rows;
	struct ctx inner = *cx;
	int seen;

	inner.arena = &arena;
	buf_add_str(&sql, "SELECT MAX(attempt) FROM ");
	sidecar_table(&sql, f->id.sidecar, "fence");
	add_rows_condition(&sql, f);
	TRY(mysql_select(&inner, dba, buf_slice(&sql), &rows));
	if (rows.rows != 1 || slice_is_null(rows.values[0]))
		return err_set(
		    cx->err, ERR_CONFLICT, "the fence of '%s' is not installed", f->move->workflow);
	TRY(parse_int(rows.values[0], 0, INT32_MAX, &seen, cx->err));
	move_saw(f->move, seen);
	return move_admit(f->move, f->attempt, cx->err);
}

int
fence_arm(struct ctx *cx, struct mysql_client *dba, const struct fence *f)
{
	uint64_t matched;

	TRY(update_rows(cx, dba, "armed=1", f, &matched));
	if (matched == (uint64_t)f->tables_count)
		return 0;
	TRY(fence_current(cx, dba, f));
	return mutant("guard_arms_some")
	    ? 0
	    : err_set(cx->err, ERR_RETRY, "the fence of '%s' is not whole: %d rows for %d tables",
		  f->move->workflow, (int)matched, f->tables_count);
}

int
fence_disarm(struct ctx *cx, struct mysql_client *dba, const struct fence *f)
{
	uint64_t matched, armed;

	while (update_rows(cx, dba, "armed=0", f, &matched) != 0) {
		if (cx->err->mysql_errno != ER_LOCK_WAIT_TIMEOUT)
			return -1;
		err_clear(cx->err);
		TRY(count_rows(cx, dba, "armed=1", f, &armed));
		if (armed == 0)
			return 0;
		TRY(task_sleep(cx, ROW_AGAIN_MS * MSEC));
	}
	return 0;
}

int
fence_armed(struct ctx *cx, struct mysql_client *dba, const struct fence *f, bool *armed)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	SCOPED(arena) struct arena arena = ARENA_INIT;
	struct mysql_rows rows;
	struct ctx inner = *cx;
	uint64_t count;

	inner.arena = &arena;
	buf_add_str(&sql, "SELECT COUNT(*) FROM ");
	sidecar_table(&sql, f->id.sidecar, "fence");
	add_rows_condition(&sql, f);
	buf_addf(&sql, " AND armed=1 AND attempt=%d", f->attempt);
	TRY(mysql_select(&inner, dba, buf_slice(&sql), &rows));
	TRY(parse_u64(rows.rows == 1 ? rows.values[0] : SLICE_NULL, &count, cx->err));
	*armed = count == (uint64_t)f->tables_count;
	return 0;
}
