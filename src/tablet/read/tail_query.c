#include "tablet/read/tail_query.h"

#include "rpc/api.h"
#include "sql/statement.h"

/* Bits of sql_mode in a Query event (MariaDB sql/sql_class.h). */
#define MODE_ANSI_QUOTES          UINT64_C(0x4)
#define MODE_NO_BACKSLASH_ESCAPES UINT64_C(0x100000)

static bool
is_name_byte(struct slice text, size_t i)
{
	uint8_t c = i < text.len ? text.ptr[i] : ' ';

	return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '_' ||
	    c == '$' || c >= 0x80;
}

/* Not within a longer name. */
static bool
contains_word(struct slice text, const char *word)
{
	struct slice w = slice_str(word);

	for (size_t i = 0; i + w.len <= text.len; i++)
		if (slice_eq_nocase(slice_cut(text, i, i + w.len), w) &&
		    !(i > 0 && is_name_byte(text, i - 1)) && !is_name_byte(text, i + w.len))
			return true;
	return false;
}

/* "`_switchyard_fence_...", or as release 0.1 called them. */
static bool
is_fence_name(struct slice text)
{
	return slice_starts(text, "`" FENCE_PREFIX) || slice_starts(text, "`" FENCE_PREFIX_0_1);
}

/* Behind the word and the blanks after it; where it is not next: NULL. */
static struct slice
skip_word(struct slice sql, const char *word)
{
	return slice_starts_nocase(sql, word) ? slice_trim(slice_cut(sql, strlen(word), sql.len))
					      : SLICE_NULL;
}

/* Behind a name in its quotes, in which two of them are one; where none is next: NULL. A server that
 * completes the text of a session with ANSI_QUOTES puts '"' around names. */
static struct slice
skip_quoted(struct slice sql)
{
	size_t n = 1;

	if (sql.len == 0 || (sql.ptr[0] != '`' && sql.ptr[0] != '"'))
		return SLICE_NULL;
	for (; n < sql.len; n++) {
		if (sql.ptr[n] != sql.ptr[0])
			continue;
		if (n + 1 == sql.len || sql.ptr[n + 1] != sql.ptr[0])
			return slice_cut(sql, n + 1, sql.len);
		n++;
	}
	return SLICE_NULL;
}

/* DEFINER=`user`@`host`, which the server adds. */
static struct slice
skip_definer(struct slice sql)
{
	struct slice rest = skip_word(sql, "definer=");

	if (slice_is_null(rest))
		return sql;
	rest = skip_quoted(rest);
	if (rest.len > 0 && rest.ptr[0] == '@')
		rest = skip_quoted(slice_cut(rest, 1, rest.len));
	return slice_trim(rest);
}

/* "if not exists ", whose words are a part of what is skipped, or nothing. */
static struct slice
skip_if(struct slice sql)
{
	static const char *const forms[] = { "if not exists ", "if exists " };

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct slice rest = skip_word(sql, forms[i]);

		if (!slice_is_null(rest))
			return rest;
	}
	return sql;
}

/*
 * CREATE DEFINER=.. TRIGGER IF NOT EXISTS `db`.`_switchyard_fence_ins_..` BEFORE ..., or DROP TRIGGER:
 * as we write it and the server completes it, word by word, since a database may be called anything.
 */
static bool
is_fence(struct slice sql)
{
	struct slice rest = skip_word(sql, "create ");

	rest = slice_is_null(rest) ? skip_word(sql, "drop ") : skip_definer(rest);
	rest = skip_quoted(skip_if(skip_word(rest, "trigger ")));
	return rest.len > 1 && rest.ptr[0] == '.' && is_fence_name(slice_cut(rest, 1, rest.len));
}

struct slice
tail_query_xid(struct slice sql)
{
	struct slice rest = skip_word(sql, "xa commit ");

	return slice_is_null(rest) ? skip_word(sql, "xa rollback ") : rest;
}

bool
tail_query_sets_next_value(struct slice sql)
{
	struct slice rest = skip_quoted(skip_word(sql, "alter table "));

	if (rest.len < 2 || rest.ptr[0] != '.')
		return false;
	rest = skip_word(slice_trim(skip_quoted(slice_cut(rest, 1, rest.len))), "auto_increment=");
	for (size_t i = 0; i < rest.len; i++)
		if (rest.ptr[i] < '0' || rest.ptr[i] > '9')
			return false;
	return rest.len > 0;
}

