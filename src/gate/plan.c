#include "gate/plan.h"

#include "base/check.h"
#include "gate/refuse.h"
#include "sql/quote.h"

/* Words that run what is in a string. */
static bool
runs_strings(struct slice word)
{
	return slice_eq_nocase(word, slice_str("execute")) ||
	    slice_eq_nocase(word, slice_str("prepare"));
}

static bool
is_ascii(struct slice name)
{
	for (size_t i = 0; i < name.len; i++) {
		if (name.ptr[i] >= 0x80)
			return false;
	}
	return true;
}

/* A name in another character set than the rules' might be a moved one. */
static int
refuse_foreign_names(const struct planner *p, struct err *err)
{
	for (size_t i = 0; i < p->s->tables_count; i++) {
		const struct table_ref *t = &p->s->tables[i];

		if (!is_ascii(t->database) || !is_ascii(t->table))
			return refuse(err, ER_NOT_SUPPORTED_YET,
			    "names that are not ASCII, once any table is moved, from a client whose "
			    "character set is not utf8: say SET NAMES utf8mb4");
	}
	return 0;
}

/* Names of the rule in a text of that client would be other names. */
static int
refuse_foreign_rule(const struct planner *p, struct err *err)
{
	for (size_t i = 0; i < p->out->ruled_count; i++) {
		const struct routing_rule *r = p->out->ruled[i]->record;

		if (!is_ascii(slice_str(r->to_keyspace)) || !is_ascii(slice_str(r->to_table)))
			return refuse(err, ER_NOT_SUPPORTED_YET,
			    "table '%s', whose name elsewhere is not ASCII, from a client whose character "
			    "set is not utf8: say SET NAMES utf8mb4",
			    r->from_table);
	}
	return 0;
}

/* A statement that was not understood is refused only when a moved name is in it, or may be in
 * a string of it. */
static int
refuse_unclear(const struct planner *p, struct err *err)
{
	for (size_t i = 0; i < p->s->tables_count; i++) {
		const struct table_ref *t = &p->s->tables[i];

		if (t->role == TABLE_UNCLEAR && runs_strings(t->table))
			return refuse(err, ER_NOT_SUPPORTED_YET,
			    "a statement that vtgate does not understand runs SQL from strings, "
			    "which may name moved tables");
		if (t->role == TABLE_UNCLEAR && route_rule_named(p->route, t->table) != NULL)
			return refuse(err, ER_NOT_SUPPORTED_YET,
			    "a statement that vtgate does not understand names the moved table '%.*s'",
			    SLICE_ARG(t->table));
	}
	return 0;
}

static void
note_rule(struct planner *p, const struct route_rule *rule)
{
	struct plan *out = p->out;

	for (size_t i = 0; i < out->ruled_count; i++) {
		if (out->ruled[i] == rule)
			return;
	}
	if (out->ruled_count == out->ruled_room) {
		size_t room = out->ruled_room == 0 ? 4 : out->ruled_room * 2;
		const struct route_rule **wider =
		    arena_alloc(p->arena, sizeof(struct route_rule *) * room);

		if (out->ruled_count > 0)
			memcpy(wider, out->ruled, sizeof(struct route_rule *) * out->ruled_count);
		out->ruled = wider;
		out->ruled_room = room;
	}
	out->ruled[out->ruled_count++] = rule;
}

/* For messages: of a whole database it is the database's. */
static struct slice
name_of(const struct table_ref *t)
{
	if (t->role == TABLE_ROUTINE && !slice_is_null(t->routine))
		return t->routine;
	return slice_is_null(t->table) ? t->database : t->table;
}

static const char apart[] =
    "tables '%.*s' (keyspace '%s') and '%.*s' (keyspace '%s') are on two servers: "
    "vtgate does not join across servers";

bool
plan_is_apart(struct err *e, bool *is_apart)
{
	if (is_apart == NULL || e->cause != apart)
		return false;
	err_clear(e);
	return *is_apart = true;
}

