#include "gate/plan.h"

#include "base/check.h"
#include "gate/refuse.h"
#include "sql/quote.h"

/* One statement being planned. */
struct planner {
	struct arena           *arena;
	const struct route     *route;
	const struct statement *s;
	struct slice            sql, keyspace, base;
	const struct temporary_tables *temporary;
	unsigned                uses; /* the statement's, and of its catalogue tables */
	struct plan            *out;
	const struct table_ref *placed_by; /* the table that decided the place */
	const struct route_keyspace *elsewhere; /* the session's own, when DATABASE() is to be its name */
	struct slice            placed_keyspace;
	bool                    named_otherwise; /* a table of the statement is, where it runs */
};

/* What is in front of a column is no table of its own, and an alias for all we know. */
static bool
is_table(const struct table_ref *t)
{
	return t->role != TABLE_QUALIFIER && t->role != TABLE_UNCLEAR && t->role != TABLE_ROUTINE &&
	       t->role != TABLE_CURRENT;
}

static struct slice
keyspace_of(const struct planner *p, const struct table_ref *t)
{
	return slice_is_null(t->database) ? p->keyspace : t->database;
}

static const struct route_rule *
rule_of(const struct planner *p, const struct table_ref *t)
{
	struct slice keyspace = keyspace_of(p, t);

	if (slice_is_null(keyspace) || slice_is_null(t->table))
		return NULL;
	return route_rule(p->route, keyspace, t->table);
}

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
		size_t                    room = out->ruled_room == 0 ? 4 : out->ruled_room * 2;
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
	return slice_is_null(t->table) ? t->database : t->table;
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
	return refuse(err, ER_NOT_SUPPORTED_YET,
	    "tables '%.*s' (keyspace '%s') and '%.*s' (keyspace '%s') are on two servers: "
	    "vtgate does not join across servers",
	    SLICE_ARG(name_of(p->placed_by)), p->out->place->name, SLICE_ARG(name_of(t)), where->name);
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
		return refuse(err, p->s->kind == STATEMENT_DDL ? ER_NOT_SUPPORTED_YET : ER_BAD_DB_ERROR,
		    "Unknown database '%.*s': it is no keyspace, and in a session that has not used one "
		    "it is not known which server it is about", SLICE_ARG(database));
	p->uses |= USES_DEFAULT;
	return 0;
}

static bool
makes_temporary(const struct statement *s)
{
	return s->kind == STATEMENT_DDL && (s->leaves & LEAVES_TABLES) != 0 && s->tables_count > 0;
}

/* Where a temporary table of the session is that is not in its own keyspace, or NULL. */
static const struct route_keyspace *
temporary_at(const struct planner *p, const struct table_ref *t)
{
	struct slice keyspace = keyspace_of(p, t);
	const char  *place;

	if (p->temporary->names.len == 0 || slice_is_null(keyspace) || slice_is_null(t->table) ||
	    t->role == TABLE_UNCLEAR)
		return NULL;
	place = temporary_place(p->temporary, keyspace, t->table);
	return place == NULL || place[0] == '\0' ? NULL : route_keyspace(p->route, slice_str(place));
}

/* Where one table is. */
static int
place_table(struct planner *p, const struct table_ref *t, struct err *err)
{
	struct slice                 keyspace = keyspace_of(p, t);
	const struct route_rule     *rule = rule_of(p, t);
	const struct route_keyspace *where;

	if (slice_is_null(keyspace))
		return refuse(err, ER_NO_DB_ERROR, "No database selected");
	if (route_is_system(keyspace)) {
		p->uses |= USES_DEFAULT;
		p->out->catalogue = true;
		return 0;
	}
	where = temporary_at(p, t);
	if (where != NULL) {
		p->out->names_tables = true;
		return place(p, where, t, err);
	}
	if (!slice_is_null(t->table) && temporary_hides(p->temporary, keyspace, t->table))
		return refuse(err, ER_NOT_SUPPORTED_YET,
		    "table '%.*s' of keyspace '%.*s' while a temporary table of that name, made from a "
		    "moved table, is there", SLICE_ARG(t->table), SLICE_ARG(keyspace));
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
	const struct table_ref      *made = &p->s->tables[0];
	const struct route_keyspace *own = slice_is_null(keyspace_of(p, made))
	    ? NULL
	    : route_keyspace(p->route, keyspace_of(p, made));

	if (p->out->place == NULL || own == NULL || own->server == NULL ||
	    strcmp(own->server, p->out->place->server) == 0 || rule_of(p, made) != NULL)
		return place_table(p, made, err);
	p->out->temporary = p->out->place->name;
	return 0;
}

