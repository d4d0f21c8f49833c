#include "tablet/large_rows.h"

#include "sql/quote.h"
#include "tablet/table/schema.h"
#include "tablet/write/load.h"
#include "tablet/write/packet_max.h"

enum {
	LOOK_MS = 4000, /* of all tables: whoever asks waits for ten seconds (ctl/preflight.c) */
	LONG_COLUMN = 65535,   /* BLOB, TEXT and longer; others together are no more than that */
	STATEMENT_REST = 1024, /* beside the values, of one row */
	BYTES_OF_CHARACTER = 4,
};

struct search {
	const struct tablet_env *env;
	const struct move_request *q;
	struct mysql_client *source;
	struct findings *out;
	uint64_t row_max;
	bool by_file;
	usec until;
};

/* Bytes at most; of JSON and shapes the type says nothing. */
static uint64_t
most_of(const struct column *c)
{
	switch ((int)c->type.kind) {
	case COLUMN_JSON:
	case COLUMN_GEOMETRY: return UINT32_MAX;
	case COLUMN_STRING: return (uint64_t)c->type.length * BYTES_OF_CHARACTER;
	case COLUMN_BYTES: return c->type.length;
	default: return 0;
	}
}

static bool
may_be_large(const struct table_def *def, uint64_t row_max)
{
	uint64_t most = 0;

	for (int i = 0; i < def->columns_count; i++)
		most += column_is_written(&def->columns[i]) ? most_of(&def->columns[i]) : 0;
	return most > row_max;
}

static void
put_length(struct buf *sql, const struct table_def *def)
{
	buf_add_char(sql, '0');
	for (int i = 0; i < def->columns_count; i++) {
		const struct column *c = &def->columns[i];

		if (!column_is_written(c) || most_of(c) < LONG_COLUMN)
			continue;
		buf_add_str(sql, "+IFNULL(LENGTH(");
		quote_ident(sql, slice_str(c->name));
		buf_add_str(sql, "),0)");
	}
}

/* "`a`=5 AND `b`='x'", of a row that is there; "" of a table without a key. */
static void
put_key(struct buf *sql, const struct table_def *def)
{
	buf_add_str(sql, "CONCAT(''");
	for (int i = 0; i < def->key_count; i++) {
		SCOPED(buf) struct buf name = BUF_INIT;

		quote_ident(&name, slice_str(def->columns[def->key[i]].name));
		buf_addf(sql, ",%s", i > 0 ? "' AND '," : "");
		quote_string(sql, buf_slice(&name));
		buf_addf(sql, ",'=',QUOTE(%s)", name.data);
	}
	buf_add_char(sql, ')');
}

static int
tell_row(struct ctx *cx, struct search *s, const struct table_def *def, const struct slice *row)
{
	findings_add(cx->arena, s->out, s->by_file ? FINDING_WARNS : FINDING_REFUSES,
	    "table '%s.%s' has a row of %.*s bytes (%.*s), and the target's max_allowed_packet is %llu: %s; "
	    "SET GLOBAL max_allowed_packet = 1073741824 at the target",
	    def->database, def->name, SLICE_ARG(row[0]), SLICE_ARG(slice_cut(row[1], 0, 100)),
	    (unsigned long long)(s->row_max + STATEMENT_REST),
	    s->by_file ? "it is copied by LOAD DATA, but no client could write such a row there"
		       : "no statement could write it there");
	return 0;
}

static int
tell_unread(struct ctx *cx, struct search *s, const char *database, const char *table)
{
	findings_add(cx->arena, s->out, FINDING_NOTE,
	    "whether table '%s.%s' has a row of more than the target's max_allowed_packet is not known: not "
	    "all of it could be read in %d seconds; one that has stops the copy by its key",
	    database, table, LOOK_MS / 1000);
	return 0;
}

static int
look_at(struct ctx *cx, struct search *s, const struct table_def *def)
{
	SCOPED(buf) struct buf sql = BUF_INIT, bound = BUF_INIT;
	const struct dialect *d = mysql_dialect(s->source);
	int64_t left_ms = (s->until - task_now()) / MSEC;
	struct mysql_rows rows;

	if (left_ms <= 0)
		return tell_unread(cx, s, def->database, def->name);
	d->bound_time(&bound, (int)left_ms);
	TRY(mysql_exec(cx, s->source, buf_slice(&bound), NULL));
	buf_add_str(&sql, "SELECT ");
	put_length(&sql, def);
	buf_add_str(&sql, " AS bytes, ");
	put_key(&sql, def);
	buf_add_str(&sql, " FROM ");
	quote_table(&sql, slice_str(def->database), slice_str(def->name));
	buf_add_str(&sql, " WHERE ");
	put_length(&sql, def);
	buf_addf(&sql, " > %llu LIMIT 1", (unsigned long long)s->row_max);
	if (mysql_select(cx, s->source, buf_slice(&sql), &rows) != 0) {
		if (cx->err->kind != ERR_SERVER || cx->err->mysql_errno != d->time_is_over)
			return -1;
		err_clear(cx->err);
		return tell_unread(cx, s, def->database, def->name);
	}
	return rows.rows == 1 ? tell_row(cx, s, def, rows.values) : 0;
}

static int
look_at_all(struct ctx *cx, struct search *s)
{
	for (size_t i = 0; i < s->q->tables_count; i++) {
		SCOPED(arena) struct arena scratch = ARENA_INIT;
		const struct schema_place place = { s->q->from.database, s->q->tables[i].from,
			false, true };
		struct ctx inner = *cx;
		struct table_def *def;

		inner.arena = &scratch;
		TRY(schema_read(&inner, s->source, &place, &def));
		if (may_be_large(def, s->row_max))
			TRY(look_at(cx, s, def));
	}
	return 0;
}

int
large_rows_find(struct ctx *cx, const struct tablet_env *env, const struct move_request *q,
    struct mysql_client *target, struct findings *out)
{
	SCOPED(client) struct mysql_client *source = NULL;
	struct search s = { .env = env, .q = q, .out = out, .until = task_now() + LOOK_MS * MSEC };

	TRY(packet_max_read(cx, target, &s.row_max));
	TRY(load_may_file(cx, target, &s.by_file));
	s.row_max -= STATEMENT_REST;
	TRY(env_stream(cx, env, q->from.server, ROLE_STREAM, &source));
	s.source = source;
	return look_at_all(cx, &s);
}