static int
place(struct planner *p, const struct route_keyspace *where, const struct table_ref *t,
    struct err *err)
{
	if (where->server == NULL)
		return refuse(
		    err, ER_BAD_DB_ERROR, "keyspace '%s' has no primary tablet", where->name);
	if (p->placed_by == NULL) {
		p->placed_by = t;
		p->out->place = where;
		return 0;
	}
	if (strcmp(p->out->place->server, where->server) == 0)
		return 0;
	return refuse(err, ER_NOT_SUPPORTED_YET, apart, SLICE_ARG(name_of(p->placed_by)),
	    p->out->place->name, SLICE_ARG(name_of(t)), where->name);
}

/* A database that is no keyspace, or a table of it. Where there is none of that name each statement has its
 * own error for it, or a note, and the server knows which. */
static int
no_keyspace(struct planner *p, const struct table_ref *t, struct slice database, struct err *err)
{
	const struct route_keyspace *base = route_base(p->route, p->base);

	if (route_is_hidden(p->route, database))
		return refuse(err, ER_BAD_DB_ERROR, "Unknown database '%.*s'", SLICE_ARG(database));
	if (base != NULL) {
		p->out->names_tables = true;
		return place(p, base, t, err);
	}
	if (slice_is_null(t->table))
		return refuse(err,
		    p->s->kind == STATEMENT_DDL ? ER_NOT_SUPPORTED_YET : ER_BAD_DB_ERROR,
		    "Unknown database '%.*s': it is no keyspace, and in a session that has not used one "
		    "it is not known which server it is about",
		    SLICE_ARG(database));
	p->uses |= USES_DEFAULT;
	return 0;
}

static bool
makes_temporary(const struct statement *s)
{
	return s->kind == STATEMENT_DDL && (s->leaves & LEAVES_TABLES) != 0 && s->tables_count > 0;
}

/* Where one table is. */
static int
place_table(struct planner *p, const struct table_ref *t, struct err *err)
{
	struct slice keyspace = planner_keyspace(p, t);
	const struct route_rule *rule = planner_rule(p, t);
	const struct route_keyspace *where;

	if (slice_is_null(keyspace))
		return refuse(err, ER_NO_DB_ERROR, "No database selected");
	if (route_is_system(keyspace)) {
		p->uses |= USES_DEFAULT;
		p->out->catalogue = true;
		return 0;
	}
	where = planner_temporary(p, t);
	if (where != NULL) {
		p->out->names_tables = true;
		return place(p, where, t, err);
	}
	if (!slice_is_null(t->table) && temporary_hides(p->temporary, keyspace, t->table))
		return refuse(err, ER_NOT_SUPPORTED_YET,
		    "table '%.*s' of keyspace '%.*s' while a temporary table of that name, made from a "
		    "moved table, is there",
		    SLICE_ARG(t->table), SLICE_ARG(keyspace));
	where = rule != NULL ? NULL : route_keyspace(p->route, keyspace);
	if (rule == NULL && where == NULL)
		return no_keyspace(p, t, keyspace, err);
	/* A sequence is changed outside of transactions; once it has a rule it is held as a table is. */
	if (t->role == TABLE_SEQUENCE && rule == NULL)
		p->out->in_place = true;
	else
		p->out->names_tables = true;
	if (rule == NULL)
		return place(p, where, t, err);
	if (rule->to == NULL)
		return refuse(
		    err, ER_BAD_DB_ERROR, "Unknown database '%s'", rule->record->to_keyspace);
	if (t == p->s->tables && makes_temporary(p->s))
		return refuse(err, ER_NOT_SUPPORTED_YET,
		    "a temporary table with the name of the moved table '%.*s'",
		    SLICE_ARG(t->table));
	note_rule(p, rule);
	return place(p, rule->to, t, err);
}

/* CREATE TEMPORARY TABLE x AS SELECT ... FROM moved: x is made where the others are, if there is no other
 * way, and called so in the session. The others are placed. */
