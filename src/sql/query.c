#include "sql/query.h"

#include "base/check.h"

/* ---- words inside expressions ---- */

static struct slice
text_of(const struct reader *r, const struct token *t)
{
	return slice_cut(r->sql, t->start, t->end);
}

/* Functions that say something about the connection rather than the data. */
struct noted {
	const char *name;
	unsigned    uses;
	unsigned    leaves; /* on the connection */
};

static const struct noted FUNCTIONS[] = {
	{ "last_insert_id", USES_LAST_INSERT_ID, 0 },
	{ "found_rows", USES_FOUND_ROWS, 0 },
	{ "row_count", USES_ROW_COUNT, 0 },
	{ "database", USES_DATABASE, 0 },
	{ "schema", USES_DATABASE, 0 },
	{ "connection_id", USES_IDENTITY, 0 },
	{ "user", USES_IDENTITY, 0 },
	{ "session_user", USES_IDENTITY, 0 },
	{ "system_user", USES_IDENTITY, 0 },
	{ "current_user", USES_IDENTITY, 0 },
	{ "is_used_lock", USES_LOCKS, 0 },
	{ "is_free_lock", USES_LOCKS, 0 },
	{ "get_lock", USES_LOCKS, LEAVES_LOCKS },
	{ "release_lock", USES_LOCKS, 0 },
	{ "release_all_locks", USES_LOCKS, 0 },
	{ "sleep", 0, 0 },
	{ "benchmark", 0, 0 },
};

static const char *const SEQUENCE_FUNCTIONS[] = { "lastval", "nextval", "setval" };

static const struct noted VARIABLES[] = {
	{ "identity", USES_LAST_INSERT_ID, 0 },
	{ "last_insert_id", USES_LAST_INSERT_ID, 0 },
	{ "warning_count", USES_WARNINGS, 0 },
	{ "error_count", USES_WARNINGS, 0 },
	{ "pseudo_thread_id", USES_IDENTITY, 0 },
	{ "in_transaction", USES_TRANSACTION, 0 },
};

static const struct noted *
find_noted(const struct noted *table, size_t count, struct slice name)
{
	for (size_t i = 0; i < count; i++) {
		if (slice_eq_nocase(name, slice_str(table[i].name)))
			return &table[i];
	}
	return NULL;
}

static void
note(struct reader *r, const struct noted *n)
{
	r->out->uses |= n->uses;
	reader_leaves(r, n->leaves);
}

/* A stored function may do anything. */
static void
note_routine(struct reader *r)
{
	r->writes = true;
	reader_leaves(r, LEAVES_VARIABLES | LEAVES_OTHER);
}

/* At a sequence's name, which stays to be read as part of the expression. */
static void
note_sequence(struct reader *r)
{
	size_t at = r->at;

	reader_leaves(r, LEAVES_SEQUENCE);
	reader_table(r, TABLE_SEQUENCE);
	if (!r->unclear)
		r->at = at;
}

static bool
is_sequence_function(struct slice name)
{
	for (size_t i = 0; i < sizeof SEQUENCE_FUNCTIONS / sizeof SEQUENCE_FUNCTIONS[0]; i++) {
		if (slice_eq_nocase(name, slice_str(SEQUENCE_FUNCTIONS[i])))
			return true;
	}
	return false;
}

/* What may stand behind a whole item of a select list. */
static bool
ends_item(const struct reader *r, const struct token *t)
{
	return t->kind == TOKEN_END || t->punct == ',' || t->punct == ';' || t->punct == ')' ||
	       t->keyword == KW_FROM || t->keyword == KW_INTO || t->keyword == KW_WHERE ||
	       t->keyword == KW_LIMIT || t->keyword == KW_UNION || t->keyword == KW_ORDER;
}

static bool
begins_item(const struct token *t)
{
	return t->keyword == KW_SELECT || t->keyword == KW_DISTINCT || t->keyword == KW_ALL ||
	       t->punct == ',';
}

