#include "tablet/write/apply_parts.h"

#include "base/check.h"
#include "base/fault.h"
#include "base/mutant.h"
#include "tablet/write/apply_exact.h"
#include "tablet/write/apply_sql.h"
#include "task/group.h"

/* Parts wait for each other's end: what waits for another part's lock would do so for ever. The server's own
 * limit is 50 s. */
#define SHORT_WAIT "SET innodb_lock_wait_timeout=2"
#define OWN_WAIT   "SET innodb_lock_wait_timeout=DEFAULT"

/* ---- What is there already */

void
parts_done(struct parts *p)
{
	arena_done(&p->arena);
	position_done(&p->until);
	*p = (struct parts){ 0 };
}

int
parts_load(struct ctx *cx, struct mysql_client *c, struct stream_id id,
    const struct position *applied, struct parts *out)
{
	struct ctx inner = *cx;

	parts_done(out);
	arena_init(&out->arena);
	inner.arena = &out->arena;
	TRY(run_parts_read(&inner, c, id, applied, &out->committed));
	if (out->committed.count > 0 && !mutant("sim_parts_loaded"))
		position_copy(&out->until, &out->committed.items[0].until);
	return 0;
}

bool
parts_pending(const struct parts *p, const struct position *applied)
{
	return position_cmp(applied, &p->until) < 0;
}

/* As fold_group() has its rows. */
static int
table_index(const struct moved_tables *tables, const char *name, int *out, struct err *err)
{
	for (*out = 0; *out < tables->count && name[0] != 0; ++*out) {
		if (strcmp(tables->items[*out].def->name, name) == 0)
			return 0;
	}
	if (name[0] == 0) {
		*out = tables->count;
		return 0;
	}
	return err_set(err, ERR_CORRUPT,
	    "table run_part of the sidecar database names a table '%s' that does not move", name);
}

/* The first row that is not below the place. */
static int
find_place(const struct kinds *k, const struct moved_tables *tables, const struct run_place *place,
    size_t *out, struct err *err)
{
	size_t low = 0, high = k->rows.ends[k->tables - 1];
	int table;

	TRY(table_index(tables, place->table, &table, err));
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct fold_row *row = k->rows.rows[middle];

		if (fold_place_cmp(row->table, row->key, table, place->key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*out = low;
	return 0;
}

static int
pass_committed(
    struct kinds *k, const struct moved_tables *tables, const struct parts *p, struct err *err)
{
	for (size_t i = 0; p != NULL && i < p->committed.count; i++) {
		const struct run_part *part = &p->committed.items[i];
		size_t from, to;

		TRY(find_place(k, tables, &part->from, &from, err));
		TRY(find_place(k, tables, &part->to, &to, err));
		for (; from < to; from++)
			k->of[from] = ROW_PASSED;
	}
	return 0;
}

/* ---- Where a run is cut */

/* Part i: rows from at[i] up to at[i + 1]. */
struct cuts {
	size_t at[WRITERS_MAX + 1];
	int count;
};

/* (4) */
static bool
is_divisible(const struct table_def *def)
{
	if (mutant("tablet_parts_divide_unique"))
		return true;
	return def->key_binary && !def->overlaps && !apply_has_another_unique(def);
}

/* Where the table of that row begins or ends, whichever is nearer. */
static size_t
nearest_end(const struct kinds *k, size_t row)
{
	int table = k->rows.rows[row]->table;
	size_t first = kinds_first(k, table), end = k->rows.ends[table];

	return row - first < end - row ? first : end;
}

static void
cut(const struct kinds *k, const struct moved_tables *tables, int parts, struct cuts *out)
{
	size_t rows = k->rows.ends[k->tables - 1];

	out->count = 0;
	out->at[0] = 0;
	for (int i = 1; i < parts; i++) {
		size_t at = rows * (size_t)i / (size_t)parts;

		if (!is_divisible(tables->items[k->rows.rows[at]->table].def))
			at = nearest_end(k, at);
		if (at > out->at[out->count] && at < rows)
			out->at[++out->count] = at;
	}
	out->at[++out->count] = rows;
}

/* ---- A part */

struct part_job {
	struct writers *writers;
	struct group *group;
	struct kinds kinds; /* the other parts' rows are ROW_PASSED */
	struct run_part row;
};

static struct run_place
place_of(const struct kinds *k, const struct moved_tables *tables, size_t row)
{
	if (row == k->rows.ends[k->tables - 1])
		return (struct run_place){ "", SLICE_NULL };
	const struct fold_row *r = k->rows.rows[row];

	return (struct run_place){ tables->items[r->table].def->name, r->key };
}

static struct kinds
kinds_between(struct arena *a, const struct kinds *all, size_t from, size_t to)
{
	size_t rows = all->rows.ends[all->tables - 1];
	struct kinds out = { all->rows, arena_array(a, enum row_kind, rows), all->tables };

	for (size_t i = 0; i < rows; i++)
		out.of[i] = i >= from && i < to ? all->of[i] : ROW_PASSED;
	return out;
}

static int
write_part(struct ctx *cx, struct part_job *job)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	struct writers *w = job->writers;
	int slot = job->row.no;

	TRY(writers_open(cx, w, slot));
	TRY(mysql_exec(cx, w->conns[slot], slice_str(SHORT_WAIT), NULL));
	TRY(writers_exact(cx, w, NULL, &job->kinds, slot));
	if (mutant("sim_parts_noted"))
		return 0;
	run_parts_set_sql(&sql, w->params.id, &job->row);
	return mysql_exec(cx, w->conns[slot], buf_slice(&sql), NULL);
}

static void
part_main(void *arg)
{
	struct part_job *job = arg;
	SCOPED(arena) struct arena arena = ARENA_INIT;
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err, .arena = &arena };

	if (write_part(&cx, job) != 0)
		group_fail(job->group, &err);
}

