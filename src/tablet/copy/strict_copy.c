#include "tablet/copy/strict_copy.h"

#include "base/fault.h"
#include "base/log.h"
#include "base/mutant.h"
#include "base/parse.h"
#include "sql/quote.h"
#include "tablet/copy/chunk.h"
#include "tablet/copy/copy_state.h"
#include "tablet/copy/copy_worker.h"
#include "tablet/copy/still_view.h"
#include "tablet/server/stream_ddl.h"
#include "tablet/table/table_row.h"
#include "tablet/write/load_checked.h"

enum {
	EMPTY_WITHIN_S = 10,  /* milliseconds, at a table that nobody else uses */
	PLACE_WITHIN_S = 10,  /* some thousand tries, while the applier stands still */
	OPEN_WITHIN_S = 60,   /* as a copy's worker: logins, and a view with its place */
	BATCH_WITHIN_S = 600, /* as a chunk's load */
	READ_WITHIN_S = 600,  /* from row to row: longer than a table takes to be opened */
};

/* Both connections, and one table at a time. */
struct pass {
	const struct strict_copy *s;
	struct mysql_client *source, *target;
	const struct moved_table *table;
	struct load load;
	struct buf rows; /* of the batch */
	struct load_batch batch;
	size_t batch_rows; /* at most */
	int64_t loaded;    /* rows of the table */
};

/* ---- Before */

/* What a process that died has copied. Where it looks empty a COMMIT of that one may be under way, for which
 * this waits: its transaction has the table. */
static int
empty_table(struct ctx *cx, struct pass *p, struct ddl *d, const struct moved_table *t)
{
	struct ctx within = ctx_within(cx, EMPTY_WITHIN_S * SECOND);
	SCOPED(buf) struct buf name = BUF_INIT;

	quote_table(&name, slice_str(t->database), slice_str(t->name));
	if (t->def->versioned) {
		/* Of such a table the server truncates nothing. */
		TRY(ddl_runf(&within, d, "DROP TABLE IF EXISTS %s", name.data));
		TRY(ddl_run(&within, d, slice_str(t->bare_sql)));
	} else if (!mutant("copy_strict_emptied")) {
		TRY(ddl_runf(&within, d, "TRUNCATE TABLE %s", name.data));
	}
	copier_note_strict(p->s->copier, t->index, 0, false);
	return copy_state_forget(cx, p->target, p->s->params->id, t->full_name);
}

static int
empty_tables(struct ctx *cx, struct pass *p)
{
	const struct moved_tables *tables = p->s->params->tables;
	SCOPED(ddl) struct ddl d = { 0 };

	TRY(stream_ddl_open(cx, p->s->env, p->s->params->id, &d));
	for (int i = 0; i < tables->count; i++) {
		if (table_def_is_strict(tables->items[i].def))
			TRY(empty_table(cx, p, &d, &tables->items[i]));
	}
	return 0;
}

/* ---- The view and its place */

static int
open_view(struct ctx *cx, struct pass *p, struct position *at)
{
	const struct strict_copy *s = p->s;
	const struct still_view v = { s->env, s->from, s->params->id, s->params->tail, s->applier,
		PLACE_WITHIN_S * SECOND };
	int ms = fault_sleep_ms("copy.strict.view");

	TRY(ms == 0 ? 0 : task_sleep(cx, ms * MSEC));
	TRY(mysql_connect(cx, &s->params->source, &p->source));
	return still_view_open(cx, &v, p->source, at);
}

static int
open_pass(struct ctx *cx, struct pass *p, struct position *at)
{
	const struct copy_params *params = p->s->params;

	TRY(mysql_connect(cx, &params->target, &p->target));
	/* Nothing that a process before has sent comes behind what this one does. */
	TRY(state_succeed(cx, p->target, params->id, SESSION_STRICT_COPY));
	TRY(empty_tables(cx, p));
	return open_view(cx, p, at);
}

/* ---- One table */

