#include "sql/query.h"

#include "sql/name.h"

/* ---- expressions ---- */

bool
query_ends_expression(const struct reader *r)
{
	enum keyword k = reader_now(r)->keyword;

	if (k == KW_LEFT || k == KW_RIGHT)
		return reader_ahead(r, 1)->punct != '(';
	return k == KW_FROM || k == KW_WHERE || k == KW_GROUP || k == KW_HAVING || k == KW_ORDER ||
	    k == KW_LIMIT || k == KW_UNION || k == KW_EXCEPT || k == KW_INTERSECT || k == KW_INTO ||
	    k == KW_FOR || k == KW_LOCK || k == KW_PROCEDURE || k == KW_WINDOW || k == KW_SELECT ||
	    k == KW_ON || k == KW_USING || k == KW_JOIN || k == KW_INNER || k == KW_CROSS ||
	    k == KW_NATURAL || k == KW_STRAIGHT_JOIN || k == KW_RETURNING || k == KW_SET ||
	    k == KW_OFFSET || k == KW_TABLE || k == KW_UPDATE || k == KW_DELETE || k == KW_WITH ||
	    k == KW_PARTITION;
}

/* SELECT, WITH or TABLE behind a '('. VALUES names no table: it is read as an expression. */
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
		name_read(r);
	} else if (t->kind == TOKEN_SYSTEM_VARIABLE) {
		name_variable(r);
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
		/* Inside of parentheses a keyword ends nothing: EXTRACT(DAY FROM d), GROUP_CONCAT(a ORDER
		 * BY b). */
		if (open == 0 && (query_ends_expression(r) || (!comma && reader_is_punct(r, ','))))
			return;
		if (reader_is_punct(r, ')') || reader_is_punct(r, '}')) {
			if (open == 0)
				return;
			open--;
		} else if ((reader_is_punct(r, '(') && !opens_query(r)) || reader_is_punct(r, '{')) {
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

/* ---- FROM lists ---- */

static bool
is_join(const struct reader *r)
{
	enum keyword k = reader_now(r)->keyword;

	return k == KW_JOIN || k == KW_INNER || k == KW_CROSS || k == KW_NATURAL || k == KW_LEFT ||
	    k == KW_RIGHT || k == KW_STRAIGHT_JOIN;
}

/* May an alias without AS stand here? Reserved words that can follow a table may not. */
static bool
is_alias(const struct reader *r)
{
	enum keyword k = reader_now(r)->keyword;

	if (reader_now(r)->kind == TOKEN_QUOTED)
		return true;
	return reader_now(r)->kind == TOKEN_WORD && !query_ends_expression(r) && k != KW_USE &&
	    k != KW_IGNORE && k != KW_FORCE && k != KW_AS && k != KW_VALUES && k != KW_OUTER &&
	    k != KW_LEFT && k != KW_RIGHT && k != KW_CHECK && k != KW_LIKE;
}

/* USE INDEX FOR JOIN (a, b), one or several. */
static void
index_hints(struct reader *r)
{
	while (
	    reader_accept(r, KW_USE) || reader_accept(r, KW_IGNORE) || reader_accept(r, KW_FORCE)) {
		if (!reader_accept(r, KW_INDEX) && !reader_accept(r, KW_KEY))
			reader_unclear(r);
		while (!reader_done(r) && !reader_is_punct(r, '('))
			reader_step(r); /* FOR JOIN, FOR ORDER BY, FOR GROUP BY */
		reader_skip_parens(r);
	}
}

/* What may follow a table: partitions, alias, hints. Was there an alias? */
static bool
table_suffix(struct reader *r)
{
	bool aliased = true;

	if (reader_accept(r, KW_PARTITION))
		reader_skip_parens(r);
	/* FOR SYSTEM_TIME: where its expression ends and an alias begins cannot be told without a
	 * grammar. */
	if (reader_is(r, KW_FOR) &&
	    slice_eq_nocase(reader_name(r, reader_ahead(r, 1)), slice_str("system_time")))
		reader_unclear(r);
	if (reader_accept(r, KW_AS)) {
		if (!reader_is_name(r) && reader_now(r)->kind != TOKEN_STRING)
			reader_unclear(r);
		reader_step(r);
	} else if (is_alias(r)) {
		reader_step(r);
	} else {
		aliased = false;
	}
	r->out->aliases += aliased;
	index_hints(r);
	return aliased;
}

/* A derived table's alias, with its columns. */
static void
derived_suffix(struct reader *r)
{
	(void)table_suffix(r);
	if (reader_is_punct(r, '('))
		reader_skip_parens(r);
}

/* Behind a '(' of a FROM list: a query, or tables. */
static void
paren_inside(struct reader *r, enum table_role role)
{
	if (query_starts(r) && !reader_is_punct(r, '(')) {
		query_read(r);
		return;
	}
	query_tables(r, role);
	/* ((SELECT 1) UNION (SELECT 2)): what looked like a table in parentheses was a query. */
	if (reader_is(r, KW_UNION) || reader_is(r, KW_EXCEPT) || reader_is(r, KW_INTERSECT) ||
	    reader_is(r, KW_ORDER) || reader_is(r, KW_LIMIT))
		query_continue(r);
}

static void
table_factor(struct reader *r, enum table_role role)
{
	if (reader_accept_punct(r, '(')) {
		paren_inside(r, role);
		reader_expect_punct(r, ')');
		derived_suffix(r);
	} else if (reader_accept_punct(r, '{')) {
		if (!reader_accept_text(r, "oj"))
			reader_unclear(r);
		query_tables(r, role);
		reader_expect_punct(r, '}');
	} else if (reader_is_text(r, "json_table") && reader_ahead(r, 1)->punct == '(') {
		reader_step(r);
		reader_step(r);
		query_expressions(r, true);
		reader_expect_punct(r, ')');
		derived_suffix(r);
	} else if (reader_accept(r, KW_DUAL)) {
		return;
	} else {
		size_t at = r->out->tables_count;
		bool aliased, parted;

		reader_table(r, role);
		parted = reader_is(r, KW_PARTITION);
		aliased = table_suffix(r);
		if (at < r->out->tables_count) {
			r->out->tables[at].aliased = aliased;
			r->out->tables[at].may_be_aliased = !aliased && !parted;
		}
		if (reader_is_punct(r, '('))
			reader_unclear(r); /* a table function that we do not know */
	}
}

/* At NATURAL, LEFT, RIGHT, INNER, CROSS, JOIN, STRAIGHT_JOIN. */
static void
join_words(struct reader *r)
{
	if (reader_accept(r, KW_STRAIGHT_JOIN))
		return;
	while (is_join(r) && !reader_is(r, KW_JOIN))
		reader_step(r);
	(void)reader_accept(r, KW_OUTER);
	reader_expect(r, KW_JOIN);
}

/* One comma-separated member: a table and what is joined to it. */
static void
join_chain(struct reader *r, enum table_role role)
{
	(void)reader_accept(r, KW_LATERAL);
	table_factor(r, role);
	while (is_join(r) || reader_is(r, KW_ON) || reader_is(r, KW_USING)) {
		if (reader_is(r, KW_ON)) {
			if (reader_ahead(r, 1)->keyword == KW_DUPLICATE)
				return;
			reader_step(r);
			query_expressions(r, false);
		} else if (reader_accept(r, KW_USING)) {
			reader_skip_parens(r);
		} else {
			join_words(r);
			(void)reader_accept(r, KW_LATERAL);
			table_factor(r, role);
		}
	}
}

void
query_tables(struct reader *r, enum table_role role)
{
	if (++r->depth > READER_DEPTH_MAX) {
		reader_unclear(r);
		return;
	}
	do {
		join_chain(r, role);
	} while (reader_accept_punct(r, ','));
	query_expect_clause(r);
	r->depth--;
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

/* FOR UPDATE, FOR SHARE, LOCK IN SHARE MODE. OF, NOWAIT and the like are read as an expression. */
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
		    (k == KW_WITH &&
			slice_eq_nocase(reader_text(r, reader_ahead(r, 1)), slice_str("rollup")))) {
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

/* A query with a locking clause locks every table that it reads: those recorded since from. */
static void
mark_locked(struct reader *r, size_t from)
{
	/* TABLE_WRITE and the others stay: an INSERT ... SELECT ... FOR UPDATE writes its target. */
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

/* WITH RECURSIVE: a name may be used before its own definition. Then the text does not show whether it
 * is the definition or a table of that name. */
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
	bool recursive = reader_accept_text(r, "recursive");
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
		/* RECURSIVE: the name is known inside of its own query. */
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
	size_t refs = r->out->tables_count;
	bool locks_outside = r->locks;

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
