#include "tablet/copy/copy.h"

#include "base/check.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/mutant.h"
#include "sql/quote.h"
#include "tablet/copy/copy_plan.h"
#include "tablet/copy/copy_worker.h"
#include "tablet/server/again.h"
#include "task/group.h"

#include <stdlib.h>

/* 500 ms for what a busy server does in a tenth of that. */
enum { BACKOFF_MS = 500, TABLE_WITHIN_MS = 500 };

/* One table's ranges. */
struct copy_table {
	struct copy_ranges ranges;
	size_t next; /* the first range that no worker has taken */
	size_t unfinished;
	int under_way; /* ranges that workers have taken and not ended */
	bool in_turn;  /* one connection loads it at a time */
	struct load_turn turn;
	struct copy_progress progress;
};

struct copier {
	const struct copy_params *params;
	struct arena arena; /* ranges */
	struct copy_table *tables;
	int *order; /* of the tables' numbers: the largest comes first */
	bool known; /* ranges are in memory */
	const char *loaded_by;
	struct rows_room room;
	struct group group;
};

/* The one that takes longest is begun first, so that the workers end together. */
static void
set_order(struct copier *c)
{
	const struct moved_tables *tables = c->params->tables;

	c->order = arena_array(&c->arena, int, tables->count);
	for (int i = 0; i < tables->count; i++) {
		int64_t rows = tables->items[i].def->rows_estimate;
		int at = i;

		for (; at > 0 && tables->items[c->order[at - 1]].def->rows_estimate < rows; at--)
			c->order[at] = c->order[at - 1];
		c->order[at] = i;
	}
}

struct copier *
copier_new(const struct copy_params *params)
{
	struct copier *c;

	check(params->parallel >= 1 && params->parallel <= COPY_PARALLEL_MAX);
	c = mem_new(struct copier);
	c->params = params;
	arena_init(&c->arena);
	c->tables = arena_array(&c->arena, struct copy_table, params->tables->count);
	set_order(c);
	return c;
}

static void
forget_ranges(struct copier *c)
{
	for (int i = 0; i < c->params->tables->count; i++) {
		struct copy_table *t = &c->tables[i];

		for (size_t j = 0; j < t->ranges.count; j++)
			buf_done(&t->ranges.items[j].done);
		t->ranges = (struct copy_ranges){ 0 };
	}
}

void
copier_free(struct copier *c)
{
	if (c == NULL)
		return;
	group_done(&c->group);
	forget_ranges(c);
	arena_done(&c->arena);
	free(c);
}

const struct copy_progress *
copier_progress(const struct copier *c, int table)
{
	check(table >= 0 && table < c->params->tables->count);
	return &c->tables[table].progress;
}

void
copier_note_strict(struct copier *c, int table, int64_t rows, bool done)
{
	check(table_def_is_strict(c->params->tables->items[table].def));
	c->tables[table].progress = (struct copy_progress){ rows, done };
}

const char *
copier_loaded_by(const struct copier *c)
{
	return c->loaded_by == NULL ? "" : c->loaded_by;
}

static bool
has_auto_increment(const struct table_def *def)
{
	for (int i = 0; i < def->columns_count; i++) {
		if (def->columns[i].auto_increment)
			return true;
	}
	return false;
}

/* One that is copied unnumbered (bare_sql.h) has no need of a turn. */
static int
needs_turn(struct ctx *cx, struct mysql_client *target, const struct moved_table *t, bool *out)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	struct mysql_rows rows;

	*out = false;
	if (!has_auto_increment(t->def) || !mysql_dialect(target)->numbers_in_root)
		return 0;
	buf_add_str(&sql,
	    "SELECT 1 FROM information_schema.columns WHERE extra LIKE '%auto_increment%' AND table_schema=");
	quote_string(&sql, slice_str(t->database));
	buf_add_str(&sql, " AND table_name=");
	quote_string(&sql, slice_str(t->name));
	TRY(mysql_select(cx, target, buf_slice(&sql), &rows));
	*out = rows.rows > 0;
	return 0;
}

static void
count_table(struct copier *c, int table)
{
	struct copy_table *t = &c->tables[table];

	t->next = t->unfinished = 0;
	t->progress.rows = 0;
	for (size_t i = 0; i < t->ranges.count; i++) {
		t->progress.rows += t->ranges.items[i].rows;
		t->unfinished += !t->ranges.items[i].finished;
	}
	t->progress.done = t->unfinished == 0 &&
	    (t->ranges.count > 0 || !table_def_is_strict(c->params->tables->items[table].def));
}

/* The ranges on disk, and of a strict table what its own copy has left; when there are none yet, new ones,
 * unless nothing is to be copied. source is connected when it is needed. */
