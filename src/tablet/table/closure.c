#include "tablet/table/closure.h"

#include "base/mutant.h"
#include "sql/quote.h"

enum {
	NAMED_MAX = 3,    /* in one sentence: three keys with three names each fit it */
	LISTED_MAX = 120, /* bytes of tables' names in a hint */
};

/* ---- The foreign keys that touch the database */

enum { E_SCHEMA, E_NAME, E_CHILD, E_PARENT_SCHEMA, E_PARENT, E_UPDATE, E_DELETE, E_COUNT };

struct edge {
	const char *name;
	const char *child_database, *child, *parent_database, *parent;
	const char *action; /* " ON DELETE CASCADE": changes rows of the child; "" */
	bool child_moves, parent_moves;
};

static const char *
action_of(struct arena *a, const struct slice *v)
{
	static const struct {
		int column;
		const char *text;
	} events[] = { { E_DELETE, "ON DELETE" }, { E_UPDATE, "ON UPDATE" } };

	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		struct slice rule = v[events[i].column];

		if (!slice_eq_str(rule, "RESTRICT") && !slice_eq_str(rule, "NO ACTION"))
			return arena_printf(a, "%s %.*s", events[i].text, SLICE_ARG(rule));
	}
	return "";
}

static struct edge
edge_of(struct arena *a, const struct slice *v, const struct table_set *set)
{
	struct edge e = {
		.name = arena_slice_str(a, v[E_NAME]),
		.child_database = arena_slice_str(a, v[E_SCHEMA]),
		.child = arena_slice_str(a, v[E_CHILD]),
		.parent_database = arena_slice_str(a, v[E_PARENT_SCHEMA]),
		.parent = arena_slice_str(a, v[E_PARENT]),
		.action = action_of(a, v),
	};

	e.child_moves = table_set_find(set, e.child_database, e.child) >= 0;
	e.parent_moves = table_set_find(set, e.parent_database, e.parent) >= 0;
	return e;
}

/* The catalogue finds names by a collation, to which `Users` and `üsers` are the same: others are
 * found too, and told apart by their bytes. */
static int
read_edges(struct ctx *cx, struct mysql_client *c, const struct table_set *set, struct edge **out,
    size_t *count)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	struct mysql_rows rows;

	buf_add_str(&sql,
	    "SELECT constraint_schema, constraint_name, table_name, unique_constraint_schema, "
	    "referenced_table_name, update_rule, delete_rule "
	    "FROM information_schema.referential_constraints WHERE constraint_schema=");
	quote_string(&sql, slice_str(set->database));
	buf_add_str(&sql, " OR unique_constraint_schema=");
	quote_string(&sql, slice_str(set->database));
	buf_add_str(&sql, " ORDER BY table_name, constraint_name");
	TRY(mysql_select(cx, c, buf_slice(&sql), &rows));
	if (rows.rows > 0 && rows.columns != E_COUNT)
		return err_set(cx->err, ERR_CORRUPT,
		    "information_schema.referential_constraints answers with %zu columns",
		    rows.columns);
	*out = arena_array(cx->arena, struct edge, rows.rows);
	*count = rows.rows;
	for (size_t i = 0; i < rows.rows; i++)
		(*out)[i] = edge_of(cx->arena, &rows.values[i * E_COUNT], set);
	return 0;
}

/* ---- Rows that change without a trace */

static int
check_actions(struct ctx *cx, const struct edge *edges, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct edge *e = &edges[i];

		if (!e->child_moves || e->action[0] == '\0' || mutant("tablet_cascades_pass"))
			continue;
		err_set(cx->err, ERR_REFUSED,
		    "the foreign key '%s' of table '%s.%s' has %s: what it changes is in no binlog, and "
		    "the copy would miss it",
		    e->name, e->child_database, e->child, e->action);
		return err_hint(cx->err,
		    "make the key anew without it, and change those rows by statements; or leave the "
		    "table where it is");
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

			if (strcmp(e->child_database, e->parent_database) != 0)
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

		if (e->child_moves != e->parent_moves &&
		    strcmp(e->child_database, e->parent_database) != 0)
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
		if (edges[i].child_moves == edges[i].parent_moves)
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

		if (e->child_moves == e->parent_moves)
			continue;
		buf_addf(&text,
		    "%sthe foreign key '%s' of table '%s.%s', which refers to '%s.%s', %s",
		    found++ > 0 ? "; " : "", e->name, e->child_database, e->child,
		    e->parent_database, e->parent,
		    e->child_moves ? "is left out at the target" : "is dropped before the switch");
	}
	return arena_slice_str(a, buf_slice(&text));
}

static void
list_inward(struct arena *a, const struct edge *edges, size_t count, struct closure *out)
{
	out->inward = arena_array(a, struct closure_key, count);
	for (size_t i = 0; i < count; i++) {
		const struct edge *e = &edges[i];

		if (e->parent_moves && !e->child_moves)
			out->inward[out->inward_count++] =
			    (struct closure_key){ e->name, e->child_database, e->child };
	}
}

int
closure_find(
    struct ctx *cx, struct mysql_client *c, const struct table_set *set, struct closure *out)
{
	struct edge *edges = NULL;
	size_t count = 0;

	*out = (struct closure){ .text = "", .hint = "", .dropped = "" };
	TRY(read_edges(cx, c, set, &edges, &count));
	TRY(check_actions(cx, edges, count));
	out->text = open_sentence(cx->arena, edges, count);
	if (out->text[0] == '\0')
		return 0;
	out->hint = closing_hint(cx->arena, set, edges, count);
	out->dropped = dropped_sentence(cx->arena, edges, count);
	list_inward(cx->arena, edges, count, out);
	return 0;
}

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
