#include "sim/sim_same.h"

#include "base/err.h"
#include "base/mem.h"

#include <stdlib.h>

/* The rows of a table at a time. */
struct rows {
	const struct slice **rows;
	size_t count, cap;
};

static int
cmp_values(const struct slice *a, const struct slice *b, int count)
{
	for (int i = 0; i < count; i++) {
		int null = slice_is_null(b[i]) - slice_is_null(a[i]);
		int order = null != 0 ? null : slice_cmp(a[i], b[i]);

		if (order != 0)
			return order;
	}
	return 0;
}

static int
cmp_rows(const void *x, const void *y, void *count)
{
	return cmp_values(
	    *(const struct slice *const *)x, *(const struct slice *const *)y, *(int *)count);
}

/* Without a key the order is that in which rows came, which is no part of what they are. */
static void
rows_at(const struct mini_table *t, uint64_t seq, struct rows *out)
{
	int columns = t->columns_count;

	for (size_t i = 0; i < t->count; i++) {
		const struct slice *values = row_logged(t->rows[i], seq);

		if (values == NULL)
			continue;
		out->rows = mem_grow(out->rows, &out->cap, out->count + 1, sizeof(out->rows[0]));
		out->rows[out->count++] = values;
	}
	if (t->key.count == 0 && out->count > 0)
		qsort_r(out->rows, out->count, sizeof(out->rows[0]), cmp_rows, &columns);
}

static void
show_row(struct buf *out, const struct mini_table *t, const struct slice *row)
{
	for (int i = 0; row != NULL && i < t->columns_count; i++)
		buf_addf(out, "%s%.*s", i > 0 ? "|" : "(",
		    SLICE_ARG(slice_is_null(row[i]) ? slice_str("NULL") : row[i]));
	buf_add_str(out, row == NULL ? "none" : ")");
}

static const char *
first_difference(
    const struct mini_table *t, const struct rows *a, const struct rows *b, struct arena *arena)
{
	SCOPED(buf) struct buf text = BUF_INIT;
	size_t most = a->count > b->count ? a->count : b->count;

	for (size_t i = 0; i < most; i++) {
		const struct slice *x = i < a->count ? a->rows[i] : NULL;
		const struct slice *y = i < b->count ? b->rows[i] : NULL;

		if (x != NULL && y != NULL && cmp_values(x, y, t->columns_count) == 0)
			continue;
		buf_addf(&text, "table '%s': source ", t->name);
		show_row(&text, t, x);
		buf_add_str(&text, " target ");
		show_row(&text, t, y);
		return arena_slice_str(arena, buf_slice(&text));
	}
	return NULL;
}

const char *
sim_same(const struct mini_table *a, uint64_t seq, const struct mini_table *b, struct arena *arena)
{
	struct rows x = { 0 }, y = { 0 };
	const char *differs;

	if (b == NULL)
		return "the target has no table";
	rows_at(a, seq, &x);
	rows_at(b, UINT64_MAX, &y);
	differs = first_difference(a, &x, &y, arena);
	free(x.rows);
	free(y.rows);
	return differs;
}
