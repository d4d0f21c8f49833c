#include "tablet/compare/diff_rows.h"

#include "base/parse.h"
#include "sql/quote.h"
#include "tablet/server/again.h"

#include <inttypes.h>

void
diff_table_init(struct diff_table *t)
{
	*t = (struct diff_table){ 0 };
	buf_init(&t->done);
	buf_init(&t->mismatched);
	buf_init(&t->extra_source);
	buf_init(&t->extra_target);
	buf_init(&t->unsettled);
}

void
diff_table_done(struct diff_table *t)
{
	buf_done(&t->done);
	buf_done(&t->mismatched);
	buf_done(&t->extra_source);
	buf_done(&t->extra_target);
	buf_done(&t->unsettled);
}

/* ---- Pieces of statements */

void
diff_where(struct buf *out, struct diff_id id)
{
	sidecar_where_stream(out, id.stream);
	if (id.uuid == NULL)
		return;
	buf_add_str(out, " AND uuid=");
	quote_string(out, slice_str(id.uuid));
}

/* "('w',1,'uuid'" */
static void
begin_values(struct buf *out, struct diff_id id)
{
	buf_add_char(out, '(');
	quote_string(out, slice_str(id.stream.workflow));
	buf_addf(out, ",%d,", id.stream.round);
	quote_string(out, slice_str(id.uuid));
}

/* ---- New ones */

static void
insert_sql(struct buf *out, struct diff_id id, const struct vdiff_view *diff,
    const struct vdiff_options *options)
{
	SCOPED(buf) struct buf json = BUF_INIT;

	message_write(&json, &vdiff_options_message, options);
	buf_add_str(out, "INSERT INTO ");
	sidecar_table(out, id.stream.sidecar, "vdiff");
	buf_add_str(out, " (workflow, round, uuid, state, options, created_us, error) VALUES ");
	begin_values(out, id);
	buf_addf(out, ",'%s',", vdiff_state_name(VDIFF_PENDING));
	quote_string(out, buf_slice(&json));
	buf_addf(out, ",%" PRId64 ",'')", diff->created_us);
}

static void
insert_tables_sql(struct buf *out, struct diff_id id, const struct vdiff_view *diff)
{
	buf_add_str(out, "INSERT INTO ");
	sidecar_table(out, id.stream.sidecar, "vdiff_table");
	buf_add_str(out,
	    " (workflow, round, uuid, tbl, state, estimate, mismatched_rows, extra_source_rows,"
	    " extra_target_rows, unsettled_rows) VALUES ");
	for (size_t i = 0; i < diff->tables_count; i++) {
		if (i > 0)
			buf_add_char(out, ',');
		begin_values(out, id);
		buf_add_char(out, ',');
		quote_string(out, slice_str(diff->tables[i].name));
		buf_addf(out, ",'%s',%" PRId64 ",'','','','')", vdiff_state_name(VDIFF_PENDING),
		    diff->tables[i].estimate);
	}
}

int
diff_insert(struct ctx *cx, struct mysql_client *c, struct diff_id id,
    const struct vdiff_view *diff, const struct vdiff_options *options)
{
	enum { ER_DUP_ENTRY = 1062 };
	SCOPED(buf) struct buf sql = BUF_INIT;
	SCOPED(buf) struct buf tables = BUF_INIT;

	insert_sql(&sql, id, diff, options);
	insert_tables_sql(&tables, id, diff);
	TRY(mysql_exec(cx, c, slice_str("START TRANSACTION"), NULL));
	if (mysql_exec(cx, c, buf_slice(&sql), NULL) != 0) {
		if (cx->err->mysql_errno == ER_DUP_ENTRY)
			err_set(cx->err, ERR_CONFLICT, "there is a vdiff '%s' already", id.uuid);
		return -1;
	}
	TRY(mysql_exec(cx, c, buf_slice(&tables), NULL));
	return mysql_exec(cx, c, slice_str("COMMIT"), NULL);
}

/* ---- Reading */

static int
read_state(struct slice text, enum vdiff_state *out, struct err *err)
{
	for (int i = 0; i < vdiff_states.count; i++) {
		if (!slice_eq_str(text, fsm_name(&vdiff_states, i)))
			continue;
		*out = (enum vdiff_state)i;
		return 0;
	}
	return err_set(err, ERR_CORRUPT, "a vdiff is '%.*s', which is no state",
	    SLICE_ARG(slice_cut(text, 0, 40)));
}

