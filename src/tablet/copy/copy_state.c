#include "tablet/copy/copy_state.h"

#include "base/parse.h"
#include "sql/quote.h"

#include <inttypes.h>

static void
where(struct buf *out, struct stream_id id, const char *name)
{
	sidecar_where_stream(out, id);
	buf_add_str(out, " AND tbl=");
	quote_string(out, slice_str(name));
}

static void
key_or_null(struct buf *out, struct slice key)
{
	if (slice_is_null(key))
		buf_add_str(out, "NULL");
	else
		quote_hex(out, key);
}

static int
read_progress(struct copy_range *r, const struct slice *values, struct err *err)
{
	int64_t finished;

	buf_reset(&r->done);
	buf_add_slice(&r->done, values[0]);
	TRY(parse_i64(values[1], &r->rows, err));
	TRY(parse_i64(values[2], &finished, err));
	r->finished = finished != 0;
	return 0;
}

int
copy_ranges_check(const struct copy_ranges *ranges, const char *name, struct err *err)
{
	struct slice end = SLICE_NULL;

	for (size_t i = 0; i < ranges->count; i++) {
		const struct copy_range *r = &ranges->items[i];
		bool first = i == 0, last = i + 1 == ranges->count;

		if (slice_is_null(r->lower) != first || slice_is_null(r->upper) != last ||
		    (!first && !slice_eq(r->lower, end)))
			return err_set(err, ERR_CORRUPT,
			    "range %d of '%s' in copy_state does not join the others", r->no, name);
		end = r->upper;
	}
	return 0;
}

int
copy_state_load(struct ctx *cx, struct mysql_client *target, struct stream_id id, const char *name,
    struct copy_ranges *out)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	struct mysql_rows rows;

	buf_add_str(
	    &sql, "SELECT done_key, row_count, finished, range_no, lower_key, upper_key FROM ");
	sidecar_table(&sql, id.sidecar, "copy_state");
	where(&sql, id, name);
	buf_add_str(&sql, " ORDER BY range_no");
	TRY(mysql_select(cx, target, buf_slice(&sql), &rows));
	out->count = rows.rows;
	out->items = arena_array(cx->arena, struct copy_range, rows.rows + 1);
	for (size_t i = 0; i < rows.rows; i++) {
		struct copy_range *r = &out->items[i];
		const struct slice *v = rows.values + i * rows.columns;

		buf_init(&r->done);
		TRY(read_progress(r, v, cx->err));
		TRY(parse_int(v[3], 0, INT32_MAX, &r->no, cx->err));
		r->lower = v[4];
		r->upper = v[5];
	}
	return copy_ranges_check(out, name, cx->err);
}

int
copy_state_reload(struct ctx *cx, struct mysql_client *target, struct stream_id id,
    const char *name, struct copy_range *range)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	SCOPED(arena) struct arena arena = ARENA_INIT;
	struct ctx inner = *cx;
	struct mysql_rows rows;

	inner.arena = &arena;
	buf_add_str(&sql, "SELECT done_key, row_count, finished FROM ");
	sidecar_table(&sql, id.sidecar, "copy_state");
	where(&sql, id, name);
	buf_addf(&sql, " AND range_no=%d FOR UPDATE", range->no);
	TRY(mysql_select(&inner, target, buf_slice(&sql), &rows));
	if (rows.rows != 1)
		return err_set(cx->err, ERR_NOT_FOUND, "range %d of '%s' is not in '%s.copy_state'",
		    range->no, name, id.sidecar);
	return read_progress(range, rows.values, cx->err);
}

int
copy_state_insert(struct ctx *cx, struct mysql_client *target, struct stream_id id,
    const char *name, const struct copy_ranges *ranges)
{
	SCOPED(buf) struct buf sql = BUF_INIT;

	buf_add_str(&sql, "INSERT INTO ");
	sidecar_table(&sql, id.sidecar, "copy_state");
	buf_add_str(&sql,
	    " (workflow, round, tbl, range_no, lower_key, upper_key,"
	    " row_count, finished, cp_file, cp_offset) VALUES ");
	for (size_t i = 0; i < ranges->count; i++) {
		buf_add_str(&sql, i > 0 ? ",(" : "(");
		quote_string(&sql, slice_str(id.workflow));
		buf_addf(&sql, ",%d,", id.round);
		quote_string(&sql, slice_str(name));
		buf_addf(&sql, ",%d,", ranges->items[i].no);
		key_or_null(&sql, ranges->items[i].lower);
		buf_add_char(&sql, ',');
		key_or_null(&sql, ranges->items[i].upper);
		buf_add_str(&sql, ",0,0,'',0)");
	}
	return mysql_exec(cx, target, buf_slice(&sql), NULL);
}

int
copy_state_forget(struct ctx *cx, struct mysql_client *target, struct stream_id id, const char *name)
{
	SCOPED(buf) struct buf sql = BUF_INIT;

	buf_add_str(&sql, "DELETE FROM ");
	sidecar_table(&sql, id.sidecar, "copy_state");
	where(&sql, id, name);
	return mysql_exec(cx, target, buf_slice(&sql), NULL);
}

void
copy_state_step_sql(struct buf *out, struct stream_id id, const char *name, int range_no,
    const struct copy_step *step)
{
	buf_add_str(out, "UPDATE ");
	sidecar_table(out, id.sidecar, "copy_state");
	buf_add_str(out, " SET ");
	if (step->done.len > 0) {
		buf_add_str(out, "done_key=");
		quote_hex(out, step->done);
		buf_add_char(out, ',');
	}
	buf_addf(out, "row_count=row_count+%zu, finished=%d, cp_file=", step->rows, step->finished);
	quote_string(out, slice_str(step->view->file));
	buf_addf(out, ", cp_offset=%" PRIu64, step->view->offset);
	where(out, id, name);
	buf_addf(out, " AND range_no=%d", range_no);
}
