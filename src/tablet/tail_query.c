#include "tablet/tail_query.h"

#include "rpc/api.h"
#include "sql/statement.h"

/* Bits of sql_mode in a Query event (MariaDB sql/sql_class.h). */
#define MODE_ANSI_QUOTES          UINT64_C(0x4)
#define MODE_NO_BACKSLASH_ESCAPES UINT64_C(0x100000)

static bool
contains_nocase(struct slice text, const char *word)
{
	struct slice w = slice_str(word);

	for (size_t i = 0; i + w.len <= text.len; i++)
		if (slice_eq_nocase(slice_cut(text, i, i + w.len), w))
			return true;
	return false;
}

static bool
is_name_byte(struct slice text, size_t i)
{
	uint8_t c = i < text.len ? text.ptr[i] : ' ';

	return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '_' ||
	    c == '$' ||
	    c >= 0x80;
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

/*
 * CREATE DEFINER=.. TRIGGER IF NOT EXISTS `db`.`_switchyard_fence_ins_..` BEFORE ..., or DROP TRIGGER: the
 * fence's name stands before anything that a body could hold.
 */
static bool
is_fence(struct slice sql)
{
	/* a definer and a database of 64 characters of 4 bytes each fit */
	enum { NAME_WITHIN = 400 };
	struct slice head = slice_cut(sql, 0, NAME_WITHIN);
	size_t       n = 0;

	if (!slice_starts_nocase(sql, "create ") && !slice_starts_nocase(sql, "drop "))
		return false;
	while (n < head.len && !is_fence_name(slice_cut(head, n, head.len)))
		n++;
	head = slice_cut(head, 0, n);
	return n < NAME_WITHIN && n < sql.len && contains_nocase(head, "trigger ") &&
	    !contains_nocase(head, " on ") && !contains_nocase(head, ";");
}

/* As written: names differ by case on some servers and file systems and not on others. */
static bool
is_table(const struct table_ref *ref, struct slice database, const struct table_def *def)
{
	struct slice db = slice_is_null(ref->database) ? database : ref->database;

	return slice_eq_nocase(ref->table, slice_str(def->name)) &&
	    slice_eq_nocase(db, slice_str(def->database));
}

/* Of a text that is not understood any identifier may be a database or a table. */
static bool
could_be(const struct table_ref *ref, const struct table_def *def)
{
	return slice_eq_nocase(ref->table, slice_str(def->name)) ||
	    slice_eq_nocase(ref->table, slice_str(def->database)) ||
	    slice_eq_nocase(ref->database, slice_str(def->database));
}

static bool
names(const struct statement *s, struct slice database, const struct table_def *def)
{
	for (size_t i = 0; i < s->tables_count; i++)
		if (is_table(&s->tables[i], database, def))
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
	return slice_eq_nocase(word, slice_str("database")) || slice_eq_nocase(word,
	    slice_str("schema"));
}

static bool
touches(const struct query_event *q, const struct statement *s,
    const struct table_def *def)
{
	if (may_name(s, def))
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

enum tail_query
tail_query_read(const struct query_event *q, struct table_def *const *tables, int count,
    int *table)
{
	SCOPED(arena) struct arena a = ARENA_INIT;
	struct statement           s;
	struct err                 err;
	unsigned                   modes = 0;

	*table = 0;
	if (slice_eq_str(q->sql, "COMMIT"))
		return TAIL_QUERY_COMMIT;
	if (is_fence(q->sql))
		return TAIL_QUERY_OTHER;
	modes |= q->sql_mode & MODE_ANSI_QUOTES ? SQL_ANSI_QUOTES : 0;
	modes |= q->sql_mode & MODE_NO_BACKSLASH_ESCAPES ? SQL_NO_BACKSLASH_ESCAPES : 0;
	if (statement_read(&a, q->sql, modes, &s, &err) != 0)
		return count > 0 ? TAIL_QUERY_TOUCHES : TAIL_QUERY_OTHER;
	if (is_frame(s.kind))
		return read_frame(slice_trim(q->sql), s.kind);
	if (s.kind == STATEMENT_ADMIN && s.understood)
		/* ANALYZE and its like: no row and no definition changes */
		return TAIL_QUERY_OTHER;
	for (*table = 0; *table < count; (*table)++)
		if (names(&s, q->database, tables[*table]))
			return TAIL_QUERY_TOUCHES;
	for (*table = 0; *table < count; (*table)++)
		if (touches(q, &s, tables[*table]))
			return TAIL_QUERY_TOUCHES;
	return TAIL_QUERY_OTHER;
}