#define VIEW_COLUMNS "uuid, state, error, created_us, started_us, completed_us, options"

static int
read_view(struct ctx *cx, const struct slice *v, struct vdiff_view *out)
{
	*out = (struct vdiff_view){ .uuid = arena_slice_str(cx->arena, v[0]),
		.error = arena_slice_str(cx->arena, v[2]) };
	TRY(read_state(v[1], &out->state, cx->err));
	TRY(parse_i64(v[3], &out->created_us, cx->err));
	TRY(parse_i64(v[4], &out->started_us, cx->err));
	return parse_i64(v[5], &out->completed_us, cx->err);
}

#define TABLE_COLUMNS                                                                              \
	"tbl, state, estimate, compared, matching, mismatched, extra_source, extra_target, "       \
	"unsettled, repaired, updated_us, mismatched_rows, extra_source_rows, extra_target_rows, " \
	"unsettled_rows, done_key"

enum { TABLE_NUMBERS = 9, TABLE_TEXTS = 11, TABLE_KEY = 15 };

static int
read_table(struct ctx *cx, const struct slice *v, struct vdiff_table *t)
{
	int64_t *numbers[TABLE_NUMBERS] = { &t->estimate, &t->compared, &t->matching, &t->mismatched,
		&t->extra_source, &t->extra_target, &t->unsettled, &t->repaired, &t->updated_us };

	t->name = arena_slice_str(cx->arena, v[0]);
	TRY(read_state(v[1], &t->state, cx->err));
	for (int i = 0; i < TABLE_NUMBERS; i++)
		TRY(parse_i64(v[2 + i], numbers[i], cx->err));
	t->mismatched_rows = arena_slice_str(cx->arena, v[TABLE_TEXTS]);
	t->extra_source_rows = arena_slice_str(cx->arena, v[TABLE_TEXTS + 1]);
	t->extra_target_rows = arena_slice_str(cx->arena, v[TABLE_TEXTS + 2]);
	t->unsettled_rows = arena_slice_str(cx->arena, v[TABLE_TEXTS + 3]);
	return 0;
}

static int
select_from(struct ctx *cx, struct mysql_client *c, const char *what[2], struct diff_id id,
    struct mysql_rows *rows)
{
	SCOPED(buf) struct buf sql = BUF_INIT;

	buf_addf(&sql, "SELECT %s FROM ", what[0]);
	sidecar_table(&sql, id.stream.sidecar, what[1]);
	diff_where(&sql, id);
	buf_add_str(&sql,
	    strcmp(what[1], "vdiff") == 0 ? " ORDER BY created_us DESC, uuid" : " ORDER BY tbl");
	return mysql_select(cx, c, buf_slice(&sql), rows);
}

static int
read_tables(struct ctx *cx, struct mysql_client *c, struct diff_id id, struct vdiff_view *out)
{
	const char *what[2] = { TABLE_COLUMNS, "vdiff_table" };
	struct mysql_rows rows;

	TRY(select_from(cx, c, what, id, &rows));
	out->tables = arena_array(cx->arena, struct vdiff_table, rows.rows + 1);
	out->tables_count = rows.rows;
	for (size_t i = 0; i < rows.rows; i++)
		TRY(read_table(cx, rows.values + i * rows.columns, &out->tables[i]));
	return 0;
}

int
diff_list(struct ctx *cx, struct mysql_client *c, struct diff_id id, struct vdiff_reply *out)
{
	const char *what[2] = { VIEW_COLUMNS, "vdiff" };
	struct mysql_rows rows;

	TRY(select_from(cx, c, what, id, &rows));
	out->items = arena_array(cx->arena, struct vdiff_view, rows.rows + 1);
	out->count = rows.rows;
	for (size_t i = 0; i < rows.rows; i++) {
		TRY(read_view(cx, rows.values + i * rows.columns, &out->items[i]));
		if (id.uuid != NULL)
			TRY(read_tables(cx, c, id, &out->items[i]));
	}
	return 0;
}

