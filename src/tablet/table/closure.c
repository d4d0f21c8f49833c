#include "tablet/table/closure.h"

#include "base/mutant.h"
#include "sql/quote.h"
#include "tablet/table/create_table.h"
#include "tablet/table/foreign.h"
#include "tablet/table/foreign_catalog.h"

enum {
	NAMED_MAX = 3,    /* in one sentence: three keys with three names each fit it */
	LISTED_MAX = 120, /* bytes of tables' names in a hint */
};

/* ---- The foreign keys that touch the database */

struct edge {
	const char *name;
	const char *child_database, *child, *parent_database, *parent;
	const char *action; /* " ON DELETE CASCADE": changes rows of the child; "" */
	bool child_moves, parent_moves, child_away, parent_away;
};

/* What moves, and what has left before. */
struct scope {
	const struct table_set *set, *away;
};

/* Only one of both moves, and somebody would miss the other. */
static bool
is_open(const struct edge *e)
{
	return e->child_moves != e->parent_moves && (e->child_moves || !e->child_away);
}

static const char *
action_of(struct arena *a, const struct slice *v)
{
	static const struct {
		int column;
		const char *text;
	} events[] = { { FOREIGN_DELETE, "ON DELETE" }, { FOREIGN_UPDATE, "ON UPDATE" } };

	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		struct slice rule = v[events[i].column];

		if (!slice_eq_str(rule, "RESTRICT") && !slice_eq_str(rule, "NO ACTION"))
			return arena_printf(a, "%s %.*s", events[i].text, SLICE_ARG(rule));
	}
	return "";
}

static struct edge
edge_of(struct arena *a, const struct slice *v, const struct scope *scope)
{
	struct edge e = {
		.name = arena_slice_str(a, v[FOREIGN_NAME]),
		.child_database = arena_slice_str(a, v[FOREIGN_SCHEMA]),
		.child = arena_slice_str(a, v[FOREIGN_CHILD]),
		.parent_database = arena_slice_str(a, v[FOREIGN_PARENT_SCHEMA]),
		.parent = arena_slice_str(a, v[FOREIGN_PARENT]),
		.action = action_of(a, v),
	};

	e.child_moves = table_set_find(scope->set, e.child_database, e.child) >= 0;
	e.parent_moves = table_set_find(scope->set, e.parent_database, e.parent) >= 0;
	e.child_away = !mutant("tablet_left_child_counts") &&
	    table_set_find(scope->away, e.child_database, e.child) >= 0;
	e.parent_away = !mutant("tablet_left_parent_refers") &&
	    table_set_find(scope->away, e.parent_database, e.parent) >= 0;
	return e;
}

/* Others are found too, by a collation, and told apart by their bytes. */
static int
read_edges(struct ctx *cx, struct mysql_client *c, const struct scope *scope, struct edge **out,
    size_t *count)
{
	struct mysql_rows rows;

	TRY(foreign_catalog_read(cx, c, scope->set->database, "", &rows));
	*out = arena_array(cx->arena, struct edge, rows.rows);
	*count = rows.rows;
	for (size_t i = 0; i < rows.rows; i++)
		(*out)[i] = edge_of(cx->arena, &rows.values[i * FOREIGN_COLUMNS], scope);
	return 0;
}

/* ---- Rows that change without a trace */

/* Where the parent moves too, the target carries out what the source does; else its changes are not seen. */
static int
check_actions(struct ctx *cx, const struct edge *edges, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct edge *e = &edges[i];

		if (!e->child_moves || e->parent_moves || e->action[0] == '\0')
			continue;
		err_set(cx->err, ERR_REFUSED,
		    "the foreign key '%s' of table '%s.%s' has %s: what it changes is in no binlog, and "
		    "the copy would miss it",
		    e->name, e->child_database, e->child, e->action);
		return err_hint(cx->err,
		    "move '%s.%s' with it; or make the key anew without it, and change those rows by "
		    "statements",
		    e->parent_database, e->parent);
	}
	return 0;
}

/* ---- What would close the set */

struct names {
	const char **names;
	size_t count;
};

static void
add_name(struct names *n, const char *name)
{
	for (size_t i = 0; i < n->count; i++) {
		if (strcmp(n->names[i], name) == 0)
			return;
	}
	n->names[n->count++] = name;
}

/* The tables of the set, and of the same database all that keys connect with them, one after another. */
static struct names
connected(struct arena *a, const struct table_set *set, const struct edge *edges, size_t count)
{
	struct names all = { arena_array(a, const char *, set->count + 2 * count), 0 };
	size_t before = 0;

	for (size_t i = 0; i < set->count; i++)
		add_name(&all, set->tables[i]);
	while (before != all.count) {
		before = all.count;
		for (size_t i = 0; i < count; i++) {
			const struct edge *e = &edges[i];
			struct table_set now = { set->database, all.names, all.count };

			if (e->child_away || strcmp(e->child_database, e->parent_database) != 0)
				continue;
			if (table_set_find(&now, e->child_database, e->child) >= 0)
				add_name(&all, e->parent);
			else if (table_set_find(&now, e->parent_database, e->parent) >= 0)
				add_name(&all, e->child);
		}
	}
	return all;
}