static int
know_table(struct ctx *cx, struct copier *c, int i, struct mysql_client *target,
    struct mysql_client **source)
{
	const struct copy_params *p = c->params;
	const struct moved_table *moved = &p->tables->items[i];
	struct copy_table *t = &c->tables[i];

	TRY(copy_state_load(cx, target, p->id, moved->full_name, &t->ranges));
	if (t->ranges.count == 0 && !p->complete && !table_def_is_strict(moved->def)) {
		if (*source == NULL)
			TRY(mysql_connect(cx, &p->source, source));
		TRY(copy_plan(cx, *source, moved->def, p->parallel, &t->ranges));
		TRY(copy_state_insert(cx, target, p->id, moved->full_name, &t->ranges));
	}
	for (size_t j = 0; j < t->ranges.count; j++)
		t->ranges.items[j].table = i;
	count_table(c, i);
	return needs_turn(cx, target, moved, &t->in_turn);
}

static int
know_ranges(struct ctx *cx, struct copier *c)
{
	struct ctx inner =
	    ctx_within(cx, MINUTE + c->params->tables->count * (usec)TABLE_WITHIN_MS * MSEC);
	struct mysql_client *target = NULL, *source = NULL;
	int rc;

	inner.arena = &c->arena;
	rc = mysql_connect(&inner, &c->params->target, &target);
	/* What a process before has planned is there, or never comes. */
	if (rc == 0 && !mutant("sim_late_ranges"))
		rc = state_succeed(&inner, target, c->params->id, SESSION_RANGES);
	for (int i = 0; rc == 0 && i < c->params->tables->count; i++)
		rc = know_table(&inner, c, i, target, &source);
	mysql_close(target);
	mysql_close(source);
	return rc;
}

static struct copy_range *
take_range_of(struct copy_table *t)
{
	while (t->next < t->ranges.count) {
		struct copy_range *r = &t->ranges.items[t->next++];

		if (!r->finished)
			return r;
	}
	return NULL;
}

/* Of tables that are loaded in turn another one, where there is one, so that no worker waits for another. */
static struct copy_range *
take_range(struct copier *c)
{
	for (int shared = 0; shared <= 1; shared++) {
		for (int i = 0; i < c->params->tables->count; i++) {
			struct copy_table *t = &c->tables[c->order[i]];
			struct copy_range *r =
			    shared == 0 && t->in_turn && t->under_way > 0 ? NULL : take_range_of(t);

			if (r != NULL)
				return r;
		}
	}
	return NULL;
}

static int
copy_ranges(struct ctx *cx, struct copier *c)
{
	const struct copy_params *p = c->params;
	struct copy_range *r;

	while ((r = take_range(c)) != NULL) {
		struct copy_table *t = &c->tables[r->table];
		struct copy_worker_work work = {
			.params = p, .room = &c->room, .range = r,
			.rows = &t->progress.rows, .loaded_by = &c->loaded_by,
			.job = {
				.source = { &p->tables->items[r->table], p->windows, false },
				.turn = t->in_turn ? &t->turn : NULL,
				.id = p->id, .range_no = r->no,
			},
		};

		t->under_way++;
		int rc = copy_worker_run(cx, &work);

		t->under_way--;
		TRY(rc);
		t->progress.done = --t->unfinished == 0;
	}
	return 0;
}

static void
worker_main(void *arg)
{
	struct copier *c = arg;
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err };

	if (copy_ranges(&cx, c) != 0)
		group_fail(&c->group, &err);
}

static int
run_workers(struct ctx *cx, struct copier *c)
{
	size_t unfinished = 0;
	int rc = 0;

	for (int i = 0; i < c->params->tables->count; i++)
		unfinished += c->tables[i].unfinished;
	group_init(&c->group);
	for (size_t i = 0; rc == 0 && i < unfinished && i < (size_t)c->params->parallel; i++)
		rc = group_spawn(&c->group, "copy worker", worker_main, c, cx->err);
	if (rc == 0)
		rc = group_wait(cx, &c->group);
	group_done(&c->group);
	return rc;
}

int
copier_run(struct ctx *cx, struct copier *c)
{
	while (!c->known) {
		if (know_ranges(cx, c) == 0) {
			c->known = true;
			break;
		}
		forget_ranges(c);
		if (!copy_error_passes(cx))
			return -1;
		log_warn("the copy begins later: %s", cx->err->text);
		TRY(task_sleep(cx, BACKOFF_MS * MSEC));
	}
	return run_workers(cx, c);
}

int
copy_state_delete(struct ctx *cx, struct mysql_client *target, struct stream_id id)
{
	return again_delete(cx, target, id, "copy_state");
}