/* Names that differ by case are other tables: the preflight takes servers of no other kind. */
static bool
is_table(const struct table_ref *ref, struct slice database, const struct table_def *def)
{
	struct slice db = slice_is_null(ref->database) ? database : ref->database;

	return ref->role != TABLE_TRIGGER && slice_eq_str(ref->table, def->name) &&
	    slice_eq_str(db, def->database);
}

static bool
is_ascii(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] >= 0x80)
			return false;
	return true;
}

/* Looks at the first byte of each character and at the number of those that follow. Overlong forms of three
 * and four bytes pass; they are the bytes of no name of ours. */
static bool
is_utf8(struct slice s)
{
	for (size_t i = 0; i < s.len;) {
		uint8_t c = s.ptr[i++];
		int more = c < 0x80 ? 0
		    : c < 0xc2      ? -1
		    : c < 0xe0      ? 1
		    : c < 0xf0      ? 2
		    : c < 0xf5      ? 3
				    : -1;

		if (more < 0)
			return false;
		for (; more > 0; more--, i++)
			if (i >= s.len || (s.ptr[i] & 0xc0) != 0x80)
				return false;
	}
	return true;
}

/* A client writes its text in its own character set, names too: what is not our UTF-8 may be any name
 * beyond ASCII. */
static bool
may_be_written_otherwise(struct slice sql, const struct table_def *def)
{
	return !(is_ascii(slice_str(def->name)) && is_ascii(slice_str(def->database))) &&
	    !is_utf8(sql);
}

/* Of a text that is not understood any identifier may be a database or a table. */
static bool
could_be(const struct table_ref *ref, const struct table_def *def)
{
	return slice_eq_nocase(ref->table, slice_str(def->name)) ||
	    slice_eq_nocase(ref->table, slice_str(def->database)) ||
	    slice_eq_nocase(ref->database, slice_str(def->database));
}

/* What DDL reads of others, it does not change. */
static bool
only_looks(const struct statement *s, const struct table_ref *ref)
{
	return ref->looked_at ||
	    (s->kind == STATEMENT_DDL && s->understood &&
		(ref->role == TABLE_READ || ref->role == TABLE_QUALIFIER));
}

static bool
names(const struct statement *s, struct slice database, const struct table_def *def)
{
	for (size_t i = 0; i < s->tables_count; i++)
		if (is_table(&s->tables[i], database, def) && !only_looks(s, &s->tables[i]))
			return true;
	return false;
}

static bool
may_name(const struct statement *s, const struct table_def *def)
{
	for (size_t i = 0; i < s->tables_count; i++)
		if ((!s->understood || s->tables[i].role == TABLE_UNCLEAR) &&
		    could_be(&s->tables[i], def))
			return true;
	return false;
}

/*
 * DROP DATABASE, ALTER SCHEMA: what they name is no table. The word comes second, or behind OR
 * REPLACE.
 */
static bool
is_database_ddl(struct slice sql)
{
	struct slice word, rest = slice_trim(slice_split(slice_trim(sql), ' ', &word));

	if (slice_starts_nocase(rest, "or replace "))
		rest = slice_trim(slice_cut(rest, strlen("or replace "), rest.len));
	slice_split(rest, ' ', &word);
	return slice_eq_nocase(word, slice_str("database")) ||
	    slice_eq_nocase(word, slice_str("schema"));
}

static bool
touches(const struct query_event *q, const struct statement *s, const struct table_def *def)
{
	if (may_name(s, def) || may_be_written_otherwise(q->sql, def))
		return true;
	return s->kind == STATEMENT_DDL && is_database_ddl(q->sql) &&
	    contains_word(q->sql, def->database);
}

/* As the server writes it: one blank between the words. */
static enum tail_query
read_xa(struct slice sql)
{
	if (slice_starts_nocase(sql, "xa commit "))
		return TAIL_QUERY_XA_COMMIT;
	return slice_starts_nocase(sql, "xa rollback ") ? TAIL_QUERY_XA_ROLLBACK : TAIL_QUERY_OTHER;
}

