#include "tablet/write/load.h"

#include "sql/quote.h"
#include "tablet/write/apply_sql.h"
#include "tablet/write/packet_max.h"

#include <inttypes.h>
#include <stdio.h>

enum {
	FILE_PIECE = 64 * 1024,    /* of a file's text is made at once */
	INSERT_BYTES = 256 * 1024, /* of literals in a statement: more is no quicker */
};

void
load_add_row(struct buf *rows, const struct table_def *def, const struct slice *row)
{
	for (int i = 0; i < def->columns_count; i++)
		if (column_is_written(&def->columns[i]))
			bulk_add(rows, row[i]);
}

void
load_take_row(struct slice *rows, const struct table_def *def, struct slice *row)
{
	for (int i = 0; i < def->columns_count; i++)
		row[i] = column_is_written(&def->columns[i]) ? bulk_next(rows) : SLICE_NULL;
}

static void
skip_row(struct slice *rows, const struct table_def *def)
{
	for (int i = 0; i < def->columns_count; i++)
		if (column_is_written(&def->columns[i]))
			(void)bulk_next(rows);
}

/* What stands around a text of which the server is to make the value. */
struct around {
	const char *before, *after; /* both empty: it is the value */
};

static struct around
around(const struct column *c)
{
	if (c->type.kind == COLUMN_JSON)
		return (struct around){ "CONVERT(", " USING utf8mb4)" };
	/* Not @v+0: that is a double, and BIT(64) has more digits. */
	if (c->type.kind == COLUMN_ENUM || c->type.kind == COLUMN_SET || c->type.kind == COLUMN_BIT)
		return (struct around){ "CAST(", " AS UNSIGNED)" };
	return (struct around){ "", "" };
}

/* ---- What the server took */

int
load_counts_read(const char *info, struct load_counts *out, struct err *err)
{
	*out = (struct load_counts){ 0 };
	if (info[0] == 0) {
		out->records = 1;
		return 0;
	}
	if (sscanf(info,
		"Records: %" SCNu64 " Deleted: %" SCNu64 " Skipped: %" SCNu64 " Warnings: %" SCNu64,
		&out->records, &out->replaced, &out->skipped, &out->warnings) == 4)
		return 0;
	*out = (struct load_counts){ 0 };
	if (sscanf(info, "Records: %" SCNu64 " Duplicates: %" SCNu64 " Warnings: %" SCNu64,
		&out->records, &out->replaced, &out->warnings) == 3)
		return 0;
	return err_set(err, ERR_CORRUPT, "a load answered '%.100s'", info);
}

static int
add_counts(const struct mysql_ok *ok, struct load_counts *sum, struct err *err)
{
	struct load_counts one;

	TRY(load_counts_read(ok->info, &one, err));
	sum->records += one.records;
	sum->replaced += one.replaced;
	sum->skipped += one.skipped;
	/* A statement of one row says nothing, but for the number in its answer. */
	sum->warnings += ok->info[0] == 0 ? ok->warnings : one.warnings;
	return 0;
}

/* ---- By a file */

/* The letter behind the backslash, or 0 for a byte that stands for itself. */
static const char escapes[256] = { ['\\'] = '\\', ['\t'] = 't', ['\n'] = 'n', ['\0'] = '0' };

