#include "tablet/table/mention.h"

#include "rpc/api.h"
#include "sql/program.h"
#include "sql/quote.h"

enum {
	NAMED_MAX = 3, /* in one sentence: three names of two parts fit it */
	LOCATED_MAX =
	    50, /* names that the server looks for; of more it sends all bodies that there are */
};

/* ---- The bodies that have the word */

/* In the order that they are selected. */
enum { B_SCHEMA, B_NAME, B_MODES, B_BODY, B_COUNT };

struct source {
	const char *what, *columns, *from, *body;
};

static const struct source sources[] = {
	{ "view", "table_schema, table_name, ''", "views", "view_definition" },
	{ "routine", "routine_schema, routine_name, sql_mode", "routines", "routine_definition" },
	{ "event", "event_schema, event_name, sql_mode", "events", "event_definition" },
	{ "trigger", "trigger_schema, trigger_name, sql_mode", "triggers", "action_statement" },
};

/* As a text that has the name has it: plain, or with its quotes doubled. */
static void
add_occurs(struct buf *out, const char *body, const char *name)
{
	SCOPED(buf) struct buf quoted = BUF_INIT;
	struct slice inner;

	buf_addf(out, "(LOCATE(");
	quote_string(out, slice_str(name));
	buf_addf(out, ", %s) > 0", body);
	quote_ident(&quoted, slice_str(name));
	inner = slice_cut(buf_slice(&quoted), 1, buf_slice(&quoted).len - 1);
	if (!slice_eq_str(inner, name)) {
		buf_add_str(out, " OR LOCATE(");
		quote_string(out, inner);
		buf_addf(out, ", %s) > 0", body);
	}
	buf_add_char(out, ')');
}

/* Triggers of tables that stay: those of the set's own move with them (user_triggers.h). */
static void
add_staying(struct buf *out, const struct table_set *set)
{
	buf_addf(out,
	    " AND LEFT(trigger_name, %zu) <> '" FENCE_PREFIX "' AND NOT (event_object_schema=",
	    sizeof(FENCE_PREFIX) - 1);
	quote_string(out, slice_str(set->database));
	buf_add_str(out, " AND event_object_table IN (''");
	for (size_t i = 0; i < set->count; i++) {
		buf_add_char(out, ',');
		quote_string(out, slice_str(set->tables[i]));
	}
	buf_add_str(out, "))");
}

static int
read_bodies(struct ctx *cx, struct mysql_client *c, const struct source *s,
    const struct table_set *set, struct mysql_rows *rows)
{
	SCOPED(buf) struct buf sql = BUF_INIT;

	buf_addf(
	    &sql, "SELECT %s, %s FROM information_schema.%s WHERE (", s->columns, s->body, s->from);
	for (size_t i = 0; i < set->count && set->count <= LOCATED_MAX; i++) {
		buf_add_str(&sql, i == 0 ? "" : " OR ");
		add_occurs(&sql, s->body, set->tables[i]);
	}
	buf_add_str(&sql, set->count <= LOCATED_MAX ? ")" : "TRUE)");
	if (strcmp(s->what, "trigger") == 0)
		add_staying(&sql, set);
	TRY(mysql_select(cx, c, buf_slice(&sql), rows));
	if (rows->rows > 0 && rows->columns != B_COUNT)
		return err_set(cx->err, ERR_CORRUPT,
		    "information_schema.%s answers with %zu columns", s->from, rows->columns);
	return 0;
}

/* ---- Which of them name the table */

struct found {
	int count, sure;
	struct buf *names; /* of the first few: "view 'a.b', routine 'c.d'" */
	const char *table; /* of the set, that is named first */
	bool more;         /* another one is, too */
};

/* The most that it says of any of them. */
static enum mention
mention_of(struct ctx *cx, const struct slice *v, const struct table_set *set, struct found *f)
{
	struct program p;
	struct err unread = { 0 };
	enum mention most = MENTION_NONE;
	bool read = program_read(cx->arena, v[B_BODY], modes_of_names(v[B_MODES]), &p, &unread) == 0;

	for (size_t i = 0; i < set->count; i++) {
		enum mention m = read ? program_mentions(&p, v[B_SCHEMA], slice_str(set->database),
					    slice_str(set->tables[i]))
				      : MENTION_PERHAPS;

		if (m == MENTION_NONE)
			continue;
		if (m == MENTION_SURE || most == MENTION_NONE)
			most = m;
		f->more |= f->table != NULL && f->table != set->tables[i];
		if (f->table == NULL)
			f->table = set->tables[i];
	}
	return most;
}

