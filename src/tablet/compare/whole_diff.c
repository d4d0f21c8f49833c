#include "tablet/compare/whole_diff.h"

#include "base/fault.h"
#include "base/mem.h"
#include "base/mutant.h"
#include "sql/quote.h"
#include "tablet/compare/sample.h"
#include "tablet/copy/still_view.h"
#include "tablet/copy/throttle.h"
#include "tablet/table/row_sum.h"
#include "tablet/table/schema.h"
#include "tablet/table/table_row.h"
#include "tablet/write/load.h"

#include <stdlib.h>

enum {
	BUCKETS = 65536, /* a megabyte; of a million rows a difference has 15 others beside it */
	ROUND_ROWS = 200000,    /* counted at a time: some 20 MB */
	SAMPLE_BYTES = 4 << 20, /* rows that are kept to be shown */
	STEP_ROWS = 20000,      /* a fraction of a second, after which orders are looked at */
	/* the applier stands still meanwhile, and a switch may wait for it: then it is tried later */
	PLACE_WITHIN_MS = 100,
	OPEN_WITHIN_S = 60,  /* logins, and a view with its place */
	HELD_WITHIN_S = 10,  /* what the stream has in its queue is applied in milliseconds */
	READ_WITHIN_S = 600, /* from row to row: longer than a table takes to be opened */
};

enum end { SOURCE, TARGET, ENDS };

struct bucket {
	int64_t rows;
	uint64_t sum;
};

/* Rows of one pair of hashes. */
struct counted {
	int64_t rows;     /* more at the source, or, below 0, at the target */
	struct slice row; /* as load_add_row() makes it; SLICE_NULL: not kept */
};

struct whole_diff {
	struct whole_params params;
	struct mysql_client *ends[ENDS];
	struct bucket *buckets;
	bool counting;        /* ROWS; else SUMS */
	size_t first, behind; /* the buckets of this round: those between that are not 0 */
	struct map counted;   /* by both hashes */
	struct arena arena;   /* what it points to, for a round */
	enum end end;         /* that is read */
	bool reading;
	int64_t rows[ENDS];
	bool ended;
};

/* ---- Two views of one place */

static int
view_of_target(struct ctx *cx, struct whole_diff *w, const struct position *at)
{
	const struct compare_params *p = w->params.compare;
	struct mysql_client *target = w->ends[TARGET];
	struct ctx within = ctx_within(cx, HELD_WITHIN_S * SECOND);

	int ms = fault_sleep_ms("vdiff.view.before");

	TRY(applier_wait_held(&within, p->applier, at));
	TRY(ms == 0 ? 0 : task_sleep(&within, ms * MSEC));
	return mysql_exec(&within, target, slice_str(mysql_dialect(target)->snapshot_sql), NULL);
}

static int
open_views(struct ctx *cx, struct whole_diff *w)
{
	const struct compare_params *p = w->params.compare;
	const struct still_view v = { p->env, p->from, p->id, p->tail, p->applier,
		PLACE_WITHIN_MS * MSEC };
	SCOPED(position) struct position at = { 0 };

	TRY(applier_suspend(cx, p->applier));
	int rc = still_view_open(cx, &v, w->ends[SOURCE], &at);

	if (rc == 0 && !mutant("tablet_whole_not_held"))
		applier_hold_at(p->applier, &at);
	applier_resume(p->applier);
	if (rc == 0)
		rc = view_of_target(cx, w, &at);
	applier_go_beyond(p->applier);
	return rc;
}

static int
connect_ends(struct ctx *cx, struct whole_diff *w)
{
	TRY(mysql_connect(cx, &w->params.compare->source, &w->ends[SOURCE]));
	return mysql_connect(cx, &w->params.compare->target, &w->ends[TARGET]);
}

static void
begin_anew(struct diff_table *t)
{
	struct vdiff_table *n = &t->seen;

	n->compared = n->matching = n->mismatched = n->extra_source = n->extra_target = 0;
	n->unsettled = n->repaired = 0;
	buf_reset(&t->done);
	buf_reset(&t->mismatched);
	buf_reset(&t->extra_source);
	buf_reset(&t->extra_target);
	buf_reset(&t->unsettled);
}

int
whole_diff_open(struct ctx *cx, const struct whole_params *params, struct whole_diff **out)
{
	struct ctx within = ctx_within(cx, OPEN_WITHIN_S * SECOND);
	struct whole_diff *w = mem_new(struct whole_diff);

	*out = w;
	w->params = *params;
	w->buckets = mem_zalloc(BUCKETS * sizeof(*w->buckets));
	map_init(&w->counted);
	arena_init(&w->arena);
	begin_anew(params->progress);
	TRY(connect_ends(&within, w));
	return open_views(&within, w);
}

void
whole_diff_close(struct whole_diff *w)
{
	if (w == NULL)
		return;
	for (int i = 0; i < ENDS; i++)
		mysql_close(w->ends[i]);
	map_done(&w->counted);
	arena_done(&w->arena);
	free(w->buckets);
	free(w);
}

bool
whole_diff_ended(const struct whole_diff *w)
{
	return w->ended;
}

/* ---- A row */

static bool
is_zero(const struct bucket *b)
{
	return b->rows == 0 && b->sum == 0;
}

static void
add_to_sum(struct whole_diff *w, const uint64_t hash[2])
{
	struct bucket *b = &w->buckets[hash[0] % BUCKETS];
	bool source = w->end == SOURCE;

	b->rows += source ? 1 : -1;
	b->sum += source ? hash[1] : -hash[1];
}

