#include "base/mutant.h"
#include "sql/program.h"
#include "sql/quote.h"
#include "tablet/table/routine.h"

/* In the order that they are selected. */
enum { R_NAME, R_TYPE, R_LANGUAGE, R_MODES, R_BODY, R_STATUS, R_COUNT };

enum { TOLD_MAX = 8 }; /* in one sentence */

struct candidate {
	struct slice name;
	enum routine_kind kind;
	struct program program;
	const char *why; /* it stays; NULL: nothing speaks against it */
	bool bound;      /* it, or one that it calls, names a table */
};

struct candidates {
	const struct routine_scope *scope;
	struct candidate *all;
	size_t count;
};

static bool
is_ascii(struct slice name)
{
	for (size_t i = 0; i < name.len; i++) {
		if (name.ptr[i] >= 0x80)
			return false;
	}
	return true;
}

/* ---- What it names */

static bool
is_of(const struct table_set *set, struct slice name)
{
	for (size_t i = 0; i < set->count; i++) {
		if (slice_eq_str(name, set->tables[i]))
			return true;
	}
	return false;
}

/* A temporary table that it makes itself. */
static bool
is_own(const struct candidate *r, struct slice name)
{
	for (size_t i = 0; i < r->program.tables_count; i++) {
		const struct table_ref *t = &r->program.tables[i];

		if (t->made && slice_is_null(t->database) && slice_eq(t->table, name))
			return (r->program.leaves & LEAVES_TABLES) != 0;
	}
	return false;
}

/* NULL: it means the same at the other end. */
static const char *
why_not_database(struct arena *a, const struct candidates *c, struct slice database)
{
	if (slice_is_null(database) ||
	    (!c->scope->away && slice_eq_str(database, c->scope->tables.database)))
		return NULL;
	return arena_printf(a, "names database '%.*s'", SLICE_ARG(database));
}

static const char *
why_not_table(
    struct arena *a, const struct candidates *c, struct candidate *r, const struct table_ref *t)
{
	const char *why = why_not_database(a, c, t->database);

	if (why != NULL || is_own(r, t->table))
		return why;
	if (!is_of(&c->scope->tables, t->table) && !is_of(&c->scope->views, t->table) &&
	    !mutant("tablet_routine_of_what_stays"))
		return arena_printf(a, "names '%.*s', which does not move", SLICE_ARG(t->table));
	r->bound = true;
	return NULL;
}

static struct candidate *
find(const struct candidates *c, struct slice name)
{
	for (size_t i = 0; i < c->count; i++) {
		if (c->all[i].kind != ROUTINE_EVENT && slice_eq_nocase(c->all[i].name, name))
			return &c->all[i];
	}
	return NULL;
}

static const char *
why_not_call(
    struct arena *a, const struct candidates *c, struct candidate *r, const struct table_ref *t)
{
	const char *why = why_not_database(a, c, t->database);
	const struct candidate *called;

	if (why != NULL)
		return why;
	called = slice_is_null(t->routine) ? NULL : find(c, t->routine);
	if (called == NULL)
		return arena_printf(
		    a, "calls '%.*s', which is no routine of its database", SLICE_ARG(t->routine));
	if (called->why != NULL)
		return arena_printf(a, "calls '%.*s', which stays", SLICE_ARG(t->routine));
	r->bound = r->bound || called->bound;
	return NULL;
}

static const char *
why_not_ref(
    struct arena *a, const struct candidates *c, struct candidate *r, const struct table_ref *t)
{
	switch (t->role) {
	case TABLE_QUALIFIER: return NULL;
	case TABLE_UNCLEAR: return "is not understood";
	case TABLE_CURRENT: return "asks which database it is in";
	case TABLE_SEQUENCE: return "takes values from a sequence";
	case TABLE_ROUTINE: return why_not_call(a, c, r, t);
	case TABLE_READ:
	case TABLE_WRITE:
	case TABLE_LOCK:
	case TABLE_DDL:
	case TABLE_HANDLER:
	case TABLE_TRIGGER: return why_not_table(a, c, r, t);
	}
	return "is not understood";
}

/* Of what its body names; the rest is known when it is read. */
static const char *
why_not(struct arena *a, const struct candidates *c, struct candidate *r)
{
	const char *why = NULL;

	if (r->program.runs_strings)
		return "runs SQL from strings";
	for (size_t i = 0; why == NULL && i < r->program.tables_count; i++)
		why = why_not_ref(a, c, r, &r->program.tables[i]);
	return why;
}

/* ---- Which there are */

static const char *
why_not_at_all(struct arena *a, const struct slice *v, struct candidate *r)
{
	struct err unread = { 0 };

	if (r->kind == ROUTINE_PROCEDURE && !slice_eq_str(v[R_TYPE], "PROCEDURE"))
		return "is a package";
	if (!slice_eq_str(v[R_LANGUAGE], "SQL"))
		return "is not written in SQL";
	if (!is_ascii(r->name))
		return "has a name that is not ASCII";
	if (v[R_BODY].len == 0)
		return "is not shown to our account";
	if (program_read(a, v[R_BODY], modes_of_names(v[R_MODES]), &r->program, &unread) != 0)
		return "is not understood";
	return NULL;
}

static enum routine_kind
kind_of(struct slice type)
{
	if (slice_eq_str(type, "EVENT"))
		return ROUTINE_EVENT;
	return slice_eq_str(type, "FUNCTION") ? ROUTINE_FUNCTION : ROUTINE_PROCEDURE;
}

static int
select_candidates(
    struct ctx *cx, struct mysql_client *c, const char *database, struct mysql_rows *rows)
{
	SCOPED(buf) struct buf sql = BUF_INIT;

