#include "sim/mini_catalog.h"

#include "base/check.h"
#include "sim/mini_table.h"

#include <ctype.h>

struct question {
	struct mini_store *store;
	struct arena *arena;
	struct slice sql;
	struct mini_result *out;
};

static bool
asks(const struct question *q, const char *part)
{
	return memmem(q->sql.ptr, q->sql.len, part, strlen(part)) != NULL;
}

/* What stands quoted behind "column=". */
static struct slice
wanted(const struct question *q, const char *column)
{
	const char *key = arena_printf(q->arena, "%s='", column);
	const uint8_t *at = memmem(q->sql.ptr, q->sql.len, key, strlen(key));
	struct slice value;

	if (at == NULL)
		mini_cannot(q->sql, key);
	at += strlen(key);
	slice_split(slice_of(at, q->sql.len - (size_t)(at - q->sql.ptr)), '\'', &value);
	return value;
}

static void
add_text(const struct question *q, const char *value)
{
	result_add(q->out, value == NULL ? SLICE_NULL : slice_str(value));
}

static const char *
number(const struct question *q, uint64_t n)
{
	return arena_printf(q->arena, "%llu", (unsigned long long)n);
}

static struct mini_table *
table_asked(const struct question *q)
{
	return store_find(q->store, wanted(q, "table_schema"), wanted(q, "table_name"));
}

static void
answer_tables(const struct question *q)
{
	const struct mini_table *t = table_asked(q);

	if (asks(q, "SELECT 1 FROM")) {
		result_begin(q->out, q->arena, 1, "1");
		if (t != NULL)
			add_text(q, "1");
		return;
	}
	if (!asks(q, "SELECT table_type, engine, table_rows, auto_increment, table_collation FROM"))
		mini_cannot(q->sql, "columns of information_schema.tables");
	result_begin(q->out, q->arena, 5, "table_type", "engine", "table_rows", "auto_increment",
	    "table_collation");
	if (t == NULL)
		return;
	add_text(q, "BASE TABLE");
	add_text(q, "InnoDB");
	add_text(q, number(q, MINI_ROWS_ESTIMATE));
	add_text(q, NULL);
	add_text(q, "utf8mb4_general_ci");
}

/* "int(11)" of "`id` int(11) NOT NULL" */
static const char *
type_text(const struct question *q, const struct mini_column *c, bool whole)
{
	const char *at = c->clause;
	size_t n = 0;

	at += strlen(c->name) + (at[0] == '`' ? 2 : 0);
	while (*at == ' ')
		at++;
	while (at[n] != '\0' && at[n] != ' ' && (whole || at[n] != '('))
		n++;
	return arena_printf(q->arena, "%.*s", (int)n, at);
}

static void
answer_columns(const struct question *q)
{
	const struct mini_table *t = table_asked(q);

	result_begin(q->out, q->arena, 12, "column_name", "data_type", "column_type",
	    "character_set_name", "collation_name", "is_nullable", "extra", "numeric_precision",
	    "numeric_scale", "datetime_precision", "character_maximum_length",
	    "generation_expression");
	if (!asks(q,
		"SELECT column_name, data_type, column_type, character_set_name, "
		"collation_name, is_nullable, extra, numeric_precision, numeric_scale, "
		"datetime_precision, character_maximum_length, generation_expression FROM"))
		mini_cannot(q->sql, "columns of information_schema.columns");
	for (int i = 0; t != NULL && i < t->columns_count; i++) {
		const struct mini_column *c = &t->columns[i];
		bool is_text = c->kind == MINI_TEXT_CI;
		bool is_int = c->kind == MINI_INT;

		add_text(q, c->name);
		add_text(q, type_text(q, c, false));
		add_text(q, type_text(q, c, true));
		add_text(q, is_text ? "utf8mb4" : NULL);
		add_text(q, is_text ? "utf8mb4_general_ci" : NULL);
		add_text(q, c->nullable ? "YES" : "NO");
		add_text(q, "");
		add_text(q, is_int ? "10" : NULL);
		add_text(q, is_int ? "0" : NULL);
		add_text(q, NULL);
		add_text(q, is_int ? NULL : number(q, c->length));
		add_text(q, NULL);
	}
}