static void
add_escaped(struct buf *out, struct slice value)
{
	if (value.len == 0) /* and it may have no place */
		return;
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

/* Where in rows a file's text is: a large value is not there as a whole once more. */
struct file_text {
	const struct table_def *def;
	struct slice rows;  /* behind that value */
	struct slice value; /* what is left of it */
	int column;         /* the next one's; 0: a line begins */
	bool comes_first;   /* nothing of the line is there */
};

static struct file_text
file_text_of(const struct table_def *def, struct slice rows)
{
	return (struct file_text){ .def = def, .rows = rows, .comes_first = true };
}

/* To the next value, or to the end of the line; false: there is nothing more. */
static bool
next_value(struct buf *out, struct file_text *f)
{
	if (f->column == 0 && f->rows.len == 0)
		return false;
	while (f->column < f->def->columns_count && !column_is_written(&f->def->columns[f->column]))
		f->column++;
	if (f->column == f->def->columns_count) {
		buf_add_char(out, '\n');
		f->column = 0;
		f->comes_first = true;
		return true;
	}
	if (!f->comes_first)
		buf_add_char(out, '\t');
	f->comes_first = false;
	f->column++;
	f->value = bulk_next(&f->rows);
	if (slice_is_null(f->value))
		buf_add_str(out, "\\N");
	return true;
}

/* Appends the next piece; false: it is the last one. */
static bool
add_piece(struct buf *out, struct file_text *f)
{
	while (out->len < FILE_PIECE) {
		struct slice some = slice_cut(f->value, 0, FILE_PIECE);

		add_escaped(out, some);
		f->value = slice_cut(f->value, some.len, f->value.len);
		if (f->value.len == 0 && !next_value(out, f))
			return false;
	}
	return true;
}

void
load_file_text(struct buf *out, const struct table_def *def, struct slice rows)
{
	struct file_text f = file_text_of(def, rows);
	SCOPED(buf) struct buf piece = BUF_INIT;
	bool more;

	do {
		more = add_piece(&piece, &f);
		buf_add_slice(out, buf_slice(&piece));
		buf_reset(&piece);
	} while (more);
}

void
load_file_sql(struct buf *out, const struct load *l)
{
	const struct moved_table *t = l->table;
	const struct table_def *def = t->def;
	const char *separator = " SET ", *comma = "";

	buf_addf(out, "LOAD DATA LOCAL INFILE 'rows' %sINTO TABLE ", l->fresh ? "" : "REPLACE ");
	quote_table(out, slice_str(t->database), slice_str(t->name));
	buf_add_str(out,
	    " CHARACTER SET binary FIELDS TERMINATED BY '\\t' ESCAPED BY '\\\\'"
	    " LINES TERMINATED BY '\\n' (");
	for (int i = 0; i < def->columns_count; i++) {
		if (!column_is_written(&def->columns[i]))
			continue;
		buf_add_str(out, comma);
		comma = ",";
		if (around(&def->columns[i]).before[0] != 0)
			buf_addf(out, "@v%d", i);
		else
			quote_ident(out, slice_str(def->columns[i].name));
	}
	buf_add_char(out, ')');
	for (int i = 0; i < def->columns_count; i++) {
		struct around a = around(&def->columns[i]);

		if (a.before[0] == 0 || !column_is_written(&def->columns[i]))
			continue;
		buf_add_str(out, separator);
		quote_ident(out, slice_str(def->columns[i].name));
		buf_addf(out, "=%s@v%d%s", a.before, i, a.after);
		separator = ",";
	}
}

static int
load_file(struct ctx *cx, struct mysql_client *target, const struct load *l, struct slice rows,
    struct load_counts *out)
{
	struct file_text f = file_text_of(l->table->def, rows);
	SCOPED(buf) struct buf text = BUF_INIT;
	struct mysql_ok ok;
	bool more;

	load_file_sql(&text, l);
	TRY(mysql_load_start(cx, target, buf_slice(&text)));
	do {
		buf_reset(&text);
		more = add_piece(&text, &f);
		TRY(mysql_load_write(cx, target, buf_slice(&text)));
	} while (more);
	TRY(mysql_load_end(cx, target, &ok));
	return add_counts(&ok, out, cx->err);
}

/* ---- By statements */

static void
add_verb(struct buf *out, const struct load *l)
{
	const struct moved_table *t = l->table;

	buf_add_str(out, l->fresh ? "INSERT INTO " : "REPLACE INTO ");
	quote_table(out, slice_str(t->database), slice_str(t->name));
	apply_sql_columns(out, t->def);
	buf_add_str(out, " VALUES ");
}

/* The first of rows. */
static int
refuse_row(const struct load *l, struct slice rows, size_t bytes, struct err *err)
{
	SCOPED(arena) struct arena arena = ARENA_INIT;
	SCOPED(buf) struct buf what = BUF_INIT, key = BUF_INIT;
	const struct table_def *def = l->table->def;
	struct slice *row = arena_array(&arena, struct slice, def->columns_count);

	load_take_row(&rows, def, row);
	if (!table_def_is_strict(def))
		apply_sql_key(&key, l->table, row);
	buf_addf(&what, "a row of '%s.%s'%s%.200s", l->table->database, l->table->name,
	    key.len > 0 ? ", " : "", key.len > 0 ? key.data : "");
	packet_max_refuse(err, what.data, bytes, l->packet_max);
	return -1;
}

/* Strings are bytes here, whatever column they are for: the session's SET NAMES binary says so. */
static void
add_values(struct buf *out, const struct table_def *def, const struct slice *row)
{
	char before = '(';

	for (int i = 0; i < def->columns_count; i++) {
		struct around a = around(&def->columns[i]);

		if (!column_is_written(&def->columns[i]))
			continue;
		buf_add_char(out, before);
		before = ',';
		if (slice_is_null(row[i])) {
			buf_add_str(out, "NULL");
			continue;
		}
		buf_add_str(out, a.before);
		quote_string(out, row[i]);
		buf_add_str(out, a.after);
	}
	buf_add_char(out, ')');
}

/* A statement, whose verb is so long, and from its first row on all that are left. */
struct insert {
	struct buf sql;
	size_t verb;
	struct slice rows;
	struct load_counts *counts;
};

/* The first len bytes of the statement, which leave it but for the verb; behind them is a comma, or none. */
static int
send_insert(
    struct ctx *cx, struct mysql_client *target, const struct load *l, struct insert *i, size_t len)
{
	struct mysql_ok ok;
	size_t behind = len < i->sql.len ? len + 1 : len;

	if (len >= l->packet_max) /* a byte for the command */
		return refuse_row(l, i->rows, len, cx->err);
	TRY(mysql_exec(cx, target, slice_cut(buf_slice(&i->sql), 0, len), &ok));
	memmove(i->sql.data + i->verb, i->sql.data + behind, i->sql.len - behind);
	buf_truncate(&i->sql, i->verb + i->sql.len - behind);
	return add_counts(&ok, i->counts, cx->err);
}

/* A row is made where it is sent from: a large one is not there twice. */
static int
insert_all(struct ctx *cx, struct mysql_client *target, const struct load *l, struct insert *i)
{
	SCOPED(arena) struct arena arena = ARENA_INIT;
	const struct table_def *def = l->table->def;
	struct slice *row = arena_array(&arena, struct slice, def->columns_count);
	size_t most = l->packet_max < INSERT_BYTES ? (size_t)l->packet_max : INSERT_BYTES;
	struct slice rows = i->rows;

	add_verb(&i->sql, l);
	i->verb = i->sql.len;
	while (rows.len > 0) {
		struct slice this = rows;
		size_t before = i->sql.len;

		load_take_row(&rows, def, row);
		if (before > i->verb)
			buf_add_char(&i->sql, ',');
		add_values(&i->sql, def, row);
		if (before == i->verb || i->sql.len < most)
			continue;
		TRY(send_insert(cx, target, l, i, before));
		i->rows = this;
	}
	return send_insert(cx, target, l, i, i->sql.len);
}

static int
load_insert(struct ctx *cx, struct mysql_client *target, const struct load *l, struct slice rows,
    struct load_counts *out)
{
	struct insert i = { BUF_INIT, 0, rows, out };
	int rc = insert_all(cx, target, l, &i);

	buf_done(&i.sql);
	return rc;
}

void
load_bulk_sql(struct buf *out, const struct load *l)
{
	const struct moved_table *t = l->table;
	char before = '(';

	add_verb(out, l);
	for (int i = 0; i < t->def->columns_count; i++) {
		if (!column_is_written(&t->def->columns[i]))
			continue;
		buf_add_char(out, before);
		before = ',';
		struct around a = around(&t->def->columns[i]);

		buf_addf(out, "%s?%s", a.before, a.after);
	}
	buf_add_char(out, ')');
}

static size_t
first_len(struct slice rows, const struct table_def *def)
{
	size_t len = rows.len;

	skip_row(&rows, def);
	return len - rows.len;
}

/* As many rows as take no more than room bytes; none when the first takes more. */
static struct slice
rows_within(struct slice rows, const struct table_def *def, size_t room)
{
	struct slice rest = rows;
	size_t fitted = 0;

	if (rows.len <= room)
		return rows;
	while (rest.len > 0) {
		skip_row(&rest, def);
		if (rows.len - rest.len > room)
			break;
		fitted = rows.len - rest.len;
	}
	return slice_cut(rows, 0, fitted);
}

static int
load_bulk(struct ctx *cx, struct mysql_client *target, const struct load *l, struct slice rows,
    struct load_counts *out)
{
	size_t overhead = bulk_overhead(&l->bulk);
	size_t room = (size_t)l->packet_max - overhead - 1; /* below it, as bulk_overhead() says */

	while (rows.len > 0) {
		struct slice some = rows_within(rows, l->table->def, room);
		struct mysql_ok ok;

		/* A file's rows are not bounded by a packet. */
		if (some.len == 0 && l->file_allowed)
			return load_file(cx, target, l, rows, out);
		if (some.len == 0)
			return refuse_row(
			    l, rows, overhead + first_len(rows, l->table->def), cx->err);
		TRY(bulk_execute(cx, target, &l->bulk, some, &ok));
		TRY(add_counts(&ok, out, cx->err));
		rows = slice_cut(rows, some.len, rows.len);
	}
	return 0;
}

/* ---- Which way */

typedef int load_fn(struct ctx *cx, struct mysql_client *target, const struct load *l,
    struct slice rows, struct load_counts *out);

static const struct {
	const char *name;
	load_fn *run;
} ways[] = {
	[LOAD_BULK] = { "bulk execution", load_bulk },
	[LOAD_FILE] = { "LOAD DATA", load_file },
	[LOAD_INSERT] = { "INSERT, since local_infile is off", load_insert },
};

const char *
load_way_name(enum load_way way)
{
	return ways[way].name;
}

int
load_may_file(struct ctx *cx, struct mysql_client *target, bool *out)
{
	SCOPED(arena) struct arena a = ARENA_INIT;
	struct ctx inner = *cx;
	struct mysql_rows rows;

	inner.arena = &a;
	TRY(mysql_select(&inner, target, slice_str("SELECT @@global.local_infile"), &rows));
	*out = rows.rows == 1 && slice_eq_str(rows.values[0], "1");
	return 0;
}

int
load_open(struct ctx *cx, struct mysql_client *target, struct load *l)
{
	SCOPED(buf) struct buf sql = BUF_INIT;

	TRY(packet_max_read(cx, target, &l->packet_max));
	TRY(load_may_file(cx, target, &l->file_allowed));
	l->way = l->file_allowed ? LOAD_FILE : LOAD_INSERT;
	if (!bulk_is_known(target))
		return 0;
	load_bulk_sql(&sql, l);
	if (bulk_prepare(cx, target, buf_slice(&sql), &l->bulk) == 0)
		l->way = LOAD_BULK;
	else if (cx->err->kind != ERR_SERVER) /* max_prepared_stmt_count, for one */
		return -1;
	else
		err_clear(cx->err); /* there is another way */
	return 0;
}

int
load_rows(struct ctx *cx, struct mysql_client *target, const struct load *l, struct slice rows,
    struct load_counts *out)
{
	*out = (struct load_counts){ 0 };
	return ways[l->way].run(cx, target, l, rows, out);
}

int
load_close(struct ctx *cx, struct mysql_client *target, const struct load *l)
{
	return l->way == LOAD_BULK ? bulk_close(cx, target, &l->bulk) : 0;
}
