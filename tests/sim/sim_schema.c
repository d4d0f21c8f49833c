#include "sim/sim_schema.h"

#include "base/check.h"
#include "base/err.h"

#include <stdio.h>
#include <string.h>

/* Bytes, of a text such as "key12": some keys of a prefix are one. */
enum { PREFIX = 4 };

static int
below(struct sim_schema *s, int n)
{
	return (int)rand_below(s->rand, (uint64_t)n);
}

static bool
one_in(struct sim_schema *s, int n)
{
	return below(s, n) == 0;
}

/* ---- Columns and keys */

static int
add_column(struct schema_table *t, const char *name, enum schema_kind kind, bool nullable)
{
	struct schema_column *c = &t->columns[t->columns_count];

	check(t->columns_count < SCHEMA_COLUMNS_MAX);
	snprintf(c->name, sizeof(c->name), "%s", name);
	c->kind = kind;
	c->nullable = nullable;
	return t->columns_count++;
}

static void
add_index(struct schema_table *t, struct schema_index index)
{
	check(t->indexes_count < SCHEMA_INDEXES_MAX);
	t->indexes[t->indexes_count++] = index;
}

static void
choose_columns(struct sim_schema *s, struct schema_table *t)
{
	static const char *const names[] = { "c1", "c2", "c3" };
	int count = 1 + below(s, 3);

	add_column(t, "id", SCHEMA_INT, false);
	for (int i = 0; i < count; i++)
		add_column(t, names[i], (enum schema_kind)below(s, SCHEMA_KINDS), one_in(s, 3));
}

static int
text_column(const struct schema_table *t)
{
	for (int i = 0; i < t->columns_count; i++) {
		if (t->columns[i].kind == SCHEMA_TEXT)
			return i;
	}
	return -1;
}

static bool
has_nullable(const struct schema_table *t, const struct schema_index *index)
{
	for (int i = 0; i < index->count; i++) {
		if (t->columns[index->columns[i]].nullable)
			return true;
	}
	return false;
}

static void
choose_key(struct sim_schema *s, struct schema_table *t)
{
	int kind = below(s, 7), text = text_column(t);
	struct schema_index key = { SCHEMA_PRIMARY, { 0, 1 }, 1, 0 };

	if (kind == 0)
		return;
	if (kind == 1 && text >= 0)
		key = (struct schema_index){ SCHEMA_PRIMARY, { text }, 1, PREFIX };
	else if (kind == 2)
		key.count = 2;
	else if (kind == 3)
		key = (struct schema_index){ SCHEMA_PRIMARY, { 1, 0 }, 1 + below(s, 2), 0 };
	else if (kind == 4)
		key = (struct schema_index){ SCHEMA_UNIQUE, { 1 }, 1, 0 };
	else if (kind == 5)
		key.kind = SCHEMA_UNIQUE;
	if (key.kind == SCHEMA_PRIMARY) {
		for (int i = 0; i < key.count; i++)
			t->columns[key.columns[i]].nullable = false;
	}
	add_index(t, key);
}

/* More indexes, in the order in which servers show them. */
static void
choose_indexes(struct sim_schema *s, struct schema_table *t)
{
	int last = t->columns_count - 1;

	if (one_in(s, 3))
		add_index(
		    t, (struct schema_index){ SCHEMA_UNIQUE, { last, 0 }, 1 + below(s, 2), 0 });
}

/* Its id is what others refer to. */
static void
let_refer(struct schema_table *t)
{
	for (int i = 0; i < t->indexes_count; i++) {
		const struct schema_index *index = &t->indexes[i];

		if (index->kind != SCHEMA_PLAIN && index->columns[0] == 0 && index->count == 1)
			return;
	}
	add_index(t, (struct schema_index){ SCHEMA_UNIQUE, { 0 }, 1, 0 });
}