static int
place_temporary(struct planner *p, struct err *err)
{
	const struct table_ref *made = &p->s->tables[0];
	const struct route_keyspace *own = slice_is_null(planner_keyspace(p, made))
	    ? NULL
	    : route_keyspace(p->route, planner_keyspace(p, made));

	if (p->out->place == NULL || own == NULL || own->server == NULL ||
	    strcmp(own->server, p->out->place->server) == 0 || planner_rule(p, made) != NULL)
		return place_table(p, made, err);
	p->out->temporary = p->out->place->name;
	return 0;
}

static int
place_by_rule(
    struct planner *p, const struct table_ref *t, const struct route_rule *rule, struct err *err)
{
	if (rule->to == NULL)
		return refuse(
		    err, ER_BAD_DB_ERROR, "Unknown database '%s'", rule->record->to_keyspace);
	p->out->names_tables = true;
	note_rule(p, rule);
	return place(p, rule->to, t, err);
}

/* A routine with a rule is where that says. db.f() of another one: where the database is. What is no keyspace
 * may be a package. */
static int
place_routine(struct planner *p, const struct table_ref *t, struct err *err)
{
	const struct route_rule *rule = planner_routine_rule(p, t);
	const struct route_keyspace *where;

	if (rule != NULL)
		return rule->record->both ? 0 : place_by_rule(p, t, rule, err);
	if (slice_is_null(t->database)) {
		p->uses |= USES_ROUTINE;
		return 0;
	}
	where = route_keyspace(p->route, t->database);
	if (where == NULL) {
		p->uses |= route_is_system(t->database) ? USES_DEFAULT : USES_ROUTINE;
		return 0;
	}
	p->out->in_place = true;
	return place(p, where, t, err);
}

/* Those that need no table, when the tables have been placed. */
static int
place_both(struct planner *p, struct err *err)
{
	for (size_t i = 0; i < p->s->tables_count; i++) {
		const struct table_ref *t = &p->s->tables[i];
		const struct route_rule *rule =
		    t->role == TABLE_ROUTINE ? planner_routine_rule(p, t) : NULL;

		if (rule != NULL && rule->record->both && !planner_routine_is_there(p, rule))
			TRY(place_by_rule(p, t, rule, err));
	}
	return 0;
}

/* CREATE PROCEDURE db.p */
static int
place_program(struct planner *p, struct err *err)
{
	struct slice database = p->s->in_database;
	const struct route_keyspace *where = route_keyspace(p->route, database);
	struct table_ref *t = arena_new(p->arena, struct table_ref);

	*t = (struct table_ref){
		.role = TABLE_ROUTINE, .database = database, .routine = p->s->program.name
	};
	if (p->program != NULL)
		return place_by_rule(p, t, p->program, err);
	if (slice_is_null(database))
		return 0;
	if (route_is_system(database)) {
		p->uses |= USES_DEFAULT;
		return 0;
	}
	if (where == NULL)
		return no_keyspace(p, t, database, err);
	p->out->in_place = true;
	return place(p, where, t, err);
}

static const struct route_keyspace *
own_keyspace(const struct planner *p)
{
	const struct route_keyspace *own =
	    slice_is_null(p->keyspace) ? NULL : route_keyspace(p->route, p->keyspace);

	return own != NULL || slice_is_null(p->keyspace) ? own : route_base(p->route, p->base);
}

/* Can each DATABASE() be written out? */
static bool
can_say_database(const struct statement *s)
{
	for (size_t i = 0; i < s->tables_count; i++) {
		if (s->tables[i].role == TABLE_CURRENT && s->tables[i].naming == NAMES_PART)
			return false;
	}
	return true;
}

/* The session's own database is not the one that a connection to the place has. */
static int
refuse_elsewhere(struct planner *p, struct err *err)
{
	const struct route_keyspace *own;

	if ((p->uses & (USES_DATABASE | USES_ROUTINE)) == 0)
		return 0;
	own = own_keyspace(p);
	if (own == NULL || own->server == NULL || p->out->place == NULL ||
	    strcmp(own->server, p->out->place->server) == 0)
		return 0;
	p->elsewhere = own;
	if ((p->s->uses & USES_DATABASE) != 0 && !can_say_database(p->s))
		return refuse(err, ER_NOT_SUPPORTED_YET,
		    "DATABASE() within a column without a name of its own, in a statement on a table that "
		    "another server serves: give it one (AS name)");
	if ((p->uses & USES_ROUTINE) != 0)
		return refuse(err, ER_NOT_SUPPORTED_YET,
		    "a stored function of keyspace '%s' in a statement on tables of keyspace '%s', "
		    "which is on another server: say where it is (%s.name())",
		    own->name, p->out->place->name, p->out->place->name);
	return 0;
}

