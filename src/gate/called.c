#include "gate/called.h"

#include "sql/quote.h"

enum called
called_in(const struct statement *s, struct slice name)
{
	size_t in_lists = 0, others = 0;
	bool in_front = false, targets = false;

	for (size_t i = 0; i < s->tables_count; i++) {
		const struct table_ref *t = &s->tables[i];

		if (!slice_eq(t->table, name))
			continue;
		if (t->role == TABLE_QUALIFIER)
			in_front = in_front || slice_is_null(t->database);
		else if (t->may_be_aliased)
			in_lists++;
		else if (t->target)
			targets = true;
		else if (!t->aliased)
			others++;
	}
	if (in_lists > 0)
		return targets && !in_front ? CALLED_AS_THERE : CALLED_BY_ALIAS;
	if (!in_front)
		return CALLED_AS_THERE;
	return others == 1 && s->aliases == 0 ? CALLED_IN_FRONT : CALLED_UNCLEAR;
}

/* " READ LOCAL", of LOCK TABLES, with nothing of what comes behind. */
static struct slice
lock_mode(const struct called_place *at)
{
	const struct statement *s = at->statement;
	size_t end = at->sql.len;

	for (size_t i = 0; i < s->tables_count; i++) {
		if (s->tables[i].start > at->ref->start && s->tables[i].start < end)
			end = s->tables[i].start;
	}
	while (end > at->ref->end &&
	    (at->sql.ptr[end - 1] <= ' ' || at->sql.ptr[end - 1] == ',' ||
		at->sql.ptr[end - 1] == ';'))
		end--;
	return slice_cut(at->sql, at->ref->end, end);
}

static void
put_alias(struct buf *text, const struct called_place *at)
{
	quote_table(text, at->database, at->table);
	if (!at->ref->may_be_aliased)
		return;
	buf_add_str(text, " AS ");
	quote_ident(text, at->ref->table);
	if (at->statement->kind != STATEMENT_LOCK_TABLES)
		return;
	buf_add_slice(text, lock_mode(at));
	buf_add_str(text, ", ");
	quote_table(text, at->database, at->table);
}

void
called_put(struct buf *text, const struct called_place *at, enum called by)
{
	if (by != CALLED_BY_ALIAS)
		quote_table(text, at->database, at->table);
	else if (at->ref->target)
		quote_ident(text, at->ref->table);
	else if (at->ref->role == TABLE_QUALIFIER)
		quote_table(text, at->database, at->ref->table);
	else
		put_alias(text, at);
}
