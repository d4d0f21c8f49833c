#include "gate/planner.h"

#include "gate/called.h"
#include "gate/refuse.h"
#include "sql/quote.h"

/* A name in front of a column names no further table; it may be an alias. */
bool
planner_is_table(const struct table_ref *t)
{
	return t->role != TABLE_QUALIFIER && t->role != TABLE_UNCLEAR && t->role != TABLE_ROUTINE &&
	    t->role != TABLE_CURRENT && t->role != TABLE_TRIGGER;
}

struct slice
planner_keyspace(const struct planner *p, const struct table_ref *t)
{
	return slice_is_null(t->database) ? p->keyspace : t->database;
}

const struct route_rule *
planner_rule(const struct planner *p, const struct table_ref *t)
{
	struct slice keyspace = planner_keyspace(p, t);

	if (slice_is_null(keyspace) || slice_is_null(t->table))
		return NULL;
	return route_rule(p->route, keyspace, t->table);
}

/* Where a temporary table of the session is that is not in its own keyspace, or NULL. */
const struct route_keyspace *
planner_temporary(const struct planner *p, const struct table_ref *t)
{
	struct slice keyspace = planner_keyspace(p, t);
	const char *place;

	if (p->temporary->names.len == 0 || slice_is_null(keyspace) || slice_is_null(t->table) ||
	    t->role == TABLE_UNCLEAR)
		return NULL;
	place = temporary_place(p->temporary, keyspace, t->table);
	return place == NULL || place[0] == '\0' ? NULL : route_keyspace(p->route, slice_str(place));
}

/* A name in front of a column, without a database, means the statement's table of that name, unless the
 * statement gives that name to something itself (called_in()). */
static const struct table_ref *
meant_by(const struct planner *p, const struct table_ref *t)
{
	if (t->role != TABLE_QUALIFIER || !slice_is_null(t->database))
		return t;
	for (size_t i = 0; i < p->s->tables_count; i++) {
		const struct table_ref *other = &p->s->tables[i];

		if (planner_is_table(other) && !other->aliased && slice_eq(other->table, t->table))
			return other;
	}
	return t;
}

/* What the statement calls a table that has another name where it is. */
static enum called
called_of(const struct planner *p, const struct table_ref *t)
{
	const struct route_rule *rule = planner_rule(p, meant_by(p, t));

	if (rule == NULL || rule->to == NULL || slice_eq_str(t->table, rule->record->to_table) ||
	    planner_temporary(p, t) != NULL)
		return CALLED_AS_THERE;
	return called_in(p->s, t->table);
}

static int
refuse_unclear_names(const struct planner *p, struct err *err)
{
	for (size_t i = 0; i < p->s->tables_count; i++) {
		const struct table_ref *t = &p->s->tables[i];

		if (planner_is_table(t) && called_of(p, t) == CALLED_UNCLEAR)
			return refuse(err, ER_NOT_SUPPORTED_YET,
			    "table '%.*s', which has another name where it is, in front of columns of a "
			    "statement that gives tables names of its own, or names it twice",
			    SLICE_ARG(t->table));
	}
	return 0;
}

/* Does the name as written mean another table on the server that runs it? */
static bool
is_otherwise(
    const struct planner *p, const struct table_ref *t, struct slice *database, struct slice *table)
{
	const struct route_rule *rule = planner_rule(p, meant_by(p, t));
	const struct route_keyspace *named;

	if (t->role == TABLE_UNCLEAR || t->role == TABLE_CURRENT || t->role == TABLE_HANDLER ||
	    (t->role == TABLE_QUALIFIER && slice_is_null(t->database) &&
		called_of(p, t) != CALLED_IN_FRONT))
		return false;
	*table = t->table;
	if (p->out->temporary != NULL && t == p->s->tables) {
		*database = slice_str(p->out->place->database);
		return true;
	}
	if (planner_temporary(p, t) != NULL) {
		*database = slice_str(planner_temporary(p, t)->database);
		return true;
	}
	if (rule != NULL && rule->to != NULL) {
		*database = slice_str(rule->to->database);
		*table = slice_str(rule->record->to_table);
		return strcmp(rule->record->from_keyspace, rule->record->to_keyspace) != 0 ||
		    !slice_eq(*table, t->table) ||
		    !slice_eq_str(planner_keyspace(p, t), rule->to->database);
	}
	if (slice_is_null(t->database))
		return false;
	/* A keyspace whose database has another name. */
	named = route_keyspace(p->route, t->database);
	if (named == NULL || slice_eq_str(t->database, named->database))
		return false;
	*database = slice_str(named->database);
	return true;
}

static const struct route_rule *
rule_of(const struct planner *p, struct slice database, struct slice name, bool event)
{
	struct slice keyspace = slice_is_null(database) ? p->keyspace : database;

	if (p->route->rules.count == 0 || slice_is_null(keyspace) || slice_is_null(name))
		return NULL;
	return route_rule(p->route, keyspace,
	    slice_str(event ? name_of_event(p->arena, name) : name_of_routine(p->arena, name)));
}

const struct route_rule *
planner_routine_rule(const struct planner *p, const struct table_ref *t)
{
	return rule_of(p, t->database, t->routine, false);
}