/* Where a statement without tables runs: in its keyspace, if it means something of that. */
static int
place_default(struct planner *p, struct err *err)
{
	const unsigned means = USES_DEFAULT | USES_ROUTINE | USES_DATABASE | USES_LOCKS;
	enum statement_kind kind = p->s->kind;

	if (p->out->names_tables)
		return 0;
	if (p->out->place == NULL)
		p->out->place = own_keyspace(p);
	if (p->out->place != NULL && p->out->place->server == NULL)
		return refuse(err, ER_BAD_DB_ERROR, "keyspace '%s' has no primary tablet",
		    p->out->place->name);
	p->out->in_place = p->out->place != NULL &&
	    (p->out->in_place || (p->uses & means) != 0 || kind == STATEMENT_DDL ||
		kind == STATEMENT_ADMIN || kind == STATEMENT_OTHER);
	return 0;
}

/* A kind that does not surely leave rows alone counts as one that writes or locks. */
static bool
kind_locks(enum statement_kind kind)
{
	switch (kind) {
	case STATEMENT_EMPTY:
	case STATEMENT_SELECT:
	case STATEMENT_BEGIN:
	case STATEMENT_COMMIT:
	case STATEMENT_ROLLBACK:
	case STATEMENT_SAVEPOINT:
	case STATEMENT_SET:
	case STATEMENT_USE:
	case STATEMENT_SHOW: return false;
	case STATEMENT_SELECT_LOCKING:
	case STATEMENT_WRITE:
	case STATEMENT_DDL:
	case STATEMENT_XA:
	case STATEMENT_LOCK_TABLES:
	case STATEMENT_PREPARE:
	case STATEMENT_CALL:
	case STATEMENT_ADMIN:
	case STATEMENT_OTHER: return true;
	}
	unreachable();
}

int
plan_make(struct arena *a, const struct plan_input *in, struct plan *out, struct err *err)
{
	const struct route *r = in->route;
	const struct statement *s = in->statement;
	struct slice keyspace = in->keyspace;
	struct planner p = { .arena = a,
		.route = r,
		.s = s,
		.sql = in->sql,
		.keyspace = keyspace,
		.base = in->base,
		.temporary = in->temporary,
		.uses = s->understood ? s->uses & ~(unsigned)USES_ROUTINE : s->uses,
		.out = out };

	*out = (struct plan){ .text = in->sql };
	out->locks = kind_locks(s->kind);
	if (in->ascii_only && r->rules.count > 0)
		TRY(refuse_foreign_names(&p, err));
	/* What is in its body is of the database that has it. */
	p.program = planner_program_rule(&p);
	if (!s->understood && r->rules.count > 0 && p.program == NULL)
		TRY(refuse_unclear(&p, err));
	for (size_t i = makes_temporary(s) ? 1 : 0; i < s->tables_count; i++) {
		if (planner_is_table(&s->tables[i]))
			TRY(place_table(&p, &s->tables[i], err));
		else if (s->tables[i].role == TABLE_ROUTINE)
			TRY(place_routine(&p, &s->tables[i], err));
	}
	if (makes_temporary(s) && planner_is_table(&s->tables[0]))
		TRY(place_temporary(&p, err));
	TRY(place_both(&p, err));
	TRY(place_program(&p, err));
	out->locks = out->locks || (s->locks && out->names_tables);
	TRY(refuse_elsewhere(&p, err));
	TRY(place_default(&p, err));
	if (in->ascii_only)
		TRY(refuse_foreign_rule(&p, err));
	if (p.program != NULL) {
		planner_program_rewrite(&p, p.program);
		return 0;
	}
	return planner_rewrite(&p, err);
}