static bool
has_alias(const struct reader *r, const struct token *t)
{
	return t->keyword == KW_AS || t->kind == TOKEN_QUOTED || t->kind == TOKEN_STRING ||
	       (t->kind == TOKEN_WORD && t->keyword == KW_NONE);
}

/* At DATABASE(). */
static void
note_current(struct reader *r)
{
	const struct token *t = reader_now(r);
	struct table_ref    ref = { .role = TABLE_CURRENT, .start = t->start };
	bool                whole = r->in_list && r->open == 0 && r->at > 0 && begins_item(t - 1);

	ref.end = reader_ahead(r, 2)->end;
	if (whole && r->depth <= 1 && ends_item(r, reader_ahead(r, 3)))
		ref.naming = NAMES_COLUMN;
	else if (r->in_list && !(whole && has_alias(r, reader_ahead(r, 3))))
		ref.naming = NAMES_PART;
	reader_add(r, &ref);
}

/* At a word with '(' behind it. */
static void
function_call(struct reader *r)
{
	struct slice        name = text_of(r, reader_now(r));
	const struct noted *n = find_noted(FUNCTIONS, sizeof FUNCTIONS / sizeof FUNCTIONS[0], name);

	if (n != NULL) {
		note(r, n);
		/* LAST_INSERT_ID(expr) sets it */
		if (n->uses == USES_DATABASE && reader_ahead(r, 2)->punct == ')')
			note_current(r);
		if (n->uses == USES_LAST_INSERT_ID && reader_ahead(r, 2)->punct != ')')
			reader_leaves(r, LEAVES_INSERT_ID);
	} else if (is_sequence_function(name)) {
		reader_step(r);
		reader_step(r);
		note_sequence(r);
		if (!r->unclear)
			r->at--; /* its parenthesis is counted by the expression */
		return;
	} else if (reader_now(r)->kind != TOKEN_WORD || !keyword_is_pure_function(name)) {
		r->out->uses |= USES_ROUTINE;
		note_routine(r);
	}
	reader_step(r);
}

/* Without its marks and its scope: "@@session.`identity`" is "identity". */
static struct slice
variable_name(struct slice text)
{
	size_t from = text.len;

	if (text.ptr[text.len - 1] == '`') {
		text.len--;
		from--;
	}
	while (from > 0 && text.ptr[from - 1] != '@' && text.ptr[from - 1] != '.' &&
	       text.ptr[from - 1] != '`')
		from--;
	return slice_cut(text, from, text.len);
}

static void
system_variable(struct reader *r)
{
	struct slice        name = variable_name(text_of(r, reader_now(r)));
	const struct noted *n = find_noted(VARIABLES, sizeof VARIABLES / sizeof VARIABLES[0], name);

	if (n != NULL)
		note(r, n);
	reader_step(r);
}

/* At "a.": a.b, a.b.c, a.*, a.b.*, or a.f( of a stored function. */
static void
dotted(struct reader *r)
{
	const struct token *parts[READER_NAME_PARTS];
	struct table_ref    ref = { .role = TABLE_QUALIFIER, .database = SLICE_NULL };
	size_t              count = 0;

	do {
		if (count == READER_NAME_PARTS || !(reader_is_name(r) || reader_is_punct(r, '*'))) {
			reader_unclear(r);
			return;
		}
		parts[count++] = reader_now(r);
		reader_step(r);
	} while (reader_accept_punct(r, '.'));
	if (reader_is_punct(r, '(')) {
		note_routine(r);
		ref.role = TABLE_ROUTINE;
		ref.database = reader_name(r, parts[0]);
		ref.table = SLICE_NULL;
		ref.start = parts[0]->start;
		ref.end = parts[0]->end;
		reader_add(r, &ref);
		return;
	}
	if (count == READER_NAME_PARTS)
		ref.database = reader_name(r, parts[0]);
	ref.table = reader_name(r, parts[count - 2]);
	ref.start = parts[0]->start;
	ref.end = parts[count - 2]->end;
	reader_add(r, &ref);
}

