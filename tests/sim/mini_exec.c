#include "sim/mini_exec.h"

#include "base/check.h"
#include "base/mem.h"
#include "base/parse.h"
#include "sim/mini_foreign.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- Results */

void
result_done(struct mini_result *r)
{
	free(r->values);
	*r = (struct mini_result){ 0 };
}

int
result_error(struct mini_result *r, int error, const char *text)
{
	r->error = error;
	r->text = text;
	return 0;
}

void
result_begin(struct mini_result *r, struct arena *a, size_t columns, ...)
{
	va_list names;

	r->columns = columns;
	r->names = arena_array(a, struct slice, columns);
	va_start(names, columns);
	for (size_t i = 0; i < columns; i++)
		r->names[i] = slice_str(arena_strdup(a, va_arg(names, const char *)));
	va_end(names);
}

void
result_add(struct mini_result *r, struct slice value)
{
	r->values = mem_grow(r->values, &r->cap, r->count + 1, sizeof(r->values[0]));
	r->values[r->count++] = value;
	r->rows = r->count / r->columns;
}

/* ---- Rows that a condition names */

static bool
compares(enum mini_op op, int order)
{
	switch (op) {
	case MINI_EQ: return order == 0;
	case MINI_LT: return order < 0;
	case MINI_LE: return order <= 0;
	case MINI_GT: return order > 0;
	case MINI_GE: return order >= 0;
	case MINI_IS_NULL:
	case MINI_SAME_OR_NULL:
	case MINI_SAME_BYTES:
	case MINI_AND:
	case MINI_OR: break;
	}
	unreachable();
}

static bool
holds_one(const struct mini_cond *c, const struct mini_table *t, const struct slice *values)
{
	SCOPED(buf) struct buf sort = BUF_INIT;

	bool null = slice_is_null(values[c->column]);
	enum mini_op op = c->op;

	if (op == MINI_IS_NULL || (op == MINI_SAME_OR_NULL && slice_is_null(c->sort)))
		return null;
	if (null || slice_is_null(c->sort))
		return false;
	if (op == MINI_SAME_BYTES)
		return slice_eq(values[c->column], c->sort);
	sort_bytes(&sort, &t->columns[c->column], values[c->column]);
	return compares(
	    op == MINI_SAME_OR_NULL ? MINI_EQ : op, slice_cmp(buf_slice(&sort), c->sort));
}

/* NULL: all rows do. */
static bool
cond_holds(const struct mini_cond *c, const struct mini_table *t, const struct slice *values)
{
	if (c == NULL)
		return true;
	if (c->op != MINI_AND && c->op != MINI_OR)
		return holds_one(c, t, values);
	for (const struct mini_cond *m = c->first; m != NULL; m = m->next) {
		if (cond_holds(m, t, values) == (c->op == MINI_OR))
			return c->op == MINI_OR;
	}
	return c->op == MINI_AND;
}

struct matches {
	struct mini_row **rows;
	size_t count, cap;
};

static void
matches_done(struct matches *m)
{
	free(m->rows);
}

/* Locked and present, in order of the key. */
static enum mini_rc
lock_matches(const struct mini_run *run, struct matches *out)
{
	struct mini_table *t = run->stmt->table;

	for (size_t i = 0; i < t->count && out->count < run->stmt->limit; i++) {
		struct mini_row *r = t->rows[i];
		const struct slice *values, *newest = NULL;

		if (r->newest == NULL)
			continue;
		/* As READ COMMITTED does: what is committed decides whether it is waited for. */
		newest = row_at(r, run->txn, UINT64_MAX);
		if (newest == NULL || !cond_holds(run->stmt->where, t, newest)) {
			if (r->newest->seq != 0 || r->newest->values == NULL ||
			    !cond_holds(run->stmt->where, t, r->newest->values))
				continue;
		}
		if (row_lock(run->txn, r, &values) != MINI_OK)
			return MINI_BLOCKED;
		if (values == NULL || !cond_holds(run->stmt->where, t, values))
			continue;
		out->rows = mem_grow(out->rows, &out->cap, out->count + 1, sizeof(out->rows[0]));
		out->rows[out->count++] = r;
	}
	return MINI_OK;
}

/* ---- SELECT */

static void
select_names(const struct mini_run *run, struct mini_result *out)
{
	const struct mini_stmt *s = run->stmt;

	out->columns = (size_t)s->columns_count;
	out->names = arena_array(run->arena, struct slice, out->columns);
	for (int i = 0; i < s->columns_count; i++)
		out->names[i] =
		    slice_str(s->columns[i] < 0 ? "1" : s->table->columns[s->columns[i]].name);
}

static const struct slice *
seen(const struct mini_run *run, const struct mini_row *r)
{
	bool view = run->txn->snapshot && !run->stmt->for_update;

	return row_at(r, run->txn, view ? run->txn->view : UINT64_MAX);
}