const struct route_rule *
planner_program_rule(const struct planner *p)
{
	return rule_of(p, p->s->in_database, p->s->program.name, p->s->program.event);
}

static bool
is_at(const struct route_keyspace *k, const char *server)
{
	return k != NULL && k->server != NULL && strcmp(k->server, server) == 0;
}

bool
planner_routine_is_there(const struct planner *p, const struct route_rule *rule)
{
	return p->placed_by != NULL && rule->record->both &&
	    (is_at(rule->to, p->out->place->server) || is_at(rule->other, p->out->place->server));
}

/* What a name without a database means on a connection to the place (session_keyspace.c). */
static const struct route_keyspace *
default_there(const struct planner *p, const char *server)
{
	const struct route_keyspace *own =
	    slice_is_null(p->keyspace) ? NULL : route_keyspace(p->route, p->keyspace);

	return is_at(own, server) ? own : route_keyspace_at(p->route, server);
}

static bool
routine_otherwise(const struct planner *p, const struct table_ref *t, struct slice *database)
{
	const struct route_rule *rule = planner_routine_rule(p, t);
	const struct route_keyspace *at, *named;

	if (rule == NULL) {
		named = slice_is_null(t->database) ? NULL : route_keyspace(p->route, t->database);
		if (named == NULL || slice_eq_str(t->database, named->database))
			return false;
		*database = slice_str(named->database);
		return true;
	}
	at = is_at(rule->to, p->out->place->server) ? rule->to : rule->other;
	*database = slice_str(at->database);
	if (!slice_is_null(t->database))
		return !slice_eq(t->database, *database);
	named = default_there(p, p->out->place->server);
	return named == NULL || !slice_eq_str(*database, named->database);
}

static void
put_routine(
    const struct planner *p, const struct table_ref *t, struct slice database, struct buf *text)
{
	quote_ident(text, database);
	if (!slice_is_null(t->database))
		return;
	buf_add_char(text, '.');
	buf_add_slice(text, slice_cut(p->sql, t->start, t->end));
}

/* A trigger is in the database of its table, which is named behind it. */
static bool
reads_otherwise(
    const struct planner *p, const struct table_ref *t, struct slice *database, struct slice *table)
{
	const struct statement *s = p->s;
	bool otherwise;

	if (t->role == TABLE_ROUTINE)
		return routine_otherwise(p, t, database);
	if (t->role != TABLE_TRIGGER)
		return is_otherwise(p, t, database, table);
	otherwise = s->tables_count > 1 && is_otherwise(p, &s->tables[1], database, table);
	*table = t->table;
	return otherwise;
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
		if (!slice_is_null(planner_keyspace(p, &p->s->tables[i])) &&
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
	struct plan_name n = { database, table, planner_keyspace(p, t), t->table };

	if (!planner_is_table(t) || slice_is_null(table))
		return;
	if (p->out->names == NULL)
		p->out->names = arena_array(p->arena, struct plan_name, p->s->tables_count);
	p->out->names[p->out->names_count++] = n;
	p->named_otherwise = p->named_otherwise || !slice_eq(n.database, n.as_database) ||
	    !slice_eq(n.table, n.as_table);
}

static void
put_table(struct planner *p, const struct table_ref *t, struct slice database, struct slice table,
    struct buf *text)
{
	called_put(
	    text, &(struct called_place){ p->s, p->sql, t, database, table }, called_of(p, t));
	note_name(p, t, database, table);
}

static void
put_as_written(struct planner *p, const struct table_ref *t, struct buf *text)
{
	buf_add_slice(text, slice_cut(p->sql, t->start, t->end));
	note_name(p, t, planner_keyspace(p, t), t->table);
}

static void
rewrite(struct planner *p)
{
	SCOPED(buf)
	struct buf text = BUF_INIT;
	size_t done = 0;
	const struct table_ref *t;

	while ((t = next_ref(p->s, done)) != NULL) {
		struct slice database, table;

		buf_add_slice(&text, slice_cut(p->sql, done, t->start));
		if (t->role == TABLE_CURRENT && p->elsewhere != NULL)
			put_database(p, t, &text);
		else if (reads_otherwise(p, t, &database, &table) && !slice_is_null(t->table))
			put_table(p, t, database, table, &text);
		else if (t->role == TABLE_ROUTINE && reads_otherwise(p, t, &database, &table))
			put_routine(p, t, database, &text);
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

int
planner_rewrite(struct planner *p, struct err *err)
{
	if (p->out->ruled_count > 0)
		TRY(refuse_unclear_names(p, err));
	if (must_rewrite(p))
		rewrite(p);
	return 0;
}

void
planner_program_rewrite(struct planner *p, const struct route_rule *rule)
{
	const struct program_ref *program = &p->s->program;
	SCOPED(buf) struct buf text = BUF_INIT;

	buf_add_slice(&text, slice_cut(p->sql, 0, program->start));
	quote_table(&text, slice_str(rule->to->database), program->name);
	buf_add_slice(&text, slice_cut(p->sql, program->end, p->sql.len));
	p->out->text = arena_dup(p->arena, buf_slice(&text));
	p->out->rewritten = true;
}
