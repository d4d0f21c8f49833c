#include "tablet/write/index.h"

#include "base/fault.h"
#include "base/log.h"
#include "base/mutant.h"
#include "base/parse.h"
#include "sql/quote.h"

#define ONLINE_LOG "innodb_online_alter_log_max_size"

enum {
	ER_DUP_KEYNAME = 1061,
	ER_DUP_ENTRY = 1062,
	ER_ONLINE_LOG_TOO_BIG = 1799,
	BUILD_TRIES =
	    8, /* the log's bound grows fourfold each time: from 128 MB past any table's changes */
	RESTORE_S = 10, /* one statement, at a server that has just answered */
	ONLINE_DUPLICATES =
	    2, /* values that move all the time meet in every online build of a large table */
};

/* The bare table may have a plain index of the name of a unique one. */
static int
has_index(struct ctx *cx, struct mysql_client *c, const struct moved_table *t,
    const struct index_def *index)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	struct mysql_rows rows;

	buf_add_str(&sql, "SELECT 1 FROM information_schema.statistics WHERE table_schema=");
	quote_string(&sql, slice_str(t->database));
	buf_add_str(&sql, " AND table_name=");
	quote_string(&sql, slice_str(t->name));
	buf_add_str(&sql, " AND index_name=");
	quote_string(&sql, slice_str(index->name));
	if (!mutant("tablet_index_of_that_name"))
		buf_addf(&sql, " AND non_unique=%d", !index->unique);
	buf_add_str(&sql, " LIMIT 1");
	TRY(mysql_select(cx, c, buf_slice(&sql), &rows));
	return rows.rows == 1 ? 1 : 0;
}

/* 1: every index is there; 0: some are missing; -1. As one ALTER makes them, it is all or none. */
static int
all_there(struct ctx *cx, struct mysql_client *c, const struct moved_table *t)
{
	for (int i = 0; i < t->def->indexes_count; i++) {
		int has = has_index(cx, c, t, &t->def->indexes[i]);

		if (has != 1)
			return has;
	}
	return 1;
}

/* One table's. */
struct build {
	struct mysql_client *c;
	const struct moved_table *table;
	struct buf sql;
	int duplicates;                  /* met so far */
	uint64_t log_before, log_raised; /* the online log's bound; 0: as it was */
};

/* A terabyte is above any server's disk for temporary files, and below the variable's own end. */
static const uint64_t online_log_max = (uint64_t)1 << 40;

static int
raise_online_log(struct ctx *cx, struct build *b)
{
	struct mysql_rows rows;
	uint64_t now, higher;

	TRY(mysql_selectf(cx, b->c, &rows, "SELECT @@global." ONLINE_LOG));
	if (rows.rows != 1)
		return err_set(cx->err, ERR_CORRUPT, "the target does not tell " ONLINE_LOG);
	TRY(parse_u64(rows.values[0], &now, cx->err));
	higher = now < online_log_max / 4 ? now * 4 : online_log_max;
	TRY(mysql_execf(cx, b->c, "SET GLOBAL " ONLINE_LOG "=%llu", (unsigned long long)higher));
	if (b->log_raised == 0 || now != b->log_raised) /* somebody else's is not ours to undo */
		b->log_before = now;
	b->log_raised = higher;
	return 0;
}

/* Sets the bound back, unless somebody else has set another one meanwhile. After a kill the raised one
 * stays until the server starts again; after two builds that raised it in turn, what one of them added
 * may stay. That costs nothing but room for temporary files in later online builds. */
static void
restore_online_log(struct ctx *cx, struct build *b)
{
	struct err err = { 0 };
	struct ctx own = ctx_shielded(cx, RESTORE_S * SECOND, &err);

	if (b->log_raised == 0)
		return;
	if (mysql_execf(&own, b->c,
		"SET GLOBAL " ONLINE_LOG "=IF(@@global." ONLINE_LOG
		"=%llu, %llu, @@global." ONLINE_LOG ")",
		(unsigned long long)b->log_raised, (unsigned long long)b->log_before) != 0)
		log_warn(
		    ONLINE_LOG " stays at %llu: %s", (unsigned long long)b->log_raised, err.text);
}

/* A transient duplicate is gone when its transaction has been applied. After some, the applier is
 * kept out: what it has committed has no value twice, so that the next duplicate is a real one. */
static int
after_duplicate(struct ctx *cx, struct build *b)
{
	if (++b->duplicates > ONLINE_DUPLICATES)
		return -1;
	if (b->duplicates == ONLINE_DUPLICATES && !mutant("tablet_index_always_online"))
		buf_add_str(&b->sql, ", LOCK=SHARED");
	return task_sleep(cx, SECOND);
}

/* 0: done by somebody else meanwhile, or worth another try. -1: an error that no other try mends. */
static int
after_failure(struct ctx *cx, struct build *b)
{
	if (cx->err->kind != ERR_SERVER)
		return -1;
	log_warn("building the indexes of '%s' failed: %s", b->table->name, cx->err->text);
	switch (cx->err->mysql_errno) {
	case ER_DUP_ENTRY: return after_duplicate(cx, b);
	case ER_DUP_KEYNAME: return task_sleep(cx, SECOND);
	case ER_ONLINE_LOG_TOO_BIG: return raise_online_log(cx, b);
	default: return -1;
	}
}

static int
build_once(struct ctx *cx, struct build *b)
{
	if (fault("stream.index.before"))
		return err_set(cx->err, ERR_RETRY, "fault");
	TRY(mysql_exec(cx, b->c, buf_slice(&b->sql), NULL));
	if (fault("stream.index.after"))
		return err_set(cx->err, ERR_RETRY, "fault");
	return 0;
}

static int
build_missing(struct ctx *cx, struct build *b)
{
	struct err last = { 0 };

	buf_add_str(&b->sql, b->table->complete_sql);
	for (int i = 0; i < BUILD_TRIES; i++) {
		int there = all_there(cx, b->c, b->table);

		if (there != 0 || b->sql.len == 0)
			return there < 0 ? -1 : 0;
		if (build_once(cx, b) == 0)
			return 0;
		last = *cx->err;
		TRY(after_failure(cx, b));
	}
	return err_copy(cx->err, &last);
}

static int
build_all(struct ctx *cx, struct mysql_client *c, const struct moved_table *t)
{
	struct build b = { .c = c, .table = t };

	buf_init(&b.sql);
	int rc = build_missing(cx, &b);
	restore_online_log(cx, &b);
	buf_done(&b.sql);
	return rc == 0
	    ? 0
	    : err_wrap(cx->err, "building the indexes of table '%s.%s'", t->database, t->name);
}

int
index_build(struct ctx *cx, const struct tablet_env *env, const struct moved_table *t)
{
	SCOPED(client) struct mysql_client *c = NULL;
	SCOPED(arena) struct arena arena = ARENA_INIT;
	struct ctx inner = *cx;
	struct table_def *target;

	inner.arena = &arena;
	TRY(env_dba(&inner, env, &c));
	TRY(build_all(&inner, c, t));
	TRY(schema_read(&inner, c,
	    &(struct schema_place){ t->database, t->name, t->def->common, false }, &target));
	return schema_check_hash(target, target->hash, t->def->hash, cx->err);
}

int
index_build_all(struct ctx *cx, const struct tablet_env *env, const struct moved_tables *tables)
{
	for (int i = 0; i < tables->count; i++)
		TRY(index_build(cx, env, &tables->items[i]));
	return 0;
}
