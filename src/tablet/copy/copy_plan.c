#include "tablet/copy/copy_plan.h"

#include "base/parse.h"
#include "sql/quote.h"
#include "tablet/table/bounds.h"

#include <inttypes.h>
#include <stdio.h>

size_t
copy_plan_cuts(uint64_t span, size_t count, uint64_t *offsets)
{
	size_t cuts = 0;

	for (size_t i = 1; i < count; i++) {
		uint64_t at = (uint64_t)((unsigned __int128)span * i / count);

		if (cuts == 0 || at > offsets[cuts - 1])
			offsets[cuts++] = at;
	}
	return cuts;
}

static struct slice
bound_at(struct arena *a, bool is_unsigned, uint64_t value)
{
	SCOPED(buf) struct buf b = BUF_INIT;
	char text[24];

	if (is_unsigned)
		snprintf(text, sizeof(text), "%" PRIu64, value);
	else
		snprintf(text, sizeof(text), "%" PRId64, (int64_t)value);
	bound_of_first(&b, slice_str(text));
	return arena_dup(a, buf_slice(&b));
}

/*
 * A number of the column as 64 bits; a negative one in two's complement, so that differences are
 * right.
 */
static int
parse_number(struct slice s, bool is_unsigned, uint64_t *out, struct err *err)
{
	int64_t v;

	if (is_unsigned)
		return parse_u64(s, out, err);
	TRY(parse_i64(s, &v, err));
	*out = (uint64_t)v;
	return 0;
}

static int
read_extremes(struct ctx *cx, struct mysql_client *source, const struct table_def *def,
    uint64_t *min, uint64_t *max)
{
	const struct column *key = &def->columns[def->key[0]];
	SCOPED(buf) struct buf sql = BUF_INIT;
	struct mysql_rows rows;

	*min = *max = 0;
	for (int i = 0; i < 2; i++) {
		buf_add_str(&sql, i == 0 ? "SELECT MIN(" : ", MAX(");
		quote_ident(&sql, slice_str(key->name));
		buf_add_char(&sql, ')');
	}
	buf_add_str(&sql, " FROM ");
	quote_table(&sql, slice_str(def->database), slice_str(def->name));
	TRY(mysql_select(cx, source, buf_slice(&sql), &rows));
	if (rows.rows != 1 || rows.columns != 2 || slice_is_null(rows.values[0]))
		return 0;
	TRY(parse_number(rows.values[0], key->type.is_unsigned, min, cx->err));
	return parse_number(rows.values[1], key->type.is_unsigned, max, cx->err);
}

static size_t
ranges_wanted(const struct table_def *def, int parallel)
{
	size_t by_rows = def->rows_estimate > 0 ? (size_t)def->rows_estimate / COPY_RANGE_ROWS : 1;
	size_t wanted = parallel < COPY_RANGES_MAX ? (size_t)parallel : COPY_RANGES_MAX;

	if (wanted > by_rows)
		wanted = by_rows;
	return def->columns[def->key[0]].type.kind == COLUMN_INT && wanted > 1 ? wanted : 1;
}

int
copy_plan(struct ctx *cx, struct mysql_client *source, const struct table_def *def, int parallel,
    struct copy_ranges *out)
{
	size_t wanted = ranges_wanted(def, parallel), cuts = 0;
	uint64_t offsets[COPY_RANGES_MAX], min = 0, max = 0;
	bool is_unsigned = def->columns[def->key[0]].type.is_unsigned;

	if (wanted > 1) {
		TRY(read_extremes(cx, source, def, &min, &max));
		cuts = copy_plan_cuts(max - min, wanted, offsets);
	}
	out->items = arena_array(cx->arena, struct copy_range, cuts + 1);
	out->count = cuts + 1;
	for (size_t i = 0; i <= cuts; i++) {
		struct copy_range *r = &out->items[i];

		r->no = (int)i;
		buf_init(&r->done);
		if (i > 0)
			r->lower = out->items[i - 1].upper;
		if (i < cuts)
			r->upper = bound_at(cx->arena, is_unsigned, min + offsets[i]);
	}
	return 0;
}
