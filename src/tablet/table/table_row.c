#include "tablet/table/table_row.h"

#include "binlog/coltype.h"
#include "sql/quote.h"

static int
refuse_rounded(
    const struct table_def *def, const struct column *c, struct slice what, struct err *err)
{
	err_set(err, ERR_REFUSED,
	    "column '%s' of table '%s.%s' holds %.*s, which its type would round today", c->name,
	    def->database, def->name, SLICE_ARG(slice_cut(what, 0, 100)));
	if (c->type.kind == COLUMN_JSON)
		return err_hint(err,
		    "ALTER TABLE `%s` MODIFY `%s` LONGTEXT at the source, or make it a string in the "
		    "document, then move anew",
		    def->name, c->name);
	return err_hint(err,
	    "UPDATE `%s` SET `%s`=ROUND(`%s`,%d) at the source, or widen the column's type, then move "
	    "anew",
	    def->name, c->name, c->name, c->type.scale);
}

/* what: the subject's predicate; kept: the type that keeps it. */
static int
refuse_uncommon(const struct table_def *def, const struct column *c, const char *what,
    const char *kept, struct err *err)
{
	err_set(err, ERR_REFUSED,
	    "column '%s' of table '%s.%s' holds %s, which servers of another flavour do not take",
	    c->name, def->database, def->name, what);
	return err_hint(err,
	    "ALTER TABLE `%s` MODIFY `%s` %s at the source, or change the value, then move anew",
	    def->name, c->name, kept);
}

static int
check_value(const struct table_def *def, const struct column *c, struct slice value, struct err *err)
{
	struct slice what;

	switch (column_fit(&c->type, value, &what)) {
	case COLUMN_FITS: break;
	case COLUMN_ROUNDED: return refuse_rounded(def, c, what, err);
	case COLUMN_TOO_DEEP:
		return refuse_uncommon(def, c,
		    "a document with too many levels, brackets in brackets", "LONGTEXT", err);
	case COLUMN_TOO_FEW:
		return refuse_uncommon(
		    def, c, "a vector of fewer numbers than its type says", "BLOB", err);
	case COLUMN_TOO_LONG:
		return refuse_uncommon(
		    def, c, "a vector whose numbers' squares are no float together", "BLOB", err);
	}
	return 0;
}

int
table_row_check(const struct table_def *def, const struct slice *row, struct err *err)
{
	for (int i = 0; def->checked && i < def->columns_count; i++)
		TRY(check_value(def, &def->columns[i], row[i], err));
	return 0;
}

size_t
table_row_unsayable(const struct table_def *def, const struct slice *row)
{
	size_t n = 0;

	for (int i = 0; def->enums && i < def->columns_count; i++)
		n += column_is_unsayable(&def->columns[i].type, row[i]);
	return n;
}

size_t
table_row_bytes(const struct table_def *def, const struct slice *row)
{
	size_t bytes = 0;

	for (int i = 0; i < def->columns_count; i++)
		bytes += column_is_written(&def->columns[i]) ? row[i].len : 0;
	return bytes;
}

void
table_row_select_column(struct buf *out, const struct table_def *def, int i)
{
	SCOPED(buf) struct buf name = BUF_INIT;
	const struct column *c = &def->columns[i];

	quote_ident(&name, slice_str(c->name));
	coltype_select(out, &c->type, buf_slice(&name));
	if (c->zerofill)
		buf_add_str(out, "+0");
}

void
table_row_select_list(struct buf *out, const struct table_def *def)
{
	for (int i = 0; i < def->columns_count; i++) {
		if (i > 0)
			buf_add_char(out, ',');
		table_row_select_column(out, def, i);
	}
}

void
table_row_key(struct buf *out, const struct table_def *def, const struct slice *row)
{
	for (int i = 0; i < def->key_count; i++)
		key_bytes(out, &def->columns[def->key[i]].type, row[def->key[i]]);
}

const char *
table_row_all_of(const struct table_def *def)
{
	return def->versioned ? " FOR SYSTEM_TIME ALL" : "";
}