int
diff_next(struct ctx *cx, struct mysql_client *c, struct stream_id stream, struct vdiff_view *out,
    struct vdiff_options *options)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	struct mysql_rows rows;

	out->uuid = NULL;
	buf_add_str(&sql, "SELECT " VIEW_COLUMNS " FROM ");
	sidecar_table(&sql, stream.sidecar, "vdiff");
	sidecar_where_stream(&sql, stream);
	buf_add_str(&sql, " AND state IN ('pending','started') ORDER BY created_us, uuid LIMIT 1");
	TRY(mysql_select(cx, c, buf_slice(&sql), &rows));
	if (rows.rows == 0)
		return 0;
	TRY(message_read(cx->arena, &vdiff_options_message, rows.values[6], options, cx->err));
	TRY(read_view(cx, rows.values, out));
	return read_tables(cx, c, (struct diff_id){ stream, out->uuid }, out);
}

int
diff_state(struct ctx *cx, struct mysql_client *c, struct diff_id id, enum vdiff_state *out)
{
	SCOPED(arena) struct arena arena = ARENA_INIT;
	const char *what[2] = { "state", "vdiff" };
	struct ctx inner = *cx;
	struct mysql_rows rows;

	inner.arena = &arena;
	TRY(select_from(&inner, c, what, id, &rows));
	if (rows.rows == 0)
		return err_set(cx->err, ERR_NOT_FOUND, "there is no vdiff '%s'", id.uuid);
	return read_state(rows.values[0], out, cx->err);
}

int
diff_options(struct ctx *cx, struct mysql_client *c, struct diff_id id, struct vdiff_options *out)
{
	const char *what[2] = { "options", "vdiff" };
	struct mysql_rows rows;

	TRY(select_from(cx, c, what, id, &rows));
	if (rows.rows == 0)
		return err_set(cx->err, ERR_NOT_FOUND, "there is no vdiff '%s'", id.uuid);
	return message_read(cx->arena, &vdiff_options_message, rows.values[0], out, cx->err);
}

/* ---- Changing */

static void
from_states(struct buf *out, enum vdiff_state to)
{
	const char *comma = "";

	buf_add_str(out, " AND state IN (");
	for (int i = 0; i < vdiff_states.count; i++) {
		if (i == (int)to || !fsm_may(&vdiff_states, i, (int)to))
			continue;
		buf_addf(out, "%s'%s'", comma, fsm_name(&vdiff_states, i));
		comma = ",";
	}
	buf_add_char(out, ')');
}

int
diff_move(struct ctx *cx, struct mysql_client *c, struct diff_id id, const struct vdiff_view *to,
    bool *changed)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	struct mysql_ok ok;

	buf_add_str(&sql, "UPDATE ");
	sidecar_table(&sql, id.stream.sidecar, "vdiff");
	buf_addf(&sql, " SET state='%s', error=", vdiff_state_name(to->state));
	quote_string(&sql, slice_str(to->error));
	if (to->started_us != 0) /* the first time: a comparison that goes on has begun before */
		buf_addf(
		    &sql, ", started_us=IF(started_us=0,%" PRId64 ",started_us)", to->started_us);
	buf_addf(&sql, ", completed_us=%" PRId64, to->completed_us);
	diff_where(&sql, id);
	from_states(&sql, to->state);
	TRY(again_exec(cx, c, buf_slice(&sql), &ok));
	*changed = ok.affected_rows > 0;
	return 0;
}

int
diff_go_on(struct ctx *cx, struct mysql_client *c, struct diff_id id)
{
	SCOPED(buf) struct buf sql = BUF_INIT;

	buf_add_str(&sql, "UPDATE ");
	sidecar_table(&sql, id.stream.sidecar, "vdiff_table");
	buf_addf(&sql, " SET state='%s'", vdiff_state_name(VDIFF_PENDING));
	diff_where(&sql, id);
	return again_exec(cx, c, buf_slice(&sql), NULL);
}

static int
delete_from(struct ctx *cx, struct mysql_client *c, const char *table, struct diff_id id)
{
	SCOPED(buf) struct buf sql = BUF_INIT;

	buf_add_str(&sql, "DELETE FROM ");
	sidecar_table(&sql, id.stream.sidecar, table);
	diff_where(&sql, id);
	return again_exec(cx, c, buf_slice(&sql), NULL);
}

