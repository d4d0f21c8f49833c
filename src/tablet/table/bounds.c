#include "tablet/table/bounds.h"

#include "base/parse.h"
#include "mysql/wire.h"
#include "sql/quote.h"

#include <inttypes.h>

enum {
	KEY_COLUMNS_MAX = 32, /* the servers allow 32 in an index */
	LISTED_MAX = 255,     /* members of an ENUM of one byte */
};

void
bound_of_row(struct buf *out, const struct table_def *def, const struct slice *row)
{
	for (int i = 0; i < def->key_count; i++)
		wire_put_lenenc_str(out, row[def->key[i]]);
}

void
bound_of_first(struct buf *out, struct slice value)
{
	wire_put_lenenc_str(out, value);
}

static int
read_bound(struct slice bound, const struct table_def *def, struct slice *values, int *count,
    struct err *err)
{
	struct wire_reader r = wire_reader(bound);

	for (*count = 0; *count < def->key_count && *count < KEY_COLUMNS_MAX && wire_left(&r) > 0;
	     ++*count)
		values[*count] = wire_lenenc_str(&r);
	TRY(wire_done(&r, "stored bound", err));
	if (*count == 0 || wire_left(&r) > 0)
		return err_set(
		    err, ERR_CORRUPT, "a bound of table '%s' does not fit its key", def->name);
	return 0;
}

/*
 * Servers find the numbers that an ENUM equals by its index, but go through all of the index for one that it
 * is greater than: so the numbers are listed, 0 for what was no member.
 * false: it is no such column, or too long a list.
 */
static bool
compare_listed(struct buf *out, const struct column *c, const char *op, struct slice value)
{
	uint64_t at, first = 0, last = c->type.length;
	struct err err;

	if (c->type.kind != COLUMN_ENUM || c->type.length > LISTED_MAX || op[0] == '=' ||
	    parse_u64(value, &at, &err) != 0 || at > last)
		return false;
	if (op[0] == '>')
		first = op[1] == '=' ? at : at + 1;
	else if (op[1] != '=' && at == 0)
		first = last + 1;
	else
		last = op[1] == '=' ? at : at - 1;
	if (first > last) {
		buf_add_str(out, "FALSE");
		return true;
	}
	quote_ident(out, slice_str(c->name));
	for (uint64_t n = first; n <= last; n++)
		buf_addf(out, n == first ? " IN (%" PRIu64 : ",%" PRIu64, n);
	buf_add_char(out, ')');
	return true;
}

static void
compare(struct buf *out, const struct table_def *def, int i, const char *op, struct slice value)
{
	const struct column *c = &def->columns[def->key[i]];

	if (compare_listed(out, c, op, value))
		return;
	quote_ident(out, slice_str(c->name));
	buf_add_str(out, op);
	column_literal(out, &c->type, value);
}

/* The columns before the last decide with op, the last with last_op. */
static int
condition(struct buf *out, const struct table_def *def, struct slice bound,
    const char *const ops[3], struct err *err)
{
	struct slice values[KEY_COLUMNS_MAX];
	int count;

	TRY(read_bound(bound, def, values, &count, err));
	if (count == 1) {
		compare(out, def, 0, ops[1], values[0]);
		return 0;
	}
	/* Follows from the rest, but without it the server reads from the beginning of the index. */
	compare(out, def, 0, ops[2], values[0]);
	buf_add_str(out, " AND (");
	for (int i = 0; i < count; i++) {
		buf_add_str(out, i > 0 ? " OR (" : "(");
		for (int j = 0; j < i; j++) {
			compare(out, def, j, "=", values[j]);
			buf_add_str(out, " AND ");
		}
		compare(out, def, i, i == count - 1 ? ops[1] : ops[0], values[i]);
		buf_add_char(out, ')');
	}
	buf_add_char(out, ')');
	return 0;
}

int
bound_after(struct buf *out, const struct table_def *def, struct slice bound, struct err *err)
{
	static const char *const ops[3] = { ">", ">", ">=" };

	return condition(out, def, bound, ops, err);
}

int
bound_upto(struct buf *out, const struct table_def *def, struct slice bound, struct err *err)
{
	static const char *const ops[3] = { "<", "<=", "<=" };

	return condition(out, def, bound, ops, err);
}

int
bound_equal(struct buf *out, const struct table_def *def, struct slice bound, struct err *err)
{
	struct slice values[KEY_COLUMNS_MAX];
	int count;

	TRY(read_bound(bound, def, values, &count, err));
	for (int i = 0; i < count; i++) {
		buf_add_str(out, i > 0 ? " AND " : "");
		compare(out, def, i, "=", values[i]);
	}
	return 0;
}

void
bound_order(struct buf *out, const struct table_def *def)
{
	buf_add_str(out, " ORDER BY ");
	for (int i = 0; i < def->key_count; i++) {
		if (i > 0)
			buf_add_char(out, ',');
		quote_ident(out, slice_str(def->columns[def->key[i]].name));
	}
}
