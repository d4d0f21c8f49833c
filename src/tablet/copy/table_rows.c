#include "tablet/copy/table_rows.h"

#include "base/mem.h"
#include "sql/quote.h"
#include "tablet/table/bounds.h"
#include "tablet/table/table_row.h"
#include "tablet/write/load.h"

#include <stdlib.h>

void
table_rows_init(struct table_rows *r)
{
	*r = (struct table_rows){ 0 };
	buf_init(&r->values);
	buf_init(&r->keys);
	buf_init(&r->last);
}

void
table_rows_done(struct table_rows *r)
{
	buf_done(&r->values);
	buf_done(&r->keys);
	buf_done(&r->last);
	free(r->ends);
}

size_t
table_rows_size(const struct table_rows *r)
{
	return r->values.len + r->keys.len;
}

struct slice
table_rows_key(const struct table_rows *r, size_t i)
{
	return slice_cut(buf_slice(&r->keys), i > 0 ? r->ends[i - 1].key : 0, r->ends[i].key);
}

struct slice
table_rows_values(const struct table_rows *r, size_t i)
{
	return slice_cut(
	    buf_slice(&r->values), i > 0 ? r->ends[i - 1].values : 0, r->ends[i].values);
}

void
table_rows_bound(struct buf *out, const struct table_def *def, const struct table_rows *r, size_t i)
{
	SCOPED(arena) struct arena arena = ARENA_INIT;
	struct slice *row = arena_array(&arena, struct slice, def->columns_count);
	struct slice values = table_rows_values(r, i);

	load_take_row(&values, def, row);
	bound_of_row(out, def, row);
}

/* ---- Asking */

static int
listed(struct buf *out, const struct table_def *def, const struct row_span *span, struct err *err)
{
	for (size_t i = 0; i < span->keys_count; i++) {
		buf_add_str(out, i == 0 ? "((" : " OR (");
		TRY(bound_equal(out, def, span->keys[i], err));
		buf_add_char(out, ')');
	}
	buf_add_char(out, ')');
	return 0;
}

static int
conditions(
    struct buf *out, const struct table_def *def, const struct row_span *span, struct err *err)
{
	static const char first[] = " WHERE ", next[] = " AND ";
	const char *word = first;

	if (!slice_is_null(span->after)) {
		buf_add_str(out, word);
		TRY(bound_after(out, def, span->after, err));
		word = next;
	}
	if (!slice_is_null(span->upper)) {
		buf_add_str(out, word);
		TRY(bound_upto(out, def, span->upper, err));
		word = next;
	}
	if (span->keys == NULL)
		return 0;
	buf_add_str(out, word);
	return listed(out, def, span, err);
}

int
table_rows_from(struct buf *out, const struct moved_table *t, enum move_side end,
    const struct row_span *span, struct err *err)
{
	const struct table_def *def = t->def;
	bool from = end == MOVE_FROM;

	buf_add_str(out, " FROM ");
	quote_table(out, slice_str(from ? def->database : t->database),
	    slice_str(from ? def->name : t->name));
	buf_add_str(out, " FORCE INDEX (");
	quote_ident(out, slice_str(def->key_name));
	buf_add_char(out, ')');
	TRY(conditions(out, def, span, err));
	bound_order(out, def);
	buf_addf(out, " LIMIT %zu", span->limit);
	return 0;
}

/* ---- Reading */

static int
check_row(const struct rows_wanted *wanted, const struct slice *row, struct err *err)
{
	const struct table_def *def = wanted->table->def;

	for (int i = 0; i < def->key_count; i++) {
		if (slice_is_null(row[def->key[i]]))
			return err_set(err, ERR_CORRUPT, "table '%s': a NULL in the key", def->name);
	}
	return wanted->as_is ? 0 : table_row_check(def, row, err);
}

static void
add_row(struct table_rows *r, const struct table_def *def, const struct slice *row)
{
	r->ends = mem_grow(r->ends, &r->cap, r->count + 1, sizeof(*r->ends));
	load_add_row(&r->values, def, row);
	table_row_key(&r->keys, def, row);
	r->ends[r->count++] =
	    (struct row_end){ r->values.len, r->keys.len, table_row_unsayable(def, row) };
	buf_reset(&r->last);
	bound_of_row(&r->last, def, row);
}

/* A large row is not put beside others, which would only be read again with it. */
static bool
has_room(const struct table_rows *r, const struct table_def *def, const struct slice *row)
{
	return r->count == 0 || table_rows_size(r) + table_row_bytes(def, row) <= ROWS_BYTES_MAX;
}

static int
read_all(
    struct ctx *cx, struct mysql_client *c, const struct rows_wanted *wanted, struct table_rows *r)
{
	SCOPED(arena) struct arena arena = ARENA_INIT;
	const struct table_def *def = wanted->table->def;
	struct slice *row = arena_array(&arena, struct slice, def->columns_count);
	int rc;

	while ((rc = mysql_stream_next(cx, c, row)) == 1) {
		TRY(check_row(wanted, row, cx->err));
		r->full = !has_room(r, def, row);
		if (!r->full)
			add_row(r, def, row);
		r->cut = r->full || (wanted->cut != NULL && *wanted->cut);
		if (r->cut)
			return 0;
	}
	return rc;
}

int
table_rows_read(
    struct ctx *cx, struct mysql_client *c, const struct rows_wanted *wanted, struct table_rows *r)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	const struct table_def *def = wanted->table->def;
	size_t columns;

	/* Of an engine that locks its table: the server lets go once it has read, however slow we are. */
	buf_add_str(&sql, def->engine != NULL ? "SELECT SQL_BUFFER_RESULT " : "SELECT ");
	buf_add_str(&sql, wanted->table->plan.columns);
	buf_add_slice(&sql, wanted->from);
	TRY(mysql_stream_start(cx, c, buf_slice(&sql), &columns));
	if (columns != (size_t)def->columns_count)
		return err_set(
		    cx->err, ERR_CONFLICT, "table '%s' gave %zu columns", def->name, columns);
	return read_all(cx, c, wanted, r);
}
