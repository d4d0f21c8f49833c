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

int
table_row_check(const struct table_def *def, const struct slice *row, struct err *err)
{
	for (int i = 0; def->rounds && i < def->columns_count; i++) {
		struct slice rounded = column_rounded(&def->columns[i].type, row[i]);

		if (!slice_is_null(rounded))
			return refuse_rounded(def, &def->columns[i], rounded, err);
	}
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

void
table_row_select_list(struct buf *out, const struct table_def *def)
{
	for (int i = 0; i < def->columns_count; i++) {
		SCOPED(buf) struct buf name = BUF_INIT;
		const struct column *c = &def->columns[i];

		if (i > 0)
			buf_add_char(out, ',');
		quote_ident(&name, slice_str(c->name));
		coltype_select(out, &c->type, buf_slice(&name));
		if (c->zerofill)
			buf_add_str(out, "+0");
	}
}

void
table_row_key(struct buf *out, const struct table_def *def, const struct slice *row)
{
	for (int i = 0; i < def->key_count; i++)
		key_bytes(out, &def->columns[def->key[i]].type, row[def->key[i]]);
}
