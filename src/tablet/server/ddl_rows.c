#include "tablet/server/ddl_rows.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/parse.h"
#include "sql/quote.h"
#include "tablet/server/again.h"

#include <inttypes.h>
#include <stdio.h>

/* clang-format off */
static const struct fsm_state state_rows[] = {
	[DDL_MET] = { "met", FSM_TO(DDL_RUNNING) | FSM_TO(DDL_IGNORED) | FSM_TO(DDL_COPIED),
	    "all that is before it is applied" },
	[DDL_RUNNING] = { "running", FSM_TO(DDL_MET) | FSM_TO(DDL_EXECUTED) | FSM_TO(DDL_FAILED),
	    "it was done where the table is not defined as the row says" },
	[DDL_EXECUTED] = { "executed", 0, "it ran at the target" },
	[DDL_FAILED] = { "failed", 0, "the target's error was ignored, and its rows fit all the same" },
	[DDL_IGNORED] = { "ignored", 0, "it was stepped over, and rows fit all the same" },
	[DDL_COPIED] = { "copied", 0, "its table is copied again, as it is behind it" },
};
/* clang-format on */

const struct fsm ddl_states = { "ddl", state_rows, DDL_COPIED + 1 };

#define PLACE_COLUMNS "place_gtid, place_file, place_offset"
#define ALL_COLUMNS                                                                                \
	PLACE_COLUMNS                                                                              \
	", from_gtid, from_file, from_offset, prepared, state, tbl, away,"                         \
	" several, rows_stay, statement, repeated, session, why_not, definition, error,"           \
	" met_us, done_us"

enum {
	C_PLACE = 0,
	C_FROM = 3,
	C_PREPARED = 6,
	C_STATE,
	C_TABLE,
	C_AWAY,
	C_SEVERAL,
	C_ROWS_STAY,
	C_STATEMENT,
	C_REPEATED,
	C_SESSION,
	C_WHY_NOT,
	C_BEFORE,
	C_ERROR,
	C_MET,
	C_DONE,
};

static void
add_table(struct buf *out, const char *words, struct stream_id id)
{
	buf_add_str(out, words);
	sidecar_table(out, id.sidecar, "ddl");
}

static void
where_row(struct buf *out, struct stream_id id, const struct ddl_row *row)
{
	sidecar_where_stream(out, id);
	buf_add_str(out, " AND place_file=");
	quote_string(out, slice_str(row->place.file));
	buf_addf(out, " AND place_offset=%" PRIu64, row->place.offset);
}

/* ---- Writing */

static void
add_text(struct buf *out, const char *column, struct slice value)
{
	buf_addf(out, ", %s=", column);
	quote_string(out, value);
}

/* Of whatever character set. */
static void
add_bytes(struct buf *out, const char *column, struct slice value)
{
	buf_addf(out, ", %s=", column);
	quote_hex(out, value);
}

static void
add_place(struct buf *out, const char *prefix, const struct position *p)
{
	buf_addf(out, ", %s_gtid=", prefix);
	quote_string(out, slice_str(position_gtid(p)));
	buf_addf(out, ", %s_file=", prefix);
	quote_string(out, slice_str(p->file));
	buf_addf(out, ", %s_offset=%" PRIu64, prefix, p->offset);
}

void
ddl_rows_met_sql(struct buf *out, struct stream_id id, const struct ddl_row *row)
{
	add_table(out, "INSERT INTO ", id);
	buf_add_str(out, " SET workflow=");
	quote_string(out, slice_str(id.workflow));
	buf_addf(out, ", round=%d", id.round);
	add_place(out, "place", &row->place);
	add_place(out, "from", &row->copied_from);
	add_text(out, "prepared", row->prepared);
	add_text(out, "state", slice_str(fsm_name(&ddl_states, DDL_MET)));
	add_text(out, "tbl", slice_str(row->table));
	buf_addf(
	    out, ", away=%d, several=%d, rows_stay=%d", row->away, row->several, row->rows_stay);
	add_bytes(out, "statement", row->statement);
	add_bytes(out, "repeated", row->repeated);
	add_bytes(out, "session", row->session);
	add_bytes(out, "why_not", slice_cut(slice_str(row->why_not), 0, 500));
	buf_addf(out,
	    ", definition='', error='', met_us=%" PRId64 " ON DUPLICATE KEY UPDATE round=round",
	    clock_wall());
}

static void
begin_update(struct buf *out, struct stream_id id, enum ddl_state next)
{
	add_table(out, "UPDATE ", id);
	buf_addf(out, " SET state='%s'", fsm_name(&ddl_states, (int)next));
}

static int
move_to(struct ctx *cx, struct mysql_client *c, struct stream_id id, const struct ddl_row *row,
    enum ddl_state next)
{
	SCOPED(buf) struct buf sql = BUF_INIT;

	fsm_check(&ddl_states, (int)row->state, (int)next);
	begin_update(&sql, id, next);
	add_text(&sql, "definition", slice_str(row->before));
	where_row(&sql, id, row);
	return again_exec(cx, c, buf_slice(&sql), NULL);
}

int
ddl_rows_seen(struct ctx *cx, struct mysql_client *c, struct stream_id id, const struct ddl_row *row)
{
	SCOPED(buf) struct buf sql = BUF_INIT;

	check(row->state == DDL_MET);
	begin_update(&sql, id, DDL_MET);
	add_text(&sql, "definition", slice_str(row->before));
	where_row(&sql, id, row);
	return again_exec(cx, c, buf_slice(&sql), NULL);
}