/* ---- All of them */

static int
write_first(struct ctx *cx, struct writers *w, const struct exact_run *run, struct kinds *k)
{
	TRY(writers_open(cx, w, 0));
	TRY(mysql_exec(cx, w->conns[0], slice_str(SHORT_WAIT), NULL));
	TRY(writers_exact(cx, w, run->fold, k, 0));
	return mysql_exec(cx, w->conns[0], slice_str(OWN_WAIT), NULL);
}

static int
write_parts(struct ctx *cx, struct writers *w, const struct exact_run *run, struct part_job *jobs,
    const struct cuts *cuts)
{
	struct group group;
	int rc = 0;

	group_init(&group);
	for (int i = 1; i < cuts->count && rc == 0; i++) {
		jobs[i].group = &group;
		rc = group_spawn(&group, "part of a run", part_main, &jobs[i], cx->err);
	}
	if (rc == 0)
		rc = write_first(cx, w, run, &jobs[0].kinds);
	if (rc == 0)
		rc = group_wait(cx, &group);
	group_done(&group);
	w->open_parts = rc == 0 ? cuts->count - 1 : 0;
	return rc;
}

static int
write_in_parts(struct ctx *cx, struct writers *w, const struct exact_run *run,
    const struct kinds *all, const struct cuts *cuts)
{
	SCOPED(arena) struct arena scratch = ARENA_INIT;
	struct part_job *jobs = arena_array(&scratch, struct part_job, (size_t)cuts->count);
	const struct moved_tables *tables = w->params.tables;

	for (int i = 0; i < cuts->count; i++) {
		jobs[i].writers = w;
		jobs[i].kinds = kinds_between(&scratch, all, cuts->at[i], cuts->at[i + 1]);
		jobs[i].row.no = i;
		position_copy(&jobs[i].row.until, run->end);
		jobs[i].row.from = place_of(all, tables, cuts->at[i]);
		jobs[i].row.to = place_of(all, tables, cuts->at[i + 1]);
	}
	int rc = write_parts(cx, w, run, jobs, cuts);

	for (int i = 0; i < cuts->count; i++)
		position_done(&jobs[i].row.until);
	return rc;
}

static int
parts_wanted(const struct writers *w, const struct exact_run *run)
{
	size_t rows = w->params.part_rows > 0 ? w->params.part_rows : PART_ROWS;
	size_t parts = run->fold->count / rows;

	if (run->alone || run->committed != NULL || run->fold->ordered != NULL)
		return 1;
	return parts < (size_t)w->params.parallel ? (int)parts : w->params.parallel;
}

int
writers_exact_run(struct ctx *cx, struct writers *w, const struct exact_run *run)
{
	SCOPED(arena) struct arena scratch = ARENA_INIT;
	int parts = parts_wanted(w, run);
	struct cuts cuts = { .count = 1 };
	struct kinds k;

	check(w->open_parts == 0);
	kinds_of(&scratch, run->fold, w->params.tables, &k);
	TRY(pass_committed(&k, w->params.tables, run->committed, cx->err));
	if (parts > 1)
		cut(&k, w->params.tables, parts, &cuts);
	if (cuts.count == 1)
		return writers_exact(cx, w, run->fold, &k, 0);
	return write_in_parts(cx, w, run, &k, &cuts);
}

int
writers_commit_parts(struct ctx *cx, struct writers *w)
{
	int parts = w->open_parts;

	w->parts_may_be_there = parts > 0;
	w->open_parts = 0;
	for (int i = 1; i <= parts; i++) {
		TRY(mysql_send(cx, w->conns[i], slice_str("COMMIT")));
		TRY(mysql_flush(cx, w->conns[i]));
	}
	for (int i = 1; i <= parts; i++) {
		TRY(mysql_receive(cx, w->conns[i], &(struct mysql_ok){ 0 }));
		if (fault("stream.part.committed"))
			return err_set(cx->err, ERR_RETRY, "fault");
	}
	return 0;
}