/* NEXT VALUE FOR s, PREVIOUS VALUE FOR s */
static void
value_for(struct reader *r)
{
	reader_step(r);
	reader_step(r);
	note_sequence(r);
}

static void
name_in_expression(struct reader *r)
{
	const struct token *next = reader_ahead(r, 1);

	if (next->kind == TOKEN_PUNCT && next->punct == '.')
		dotted(r);
	else if (next->kind == TOKEN_PUNCT && next->punct == '(')
		function_call(r);
	else if (reader_is(r, KW_VALUE) && next->keyword == KW_FOR)
		value_for(r);
	else if (reader_accept(r, KW_CURRENT_USER)) /* without parentheses */
		r->out->uses |= USES_IDENTITY;
	else
		reader_step(r);
}

/* ---- expressions ---- */

bool
query_ends_expression(const struct reader *r)
{
	enum keyword k = reader_now(r)->keyword;

	if (k == KW_LEFT || k == KW_RIGHT)
		return reader_ahead(r, 1)->punct != '(';
	return k == KW_FROM || k == KW_WHERE || k == KW_GROUP || k == KW_HAVING || k == KW_ORDER ||
	       k == KW_LIMIT || k == KW_UNION || k == KW_EXCEPT || k == KW_INTERSECT ||
	       k == KW_INTO || k == KW_FOR || k == KW_LOCK || k == KW_PROCEDURE || k == KW_WINDOW ||
	       k == KW_SELECT || k == KW_ON || k == KW_USING || k == KW_JOIN || k == KW_INNER ||
	       k == KW_CROSS || k == KW_NATURAL || k == KW_STRAIGHT_JOIN || k == KW_RETURNING ||
	       k == KW_SET || k == KW_OFFSET || k == KW_TABLE || k == KW_UPDATE || k == KW_DELETE ||
	       k == KW_WITH || k == KW_PARTITION;
}

/* SELECT, WITH or TABLE behind a '('; VALUES has no tables of its own and is an expression to us.
 */
static bool
opens_query(const struct reader *r)
{
	enum keyword k = reader_ahead(r, 1)->keyword;

	return reader_is_punct(r, '(') && (k == KW_SELECT || k == KW_WITH || k == KW_TABLE);
}

static void
subquery(struct reader *r)
{
	reader_step(r);
	query_read(r);
	reader_expect_punct(r, ')');
}

/* One token (or a qualified name, a call's head, a whole subquery) that is inside an expression. */
static void
expression_token(struct reader *r)
{
	const struct token *t = reader_now(r);

	if (opens_query(r)) {
		subquery(r);
	} else if (t->kind == TOKEN_WORD || t->kind == TOKEN_QUOTED) {
		name_in_expression(r);
	} else if (t->kind == TOKEN_SYSTEM_VARIABLE) {
		system_variable(r);
	} else {
		if (t->kind == TOKEN_USER_VARIABLE)
			r->out->uses |= USES_VARIABLES;
		if (t->kind == TOKEN_ASSIGN)
			reader_leaves(r, LEAVES_VARIABLES);
		reader_step(r);
	}
}

void
query_expressions(struct reader *r, bool comma)
{
	size_t open = 0, outside = r->open; /* parentheses and braces of this expression */

	for (; !reader_done(r); r->open = outside) {
		if (open == 0 && (query_ends_expression(r) || (!comma && reader_is_punct(r, ','))))
			return;
		if (reader_is_punct(r, ')') || reader_is_punct(r, '}')) {
			if (open == 0)
				return;
			open--;
		} else if ((reader_is_punct(r, '(') && !opens_query(r)) ||
			   reader_is_punct(r, '{')) {
			open++;
		} else if (open > 0 && reader_is(r, KW_SELECT)) {
			break; /* no query begins here: see opens_query() */
		}
		r->open = open;
		expression_token(r);
	}
	if (open > 0)
		reader_unclear(r);
}