/* Does the name as written mean another table on the server that runs it? */
static bool
reads_otherwise(
    const struct planner *p, const struct table_ref *t, struct slice *database, struct slice *table)
{
	const struct route_rule     *rule = rule_of(p, t);
	const struct route_keyspace *named = route_keyspace(p->route, keyspace_of(p, t));

	if (t->role == TABLE_UNCLEAR || t->role == TABLE_CURRENT ||
	    (t->role == TABLE_QUALIFIER && slice_is_null(t->database)))
		return false;
	*table = t->table;
	if (p->out->temporary != NULL && t == p->s->tables) {
		*database = slice_str(p->out->place->database);
		return true;
	}
	if (temporary_at(p, t) != NULL) {
		*database = slice_str(temporary_at(p, t)->database);
		return true;
	}
	if (rule != NULL && rule->to != NULL) {
		*database = slice_str(rule->to->database);
		*table = slice_str(rule->record->to_table);
		return strcmp(rule->record->from_keyspace, rule->record->to_keyspace) != 0 ||
		       !slice_eq(*table, t->table) ||
		       !slice_eq_str(keyspace_of(p, t), rule->to->database);
	}
	/* A keyspace whose database has another name. */
	if (named == NULL || slice_is_null(t->database) ||
	    slice_eq_str(t->database, named->database))
		return false;
	*database = slice_str(named->database);
	return true;
}

/* Refs come in the order they were read, which for UPDATE and DELETE is not always the text's. */
static const struct table_ref *
next_ref(const struct statement *s, size_t from)
{
	const struct table_ref *best = NULL;

	for (size_t i = 0; i < s->tables_count; i++) {
		const struct table_ref *t = &s->tables[i];

		if (t->start >= from && (best == NULL || t->start < best->start))
			best = t;
	}
	return best;
}

static bool
must_rewrite(const struct planner *p)
{
	struct slice database, table;

	for (size_t i = 0; i < p->s->tables_count; i++) {
		if (p->elsewhere != NULL && p->s->tables[i].role == TABLE_CURRENT)
			return true;
		if (!slice_is_null(keyspace_of(p, &p->s->tables[i])) &&
		    reads_otherwise(p, &p->s->tables[i], &database, &table))
			return true;
	}
	return false;
}

/* Instead of DATABASE(): of the same type, and with its name where it is a column. */
static void
put_database(const struct planner *p, const struct table_ref *t, struct buf *text)
{
	buf_add_str(text, "CONVERT(");
	quote_string(text, p->keyspace);
	buf_add_str(text, " USING utf8mb3)");
	if (t->naming == NAMES_COLUMN) {
		buf_add_str(text, " AS ");
		quote_ident(text, slice_cut(p->sql, t->start, t->end));
	}
}

/* Answers are to have the client's name for it. */
static void
note_name(struct planner *p, const struct table_ref *t, struct slice database, struct slice table)
{
	struct plan_name n = { database, table, keyspace_of(p, t), t->table };

	if (!is_table(t) || slice_is_null(table))
		return;
	if (p->out->names == NULL)
		p->out->names = arena_array(p->arena, struct plan_name, p->s->tables_count);
	p->out->names[p->out->names_count++] = n;
	p->named_otherwise = p->named_otherwise || !slice_eq(n.database, n.as_database) ||
			     !slice_eq(n.table, n.as_table);
}

/* FROM a, where a is called b there: other places of the text mean it by its own name, as a.id. */
static bool
wants_alias(const struct table_ref *t, struct slice table)
{
	return t->may_be_aliased && !slice_eq(t->table, table);
}

static void
put_table(struct planner *p, const struct table_ref *t, struct slice database, struct slice table,
    struct buf *text)
{
	quote_table(text, database, table);
	if (wants_alias(t, table)) {
		buf_add_str(text, " AS ");
		quote_ident(text, t->table);
	}
	note_name(p, t, database, table);
}

static void
put_as_written(struct planner *p, const struct table_ref *t, struct buf *text)
{
	buf_add_slice(text, slice_cut(p->sql, t->start, t->end));
	note_name(p, t, keyspace_of(p, t), t->table);
}

