#include "tablet/guard/fence.h"

#include "base/hash.h"
#include "base/mutant.h"
#include "sql/quote.h"
#include "tablet/server/write_lock.h"

struct verb {
	const char *suffix, *word;
};

static const struct verb verbs[] = { { "ins", "INSERT" }, { "upd", "UPDATE" }, { "del", "DELETE" } };
enum {
	VERBS = sizeof(verbs) / sizeof(verbs[0]),
	/* A look for one table's triggers takes 0.8 ms, one through a database 12 us for each table there. */
	ONE_BY_ONE_MAX = 8,
	ROW_AGAIN_MS = 100, /* a tenth of the wait: others queue behind it */
	ROW_WAIT_S = 1,     /* of each try for a row: the least that InnoDB waits in turn */
	ER_LOCK_WAIT_TIMEOUT = 1205,
	ER_TABLE_NOT_LOCKED = 1100,
};

/* " WHERE workflow='w' AND db='d' AND tbl='t'" */
static void
add_row_condition(struct buf *out, const struct fence *f, const char *table)
{
	sidecar_where(out, f->id.workflow);
	buf_add_str(out, " AND db=");
	quote_string(out, slice_str(f->database));
	buf_add_str(out, " AND tbl=");
	quote_string(out, slice_str(table));
}

/* _switchyard_fence_ins_ab12...: a table's name may fill the 64 characters that a trigger's may have, so
 * the hash of "workflow/table" stands for both. */
static void
add_bare_name(struct buf *out, const struct fence *f, const struct verb *verb, const char *table)
{
	SCOPED(buf) struct buf whose = BUF_INIT;

	if (!mutant("tablet_fence_of_table"))
		buf_addf(&whose, "%s/", f->id.workflow);
	buf_add_str(&whose, table);
	buf_addf(out, FENCE_PREFIX "%s_%016llx", verb->suffix,
	    (unsigned long long)hash_bytes(buf_slice(&whose)));
}

static void
add_trigger_name(struct buf *out, const struct fence *f, const struct verb *verb, const char *table)
{
	quote_ident(out, slice_str(f->database));
	buf_add_str(out, ".`");
	add_bare_name(out, f, verb, table);
	buf_add_char(out, '`');
}

static void
add_create_trigger(
    struct buf *out, const struct fence *f, const struct verb *verb, const char *table)
{
	SCOPED(buf) struct buf message = BUF_INIT;
	SCOPED(buf) struct buf user = BUF_INIT;

	buf_add_str(out, "CREATE TRIGGER IF NOT EXISTS ");
	add_trigger_name(out, f, verb, table);
	buf_addf(out, " BEFORE %s ON ", verb->word);
	quote_table(out, slice_str(f->database), slice_str(table));
	buf_addf(&user, "%s@", f->stream_user);
	buf_addf(out,
	    " FOR EACH ROW BEGIN DECLARE fence_armed INT DEFAULT 1; IF LEFT(USER(), %zu) <> ",
	    user.len);
	quote_string(out, buf_slice(&user));
	buf_add_str(out, " THEN SELECT armed INTO fence_armed FROM ");
	sidecar_table(out, f->id.sidecar, "fence");
	add_row_condition(out, f, table);
	if (!mutant("tablet_fence_limit"))
		buf_add_str(out, " LIMIT 1");
	buf_addf(out,
	    " LOCK IN SHARE MODE; IF fence_armed THEN SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO=%d, "
	    "MESSAGE_TEXT=",
	    FENCE_ERRNO);
	/* MESSAGE_TEXT holds 512 characters; two names have at most 128. */
	buf_addf(&message, FENCE_TEXT "table '%s.%s' has moved", f->database, table);
	quote_string(out, buf_slice(&message));
	buf_add_str(out, "; END IF; END IF; END");
}

/* 1: the row is new; 0: it was there; -1. */
static int
insert_row(struct ctx *cx, struct ddl *d, const struct fence *f, const char *table, bool armed)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	struct mysql_ok ok;

	buf_add_str(&sql, "INSERT IGNORE INTO ");
	sidecar_table(&sql, f->id.sidecar, "fence");
	buf_add_str(&sql, " SET workflow=");
	quote_string(&sql, slice_str(f->id.workflow));
	buf_add_str(&sql, ", db=");
	quote_string(&sql, slice_str(f->database));
	buf_add_str(&sql, ", tbl=");
	quote_string(&sql, slice_str(table));
	buf_addf(&sql, ", armed=%d, attempt=%d", armed, f->attempt);
	TRY(ddl_exec(cx, d, buf_slice(&sql), &ok));
	return ok.affected_rows == 1;
}

