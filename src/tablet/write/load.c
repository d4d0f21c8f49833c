#include "tablet/write/load.h"

#include "sql/quote.h"

#include <inttypes.h>
#include <stdio.h>

/* The letter behind the backslash, or 0 for a byte that stands for itself. */
static const char escapes[256] = { ['\\'] = '\\', ['\t'] = 't', ['\n'] = 'n', ['\0'] = '0' };

static void
add_escaped(struct buf *out, struct slice value)
{
	const uint8_t *from = value.ptr, *end = value.ptr + value.len;

	for (const uint8_t *p = from; p < end; p++) {
		if (escapes[*p] == 0)
			continue;
		buf_add(out, from, (size_t)(p - from));
		buf_add_char(out, '\\');
		buf_add_char(out, escapes[*p]);
		from = p + 1;
	}
	buf_add(out, from, (size_t)(end - from));
}

void
load_add_row(struct buf *out, const struct table_def *def, const struct slice *row)
{
	for (int i = 0; i < def->columns_count; i++) {
		if (i > 0)
			buf_add_char(out, '\t');
		if (slice_is_null(row[i]))
			buf_add_str(out, "\\N");
		else
			add_escaped(out, row[i]);
	}
	buf_add_char(out, '\n');
}

static bool
by_number(const struct column *c)
{
	return c->type.kind == COLUMN_ENUM || c->type.kind == COLUMN_SET ||
	    c->type.kind == COLUMN_BIT;
}

void
load_sql(struct buf *out, const struct moved_table *t)
{
	const struct table_def *def = t->def;
	const char *separator = " SET ";

	buf_add_str(out, "LOAD DATA LOCAL INFILE 'rows' REPLACE INTO TABLE ");
	quote_table(out, slice_str(t->database), slice_str(t->name));
	buf_add_str(out,
	    " CHARACTER SET binary FIELDS TERMINATED BY '\\t' ESCAPED BY '\\\\'"
	    " LINES TERMINATED BY '\\n' (");
	for (int i = 0; i < def->columns_count; i++) {
		if (i > 0)
			buf_add_char(out, ',');
		if (by_number(&def->columns[i]))
			buf_addf(out, "@v%d", i);
		else
			quote_ident(out, slice_str(def->columns[i].name));
	}
	buf_add_char(out, ')');
	for (int i = 0; i < def->columns_count; i++) {
		if (!by_number(&def->columns[i]))
			continue;
		/* Not @v+0: that is a double, and BIT(64) has more digits. */
		buf_add_str(out, separator);
		quote_ident(out, slice_str(def->columns[i].name));
		buf_addf(out, "=CAST(@v%d AS UNSIGNED)", i);
		separator = ",";
	}
}

int
load_counts_read(const char *info, struct load_counts *out, struct err *err)
{
	*out = (struct load_counts){ 0 };
	if (sscanf(info,
		"Records: %" SCNu64 " Deleted: %" SCNu64 " Skipped: %" SCNu64 " Warnings: %" SCNu64,
		&out->records, &out->deleted, &out->skipped, &out->warnings) != 4)
		return err_set(err, ERR_CORRUPT, "a load answered '%.100s'", info);
	return 0;
}