	buf_add_str(&sql,
	    "SELECT routine_name, routine_type, routine_body, sql_mode, routine_definition, '' FROM "
	    "information_schema.routines WHERE routine_schema=");
	quote_string(&sql, slice_str(database));
	buf_add_str(&sql,
	    " UNION ALL SELECT event_name, 'EVENT', event_body, sql_mode, event_definition, status FROM "
	    "information_schema.events WHERE event_schema=");
	quote_string(&sql, slice_str(database));
	buf_add_str(&sql, " ORDER BY 1, 2");
	TRY(mysql_select(cx, c, buf_slice(&sql), rows));
	if (rows->rows > 0 && rows->columns != R_COUNT)
		return err_set(cx->err, ERR_CORRUPT,
		    "information_schema.routines answers with %zu columns", rows->columns);
	return 0;
}

/* A rule goes by name, and has a name of its own for an event. */
static void
part_names(struct candidates *c)
{
	for (size_t i = 0; i < c->count; i++) {
		struct candidate *other = find(c, c->all[i].name);

		if (c->all[i].kind != ROUTINE_EVENT && other != NULL && other != &c->all[i])
			other->why = c->all[i].why = "has its name together with another routine";
	}
}

static int
read_candidates(struct ctx *cx, struct mysql_client *c, struct candidates *out)
{
	struct mysql_rows rows;

	TRY(select_candidates(cx, c, out->scope->tables.database, &rows));
	out->all = arena_array(cx->arena, struct candidate, rows.rows);
	out->count = rows.rows;
	for (size_t i = 0; i < rows.rows; i++) {
		const struct slice *v = &rows.values[i * rows.columns];
		struct candidate *r = &out->all[i];

		*r = (struct candidate){ .name = v[R_NAME], .kind = kind_of(v[R_TYPE]) };
		r->why = why_not_at_all(cx->arena, v, r);
		/* In an attempt that is ours (event_calls.h); before, a replica's. */
		if (r->why == NULL && r->kind == ROUTINE_EVENT && !out->scope->again &&
		    !slice_eq_str(v[R_STATUS], "ENABLED") && !slice_eq_str(v[R_STATUS], "DISABLED"))
			r->why = "is disabled as on a replica";
	}
	part_names(out);
	return 0;
}

/* What calls one that stays, stays; what calls one that needs a table, needs it. */
static void
settle(struct arena *a, const struct candidates *c)
{
	for (bool changed = true; changed;) {
		changed = false;
		for (size_t i = 0; i < c->count; i++) {
			struct candidate *r = &c->all[i];
			bool bound = r->bound;

			if (r->why != NULL)
				continue;
			r->why = why_not(a, c, r);
			changed = changed || r->why != NULL || r->bound != bound;
		}
	}
}

/* Nothing else may be called what a rule calls a routine. */
static int
check_names_free(struct ctx *cx, struct mysql_client *c, const char *database)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	struct mysql_rows rows;

	buf_add_str(&sql, "SELECT table_name FROM information_schema.tables WHERE table_schema=");
	quote_string(&sql, slice_str(database));
	buf_add_str(
	    &sql, " AND (RIGHT(table_name, 2)='()' OR RIGHT(table_name, 7)='(event)') LIMIT 1");
	TRY(mysql_select(cx, c, buf_slice(&sql), &rows));
	if (rows.rows == 0)
		return 0;
	err_set(cx->err, ERR_REFUSED, "table '%s.%.*s' has a name that rules keep for routines",
	    database, SLICE_ARG(rows.values[0]));
	return err_hint(cx->err, "rename it, or move without --with-routines");
}

/* "procedure 'a' (names 'stays', which does not move), function 'b' (...) and 3 more" */
static const char *
tell_staying(struct arena *a, const struct candidates *c)
{
	SCOPED(buf) struct buf text = BUF_INIT;
	size_t told = 0;

	for (size_t i = 0; i < c->count; i++) {
		const struct candidate *r = &c->all[i];

		if (r->why == NULL || told++ >= TOLD_MAX)
			continue;
		buf_addf(&text, "%s%s '%s.%.*s' (%s)", told > 1 ? ", " : "",
		    routine_kind_names[r->kind], c->scope->tables.database, SLICE_ARG(r->name),
		    r->why);
	}
	if (told > TOLD_MAX)
		buf_addf(&text, " and %zu more", told - TOLD_MAX);
	return arena_slice_str(a, buf_slice(&text));
}

/* One that does nothing with tables that move is of use where it is. */
static void
leave_unbound_events(const struct candidates *c)
{
	for (size_t i = 0; i < c->count; i++) {
		struct candidate *r = &c->all[i];

		if (r->kind == ROUTINE_EVENT && r->why == NULL && !r->bound)
			r->why = "names no table that moves";
	}
}

static void
take(struct arena *a, const struct candidates *c, struct routine_list *out)
{
	*out = (struct routine_list){ .items = arena_array(a, struct routine_definition, c->count) };
	for (size_t i = 0; i < c->count; i++) {
		const struct candidate *r = &c->all[i];

		if (r->why == NULL)
			out->items[out->count++] = (struct routine_definition){
				.of = { .name = arena_slice_str(a, r->name),
				    .kind = r->kind,
				    .both = !r->bound },
			};
	}
}

int
routine_find(struct ctx *cx, struct mysql_client *c, const struct routine_scope *scope,
    struct routine_list *moving, const char **staying)
{
	struct candidates all = { .scope = scope };

	TRY(read_candidates(cx, c, &all));
	settle(cx->arena, &all);
	leave_unbound_events(&all);
	take(cx->arena, &all, moving);
	*staying = tell_staying(cx->arena, &all);
	return moving->count == 0 ? 0 : check_names_free(cx, c, scope->tables.database);
}