static int
delete_row(struct ctx *cx, struct ddl *d, const struct fence *f, const char *table)
{
	SCOPED(buf) struct buf sql = BUF_INIT;

	buf_add_str(&sql, "DELETE FROM ");
	sidecar_table(&sql, f->id.sidecar, "fence");
	add_row_condition(&sql, f, table);
	return ddl_run(cx, d, buf_slice(&sql));
}

/* The fence on one of its tables. */
static struct fence
fence_on_one(const struct fence *f, const char *const *table)
{
	struct fence one = *f;

	one.tables = table;
	one.tables_count = 1;
	return one;
}

/* "(SELECT COUNT(*) ...)" of the workflow's triggers. Where no single table is named, the server looks
 * through all of the database. */
static void
add_count(struct buf *out, const struct fence *f)
{
	buf_add_str(
	    out, "(SELECT COUNT(*) FROM information_schema.triggers WHERE event_object_schema=");
	quote_string(out, slice_str(f->database));
	if (f->tables_count == 1) {
		buf_add_str(out, " AND event_object_table=");
		quote_string(out, slice_str(f->tables[0]));
	}
	buf_add_str(out, " AND trigger_name IN (''");
	for (int t = 0; t < f->tables_count; t++) {
		for (int v = 0; v < VERBS; v++) {
			buf_add_str(out, ", '");
			add_bare_name(out, f, &verbs[v], f->tables[t]);
			buf_add_char(out, '\'');
		}
	}
	buf_add_str(out, "))");
}

/* How many are there: VERBS for each of the tables. In the hold, so of few tables each is looked at by its
 * name, and of more all in one look through the database; in one statement in any case. */
static int
count_triggers(struct ctx *cx, struct mysql_client *c, const struct fence *f, uint64_t *count)
{
	SCOPED(arena) struct arena arena = ARENA_INIT;
	SCOPED(buf) struct buf sql = BUF_INIT;
	struct mysql_rows rows;
	struct ctx inner = *cx;

	inner.arena = &arena;
	buf_add_str(&sql, "SELECT ");
	if (f->tables_count > ONE_BY_ONE_MAX)
		add_count(&sql, f);
	for (int t = 0; f->tables_count <= ONE_BY_ONE_MAX && t < f->tables_count; t++) {
		struct fence one = fence_on_one(f, &f->tables[t]);

		buf_add_str(&sql, t == 0 ? "" : "+");
		add_count(&sql, &one);
	}
	TRY(mysql_select(&inner, c, buf_slice(&sql), &rows));
	return parse_u64(rows.rows == 1 ? rows.values[0] : SLICE_NULL, count, cx->err);
}

static int
create_three(struct ctx *cx, struct mysql_client *c, const char *table, void *fence)
{
	for (int v = 0; v < VERBS; v++) {
		SCOPED(buf) struct buf sql = BUF_INIT;

		add_create_trigger(&sql, fence, &verbs[v], table);
		TRY(mysql_exec(cx, c, buf_slice(&sql), NULL));
	}
	return 0;
}

static int
drop_three(struct ctx *cx, struct mysql_client *c, const char *table, void *fence)
{
	for (int v = 0; v < VERBS; v++) {
		SCOPED(buf) struct buf sql = BUF_INIT;

		buf_add_str(&sql, "DROP TRIGGER IF EXISTS ");
		add_trigger_name(&sql, fence, &verbs[v], table);
		TRY(mysql_exec(cx, c, buf_slice(&sql), NULL));
	}
	return 0;
}

/* Those of its tables whose number of triggers says so. */
static int
pick_tables(struct ctx *cx, struct ddl *d, const struct fence *f, struct write_lock_set *out,
    bool (*is_wanted)(uint64_t count))
{
	out->database = f->database;
	out->tables = arena_array(cx->arena, const char *, (size_t)f->tables_count);
	for (int t = 0; t < f->tables_count; t++) {
		struct fence one = fence_on_one(f, &f->tables[t]);
		uint64_t count;

		TRY(count_triggers(cx, d->session, &one, &count));
		if (is_wanted(count))
			out->tables[out->count++] = f->tables[t];
	}
	return 0;
}

static bool
is_torn(uint64_t triggers)
{
	return triggers < VERBS;
}

static bool
is_guarded(uint64_t triggers)
{
	return triggers > 0;
}

/* All three of a table at one time, so that it is asked for once. */
static int
create_triggers(struct ctx *cx, struct ddl *d, const struct fence *f)
{
	struct write_lock_set set = { .work = create_three, .arg = (void *)(uintptr_t)f };

	TRY(pick_tables(cx, d, f, &set, is_torn));
	if (write_lock_run(cx, d, &set) == 0)
		return 0;
	return err_wrap(
	    cx->err, "installing the fence on table '%s.%s'", f->database, set.tables[set.at]);
}

/* No trigger reads a row that was just made, so it is taken back. It must not be left to a removal of the
 * fence: an account that may not make triggers may not drop them either. */