void
query_expect_clause(struct reader *r)
{
	if (!reader_done(r) && !query_ends_expression(r) && !reader_is_punct(r, ')') &&
	    !reader_is_punct(r, '}'))
		reader_unclear(r);
}

void
query_rest(struct reader *r)
{
	query_expressions(r, true);
	while (!reader_done(r)) {
		enum keyword k = reader_now(r)->keyword;

		if (k != KW_WHERE && k != KW_ORDER && k != KW_LIMIT && k != KW_RETURNING &&
		    k != KW_OFFSET) {
			reader_unclear(r);
			return;
		}
		reader_step(r);
		query_expressions(r, true);
	}
}

/* ---- queries ---- */

bool
query_starts(const struct reader *r)
{
	enum keyword k = reader_now(r)->keyword;

	return k == KW_SELECT || k == KW_WITH || k == KW_TABLE || reader_is_punct(r, '(') ||
	       (k == KW_VALUES && reader_ahead(r, 1)->punct == '(');
}

/* INTO OUTFILE 'x' CHARACTER SET y ..., INTO DUMPFILE 'x', INTO @a, @b, INTO a, b (in a stored program). */
static void
into(struct reader *r)
{
	r->writes = r->writes || reader_now(r)->kind != TOKEN_USER_VARIABLE;
	while (!reader_done(r) && !reader_is_punct(r, ')') &&
	       (reader_is(r, KW_SET) || !query_ends_expression(r))) {
		if (reader_now(r)->kind == TOKEN_USER_VARIABLE) {
			r->out->uses |= USES_VARIABLES;
			reader_leaves(r, LEAVES_VARIABLES);
		}
		reader_step(r);
	}
}

/* FOR UPDATE, FOR SHARE, LOCK IN SHARE MODE; what follows (OF, NOWAIT, ...) reads as an expression.
 */
static void
locking(struct reader *r)
{
	r->locks = true;
	if (reader_accept(r, KW_LOCK)) {
		reader_expect(r, KW_IN);
		if (!reader_accept_text(r, "share") || !reader_accept_text(r, "mode"))
			reader_unclear(r);
		return;
	}
	reader_expect(r, KW_FOR);
	if (!reader_accept(r, KW_UPDATE) && !reader_accept_text(r, "share"))
		reader_unclear(r);
}

/* A select list (or none) and the clauses behind it, to the first word that is none of a SELECT's. */
static void
select_clauses(struct reader *r, bool list)
{
	bool from = false, outside = r->in_list;

	r->in_list = list || outside;
	query_expressions(r, true);
	r->in_list = outside;
	for (; !reader_done(r); query_expressions(r, true)) {
		enum keyword k = reader_now(r)->keyword;

		if (k == KW_FROM && !from) {
			from = true;
			reader_step(r);
			query_tables(r, TABLE_READ);
		} else if (k == KW_INTO) {
			reader_step(r);
			into(r);
		} else if (k == KW_FOR || k == KW_LOCK) {
			locking(r);
		} else if (k == KW_WHERE || k == KW_GROUP || k == KW_HAVING || k == KW_ORDER ||
			   k == KW_LIMIT || k == KW_WINDOW || k == KW_OFFSET || k == KW_PARTITION ||
			   (k == KW_WITH && slice_eq_nocase(text_of(r, reader_ahead(r, 1)),
						slice_str("rollup")))) {
			reader_step(r);
		} else {
			return;
		}
	}
}

