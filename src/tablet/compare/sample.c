#include "tablet/compare/sample.h"

#include "mysql/bulk.h"
#include "tablet/table/same.h"
#include "topo/json.h"

static bool
is_text(const struct column_type *t, struct slice value)
{
	bool bytes = t->kind == COLUMN_BYTES || t->kind == COLUMN_ADDRESS ||
	    t->kind == COLUMN_GEOMETRY || t->kind == COLUMN_VECTOR;

	return !bytes && json_is_text(value);
}

static void
put_value(struct json_writer *w, const struct column *c, struct slice value, int truncate_at)
{
	SCOPED(buf) struct buf text = BUF_INIT;
	struct slice kept = slice_cut(value, 0, (size_t)truncate_at);

	if (slice_is_null(value)) {
		json_put_raw(w, c->name, slice_str("null"));
		return;
	}
	if (is_text(&c->type, value)) {
		/* no part of a character */
		while (kept.len > 0 && kept.len < value.len && (value.ptr[kept.len] & 0xc0) == 0x80)
			kept.len--;
		buf_add_slice(&text, kept);
	} else {
		buf_add_str(&text, "0x");
		for (size_t i = 0; i < kept.len; i++)
			buf_addf(&text, "%02x", kept.ptr[i]);
	}
	if (kept.len < value.len)
		buf_add_str(&text, "...[TRUNCATED]");
	json_put_slice(w, c->name, buf_slice(&text));
}

/* {"Row":{...},"Query":""}: of the columns that are not the same as other's, and the key's; all where other
 * is NULL. */
static void
put_row(
    struct json_writer *w, const struct table_def *def, const struct slice rows[2], int truncate_at)
{
	struct slice row = rows[0], other = rows[1];

	json_put_open(w, "Row", '{');
	for (int i = 0; i < def->columns_count; i++) {
		const struct column *c = &def->columns[i];

		if (!column_is_written(c))
			continue;
		struct slice value = bulk_next(&row);
		bool same = !slice_is_null(other) && same_value(&c->type, value, bulk_next(&other));
		if (!same || c->key_index >= 0)
			put_value(w, c, value, truncate_at);
	}
	json_put_close(w, '}');
	json_put_str(w, "Query", "");
}

static struct json_writer
begin(struct buf *out)
{
	if (out->len > 0)
		buf_add_char(out, ',');
	return json_to(out);
}

void
sample_add_row(struct buf *out, const struct table_def *def, struct slice row, int truncate_at)
{
	struct json_writer w = begin(out);
	const struct slice rows[2] = { row, SLICE_NULL };

	json_put_open(&w, NULL, '{');
	put_row(&w, def, rows, truncate_at);
	json_put_close(&w, '}');
}

void
sample_add_pair(
    struct buf *out, const struct table_def *def, const struct sample_pair *pair, int truncate_at)
{
	struct json_writer w = begin(out);
	const struct slice forth[2] = { pair->source, pair->target };
	const struct slice back[2] = { pair->target, pair->source };

	json_put_open(&w, NULL, '{');
	json_put_open(&w, "Source", '{');
	put_row(&w, def, forth, truncate_at);
	json_put_close(&w, '}');
	json_put_open(&w, "Target", '{');
	put_row(&w, def, back, truncate_at);
	json_put_close(&w, '}');
	json_put_close(&w, '}');
}