static int
load_batch(struct ctx *cx, struct pass *p)
{
	struct ctx within = ctx_within(cx, BATCH_WITHIN_S * SECOND);

	int before_ms = fault_sleep_ms("stream.chunk.before");

	TRY(before_ms == 0 ? 0 : task_sleep(cx, before_ms * MSEC));
	p->batch.rows = buf_slice(&p->rows);
	TRY(mysql_exec(&within, p->target, slice_str("START TRANSACTION"), NULL));
	TRY(load_checked(&within, p->target, &p->load, &p->batch));
	TRY(mysql_exec(&within, p->target, slice_str("COMMIT"), NULL));
	p->loaded += (int64_t)p->batch.count;
	copier_note_strict(p->s->copier, p->table->index, p->loaded, false);
	buf_reset(&p->rows);
	p->batch = (struct load_batch){ 0 };
	if (fault("copy.strict.batch"))
		return err_set(cx->err, ERR_RETRY, "fault copy.strict.batch");
	int ms = fault_sleep_ms("copy.strict.batch");

	return ms == 0 ? 0 : task_sleep(cx, ms * MSEC);
}

static int
load_row(struct ctx *cx, struct pass *p, const struct slice *row)
{
	const struct table_def *def = p->table->def;

	TRY(table_row_check(def, row, cx->err));
	load_add_row(&p->rows, def, row);
	p->batch.count++;
	p->batch.unsayable += table_row_unsayable(def, row);
	if (p->rows.len < CHUNK_BYTES && p->batch.count < p->batch_rows)
		return 0;
	return load_batch(cx, p);
}

/* Of a source that is gone without a word the applier is not to wait for ever. */
static int
next_row(struct ctx *cx, struct pass *p, struct slice *row)
{
	struct ctx within = ctx_within(cx, READ_WITHIN_S * SECOND);

	return mysql_stream_next(&within, p->source, row);
}

static int
load_rows_of(struct ctx *cx, struct pass *p)
{
	SCOPED(arena) struct arena arena = ARENA_INIT;
	SCOPED(buf) struct buf sql = BUF_INIT;
	struct ctx within = ctx_within(cx, READ_WITHIN_S * SECOND);
	const struct table_def *def = p->table->def;
	struct slice *row = arena_array(&arena, struct slice, def->columns_count);
	size_t columns;
	int rc;

	buf_addf(&sql, "SELECT %s FROM ", p->table->plan.columns);
	quote_table(&sql, slice_str(def->database), slice_str(def->name));
	buf_add_str(&sql, table_row_all_of(def));
	TRY(mysql_stream_start(&within, p->source, buf_slice(&sql), &columns));
	if (columns != (size_t)def->columns_count)
		return err_set(
		    cx->err, ERR_CONFLICT, "table '%s' gave %zu columns", def->name, columns);
	while ((rc = next_row(cx, p, row)) == 1)
		TRY(load_row(cx, p, row));
	return rc == 0 && p->batch.count > 0 ? load_batch(cx, p) : rc;
}

/* An answer that was cut short, for whatever reason, would leave rows out. */
static int
check_whole(struct ctx *cx, struct pass *p, usec took)
{
	/* It reads the table as that did, and sends nothing. */
	struct ctx within = ctx_within(cx, took + READ_WITHIN_S * SECOND);
	SCOPED(buf) struct buf name = BUF_INIT;
	const struct table_def *def = p->table->def;
	struct mysql_rows rows;
	int64_t count = -1;

	quote_table(&name, slice_str(def->database), slice_str(def->name));
	TRY(mysql_selectf(&within, p->source, &rows, "SELECT COUNT(*) FROM %s%s", name.data,
	    table_row_all_of(def)));
	if (rows.rows == 1)
		TRY(parse_i64(rows.values[0], &count, cx->err));
	if (count == p->loaded)
		return 0;
	return err_set(cx->err, ERR_CORRUPT, "table '%s.%s': %lld rows were read of %lld",
	    def->database, def->name, (long long)p->loaded, (long long)count);
}