/* No set of one keyspace has tables of two databases. */
static bool
is_closable(const struct edge *edges, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct edge *e = &edges[i];

		if (is_open(e) && strcmp(e->child_database, e->parent_database) != 0)
			return false;
	}
	return true;
}

static const char *
closing_hint(struct arena *a, const struct table_set *set, const struct edge *edges, size_t count)
{
	SCOPED(buf) struct buf list = BUF_INIT;
	struct names all = connected(a, set, edges, count);
	size_t listed = 0;

	if (!is_closable(edges, count))
		return "drop the key, or go on without it: --drop-foreign-keys";
	for (size_t i = set->count; i < all.count; i++, listed++) {
		if (list.len + strlen(all.names[i]) > LISTED_MAX)
			break;
		buf_addf(&list, "%s%s", listed > 0 ? "," : "", all.names[i]);
	}
	if (set->count + listed < all.count)
		buf_addf(&list, " and %zu more", all.count - set->count - listed);
	return arena_printf(a,
	    "move with them: %s; or go on without those keys: --drop-foreign-keys",
	    arena_slice_str(a, buf_slice(&list)));
}

/* ---- The sentences */

static void
add_open(struct buf *out, const struct edge *e, int number)
{
	buf_addf(out, "%sthe foreign key '%s' of table '%s.%s' refers to '%s.%s'",
	    number > 0 ? "; " : "", e->name, e->child_database, e->child, e->parent_database,
	    e->parent);
}

static const char *
sentence_of(struct arena *a, struct buf *text, int count, const char *end)
{
	if (count == 0)
		return "";
	if (count > NAMED_MAX)
		buf_addf(text, "; and %d more", count - NAMED_MAX);
	buf_add_str(text, end);
	return arena_slice_str(a, buf_slice(text));
}

static const char *
open_sentence(struct arena *a, const struct edge *edges, size_t count)
{
	SCOPED(buf) struct buf text = BUF_INIT;
	int found = 0;

	for (size_t i = 0; i < count; i++) {
		if (!is_open(&edges[i]))
			continue;
		if (found < NAMED_MAX)
			add_open(&text, &edges[i], found);
		found++;
	}
	return sentence_of(a, &text, found,
	    found == 1 ? ", and only one of both would move"
		       : ", and only one of each two would move");
}

/* Each is named: whoever wants them back finds here what they were. */
static const char *
dropped_sentence(struct arena *a, const struct edge *edges, size_t count)
{
	SCOPED(buf) struct buf text = BUF_INIT;
	int found = 0;

	for (size_t i = 0; i < count; i++) {
		const struct edge *e = &edges[i];

		if (!is_open(e))
			continue;
		buf_addf(&text,
		    "%sthe foreign key '%s' of table '%s.%s', which refers to '%s.%s', %s",
		    found++ > 0 ? "; " : "", e->name, e->child_database, e->child,
		    e->parent_database, e->parent,
		    e->child_moves ? "is left out at the target" : "is dropped before the switch");
	}
	return arena_slice_str(a, buf_slice(&text));
}

static int
read_clause(struct ctx *cx, struct mysql_client *c, struct closure_key *k)
{
	SCOPED(buf) struct buf name = BUF_INIT;
	struct create_table create;
	struct mysql_rows rows;

	quote_table(&name, slice_str(k->database), slice_str(k->table));
	TRY(mysql_selectf(cx, c, &rows, "SHOW CREATE TABLE %s", name.data));
	if (rows.rows != 1 || rows.columns < 2)
		return err_set(cx->err, ERR_CORRUPT, "SHOW CREATE TABLE gave %zu rows", rows.rows);
	TRY(create_table_read(cx->arena, rows.values[1], &create, cx->err));
	for (int i = 0; i < create.clauses_count; i++) {
		const struct clause *clause = &create.clauses[i];

		if (clause->kind == CLAUSE_FOREIGN && slice_eq_str(clause->name, k->name))
			k->clause = arena_slice_str(cx->arena, clause->text);
	}
	return k->clause != NULL
	    ? 0
	    : err_set(cx->err, ERR_CONFLICT, "the foreign key '%s' of table '%s.%s' has just gone",
		  k->name, k->database, k->table);
}

static int
list_inward(struct ctx *cx, struct mysql_client *c, const struct edge *edges, size_t count,
    struct closure *out)
{
	out->inward = arena_array(cx->arena, struct closure_key, count);
	for (size_t i = 0; i < count; i++) {
		const struct edge *e = &edges[i];
		struct closure_key *k = &out->inward[out->inward_count];

		if (!is_open(e) || !e->parent_moves)
			continue;
		*k = (struct closure_key){ e->name, e->child_database, e->child, NULL };
		TRY(read_clause(cx, c, k));
		out->inward_count++;
	}
	return 0;
}

