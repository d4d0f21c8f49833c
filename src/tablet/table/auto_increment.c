#include "tablet/table/auto_increment.h"

#include "sql/quote.h"
#include "topo/name_index.h"

/* A look at one table takes 0.2 ms, one through a database 20 us for each table there. So of a few each is
 * looked at by its name, all in one statement: in a hold clients wait for each round trip. */
enum { ONE_BY_ONE_MAX = 16 };

static const uint64_t UNSEEN = UINT64_MAX;

static void
add_select(struct buf *out, const struct auto_values *v)
{
	buf_add_str(out,
	    "SELECT table_name, auto_increment FROM information_schema.tables WHERE table_schema=");
	quote_string(out, slice_str(v->database));
	buf_add_str(out, " AND table_name");
}

static void
add_each(struct buf *out, const struct auto_values *v)
{
	for (size_t i = 0; i < v->count; i++) {
		buf_add_str(out, i == 0 ? "" : " UNION ALL ");
		add_select(out, v);
		buf_add_char(out, '=');
		quote_string(out, slice_str(v->tables[i]));
	}
}

static void
add_all(struct buf *out, const struct auto_values *v)
{
	add_select(out, v);
	buf_add_str(out, " IN (");
	for (size_t i = 0; i < v->count; i++) {
		buf_add_str(out, i == 0 ? "" : ",");
		quote_string(out, slice_str(v->tables[i]));
	}
	buf_add_char(out, ')');
}

/* The table of the set that an answer is about, or count. Where the server folds the case of names it answers
 * with those that it keeps; where it does not, `T` may come with `t`, whose own answer then counts. */
static size_t
find(const struct auto_values *v, const struct name_index *tables, const char *name)
{
	const struct name_at *at = name_index_find(tables, "", name);

	if (at != NULL)
		return at->at;
	for (size_t i = 0; i < v->count; i++) {
		if (v->next[i] == UNSEEN && slice_eq_nocase(slice_str(name), slice_str(v->tables[i])))
			return i;
	}
	return v->count;
}

static int
note_all(struct ctx *cx, const struct auto_values *v, const struct mysql_rows *rows)
{
	const struct name_index tables = name_index_of(cx->arena, v->tables, v->count);

	for (size_t r = 0; r < rows->rows; r++) {
		const struct slice *row = rows->values + r * rows->columns;
		size_t i = find(v, &tables, arena_slice_str(cx->arena, row[0]));

		if (i == v->count)
			continue;
		v->next[i] = 0;
		if (!slice_is_null(row[1]))
			TRY(parse_u64(row[1], &v->next[i], cx->err));
	}
	return 0;
}

int
auto_increment_read(struct ctx *cx, struct mysql_client *c, const struct auto_values *v)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	SCOPED(arena) struct arena arena = ARENA_INIT;
	struct ctx inner = *cx;
	struct mysql_rows rows;

	inner.arena = &arena;
	for (size_t i = 0; i < v->count; i++)
		v->next[i] = UNSEEN;
	(v->count > ONE_BY_ONE_MAX ? add_all : add_each)(&sql, v);
	TRY(mysql_select(&inner, c, buf_slice(&sql), &rows));
	TRY(note_all(&inner, v, &rows));
	for (size_t i = 0; i < v->count; i++) {
		if (v->next[i] == UNSEEN)
			return err_set(cx->err, ERR_REFUSED, "table '%s.%s' does not exist",
			    v->database, v->tables[i]);
	}
	return 0;
}

/* "customer/users": with another than plain letters InnoDB has the name in a form of its own, which is not
 * looked for. */
static void
add_names(struct buf *out, const struct auto_values *v)
{
	buf_add_str(out, "(''");
	for (size_t i = 0; i < v->count; i++) {
		buf_add_str(out, ",CONCAT(");
		quote_string(out, slice_str(v->database));
		buf_add_str(out, ",'/',");
		quote_string(out, slice_str(v->tables[i]));
		buf_add_char(out, ')');
	}
	buf_add_char(out, ')');
}