static void
rewrite(struct planner *p)
{
	SCOPED(buf)
	struct buf              text = BUF_INIT;
	size_t                  done = 0;
	const struct table_ref *t;

	while ((t = next_ref(p->s, done)) != NULL) {
		struct slice database, table;

		buf_add_slice(&text, slice_cut(p->sql, done, t->start));
		if (t->role == TABLE_CURRENT && p->elsewhere != NULL)
			put_database(p, t, &text);
		else if (reads_otherwise(p, t, &database, &table) && !slice_is_null(t->table))
			put_table(p, t, database, table, &text);
		else if (slice_is_null(t->table) && reads_otherwise(p, t, &database, &table))
			quote_ident(&text, database);
		else
			put_as_written(p, t, &text);
		done = t->end;
	}
	if (!p->named_otherwise)
		p->out->names_count = 0;
	buf_add_slice(&text, slice_cut(p->sql, done, p->sql.len));
	p->out->text = arena_dup(p->arena, buf_slice(&text));
	p->out->rewritten = true;
}

/* db.f(): the routine is where the database is. What is no keyspace may be a package. */
static int
place_routine(struct planner *p, const struct table_ref *t, struct err *err)
{
	const struct route_keyspace *where = route_keyspace(p->route, t->database);

	if (where == NULL) {
		p->uses |= route_is_system(t->database) ? USES_DEFAULT : USES_ROUTINE;
		return 0;
	}
	p->out->in_place = true;
	return place(p, where, t, err);
}

/* CREATE PROCEDURE db.p */
static int
place_program(struct planner *p, struct err *err)
{
	struct slice                 database = p->s->in_database;
	const struct route_keyspace *where = route_keyspace(p->route, database);
	struct table_ref            *t = arena_new(p->arena, struct table_ref);

	*t = (struct table_ref){ .database = database, .table = SLICE_NULL };
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

/* Where what names no table runs: in its keyspace, if it means anything of it. */
static int
place_default(struct planner *p, struct err *err)
{
	const unsigned      means = USES_DEFAULT | USES_ROUTINE | USES_DATABASE | USES_LOCKS;
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

/* What is not surely harmless to rows writes or locks. */
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
	case STATEMENT_SHOW:
		return false;
	case STATEMENT_SELECT_LOCKING:
	case STATEMENT_WRITE:
	case STATEMENT_DDL:
	case STATEMENT_XA:
	case STATEMENT_LOCK_TABLES:
	case STATEMENT_PREPARE:
	case STATEMENT_CALL:
	case STATEMENT_ADMIN:
	case STATEMENT_OTHER:
		return true;
	}
	unreachable();
}

int
plan_make(struct arena *a, const struct plan_input *in, struct plan *out, struct err *err)
{
	const struct route     *r = in->route;
	const struct statement *s = in->statement;
	struct slice            keyspace = in->keyspace;
	struct planner          p = { .arena = a,
		.route = r,
		.s = s,
		.sql = in->sql,
		.keyspace = keyspace,
		.base = in->base,
		.temporary = in->temporary,
		.uses = s->uses,
		.out = out };

	*out = (struct plan){ .text = in->sql };
	out->locks = kind_locks(s->kind);
	if (in->ascii_only && r->rules.count > 0)
		TRY(refuse_foreign_names(&p, err));
	if (!s->understood && r->rules.count > 0)
		TRY(refuse_unclear(&p, err));
	for (size_t i = makes_temporary(s) ? 1 : 0; i < s->tables_count; i++) {
		if (is_table(&s->tables[i]))
			TRY(place_table(&p, &s->tables[i], err));
		else if (s->tables[i].role == TABLE_ROUTINE)
			TRY(place_routine(&p, &s->tables[i], err));
	}
	if (makes_temporary(s) && is_table(&s->tables[0]))
		TRY(place_temporary(&p, err));
	if (!slice_is_null(s->in_database))
		TRY(place_program(&p, err));
	out->locks = out->locks || (s->locks && out->names_tables);
	TRY(refuse_elsewhere(&p, err));
	TRY(place_default(&p, err));
	if (in->ascii_only)
		TRY(refuse_foreign_rule(&p, err));
	if (must_rewrite(&p))
		rewrite(&p);
	return 0;
}