static const char *
restore_sql(struct arena *a, const struct closure *open)
{
	SCOPED(buf) struct buf sql = BUF_INIT;

	for (size_t i = 0; i < open->inward_count; i++) {
		const struct closure_key *k = &open->inward[i];

		buf_add_str(&sql, i > 0 ? " ALTER TABLE " : "ALTER TABLE ");
		quote_table(&sql, slice_str(k->database), slice_str(k->table));
		buf_addf(&sql, " ADD %s;", k->clause);
	}
	return arena_slice_str(a, buf_slice(&sql));
}

static const char *
lost_sentence(struct arena *a, const struct edge *edges, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct edge *e = &edges[i];

		if (e->child_moves && !e->parent_moves && e->parent_away)
			return arena_printf(a,
			    "the foreign key '%s' of table '%s.%s' refers to '%s.%s', which is "
			    "served elsewhere by now",
			    e->name, e->child_database, e->child, e->parent_database, e->parent);
	}
	return "";
}

int
closure_find(struct ctx *cx, struct mysql_client *c, const struct table_set *set,
    const struct table_set *away, struct closure *out)
{
	const struct scope scope = { set, away };
	struct edge *edges = NULL;
	size_t count = 0;

	*out = (struct closure){ .text = "", .hint = "", .lost = "", .dropped = "", .restore = "" };
	TRY(read_edges(cx, c, &scope, &edges, &count));
	TRY(check_actions(cx, edges, count));
	out->text = open_sentence(cx->arena, edges, count);
	if (out->text[0] == '\0')
		return 0;
	out->hint = closing_hint(cx->arena, set, edges, count);
	out->lost = lost_sentence(cx->arena, edges, count);
	out->dropped = dropped_sentence(cx->arena, edges, count);
	TRY(list_inward(cx, c, edges, count, out));
	out->restore = restore_sql(cx->arena, out);
	return 0;
}

/* ---- Names at the other end */

/* "'a','b'": the keys of one table that lead to tables of the set. */
static int
list_names(struct buf *out, const char *definition, const struct table_set *set, struct err *err)
{
	SCOPED(arena) struct arena scratch = ARENA_INIT;
	struct create_table create;

	TRY(create_table_read(&scratch, slice_str(definition), &create, err));
	for (int i = 0; i < create.clauses_count; i++) {
		struct foreign_key k;

		if (create.clauses[i].kind != CLAUSE_FOREIGN)
			continue;
		TRY(foreign_read(&scratch, set->database, create.clauses[i].text, &k, err));
		if (table_set_find(set, k.database, k.table) < 0)
			continue;
		if (out->len > 0)
			buf_add_char(out, ',');
		quote_string(out, slice_str(k.name));
	}
	return 0;
}

int
closure_check_names(struct ctx *cx, struct mysql_client *c, const struct table_set *from,
    const struct table_set *to, const char *const *definitions)
{
	SCOPED(buf) struct buf names = BUF_INIT;
	SCOPED(buf) struct buf condition = BUF_INIT;
	struct mysql_rows rows;

	for (size_t i = 0; i < from->count; i++)
		TRY(list_names(&names, definitions[i], from, cx->err));
	if (names.len == 0)
		return 0;
	buf_add_str(&condition, " AND constraint_schema=");
	quote_string(&condition, slice_str(to->database));
	buf_addf(&condition, " AND constraint_name IN (%s)", names.data);
	TRY(foreign_catalog_read(cx, c, to->database, condition.data, &rows));
	for (size_t i = 0; i < rows.rows; i++) {
		const struct slice *v = &rows.values[i * FOREIGN_COLUMNS];
		const char *key = arena_slice_str(cx->arena, v[FOREIGN_NAME]);
		const char *table = arena_slice_str(cx->arena, v[FOREIGN_CHILD]);

		if (table_set_find(to, to->database, table) >= 0)
			continue;
		err_set(cx->err, ERR_REFUSED,
		    "the name of the foreign key '%s' is taken at the target, by one of table '%s.%s'",
		    key, to->database, table);
		return err_hint(cx->err,
		    "there, drop that table, or its key: ALTER TABLE `%s` DROP FOREIGN KEY `%s`",
		    table, key);
	}
	return 0;
}

/* ---- What stands in the way of tables that stay */

int
closure_drop_inward(struct ctx *cx, struct ddl *d, const struct closure *open)
{
	for (size_t i = 0; i < open->inward_count; i++) {
		const struct closure_key *k = &open->inward[i];
		SCOPED(buf) struct buf sql = BUF_INIT;

		buf_add_str(&sql, "ALTER TABLE ");
		quote_table(&sql, slice_str(k->database), slice_str(k->table));
		buf_add_str(&sql, " DROP FOREIGN KEY ");
		quote_ident(&sql, slice_str(k->name));
		if (ddl_run(cx, d, buf_slice(&sql)) != 0)
			return err_wrap(cx->err, "dropping the foreign key '%s' of table '%s.%s'",
			    k->name, k->database, k->table);
	}
	return 0;
}
