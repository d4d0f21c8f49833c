/*
 * query_tables.c - FROM lists: tables, aliases, joins, derived tables.
 */
#include "sql/query.h"

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
		bool   aliased, parted;

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