int
ddl_rows_run(struct ctx *cx, struct mysql_client *c, struct stream_id id, const struct ddl_row *row)
{
	return move_to(cx, c, id, row, DDL_RUNNING);
}

int
ddl_rows_back(struct ctx *cx, struct mysql_client *c, struct stream_id id, const struct ddl_row *row)
{
	return move_to(cx, c, id, row, DDL_MET);
}

void
ddl_rows_copies_sql(struct buf *out, struct stream_id id, const struct ddl_row *row)
{
	check(row->state == DDL_MET);
	begin_update(out, id, DDL_MET);
	add_place(out, "from", &row->copied_from);
	where_row(out, id, row);
}

void
ddl_rows_end_sql(struct buf *out, struct stream_id id, const struct ddl_row *row)
{
	begin_update(out, id, row->state);
	add_bytes(out, "error", slice_cut(slice_str(row->error), 0, 500));
	add_place(out, "from", &row->copied_from);
	buf_addf(out, ", done_us=%" PRId64, clock_wall());
	where_row(out, id, row);
}

int
ddl_rows_delete(struct ctx *cx, struct mysql_client *c, struct stream_id id)
{
	return again_delete(cx, c, id, "ddl");
}

/* ---- Reading */

static int
read_row(struct ctx *cx, const struct slice *v, struct ddl_row *out)
{
	int state = fsm_find(&ddl_states, arena_slice_str(cx->arena, v[C_STATE]));

	if (state < 0)
		return err_set(cx->err, ERR_CORRUPT, "DDL is '%.*s', which is no state",
		    SLICE_ARG(v[C_STATE]));
	*out = (struct ddl_row){
		.prepared = v[C_PREPARED],
		.state = (enum ddl_state)state,
		.table = arena_slice_str(cx->arena, v[C_TABLE]),
		.away = !slice_eq_str(v[C_AWAY], "0"),
		.several = !slice_eq_str(v[C_SEVERAL], "0"),
		.rows_stay = !slice_eq_str(v[C_ROWS_STAY], "0"),
		.statement = v[C_STATEMENT],
		.repeated = v[C_REPEATED],
		.session = v[C_SESSION],
		.why_not = arena_slice_str(cx->arena, v[C_WHY_NOT]),
		.before = arena_slice_str(cx->arena, v[C_BEFORE]),
		.error = arena_slice_str(cx->arena, v[C_ERROR]),
	};
	TRY(position_read(cx, v + C_PLACE, &out->place));
	TRY(position_read(cx, v + C_FROM, &out->copied_from));
	TRY(parse_i64(v[C_MET], &out->met_us, cx->err));
	return parse_i64(v[C_DONE], &out->done_us, cx->err);
}

static int
read_all(struct ctx *cx, const struct mysql_rows *rows, struct ddl_row **out, size_t *count)
{
	*out = arena_array(cx->arena, struct ddl_row, rows->rows + 1);
	*count = rows->rows;
	for (size_t i = 0; i < rows->rows; i++)
		TRY(read_row(cx, rows->values + i * rows->columns, &(*out)[i]));
	return 0;
}

int
ddl_rows_open(struct ctx *cx, struct mysql_client *c, struct stream_id id, struct ddl_row *out)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	struct mysql_rows rows;
	struct ddl_row *found;
	size_t count;

	*out = (struct ddl_row){ .state = DDL_EXECUTED };
	add_table(&sql, "SELECT " ALL_COLUMNS " FROM ", id);
	sidecar_where_stream(&sql, id);
	buf_add_str(&sql, " AND done_us=0");
	TRY(mysql_select(cx, c, buf_slice(&sql), &rows));
	TRY(read_all(cx, &rows, &found, &count));
	if (count > 1)
		return err_set(cx->err, ERR_CORRUPT,
		    "%zu statements of the source's are to be done at once", count);
	if (count == 1)
		*out = found[0];
	return 0;
}

int
ddl_rows_copied(struct ctx *cx, struct mysql_client *c, struct stream_id id, struct ddl_rows *out)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	struct mysql_rows rows;

	add_table(&sql, "SELECT " ALL_COLUMNS " FROM ", id);
	sidecar_where_stream(&sql, id);
	buf_addf(&sql, " AND state='%s'", fsm_name(&ddl_states, DDL_COPIED));
	TRY(mysql_select(cx, c, buf_slice(&sql), &rows));
	return read_all(cx, &rows, &out->items, &out->count);
}

/* The last ones, the newest first. */
static void
keep_newest(struct ddl_rows *r)
{
	for (size_t i = 1; i < r->count; i++) {
		struct ddl_row row = r->items[i];
		size_t at = i;

		for (; at > 0 && position_cmp(&r->items[at - 1].place, &row.place) < 0; at--)
			r->items[at] = r->items[at - 1];
		r->items[at] = row;
	}
	if (r->count > DDL_ROWS_LISTED)
		r->count = DDL_ROWS_LISTED;
}

int
ddl_rows_list(struct ctx *cx, struct mysql_client *c, struct stream_id id, struct ddl_rows *out)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	struct mysql_rows rows;

	add_table(&sql, "SELECT " ALL_COLUMNS " FROM ", id);
	sidecar_where_stream(&sql, id);
	TRY(mysql_select(cx, c, buf_slice(&sql), &rows));
	TRY(read_all(cx, &rows, &out->items, &out->count));
	keep_newest(out);
	return 0;
}
