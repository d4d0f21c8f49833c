#include "tablet/server/run_parts.h"

#include "base/parse.h"
#include "sql/quote.h"
#include "tablet/server/again.h"

static void
add_place(struct buf *out, const struct run_place *place)
{
	buf_add_str(out, ", ");
	quote_string(out, slice_str(place->table));
	buf_add_str(out, ", ");
	quote_hex(out, place->key);
}

void
run_parts_set_sql(struct buf *out, struct stream_id id, const struct run_part *part)
{
	buf_add_str(out, "REPLACE INTO ");
	sidecar_table(out, id.sidecar, "run_part");
	buf_add_str(out,
	    " (workflow, round, part_no, until_gtid, until_file, until_offset,"
	    " from_tbl, from_key, to_tbl, to_key) VALUES (");
	quote_string(out, slice_str(id.workflow));
	buf_addf(out, ", %d, %d, ", id.round, part->no);
	quote_string(out, slice_str(position_gtid(&part->until)));
	buf_add_str(out, ", ");
	quote_string(out, slice_str(part->until.file));
	buf_addf(out, ", %llu", (unsigned long long)part->until.offset);
	add_place(out, &part->from);
	add_place(out, &part->to);
	buf_add_char(out, ')');
}

static int
read_part(struct ctx *cx, const struct slice *v, struct run_part *out)
{
	TRY(parse_int(v[0], 1, INT32_MAX, &out->no, cx->err));
	TRY(position_read(cx, v + 1, &out->until));
	out->from = (struct run_place){ arena_slice_str(cx->arena, v[4]), v[5] };
	out->to = (struct run_place){ arena_slice_str(cx->arena, v[6]), v[7] };
	return 0;
}

int
run_parts_read(struct ctx *cx, struct mysql_client *c, struct stream_id id,
    const struct position *applied, struct run_parts *out)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	struct mysql_rows rows;
	size_t n = 0;

	buf_add_str(&sql,
	    "SELECT part_no, until_gtid, until_file, until_offset, from_tbl, from_key, to_tbl, to_key FROM ");
	sidecar_table(&sql, id.sidecar, "run_part");
	sidecar_where_stream(&sql, id);
	TRY(mysql_select(cx, c, buf_slice(&sql), &rows));
	out->items = arena_array(cx->arena, struct run_part, rows.rows);
	for (size_t i = 0; i < rows.rows; i++) {
		struct run_part *part = &out->items[n];

		TRY(read_part(cx, rows.values + i * rows.columns, part));
		if (position_cmp(&part->until, applied) <= 0)
			continue;
		if (position_cmp(&part->until, &out->items[0].until) != 0)
			return err_set(cx->err, ERR_CORRUPT,
			    "table run_part of the sidecar database has parts of two runs of '%s'",
			    id.workflow);
		n++;
	}
	out->count = n;
	return 0;
}

int
run_parts_delete(struct ctx *cx, struct mysql_client *c, struct stream_id id)
{
	return again_delete(cx, c, id, "run_part");
}