static enum tail_query
read_frame(struct slice sql, enum statement_kind kind)
{
	if (kind == STATEMENT_COMMIT)
		return TAIL_QUERY_COMMIT;
	if (kind == STATEMENT_ROLLBACK)
		return TAIL_QUERY_ROLLBACK;
	if (kind == STATEMENT_SAVEPOINT && slice_starts_nocase(sql, "rollback"))
		return TAIL_QUERY_ROLLBACK_TO;
	if (kind == STATEMENT_SAVEPOINT && slice_starts_nocase(sql, "savepoint"))
		return TAIL_QUERY_SAVEPOINT;
	return kind == STATEMENT_XA ? read_xa(sql) : TAIL_QUERY_OTHER;
}

struct slice
tail_query_savepoint(struct slice sql)
{
	static const char *const words[] = { "rollback ", "to ", "savepoint " };

	sql = slice_trim(sql);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (slice_starts_nocase(sql, words[i]))
			sql = slice_trim(slice_cut(sql, strlen(words[i]), sql.len));
	return sql;
}

static bool
is_frame(enum statement_kind kind)
{
	return kind == STATEMENT_BEGIN || kind == STATEMENT_COMMIT || kind == STATEMENT_ROLLBACK ||
	    kind == STATEMENT_SAVEPOINT || kind == STATEMENT_XA;
}

/* CREATE OR REPLACE DEFINER=.. TRIGGER, as the server completes it. */
static bool
makes_trigger(struct slice sql)
{
	struct slice rest = skip_word(slice_trim(sql), "create ");

	if (slice_starts_nocase(rest, "or replace "))
		rest = skip_word(rest, "or replace ");
	return !slice_is_null(skip_word(skip_definer(rest), "trigger "));
}

/* Only its own table gets it: those that its body names are there as before. */
static enum tail_query
read_trigger(const struct query_event *q, const struct statement *s,
    const struct moved_tables *tables, int *table)
{
	for (*table = 0; *table < tables->count; (*table)++) {
		const struct table_def *def = tables->items[*table].def;

		for (size_t i = 0; s->understood && i < s->tables_count; i++) {
			if (s->tables[i].role == TABLE_DDL &&
			    is_table(&s->tables[i], q->database, def))
				return TAIL_QUERY_TRIGGER;
		}
		if (!s->understood && touches(q, s, def))
			return TAIL_QUERY_TRIGGER;
	}
	return TAIL_QUERY_OTHER;
}

unsigned
tail_query_modes(const struct query_event *q)
{
	unsigned modes = 0;

	modes |= q->sql_mode & MODE_ANSI_QUOTES ? SQL_ANSI_QUOTES : 0;
	modes |= q->sql_mode & MODE_NO_BACKSLASH_ESCAPES ? SQL_NO_BACKSLASH_ESCAPES : 0;
	return modes;
}

enum tail_query
tail_query_read(const struct query_event *q, const struct moved_tables *tables, int *table)
{
	SCOPED(arena) struct arena a = ARENA_INIT;
	struct statement s;
	struct err err;

	*table = 0;
	if (slice_eq_str(q->sql, "COMMIT"))
		return TAIL_QUERY_COMMIT;
	if (is_fence(q->sql))
		return TAIL_QUERY_OTHER;
	if (statement_read(&a, q->sql, tail_query_modes(q), &s, &err) != 0)
		return tables->count > 0 ? TAIL_QUERY_TOUCHES : TAIL_QUERY_OTHER;
	if (is_frame(s.kind))
		return read_frame(slice_trim(q->sql), s.kind);
	if (s.kind == STATEMENT_ADMIN && s.understood)
		/* ANALYZE and its like: no row and no definition changes */
		return TAIL_QUERY_OTHER;
	/* A routine or an event changes no row by itself, whatever its body names. */
	if (s.kind == STATEMENT_DDL && s.program.end > 0)
		return TAIL_QUERY_OTHER;
	if (makes_trigger(q->sql))
		return read_trigger(q, &s, tables, table);
	for (*table = 0; *table < tables->count; (*table)++)
		if (names(&s, q->database, tables->items[*table].def))
			return s.kind == STATEMENT_DDL ? TAIL_QUERY_DDL : TAIL_QUERY_TOUCHES;
	for (*table = 0; *table < tables->count; (*table)++)
		if (touches(q, &s, tables->items[*table].def))
			return TAIL_QUERY_TOUCHES;
	return TAIL_QUERY_OTHER;
}