static void
select_extremes(const struct mini_run *run, struct mini_result *out)
{
	const struct mini_table *t = run->stmt->table;
	struct slice first = SLICE_NULL, last = SLICE_NULL;

	for (size_t i = 0; i < t->count; i++) {
		const struct slice *values = seen(run, t->rows[i]);

		if (values == NULL || !cond_holds(run->stmt->where, t, values))
			continue;
		if (slice_is_null(first))
			first = values[t->key.columns[0]];
		last = values[t->key.columns[0]];
	}
	for (int i = 0; i < run->stmt->columns_count; i++)
		result_add(out, run->stmt->columns[i] == MINI_MIN ? first : last);
}

static enum mini_rc
run_select(const struct mini_run *run, struct mini_result *out)
{
	const struct mini_stmt *s = run->stmt;
	const struct mini_table *t = s->table;
	struct matches locked = { 0 };

	select_names(run, out);
	if (s->for_update) {
		enum mini_rc rc = lock_matches(run, &locked);

		matches_done(&locked);
		if (rc != MINI_OK)
			return rc;
	}
	if (s->columns[0] == MINI_MIN || s->columns[0] == MINI_MAX) {
		select_extremes(run, out);
		return MINI_OK;
	}
	for (size_t i = 0; i < t->count && out->rows < s->limit; i++) {
		const struct slice *values = seen(run, t->rows[i]);

		if (values == NULL || !cond_holds(s->where, t, values))
			continue;
		for (int c = 0; c < s->columns_count; c++)
			result_add(out, s->columns[c] < 0 ? slice_str("1") : values[s->columns[c]]);
	}
	return MINI_OK;
}

/* ---- INSERT and REPLACE */

static struct slice
plus(struct arena *a, struct slice value, struct slice more)
{
	struct err err;
	int64_t x, y;

	check(parse_i64(value, &x, &err) == 0 && parse_i64(more, &y, &err) == 0);
	return slice_str(arena_printf(a, "%lld", (long long)(x + y)));
}

/* Nobody else writes in a world, so nothing has another row's unique value. */
static struct slice
of_its_key(const struct mini_stmt *s, const struct mini_assign *a, const struct slice *now,
    const struct slice *proposed)
{
	check(sort_equal(&s->table->columns[a->from], now[a->from], proposed[a->from]));
	return proposed[a->from];
}

/* proposed: the row of VALUES(); NULL in an UPDATE. */
static struct slice *
assigned(const struct mini_run *run, const struct slice *now, const struct slice *proposed)
{
	const struct mini_stmt *s = run->stmt;
	struct slice *row = arena_array(run->arena, struct slice, s->table->columns_count);

	memcpy(row, now, (size_t)s->table->columns_count * sizeof(row[0]));
	for (int i = 0; i < s->assigns_count; i++) {
		const struct mini_assign *a = &s->assigns[i];

		if (a->source == MINI_LITERAL)
			row[a->column] = a->value;
		else if (a->source == MINI_VALUES)
			row[a->column] = proposed[a->from];
		else if (a->source == MINI_SAME)
			row[a->column] = of_its_key(s, a, now, proposed);
		else
			row[a->column] = plus(run->arena, now[a->from], a->value);
	}
	return row;
}

static bool
same_row(const struct mini_table *t, const struct slice *a, const struct slice *b)
{
	for (int i = 0; i < t->columns_count; i++) {
		if (slice_is_null(a[i]) != slice_is_null(b[i]) || !slice_eq(a[i], b[i]))
			return false;
	}
	return true;
}

static enum mini_rc
put_over(const struct mini_run *run, struct mini_row *there, const struct slice *row,
    struct mini_result *out)
{
	const struct slice *now = row_at(there, run->txn, UINT64_MAX);
	struct slice *to = assigned(run, now, row);

	if (same_row(run->stmt->table, now, to)) {
		out->affected += run->found_rows;
		return MINI_OK;
	}
	out->affected += 2;
	return foreign_update(run->txn, run->stmt->table, there, to);
}

static enum mini_rc
put_row(const struct mini_run *run, const struct slice *row, struct mini_result *out)
{
	struct mini_table *t = run->stmt->table;
	struct mini_row *there;
	enum mini_rc rc;

	for (;;) {
		rc = txn_conflict(run->txn, t, row, NULL, &there);
		if (rc != MINI_OK || there == NULL)
			break;
		if (!run->stmt->replace)
			return run->stmt->assigns_count > 0 ? put_over(run, there, row, out)
							    : MINI_DUPLICATE;
		out->affected++;
		rc = foreign_delete(run->txn, t, there);
		if (rc != MINI_OK)
			return rc;
	}
	if (rc == MINI_OK)
		rc = foreign_insert(run->txn, t, row);
	out->affected += rc == MINI_OK;
	return rc;
}

