#include "tablet/table/check_name.h"

#include "base/map.h"
#include "base/mutant.h"
#include "sql/quote.h"
#include "tablet/table/cure.h"
#include "topo/name.h"

static bool
is_number(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] < '0' || s.ptr[i] > '9')
			return false;
	return s.len > 0;
}

bool
check_name_is_made_up(struct slice name, struct slice table)
{
	static const char mariadb[] = "CONSTRAINT_", mysql[] = "_chk_";

	if (slice_starts(name, mariadb))
		return is_number(slice_cut(name, strlen(mariadb), name.len));
	return name.len > table.len && slice_eq(slice_cut(name, 0, table.len), table) &&
	    slice_starts(slice_cut(name, table.len, name.len), mysql) &&
	    is_number(slice_cut(name, table.len + strlen(mysql), name.len));
}

bool
check_name_read(const struct clause *c, struct slice *check)
{
	size_t at = create_table_find(c->text, "CHECK ");

	*check = slice_cut(c->text, at, c->text.len);
	return c->kind == CLAUSE_OTHER && !slice_is_null(c->name) && check->len > 0;
}

void
check_names_drop(struct create_table *t, struct slice table, bool all)
{
	for (int i = 0; i < t->clauses_count; i++) {
		struct clause *c = &t->clauses[i];
		struct slice check;

		if (!check_name_read(c, &check) || !(all || check_name_is_made_up(c->name, table)))
			continue;
		c->text = check;
		c->name = SLICE_NULL;
	}
}

/* ---- Names at the other end */

/* The names that were given, lower-cased as servers compare them: from each to its table. */
struct given {
	struct arena *arena;
	const struct table_set *from, *to;
	struct map tables;
	struct buf list; /* "'a','b'" */
};

static struct slice
lower(struct arena *a, struct slice name)
{
	struct slice copy = arena_dup(a, name);
	uint8_t *bytes = (uint8_t *)(uintptr_t)copy.ptr;

	for (size_t i = 0; i < copy.len; i++)
		if (bytes[i] >= 'A' && bytes[i] <= 'Z')
			bytes[i] |= 0x20;
	return copy;
}

static int
refuse_twice(const struct table_set *from, const char *first, const char *second,
    const struct clause *c, struct err *err)
{
	err_set(err, ERR_REFUSED,
	    "tables '%s.%s' and '%s.%s' both have a constraint '%.*s', and at the target names of "
	    "checks are the database's",
	    from->database, first, from->database, second, SLICE_ARG(c->name));
	return cure_check_name(err, slice_str(second), c);
}

static int
add_name(struct given *g, size_t table, const struct clause *c, struct err *err)
{
	const char *first = map_put(
	    &g->tables, lower(g->arena, c->name), (void *)(uintptr_t)g->from->tables[table]);

	if (first != NULL && !mutant("tablet_check_name_twice"))
		return refuse_twice(g->from, first, g->from->tables[table], c, err);
	if (g->list.len > 0)
		buf_add_char(&g->list, ',');
	quote_string(&g->list, c->name);
	return 0;
}

/* The server will make up "t_chk_1", which may be longer than a name may be. */
static int
check_made_up(struct given *g, size_t table, struct err *err)
{
	const char *name = arena_printf(g->arena, "%s_chk_1", g->to->tables[table]);

	if (name_check("constraint", name, err) == 0 || mutant("tablet_check_name_long"))
		return 0;
	err_wrap(err, "a check of table '%s.%s' has no name, and at the target it would get one",
	    g->from->database, g->from->tables[table]);
	return err_hint(err,
	    "give it a name at the source (ALTER TABLE `%s` DROP CONSTRAINT ..., ADD CONSTRAINT ... "
	    "CHECK ...), or the table a shorter one",
	    g->from->tables[table]);
}

static int
add_names(struct given *g, size_t table, const char *definition, struct err *err)
{
	struct create_table create;
	struct slice check;

	TRY(create_table_read(g->arena, slice_str(definition), &create, err));
	for (int i = 0; i < create.clauses_count; i++) {
		const struct clause *c = &create.clauses[i];

		if (check_name_read(c, &check))
			TRY(add_name(g, table, c, err));
		else if (c->kind == CLAUSE_OTHER && slice_starts(c->text, "CHECK "))
			TRY(check_made_up(g, table, err));
	}
	return 0;
}

static int
look(struct ctx *cx, struct mysql_client *c, const struct table_set *to, const struct given *g)
{
	SCOPED(buf) struct buf database = BUF_INIT;
	struct mysql_rows rows;

	quote_string(&database, slice_str(to->database));
	TRY(mysql_selectf(cx, c, &rows,
	    "SELECT constraint_name, table_name FROM information_schema.table_constraints WHERE "
	    "constraint_type='CHECK' AND constraint_schema=%s AND constraint_name IN (%s)",
	    database.data, g->list.data));
	for (size_t i = 0; i < rows.rows && !mutant("tablet_check_name_taken"); i++) {
		const char *name = arena_slice_str(cx->arena, rows.values[2 * i]);
		const char *table = arena_slice_str(cx->arena, rows.values[2 * i + 1]);

		if (table_set_find(to, to->database, table) >= 0)
			continue;
		err_set(cx->err, ERR_REFUSED,
		    "the name of the constraint '%s' is taken at the target, by one of table '%s.%s'",
		    name, to->database, table);
		return err_hint(cx->err,
		    "there, drop that table, or its constraint: ALTER TABLE `%s` DROP CONSTRAINT `%s`",
		    table, name);
	}
	return 0;
}

int
check_names_free(struct ctx *cx, struct mysql_client *c, const struct table_set *from,
    const struct table_set *to, const char *const *definitions)
{
	SCOPED(arena) struct arena scratch = ARENA_INIT;
	struct given g = { .arena = &scratch, .from = from, .to = to, .list = BUF_INIT };
	int rc = 0;

	if (!mysql_dialect(c)->checks_of_database)
		return 0;
	map_init(&g.tables);
	for (size_t i = 0; i < from->count && rc == 0; i++)
		rc = add_names(&g, i, definitions[i], cx->err);
	if (rc == 0 && g.list.len > 0)
		rc = look(cx, c, to, &g);
	map_done(&g.tables);
	buf_done(&g.list);
	return rc;
}