static int
note_done(struct ctx *cx, struct pass *p, const struct position *at)
{
	struct stream_id id = p->s->params->id;
	struct copy_range whole = { 0 };
	const struct copy_ranges ranges = { &whole, 1 };
	const struct copy_step step = { .rows = (size_t)p->loaded, .finished = true, .view = at };
	struct ctx within = ctx_within(cx, OPEN_WITHIN_S * SECOND);
	SCOPED(buf) struct buf sql = BUF_INIT;

	/* At once: who comes next reads what is unfinished in chunks, for which this table has no key. */
	if (!mutant("copy_strict_noted"))
		TRY(mysql_exec(&within, p->target, slice_str("START TRANSACTION"), NULL));
	TRY(copy_state_insert(&within, p->target, id, p->table->full_name, &ranges));
	copy_state_step_sql(&sql, id, p->table->full_name, 0, &step);
	TRY(mysql_exec(&within, p->target, buf_slice(&sql), NULL));
	TRY(mysql_exec(&within, p->target, slice_str("COMMIT"), NULL));
	copier_note_strict(p->s->copier, p->table->index, p->loaded, true);
	log_info("strict table '%s': %lld rows", p->table->full_name, (long long)p->loaded);
	return 0;
}

static int
copy_table(struct ctx *cx, struct pass *p, const struct position *at)
{
	struct ctx opening = ctx_within(cx, OPEN_WITHIN_S * SECOND);
	usec begin = task_now();

	p->load = (struct load){ .table = p->table, .fresh = true };
	TRY(load_open(&opening, p->target, &p->load));
	TRY(load_rows_of(cx, p));
	struct ctx ending = ctx_within(cx, OPEN_WITHIN_S * SECOND);
	/* The view's transaction has read the table: its definition stays until the end of it (rule 9). */
	TRY(schema_same(&ending, p->source, p->table->def));
	TRY(check_whole(cx, p, task_now() - begin));
	return note_done(cx, p, at);
}

static int
copy_tables(struct ctx *cx, struct pass *p, const struct position *at)
{
	const struct moved_tables *tables = p->s->params->tables;

	for (int i = 0; i < tables->count; i++) {
		p->table = &tables->items[i];
		p->loaded = 0;
		if (!table_def_is_strict(p->table->def))
			continue;
		if (copy_table(cx, p, at) != 0)
			return err_wrap(cx->err, "copying table '%s'", p->table->def->name);
	}
	return 0;
}

/* In one view of the source, of the place *at. */
static int
copy_once(struct ctx *cx, const struct strict_copy *s, struct position *at)
{
	SCOPED(arena) struct arena scratch = ARENA_INIT;
	struct pass *p = arena_new(&scratch, struct pass);
	struct ctx inner = *cx, opening;
	int rc;

	inner.arena = &scratch;
	opening = ctx_within(&inner,
	    OPEN_WITHIN_S * SECOND + s->params->tables->count * (usec)EMPTY_WITHIN_S * SECOND);
	p->s = s;
	p->batch_rows = s->params->chunk_rows > 0 ? s->params->chunk_rows : CHUNK_ROWS_MAX;
	buf_init(&p->rows);
	rc = open_pass(&opening, p, at);
	if (rc == 0)
		rc = copy_tables(&inner, p, at);
	buf_done(&p->rows);
	mysql_close(p->source);
	mysql_close(p->target);
	return rc;
}

/* ---- Beside the applier */

static bool
is_needed(const struct moved_tables *tables)
{
	for (int i = 0; i < tables->count; i++) {
		if (table_def_is_strict(tables->items[i].def))
			return true;
	}
	return false;
}

/* Between two transactions of the source. */
static int
copy_suspended(struct ctx *cx, const struct strict_copy *s, struct position *at)
{
	TRY(applier_suspend(cx, s->applier));
	int rc = copy_once(cx, s, at);

	if (rc == 0)
		applier_strict_from(s->applier, at);
	applier_resume(s->applier);
	return rc;
}

int
strict_copy_run(struct ctx *cx, const struct strict_copy *s)
{
	SCOPED(position) struct position at = { 0 };

	if (!is_needed(s->params->tables))
		return 0;
	TRY(throttle_wait(
	    cx, s->params->throttle)); /* once it has begun, its view is open to the end */
	if (copy_suspended(cx, s, &at) != 0)
		return err_wrap(cx->err, "copying tables without a key");
	return applier_wait_held(cx, s->applier, &at); /* (8) of apply.h */
}