/* The one that says that it exists last, so that a deletion that is cut off is made again. */
int
diff_delete(struct ctx *cx, struct mysql_client *c, struct diff_id id)
{
	TRY(delete_from(cx, c, "vdiff_table", id));
	return delete_from(cx, c, "vdiff", id);
}

/* ---- Tables */

static void
where_table(struct buf *out, struct diff_id id, const char *name)
{
	diff_where(out, id);
	buf_add_str(out, " AND tbl=");
	quote_string(out, slice_str(name));
}

int
diff_table_load(struct ctx *cx, struct mysql_client *c, struct diff_id id, struct diff_table *t)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	SCOPED(arena) struct arena arena = ARENA_INIT;
	const char *name = t->seen.name;
	struct ctx inner = *cx;
	struct mysql_rows rows;

	inner.arena = &arena;
	buf_add_str(&sql, "SELECT " TABLE_COLUMNS " FROM ");
	sidecar_table(&sql, id.stream.sidecar, "vdiff_table");
	where_table(&sql, id, name);
	TRY(mysql_select(&inner, c, buf_slice(&sql), &rows));
	if (rows.rows != 1)
		return err_set(
		    cx->err, ERR_NOT_FOUND, "vdiff '%s' has no table '%s'", id.uuid, name);
	TRY(read_table(&inner, rows.values, &t->seen));
	buf_add_slice(&t->done, rows.values[TABLE_KEY]);
	buf_add_str(&t->mismatched, t->seen.mismatched_rows);
	buf_add_str(&t->extra_source, t->seen.extra_source_rows);
	buf_add_str(&t->extra_target, t->seen.extra_target_rows);
	buf_add_str(&t->unsettled, t->seen.unsettled_rows);
	t->seen.name = name;
	return 0;
}

static void
set_text(struct buf *out, const char *column, const struct buf *text)
{
	buf_addf(out, ", %s=", column);
	quote_string(out, buf_slice(text));
}

int
diff_table_save(
    struct ctx *cx, struct mysql_client *c, struct diff_id id, const struct diff_table *t)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	const struct vdiff_table *n = &t->seen;

	buf_add_str(&sql, "UPDATE ");
	sidecar_table(&sql, id.stream.sidecar, "vdiff_table");
	buf_addf(&sql, " SET state='%s', done_key=", vdiff_state_name(n->state));
	if (t->done.len == 0)
		buf_add_str(&sql, "NULL");
	else
		quote_hex(&sql, buf_slice(&t->done));
	buf_addf(&sql,
	    ", estimate=%" PRId64 ", compared=%" PRId64 ", matching=%" PRId64
	    ", mismatched=%" PRId64 ", extra_source=%" PRId64 ", extra_target=%" PRId64
	    ", unsettled=%" PRId64 ", repaired=%" PRId64 ", updated_us=%" PRId64,
	    n->estimate, n->compared, n->matching, n->mismatched, n->extra_source, n->extra_target,
	    n->unsettled, n->repaired, n->updated_us);
	set_text(&sql, "mismatched_rows", &t->mismatched);
	set_text(&sql, "extra_source_rows", &t->extra_source);
	set_text(&sql, "extra_target_rows", &t->extra_target);
	set_text(&sql, "unsettled_rows", &t->unsettled);
	where_table(&sql, id, n->name);
	return again_exec(cx, c, buf_slice(&sql), NULL);
}

void
diff_anew_sql(struct buf *out, struct stream_id stream, const char *table)
{
	buf_add_str(out, "UPDATE ");
	sidecar_table(out, stream.sidecar, "vdiff_table");
	buf_addf(out,
	    " SET state='%s', done_key=NULL, compared=0, matching=0, mismatched=0, extra_source=0,"
	    " extra_target=0, unsettled=0, repaired=0, mismatched_rows='', extra_source_rows='',"
	    " extra_target_rows='', unsettled_rows=''",
	    vdiff_state_name(VDIFF_PENDING));
	sidecar_where_stream(out, stream);
	buf_add_str(out, " AND tbl=");
	quote_string(out, slice_str(table));
	buf_add_str(out, " AND uuid IN (SELECT uuid FROM ");
	sidecar_table(out, stream.sidecar, "vdiff");
	sidecar_where_stream(out, stream);
	buf_addf(out, " AND state<>'%s')", vdiff_state_name(VDIFF_COMPLETED));
}