static void
query_term(struct reader *r)
{
	if (reader_accept_punct(r, '(')) {
		query_read(r);
		reader_expect_punct(r, ')');
	} else if (reader_accept(r, KW_SELECT)) {
		/* What is between SELECT and the list (DISTINCT, SQL_NO_CACHE, ...) reads as part
		 * of it. */
		for (size_t n = 0; reader_ahead(r, n)->kind == TOKEN_WORD; n++) {
			if (reader_ahead(r, n)->keyword == KW_SQL_CALC_FOUND_ROWS)
				r->out->uses |= USES_CALC_ROWS;
		}
		while (reader_is(r, KW_STRAIGHT_JOIN) || reader_is(r, KW_DISTINCT) ||
		       reader_is(r, KW_ALL) || reader_is(r, KW_HIGH_PRIORITY) ||
		       reader_is(r, KW_SQL_CALC_FOUND_ROWS))
			reader_step(r);
		select_clauses(r, true);
	} else if (reader_accept(r, KW_VALUES)) {
		query_expressions(r, true);
	} else if (reader_accept(r, KW_TABLE)) {
		reader_table(r, TABLE_READ);
	} else {
		reader_unclear(r);
	}
}

/* UNION and its like with the queries behind them, then ORDER BY, LIMIT, INTO, FOR UPDATE of the
 * whole. */
void
query_continue(struct reader *r)
{
	while (reader_accept(r, KW_UNION) || reader_accept(r, KW_EXCEPT) ||
	       reader_accept(r, KW_INTERSECT)) {
		(void)(reader_accept(r, KW_ALL) || reader_accept(r, KW_DISTINCT));
		query_term(r);
	}
	if (!reader_done(r) && !reader_is_punct(r, ')') && !reader_is(r, KW_FROM))
		select_clauses(r, false);
}

/* Roles of what was recorded since from: a query that locks, locks all it reads. */
static void
mark_locked(struct reader *r, size_t from)
{
	for (size_t i = from; i < r->out->tables_count; i++) {
		if (r->out->tables[i].role == TABLE_READ)
			r->out->tables[i].role = TABLE_LOCK;
	}
}

static void
push_cte(struct reader *r, struct slice name)
{
	struct cte *c = arena_new(r->arena, struct cte);

	*c = (struct cte){ .name = name, .outer = r->ctes };
	r->ctes = c;
}

/* WITH RECURSIVE: a name may be used before its own definition. Then it is not told which of both
 * is meant. */
static void
check_forward(struct reader *r, size_t refs, struct slice name)
{
	for (size_t i = refs; i < r->out->tables_count; i++) {
		const struct table_ref *ref = &r->out->tables[i];

		if (slice_is_null(ref->database) && ref->role != TABLE_QUALIFIER &&
		    slice_eq_nocase(ref->table, name))
			r->unclear = true;
	}
}

/* WITH a (x, y) AS (query), b AS (query) */
static void
with_list(struct reader *r)
{
	bool   recursive = reader_accept_text(r, "recursive");
	size_t refs = r->out->tables_count;

	do {
		struct slice name;

		if (!reader_is_name(r)) {
			reader_unclear(r);
			return;
		}
		name = reader_name(r, reader_now(r));
		r->out->aliases++;
		reader_step(r);
		if (reader_is_punct(r, '('))
			reader_skip_parens(r);
		reader_expect(r, KW_AS);
		if (recursive) {
			check_forward(r, refs, name);
			push_cte(r, name);
		}
		reader_expect_punct(r, '(');
		query_read(r);
		reader_expect_punct(r, ')');
		if (reader_is_text(r, "cycle"))
			reader_unclear(r);
		if (!recursive)
			push_cte(r, name);
	} while (reader_accept_punct(r, ','));
}

void
query_read(struct reader *r)
{
	struct cte *scope = r->ctes;
	size_t      refs = r->out->tables_count;
	bool        locks_outside = r->locks;

	if (++r->depth > READER_DEPTH_MAX) {
		reader_unclear(r);
		return;
	}
	r->locks = false;
	if (reader_accept(r, KW_WITH))
		with_list(r);
	query_term(r);
	query_continue(r);
	if (r->locks)
		mark_locked(r, refs);
	r->locked = r->locked || r->locks;
	r->locks = locks_outside;
	r->ctes = scope;
	r->depth--;
}