static void
keep_row(struct whole_diff *w, struct counted *c, const struct slice *row)
{
	SCOPED(buf) struct buf kept = BUF_INIT;

	if (w->arena.used_bytes > SAMPLE_BYTES)
		return;
	load_add_row(&kept, w->params.table->def, row);
	c->row = arena_dup(&w->arena, buf_slice(&kept));
}

static void
count_row(struct whole_diff *w, const uint64_t hash[2], const struct slice *row)
{
	size_t bucket = hash[0] % BUCKETS;
	struct slice key = slice_of((const uint8_t *)hash, 2 * sizeof(hash[0]));
	struct counted *c;

	if (bucket < w->first || bucket >= w->behind || is_zero(&w->buckets[bucket]))
		return;
	c = map_get(&w->counted, key);
	if (c == NULL) {
		c = arena_new(&w->arena, struct counted);
		c->row = SLICE_NULL;
		keep_row(w, c, row);
		map_put(&w->counted, key, c);
	}
	c->rows += w->end == SOURCE ? 1 : -1;
}

/* ---- Judging */

static void
add_samples(struct whole_diff *w, struct buf *out, const struct counted *c, int64_t so_far)
{
	const struct vdiff_options *o = w->params.options;

	for (int64_t i = so_far; i < so_far + llabs(c->rows) && i < o->samples; i++) {
		if (!slice_is_null(c->row))
			sample_add_row(out, w->params.table->def, c->row, o->truncate_at);
	}
}

static void
judge_counted(struct whole_diff *w)
{
	struct diff_table *t = w->params.progress;
	struct slice key;
	void *value;

	for (size_t i = 0; map_next(&w->counted, &i, &key, &value);) {
		const struct counted *c = value;
		int64_t *of = c->rows > 0 ? &t->seen.extra_source : &t->seen.extra_target;

		add_samples(w, c->rows > 0 ? &t->extra_source : &t->extra_target, c, *of);
		*of += llabs(c->rows);
	}
	map_clear(&w->counted);
	arena_reset(&w->arena);
}

/* The next buckets that differ, so many that their rows can be counted; none: behind == BUCKETS. */
static bool
begin_round(struct whole_diff *w)
{
	int64_t each = w->rows[SOURCE] / BUCKETS + w->rows[TARGET] / BUCKETS + 1;
	int64_t rows = 0;

	w->counting = true;
	for (w->first = w->behind; w->behind < BUCKETS && rows < ROUND_ROWS; w->behind++)
		rows += is_zero(&w->buckets[w->behind]) ? 0 : each;
	return rows > 0;
}

static int
judge(struct ctx *cx, struct whole_diff *w)
{
	struct vdiff_table *n = &w->params.progress->seen;

	if (w->counting)
		judge_counted(w);
	if (begin_round(w))
		return 0;
	/* Both views have read the table: its definition stays until their end (rule 9). */
	TRY(schema_same(cx, w->ends[SOURCE], w->params.table->def));
	n->matching = w->rows[SOURCE] - n->extra_source;
	n->compared = n->matching + n->extra_source + n->extra_target; /* (1) */
	w->ended = true;
	return 0;
}

/* ---- Reading */

static int
begin_reading(struct ctx *cx, struct whole_diff *w)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	const struct moved_table *t = w->params.table;
	bool source = w->end == SOURCE;
	size_t columns;

	buf_addf(&sql, "SELECT %s FROM ", t->plan.columns);
	quote_table(&sql, slice_str(source ? t->def->database : t->database),
	    slice_str(source ? t->def->name : t->name));
	buf_add_str(&sql, table_row_all_of(t->def));
	TRY(mysql_stream_start(cx, w->ends[w->end], buf_slice(&sql), &columns));
	if (columns != (size_t)t->def->columns_count)
		return err_set(
		    cx->err, ERR_CONFLICT, "table '%s' gave %zu columns", t->name, columns);
	w->reading = true;
	return 0;
}

static void
take_row(struct whole_diff *w, const struct slice *row, size_t *bytes)
{
	const struct table_def *def = w->params.table->def;
	uint64_t hash[2];

	row_hash(def, row, hash);
	for (int i = 0; i < def->columns_count; i++)
		*bytes += slice_is_null(row[i]) ? 0 : row[i].len;
	if (w->counting) {
		count_row(w, hash, row);
		return;
	}
	add_to_sum(w, hash);
	w->rows[w->end]++;
	if (w->end == SOURCE)
		w->params.progress->seen.compared++;
}

static int
end_reading(struct ctx *cx, struct whole_diff *w)
{
	w->reading = false;
	if (w->end == SOURCE) {
		w->end = TARGET;
		return 0;
	}
	w->end = SOURCE;
	return judge(cx, w);
}

static int
read_some(struct ctx *cx, struct whole_diff *w, struct slice *row)
{
	size_t bytes = 0, rows = 0;
	int rc = 1;

	while (rows < STEP_ROWS && (rc = mysql_stream_next(cx, w->ends[w->end], row)) == 1) {
		take_row(w, row, &bytes);
		rows++;
	}
	throttle_took(w->params.compare->throttle, rows, bytes);
	return rc == 0 ? end_reading(cx, w) : rc == 1 ? 0 : -1;
}

int
whole_diff_step(struct ctx *cx, struct whole_diff *w)
{
	struct ctx within = ctx_within(cx, READ_WITHIN_S * SECOND);
	SCOPED(arena) struct arena scratch = ARENA_INIT;
	struct ctx inner = within;

	inner.arena = &scratch;
	if (!w->reading)
		TRY(begin_reading(&inner, w));
	return read_some(
	    &inner, w, arena_array(&scratch, struct slice, w->params.table->def->columns_count));
}