/* InnoDB has no value of a table that was not open yet: that is no answer. */
static int
note_stats(struct ctx *cx, const struct auto_values *v, const struct mysql_rows *rows, bool *wanted)
{
	const struct name_index tables = name_index_of(cx->arena, v->tables, v->count);
	size_t skip = strlen(v->database) + 1;

	for (size_t r = 0; r < rows->rows; r++) {
		const struct slice *row = rows->values + r * rows->columns;
		const char *name = arena_slice_str(cx->arena, row[0]);
		const struct name_at *at =
		    strlen(name) < skip ? NULL : name_index_find(&tables, "", name + skip);

		if (at == NULL || !wanted[at->at])
			continue;
		TRY(parse_u64(row[1], &v->next[at->at], cx->err));
		wanted[at->at] = false;
	}
	return 0;
}

/* wanted: in, whose values; out, those that it has not told. */
static int
ask_innodb(struct ctx *cx, struct mysql_client *c, const struct auto_values *v, bool *wanted)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	struct mysql_rows rows;

	buf_add_str(&sql, mysql_dialect(c)->engine_next_sql);
	add_names(&sql, v);
	if (mysql_select(cx, c, buf_slice(&sql), &rows) == 0)
		return note_stats(cx, v, &rows, wanted);
	/* It takes the privilege PROCESS, which an account need not have. */
	return cx->err->kind == ERR_SERVER && !mysql_broken(c) ? 0 : -1;
}

static int
read_wanted(struct ctx *cx, struct mysql_client *c, const struct auto_values *v, const bool *wanted)
{
	const char **tables = arena_array(cx->arena, const char *, v->count);
	struct auto_values some = { v->database, tables, 0,
		arena_array(cx->arena, uint64_t, v->count) };

	for (size_t i = 0; i < v->count; i++) {
		if (wanted[i])
			tables[some.count++] = v->tables[i];
	}
	TRY(some.count == 0 ? 0 : auto_increment_read(cx, c, &some));
	for (size_t i = 0, k = 0; i < v->count; i++) {
		if (wanted[i])
			v->next[i] = some.next[k++];
	}
	return 0;
}

int
auto_increment_read_locked(struct ctx *cx, struct mysql_client *c, const struct auto_values *v)
{
	SCOPED(arena) struct arena arena = ARENA_INIT;
	bool *wanted = arena_array(&arena, bool, v->count);
	struct ctx inner = *cx;
	size_t count = 0;

	inner.arena = &arena;
	for (size_t i = 0; i < v->count; i++) {
		wanted[i] = v->next[i] > 0;
		count += wanted[i];
	}
	if (count > ONE_BY_ONE_MAX)
		TRY(ask_innodb(&inner, c, v, wanted));
	return read_wanted(&inner, c, v, wanted);
}

static int
set_one(struct ctx *cx, struct ddl *d, const char *database, const char *table, uint64_t next)
{
	SCOPED(buf) struct buf name = BUF_INIT;

	quote_table(&name, slice_str(database), slice_str(table));
	return ddl_runf(
	    cx, d, "ALTER TABLE %s AUTO_INCREMENT=%llu", name.data, (unsigned long long)next);
}

int
auto_increment_set(struct ctx *cx, struct ddl *d, const struct auto_values *wanted, bool exact)
{
	SCOPED(arena) struct arena arena = ARENA_INIT;
	struct auto_values now = *wanted;

	now.next = arena_array(&arena, uint64_t, wanted->count);
	TRY(auto_increment_read(cx, d->session, &now));
	for (size_t i = 0; i < wanted->count; i++) {
		uint64_t next = wanted->next[i];

		if (next == 0 || now.next[i] == 0 || now.next[i] == next ||
		    (now.next[i] > next && !exact))
			continue;
		TRY(set_one(cx, d, wanted->database, wanted->tables[i], next));
	}
	return 0;
}
