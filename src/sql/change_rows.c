#include "sql/change_rows.h"

#include "sql/query.h"

static void
modifiers(struct reader *r)
{
	while (reader_accept(r, KW_LOW_PRIORITY) || reader_accept(r, KW_HIGH_PRIORITY) ||
	    reader_accept(r, KW_DELAYED) || reader_accept(r, KW_QUICK) ||
	    reader_accept(r, KW_IGNORE))
		;
}

/* A query that is not the column list or a row in parentheses. */
static bool
begins_query(const struct reader *r)
{
	const struct token *next = reader_ahead(r, 1);

	if (reader_is_punct(r, '('))
		return next->keyword == KW_SELECT || next->keyword == KW_WITH || next->punct == '(';
	return query_starts(r) && !reader_is(r, KW_VALUES);
}

/* VALUES rows, SET assignments, a query, ON DUPLICATE KEY UPDATE, RETURNING: in any order, the
 * server judges it. */
static void
insert_body(struct reader *r)
{
	while (!reader_done(r)) {
		size_t before = r->at;

		/* INSERT ... SELECT, also behind a column list */
		if (begins_query(r)) {
			query_read(r);
		} else if (reader_accept(r, KW_ON)) {
			reader_expect(r, KW_DUPLICATE);
			reader_expect(r, KW_KEY);
			reader_expect(r, KW_UPDATE);
		} else if (reader_accept(r, KW_RETURNING)) {
			r->out->uses |= USES_RETURNING;
		} else if (!reader_accept(r, KW_SET)) {
			query_expressions(r, true);
		}
		if (r->at == before)
			reader_unclear(r);
	}
}

void
change_insert(struct reader *r)
{
	modifiers(r);
	(void)reader_accept(r, KW_INTO);
	reader_table(r, TABLE_WRITE);
	if (reader_accept(r, KW_PARTITION))
		reader_skip_parens(r);
	insert_body(r);
}

void
change_update(struct reader *r)
{
	modifiers(r);
	/* Which of several tables are written, only their columns would tell: all count as written. */
	query_tables(r, TABLE_WRITE);
	reader_expect(r, KW_SET);
	query_rest(r);
}

/* "a, db.b.*, c" of a DELETE over several tables. A name may be an alias from the list behind. */
static void
delete_targets(struct reader *r)
{
	do {
		reader_table(r, TABLE_WRITE);
		if (reader_accept_punct(r, '.'))
			reader_expect_punct(r, '*');
	} while (reader_accept_punct(r, ','));
}

/* A target that is not the name of a table in the list is an alias, and becomes a qualifier. */
static void
settle_targets(struct reader *r, size_t first, size_t lists)
{
	/* DELETE a, b FROM t AS a JOIN b: a is t's alias, and no table of its own; b is the table in the
	 * list. */
	for (size_t i = first; i < lists; i++) {
		struct table_ref *target = &r->out->tables[i];
		bool named = false;

		for (size_t j = lists; j < r->out->tables_count && !named; j++)
			named = r->out->tables[j].role == TABLE_WRITE &&
			    !r->out->tables[j].aliased &&
			    slice_eq_nocase(r->out->tables[j].table, target->table);
		target->target = true;
		if (!named && slice_is_null(target->database))
			target->role = TABLE_QUALIFIER;
	}
}

static void
delete_many(struct reader *r, size_t first)
{
	size_t lists = r->out->tables_count;

	query_tables(r, TABLE_WRITE);
	settle_targets(r, first, lists);
	query_rest(r);
}

void
change_delete(struct reader *r)
{
	size_t first = r->out->tables_count;

	modifiers(r);
	if (reader_is_text(r, "history")) {
		reader_unclear(r);
	} else if (!reader_accept(r, KW_FROM)) {
		delete_targets(r);
		reader_expect(r, KW_FROM);
		delete_many(r, first);
	} else {
		delete_targets(r);
		if (reader_accept(r, KW_USING)) {
			delete_many(r, first);
			return;
		}
		if (reader_accept(r, KW_PARTITION))
			reader_skip_parens(r);
		if (reader_accept(r, KW_AS) ||
		    (reader_is_name(r) && reader_now(r)->keyword == KW_NONE))
			reader_step(r);
		query_expect_clause(r);
		query_rest(r);
	}
}

void
change_load(struct reader *r)
{
	if (!reader_accept_text(r, "data") && !reader_accept_text(r, "xml")) {
		reader_unclear(r);
		return;
	}
	/* LOCAL, the file's name, REPLACE or IGNORE: nothing that names a table. */
	while (!reader_done(r) && !reader_is(r, KW_INTO)) {
		if (reader_is_text(r, "local"))
			r->out->uses |= USES_LOCAL_FILE;
		reader_step(r);
	}
	reader_expect(r, KW_INTO);
	reader_expect(r, KW_TABLE);
	reader_table(r, TABLE_WRITE);
	if (reader_accept(r, KW_PARTITION))
		reader_skip_parens(r);
	/* CHARACTER SET, FIELDS, LINES, columns, SET c = expr */
	while (!reader_done(r)) {
		size_t before = r->at;

		if (!reader_accept(r, KW_SET))
			query_expressions(r, true);
		if (r->at == before)
			reader_unclear(r);
	}
	if ((r->out->uses & USES_VARIABLES) != 0) /* columns read into them */
		reader_leaves(r, LEAVES_VARIABLES);
}