static int
take_back(struct ctx *cx, struct ddl *d, const struct fence *f, const bool *fresh)
{
	for (int t = 0; t < f->tables_count; t++) {
		struct fence one = fence_on_one(f, &f->tables[t]);
		uint64_t count;

		if (!fresh[t])
			continue;
		TRY(count_triggers(cx, d->session, &one, &count));
		if (count == 0)
			TRY(delete_row(cx, d, f, f->tables[t]));
	}
	return 0;
}

static int
insert_rows(struct ctx *cx, struct ddl *d, const struct fence *f, bool armed, bool *fresh)
{
	for (int t = 0; t < f->tables_count; t++) {
		int made = insert_row(cx, d, f, f->tables[t], armed);

		if (made < 0)
			return err_wrap(cx->err, "installing the fence on table '%s.%s'",
			    f->database, f->tables[t]);
		fresh[t] = made == 1;
	}
	return 0;
}

int
fence_install(struct ctx *cx, struct ddl *d, const struct fence *f, bool armed)
{
	bool *fresh = arena_array(cx->arena, bool, (size_t)f->tables_count);
	struct err first;

	TRY(insert_rows(cx, d, f, armed, fresh)); /* (1) */
	if (create_triggers(cx, d, f) == 0)
		return 0;
	first = *cx->err;
	if (first.kind == ERR_SERVER)
		TRY(take_back(cx, d, f, fresh));
	return err_copy(cx->err, &first);
}

int
fence_check(struct ctx *cx, struct mysql_client *dba, const struct fence *f)
{
	uint64_t count, whole = (uint64_t)f->tables_count * VERBS;

	TRY(count_triggers(cx, dba, f, &count));
	if (count == whole)
		return 0;
	return err_set(cx->err, ERR_RETRY,
	    "the fence of workflow '%s' is not whole: %d of its %d triggers are there",
	    f->id.workflow, (int)count, (int)whole);
}

/* (5): the triggers are counted first. Where there is none, the table is not asked for: it may have been
 * dropped, with its triggers. */
int
fence_remove(struct ctx *cx, struct ddl *d, const struct fence *f)
{
	struct write_lock_set set = { .work = drop_three, .arg = (void *)(uintptr_t)f };

	TRY(pick_tables(cx, d, f, &set, is_guarded));
	if (write_lock_run(cx, d, &set) != 0)
		return err_wrap(cx->err, "removing the fence of table '%s.%s'", f->database,
		    set.tables[set.at]);
	for (int t = 0; t < f->tables_count; t++)
		TRY(delete_row(cx, d, f, f->tables[t]));
	return 0;
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

	add_create_trigger(&sql, f, &verbs[0], table);
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

static int
try_on(struct ctx *cx, struct ddl *d, const struct fence *f, const char *table)
{
	SCOPED(buf) struct buf lock = BUF_INIT;
	struct err first;

	if (insert_row(cx, d, f, table, false) < 0)
		return -1;
	TRY(delete_row(cx, d, f, table));
	TRY(try_lock(cx, d, f, table));
	buf_add_str(&lock, "LOCK TABLES ");
	sidecar_table(&lock, f->id.sidecar, "heartbeat");
	buf_add_str(&lock, " READ");
	TRY(ddl_run(cx, d, buf_slice(&lock)));
	int rc = try_trigger(cx, d, f, table);
	first = *cx->err;
	if (mysql_broken(d->session))
		return -1;
	TRY(mysql_exec(cx, d->session, slice_str("UNLOCK TABLES"), NULL));
	return rc == 0 ? 0 : err_copy(cx->err, &first);
}

int
fence_try(struct ctx *cx, struct ddl *d, const struct fence *f)
{
	for (int t = 0; t < f->tables_count; t++) {
		if (try_on(cx, d, f, f->tables[t]) != 0)
			return err_wrap(cx->err, "trying the fence on table '%s.%s'", f->database,
			    f->tables[t]);
	}
	return 0;
}

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

/* UPDATE of its rows unless a higher attempt was there; tells how many matched. */
static int
update_rows(struct ctx *cx, struct mysql_client *dba, const char *set, const struct fence *f,
    uint64_t *matched)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	struct mysql_ok ok;

	/* (6) */
	buf_addf(&sql, "SET STATEMENT innodb_lock_wait_timeout=%d FOR UPDATE ", ROW_WAIT_S);
	sidecar_table(&sql, f->id.sidecar, "fence");
	buf_addf(&sql, " SET %s, attempt=%d", set, f->attempt);
	add_rows_condition(&sql, f);
	buf_addf(&sql, " AND attempt<=%d", f->attempt);
	TRY(mysql_exec(cx, dba, buf_slice(&sql), &ok));
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