static void
choose_parent(struct sim_schema *s, int table)
{
	static const char *const actions[] = { "", "CASCADE", "SET NULL" };
	struct schema_table *t = &s->tables[table];
	bool nullable = one_in(s, 2);
	int kinds = nullable ? 3 : 2;

	t->parent = t->refers_by = -1;
	t->on_delete = t->on_update = "";
	if (one_in(s, table == 0 ? 4 : 2))
		return;
	t->parent = one_in(s, 4) ? table : below(s, table + 1);
	t->refers_by = add_column(t, "p", SCHEMA_INT, nullable);
	t->on_delete = actions[below(s, kinds)];
	/* InnoDB carries out no ON UPDATE in the table itself. */
	if (t->parent != table)
		t->on_update = actions[below(s, kinds)];
	let_refer(&s->tables[t->parent]);
}

static bool
tells_rows_apart(const struct schema_table *t)
{
	for (int i = 0; i < t->indexes_count; i++) {
		const struct schema_index *index = &t->indexes[i];

		if (index->kind == SCHEMA_PRIMARY)
			return index->prefix == 0; /* and no other stands in for one that does not */
		if (index->kind == SCHEMA_UNIQUE && !has_nullable(t, index))
			return true;
	}
	return false;
}

/* ---- Definitions */

static void
add_columns(struct buf *out, const struct schema_table *t)
{
	static const char *const types[SCHEMA_KINDS] = { "int(11)", "bigint(20)", "varchar(20)",
		"varbinary(16)" };

	for (int i = 0; i < t->columns_count; i++) {
		const struct schema_column *c = &t->columns[i];

		buf_addf(out, "`%s` %s %s,\n  ", c->name, types[c->kind],
		    c->nullable ? "DEFAULT NULL" : "NOT NULL");
	}
	buf_add_str(out, "`v` varchar(40) NOT NULL");
}

static void
add_index_clause(struct buf *out, const struct schema_table *t, int number)
{
	static const char *const words[] = {
		[SCHEMA_PRIMARY] = "PRIMARY KEY",
		[SCHEMA_UNIQUE] = "UNIQUE KEY",
		[SCHEMA_PLAIN] = "KEY",
	};
	const struct schema_index *index = &t->indexes[number];

	buf_addf(out, ",\n  %s ", words[index->kind]);
	if (index->kind != SCHEMA_PRIMARY)
		buf_addf(out, "`i%d` ", number);
	for (int i = 0; i < index->count; i++)
		buf_addf(out, "%s`%s`", i == 0 ? "(" : ",", t->columns[index->columns[i]].name);
	if (index->prefix > 0)
		buf_addf(out, "(%d)", index->prefix);
	buf_add_char(out, ')');
}

static void
define(struct sim_schema *s, struct schema_table *t, struct arena *a)
{
	SCOPED(buf) struct buf out = BUF_INIT;

	add_columns(&out, t);
	for (int i = 0; i < t->indexes_count; i++)
		add_index_clause(&out, t, i);
	if (t->parent >= 0) {
		buf_addf(
		    &out, ",\n  KEY `p` (`p`),\n  CONSTRAINT `f_%s` FOREIGN KEY (`p`)", t->name);
		buf_addf(&out, " REFERENCES `%s` (`id`)", s->tables[t->parent].name);
		if (t->on_delete[0] != '\0')
			buf_addf(&out, " ON DELETE %s", t->on_delete);
		if (t->on_update[0] != '\0')
			buf_addf(&out, " ON UPDATE %s", t->on_update);
	}
	t->definition = arena_slice_str(a, buf_slice(&out));
	t->strict = !tells_rows_apart(t) || t->on_delete[0] != '\0' || t->on_update[0] != '\0';
}

void
sim_schema_make(struct sim_schema *s, struct arena *a)
{
	static const char *const names[SCHEMA_TABLES_MAX] = { "a", "b", "c" };

	s->count = 1 + below(s, SCHEMA_TABLES_MAX);
	for (int i = 0; i < s->count; i++) {
		struct schema_table *t = &s->tables[i];

		snprintf(t->name, sizeof(t->name), "%s", names[i]);
		choose_columns(s, t);
		choose_key(s, t);
		choose_indexes(s, t);
		choose_parent(s, i);
	}
	for (int i = 0; i < s->count; i++)
		define(s, &s->tables[i], a);
}