static void
add_parts(const struct question *q, const struct mini_table *t, const struct mini_index *index,
    const char *name)
{
	for (int i = 0; i < index->count; i++) {
		add_text(q, name);
		add_text(q, t->columns[index->columns[i]].name);
		add_text(q, index->prefix[i] > 0 ? number(q, index->prefix[i]) : NULL);
		add_text(q, "A");
	}
}

/* Rows index_name, column_name, sub_part, collation of the unique ones. */
static void
answer_keys(const struct question *q, const struct mini_table *t)
{
	result_begin(q->out, q->arena, 4, "index_name", "column_name", "sub_part", "collation");
	if (t != NULL && t->key_clause != NULL)
		add_parts(q, t, &t->key, "PRIMARY");
	for (int i = 0; t != NULL && i < t->indexes_count; i++) {
		if (t->indexes[i].unique)
			add_parts(q, t, &t->indexes[i], t->indexes[i].name);
	}
}

static void
answer_statistics(const struct question *q)
{
	const struct mini_table *t = table_asked(q);
	bool unique = asks(q, " AND non_unique=0");
	struct slice index;

	if (unique && asks(q, "SELECT index_name, column_name, sub_part, collation FROM")) {
		answer_keys(q, t);
		return;
	}
	if (!asks(q, "SELECT 1 FROM") || !(unique || asks(q, " AND non_unique=1")))
		mini_cannot(q->sql, "columns of information_schema.statistics");
	index = wanted(q, "index_name");
	result_begin(q->out, q->arena, 1, "1");
	for (int i = 0; t != NULL && i < t->indexes_count; i++) {
		if (slice_eq_str(index, t->indexes[i].name) && t->indexes[i].unique == unique)
			add_text(q, "1");
	}
}

static void
answer_none(const struct question *q, const char *column)
{
	result_begin(q->out, q->arena, 1, column);
}

static void
answer_show_create(const struct question *q)
{
	static const char head[] = "SHOW CREATE TABLE ";
	struct slice database, name, rest = slice_cut(q->sql, sizeof(head) - 1, q->sql.len);
	SCOPED(buf) struct buf text = BUF_INIT;
	struct mini_table *t;

	rest = slice_split(rest, '.', &database);
	name = slice_cut(rest, 1, rest.len - 1);
	t = store_find(q->store, slice_cut(database, 1, database.len - 1), name);
	if (t == NULL) {
		result_error(q->out, ER_NO_SUCH_TABLE, "Table doesn't exist");
		return;
	}
	mini_table_show(&text, t);
	result_begin(q->out, q->arena, 2, "Table", "Create Table");
	result_add(q->out, slice_str(t->name));
	result_add(q->out, arena_dup(q->arena, buf_slice(&text)));
}

bool
mini_catalog_answer(struct mini_store *s, struct arena *a, struct slice sql, struct mini_result *out)
{
	struct question q = { s, a, sql, out };

	if (slice_starts(sql, "SHOW CREATE TABLE "))
		answer_show_create(&q);
	else if (!asks(&q, "information_schema."))
		return false;
	else if (asks(&q, "information_schema.tables"))
		answer_tables(&q);
	else if (asks(&q, "information_schema.columns"))
		answer_columns(&q);
	else if (asks(&q, "information_schema.statistics"))
		answer_statistics(&q);
	else if (asks(&q, "information_schema.innodb_sys_foreign"))
		answer_none(&q, "d");
	else if (asks(&q, "information_schema.referential_constraints"))
		answer_none(&q, "constraint_name");
	else if (asks(&q, "information_schema.processlist WHERE state"))
		answer_none(&q, "1"); /* there is always room */
	else if (asks(&q, "information_schema.triggers"))
		answer_none(&q, "trigger_name");
	else
		mini_cannot(sql, "a table of information_schema");
	return true;
}