static enum mini_rc
run_put(const struct mini_run *run, struct mini_result *out)
{
	for (size_t i = 0; i < run->stmt->rows_count; i++) {
		enum mini_rc rc = put_row(run, run->stmt->rows[i], out);

		if (rc != MINI_OK)
			return rc;
	}
	return MINI_OK;
}

/* ---- LOAD DATA */

static struct slice
load_value(const struct mini_run *run, struct slice s)
{
	static const char letters[256] = { ['n'] = '\n', ['t'] = '\t', ['\\'] = '\\' };
	SCOPED(buf) struct buf out = BUF_INIT;

	if (slice_eq_str(s, "\\N"))
		return SLICE_NULL;
	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.ptr[i];

		if (c == '\\' && i + 1 < s.len) {
			c = s.ptr[++i];
			check(c == '0' || letters[c] != 0);
			c = (uint8_t)letters[c];
		}
		buf_add_char(&out, (char)c);
	}
	return arena_dup(run->arena, slice_of(out.data, out.len));
}

static enum mini_rc
run_load(const struct mini_run *run, struct mini_result *out)
{
	const struct mini_stmt *s = run->stmt;
	struct slice line, rest = run->file;
	size_t records = 0;

	while (rest.len > 0) {
		struct slice *row = arena_array(run->arena, struct slice, s->table->columns_count);
		enum mini_rc rc;

		rest = slice_split(rest, '\n', &line);
		check(!slice_is_null(rest)); /* each line has its end */
		for (int i = 0; i < s->columns_count; i++) {
			struct slice value;

			line = slice_split(line, '\t', &value);
			row[s->columns[i]] = load_value(run, value);
		}
		check(slice_is_null(line));
		rc = put_row(run, row, out);
		if (rc != MINI_OK)
			return rc;
		records++;
	}
	snprintf(out->info, sizeof(out->info), "Records: %zu  Deleted: %zu  Skipped: 0  Warnings: 0",
	    records, (size_t)out->affected - records);
	return MINI_OK;
}

/* ---- UPDATE and DELETE */

static enum mini_rc
change_rows(const struct mini_run *run, const struct matches *m, struct mini_result *out)
{
	struct mini_table *t = run->stmt->table;

	for (size_t i = 0; i < m->count; i++) {
		const struct slice *now = row_at(m->rows[i], run->txn, UINT64_MAX);
		enum mini_rc rc = MINI_OK;
		bool remove = run->stmt->kind == MINI_REMOVE;

		/* A foreign key's action has come first. */
		if (now == NULL || !cond_holds(run->stmt->where, t, now))
			continue;
		struct slice *to = remove ? NULL : assigned(run, now, NULL);
		bool same = !remove && same_row(t, now, to);

		if (remove)
			rc = foreign_delete(run->txn, t, m->rows[i]);
		else if (!same)
			rc = foreign_update(run->txn, t, m->rows[i], to);
		if (rc != MINI_OK)
			return rc;
		out->affected += !same || run->found_rows;
	}
	return MINI_OK;
}

static enum mini_rc
run_change(const struct mini_run *run, struct mini_result *out)
{
	struct matches m = { 0 };
	enum mini_rc rc = lock_matches(run, &m);

	if (rc == MINI_OK)
		rc = change_rows(run, &m, out);
	matches_done(&m);
	return rc;
}

static enum mini_rc
run_any(const struct mini_run *run, struct mini_result *out)
{
	switch (run->stmt->kind) {
	case MINI_SELECT: return run_select(run, out);
	case MINI_PUT: return run_put(run, out);
	case MINI_CHANGE:
	case MINI_REMOVE: return run_change(run, out);
	case MINI_LOAD: return run_load(run, out);
	case MINI_CREATE:
	case MINI_DROP:
	case MINI_EMPTY:
	case MINI_ALTER: break;
	}
	unreachable();
}

enum mini_rc
mini_run(const struct mini_run *run, struct mini_result *out)
{
	size_t writes = run->txn->writes_count, changes = run->txn->changes_count;
	enum mini_rc rc;

	result_done(out);
	rc = run_any(run, out);
	if (rc == MINI_OK)
		return rc;
	txn_undo(run->txn, writes, changes);
	result_done(out);
	if (rc == MINI_DUPLICATE)
		result_error(out, ER_DUP_ENTRY, "Duplicate entry for key");
	else if (rc == MINI_NO_PARENT)
		result_error(out, ER_NO_REFERENCED_ROW, "Cannot add or update a child row");
	else if (rc == MINI_HAS_CHILD)
		result_error(out, ER_ROW_IS_REFERENCED, "Cannot delete or update a parent row");
	return rc == MINI_BLOCKED ? rc : MINI_OK;
}
