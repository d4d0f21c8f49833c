#include "tablet/table/mention.h"

#include "base/mutant.h"
#include "rpc/api.h"
#include "sql/program.h"
#include "sql/quote.h"

enum {
	NAMED_MAX = 3, /* in one sentence: three names of two parts fit it */
	LOCATED_MAX =
	    50, /* names that the server looks for; of more it sends all bodies that there are */
};

/* Names of one database that go away: of tables and views, and from routines_at on of routines. */
struct wanted {
	struct table_set set;
	size_t routines_at;
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

static enum mention
mention_one(const struct program *p, struct slice schema, const struct wanted *w, size_t i)
{
	struct slice database = slice_str(w->set.database), name = slice_str(w->set.tables[i]);

	return i < w->routines_at ? program_mentions(p, schema, database, name)
				  : program_calls(p, schema, database, name);
}

/* The most that it says of any of them. */
static enum mention
mention_of(struct ctx *cx, const struct slice *v, const struct wanted *w, struct found *f)
{
	const struct table_set *set = &w->set;
	struct program p;
	struct err unread = { 0 };
	enum mention most = MENTION_NONE;
	bool read = program_read(cx->arena, v[B_BODY], modes_of_names(v[B_MODES]), &p, &unread) == 0;

	for (size_t i = 0; i < set->count; i++) {
		enum mention m = read ? mention_one(&p, v[B_SCHEMA], w, i) : MENTION_PERHAPS;

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

/* Does it leave too? */
static bool
moves(struct ctx *cx, const char *what, const struct slice *v, const struct leaving *l)
{
	if (strcmp(what, "view") == 0)
		return table_set_find(&l->views, arena_slice_str(cx->arena, v[B_SCHEMA]),
			   arena_slice_str(cx->arena, v[B_NAME])) >= 0;
	for (size_t i = 0; i < l->routines.count; i++) {
		const struct moved_routine *r = &l->routines.items[i].of;

		if (strcmp(what, r->kind == ROUTINE_EVENT ? "event" : "routine") == 0 &&
		    slice_eq_str(v[B_SCHEMA], l->tables.database) &&
		    slice_eq_str(v[B_NAME], r->name))
			return true;
	}
	return false;
}

static int
look_through(struct ctx *cx, struct mysql_client *c, const struct wanted *w,
    const struct leaving *l, struct found *f)
{
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		SCOPED(arena) struct arena scratch = ARENA_INIT;
		struct ctx inner = *cx;
		struct mysql_rows rows;

		inner.arena = &scratch;
		TRY(read_bodies(&inner, c, &sources[i], &w->set, &rows));
		for (size_t n = 0; n < rows.rows; n++) {
			const struct slice *v = &rows.values[n * B_COUNT];
			struct found before = *f;
			enum mention m;

			if (moves(&inner, sources[i].what, v, l))
				continue;
			m = mention_of(&inner, v, w, f);

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

static struct wanted
joined(struct arena *a, const struct leaving *l)
{
	const char **names =
	    arena_array(a, const char *, l->tables.count + l->views.count + l->routines.count);
	struct wanted w = { .set = { l->tables.database, names, 0 } };

	for (size_t i = 0; i < l->tables.count; i++)
		names[w.set.count++] = l->tables.tables[i];
	for (size_t i = 0; i < l->views.count; i++)
		names[w.set.count++] = l->views.tables[i];
	w.routines_at = w.set.count;
	for (size_t i = 0; i < l->routines.count && !mutant("tablet_calls_not_seen"); i++) {
		if (!l->routines.items[i].of.both && l->routines.items[i].of.kind != ROUTINE_EVENT)
			names[w.set.count++] = l->routines.items[i].of.name;
	}
	return w;
}

int
mention_find(
    struct ctx *cx, struct mysql_client *c, const struct leaving *leaving, struct mentions *out)
{
	const struct wanted all = joined(cx->arena, leaving);
	SCOPED(buf) struct buf names = BUF_INIT;
	struct found f = { .names = &names };

	*out = (struct mentions){ .text = "", .hint = "" };
	TRY(look_through(cx, c, &all, leaving, &f));
	if (f.count == 0)
		return 0;
	out->text = sentence(cx->arena, &f, &all.set);
	out->hint = f.sure == 0
	    ? "if it does not: MoveTables --force goes on"
	    : "drop it first, and make it anew where the table goes; --with-views and "
	      "--with-routines take along what names nothing else (but no view that calls a routine); "
	      "--force goes on and leaves it as it is";
	return 0;
}