/* Routines in these databases are the server's. They read only the tables that their callers name, in text
 * that they put together. */
static bool
is_servers_own(struct slice schema)
{
	return slice_eq_str(schema, "sys") || slice_eq_str(schema, "mysql") ||
	    slice_eq_str(schema, "performance_schema") || slice_eq_str(schema, "information_schema");
}

static void
add_found(struct found *f, const char *what, const struct slice *v, enum mention m)
{
	f->sure += m == MENTION_SURE;
	if (f->count++ >= NAMED_MAX)
		return;
	buf_addf(f->names, "%s%s '%.*s.%.*s'%s", f->count > 1 ? ", " : "", what,
	    SLICE_ARG(v[B_SCHEMA]), SLICE_ARG(v[B_NAME]), m == MENTION_PERHAPS ? " (perhaps)" : "");
}

/* A view that does. */
static bool
moves(struct ctx *cx, const struct slice *v, const struct table_set *views)
{
	return table_set_find(views, arena_slice_str(cx->arena, v[B_SCHEMA]),
		   arena_slice_str(cx->arena, v[B_NAME])) >= 0;
}

static int
look_through(struct ctx *cx, struct mysql_client *c, const struct table_set *set,
    const struct table_set *views, struct found *f)
{
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		SCOPED(arena) struct arena scratch = ARENA_INIT;
		struct ctx inner = *cx;
		struct mysql_rows rows;

		inner.arena = &scratch;
		TRY(read_bodies(&inner, c, &sources[i], set, &rows));
		for (size_t n = 0; n < rows.rows; n++) {
			const struct slice *v = &rows.values[n * B_COUNT];
			struct found before = *f;
			enum mention m;

			if (i == 0 && moves(&inner, v, views))
				continue;
			m = mention_of(&inner, v, set, f);

			if (m == MENTION_SURE ||
			    (m == MENTION_PERHAPS && !is_servers_own(v[B_SCHEMA])))
				add_found(f, sources[i].what, v, m);
			else
				*f = before;
		}
	}
	return 0;
}

/* "the table 'customer.users'", or "tables of the set, 'customer.users' and more" */
static const char *
named(struct arena *a, const struct found *f, const struct table_set *set)
{
	return f->more
	    ? arena_printf(a, "tables of the set ('%s.%s' and more)", set->database, f->table)
	    : arena_printf(a, "the table '%s.%s'", set->database, f->table);
}

static const char *
sentence(struct arena *a, const struct found *f, const struct table_set *set)
{
	const char *more =
	    f->count > NAMED_MAX ? arena_printf(a, " and %d more", f->count - NAMED_MAX) : "";

	if (f->sure == 0)
		return arena_printf(a,
		    "%s%s may name %s: what is there is not understood, or runs SQL from strings",
		    f->names->data, more, named(a, f, set));
	return arena_printf(a, "%s%s %s %s, and would look for %s at %s old place", f->names->data,
	    more, f->count == 1 ? "names" : "name", named(a, f, set), f->more ? "them" : "it",
	    f->more ? "their" : "its");
}

/* Tables and the views that move: whoever names one of them names what goes away. */
static struct table_set
joined(struct arena *a, const struct table_set *set, const struct table_set *views)
{
	const char **names = arena_array(a, const char *, set->count + views->count);

	for (size_t i = 0; i < set->count; i++)
		names[i] = set->tables[i];
	for (size_t i = 0; i < views->count; i++)
		names[set->count + i] = views->tables[i];
	return (struct table_set){ set->database, names, set->count + views->count };
}

int
mention_find(struct ctx *cx, struct mysql_client *c, const struct table_set *set,
    const struct table_set *views, struct mentions *out)
{
	const struct table_set all = joined(cx->arena, set, views);
	SCOPED(buf) struct buf names = BUF_INIT;
	struct found f = { .names = &names };

	*out = (struct mentions){ .text = "", .hint = "" };
	TRY(look_through(cx, c, &all, views, &f));
	if (f.count == 0)
		return 0;
	out->text = sentence(cx->arena, &f, &all);
	out->hint = f.sure == 0
	    ? "if it does not: MoveTables --force goes on"
	    : "drop it first, and make it anew where the table goes; --with-views takes views along that "
	      "name nothing else; --force goes on and leaves it as it is";
	return 0;
}