/* ---- Statements */

/* A name in one of its spellings: all are one key. */
static void
add_name(struct sim_schema *s, struct buf *out)
{
	static const char *const names[] = { "key", "KEY", "Key" }, *const ends[] = { "", " ", "  " };

	buf_addf(out, "'%s%d%s'", names[below(s, 3)], below(s, s->keys), ends[below(s, 3)]);
}

static void
add_value(struct sim_schema *s, struct buf *out, const struct schema_column *c)
{
	const long long far = 3000000007; /* beyond 32 bits */

	if (c->nullable && one_in(s, 4)) {
		buf_add_str(out, "NULL");
		return;
	}
	switch (c->kind) {
	case SCHEMA_INT: buf_addf(out, "%d", below(s, s->keys)); break;
	case SCHEMA_BIG: buf_addf(out, "%lld", (below(s, s->keys) - 5) * far); break;
	case SCHEMA_TEXT: add_name(s, out); break;
	case SCHEMA_BYTES: buf_addf(out, "0x%02x00", (unsigned)below(s, s->keys)); break;
	case SCHEMA_KINDS: unreachable();
	}
}

/* Each value once. */
static void
add_text(struct sim_schema *s, struct buf *out)
{
	static const char *const tails[] = { "", " ", "\\\"", "\xc3\xa9" };

	buf_addf(out, "'%llu%s'", (unsigned long long)++s->next_value, tails[below(s, 4)]);
}

void
sim_schema_insert(struct sim_schema *s, struct buf *sql, int table)
{
	const struct schema_table *t = &s->tables[table];
	int rows = 1 + (one_in(s, 4) ? below(s, 3) : 0);

	buf_addf(sql, "INSERT INTO `src`.`%s` (", t->name);
	for (int i = 0; i < t->columns_count; i++)
		buf_addf(sql, "`%s`,", t->columns[i].name);
	buf_add_str(sql, "`v`) VALUES ");
	for (int r = 0; r < rows; r++) {
		buf_add_str(sql, r > 0 ? ",(" : "(");
		for (int i = 0; i < t->columns_count; i++) {
			add_value(s, sql, &t->columns[i]);
			buf_add_char(sql, ',');
		}
		add_text(s, sql);
		buf_add_char(sql, ')');
	}
}

/* Any column: its rows may be many, or none. */
static void
add_condition(struct sim_schema *s, struct buf *sql, const struct schema_table *t)
{
	const struct schema_column *c = &t->columns[below(s, t->columns_count)];

	buf_addf(sql, " WHERE `%s`", c->name);
	if (c->nullable && one_in(s, 8)) {
		buf_add_str(sql, " IS NULL");
		return;
	}
	buf_add_char(sql, '=');
	add_value(s, sql, c);
}

/* Keys too, so that rows come and go under them. */
static void
add_update(struct sim_schema *s, struct buf *sql, const struct schema_table *t)
{
	buf_addf(sql, "UPDATE `src`.`%s` SET `v`=", t->name);
	add_text(s, sql);
	if (one_in(s, 2)) {
		const struct schema_column *c = &t->columns[below(s, t->columns_count)];

		buf_addf(sql, ",`%s`=", c->name);
		add_value(s, sql, c);
	}
	add_condition(s, sql, t);
}

void
sim_schema_statement(struct sim_schema *s, struct buf *sql)
{
	int kind = below(s, 10), table = below(s, s->count);
	const struct schema_table *t = &s->tables[table];

	if (kind < 5) {
		sim_schema_insert(s, sql, table);
	} else if (kind < 8) {
		add_update(s, sql, t);
	} else {
		buf_addf(sql, "DELETE FROM `src`.`%s`", t->name);
		add_condition(s, sql, t);
	}
}
