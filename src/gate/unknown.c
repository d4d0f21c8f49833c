#include "gate/unknown.h"

#include "gate/database.h"
#include "gate/refuse.h"
#include "sql/lexer.h"

#include <stdio.h>

/* The first table of such a database. */
static const struct table_ref *
find(const struct unknown_ask *ask)
{
	const struct statement *st = ask->statement;

	for (size_t i = 0; i < st->tables_count; i++) {
		const struct table_ref *t = &st->tables[i];

		if (!slice_is_null(t->database) && !slice_is_null(t->table) &&
		    t->role != TABLE_QUALIFIER && t->role != TABLE_UNCLEAR &&
		    t->role != TABLE_ROUTINE && t->role != TABLE_CURRENT &&
		    route_keyspace(ask->route, t->database) == NULL && !route_is_system(t->database))
			return t;
	}
	return NULL;
}

/* The next word of the text: is it this one? */
static bool
next_is(struct lexer *l, struct token *t, const char *word)
{
	struct err err;

	return lexer_next(l, t, &err) == 0 && t->kind == TOKEN_WORD &&
	    slice_eq_nocase(slice_cut(l->sql, t->start, t->end), slice_str(word));
}

/* Of several names a server drops those that exist: only a DROP of a single one is judged. */
static bool
judge_drop(
    const struct session *s, const struct unknown_ask *ask, struct slice name, struct err *instead)
{
	struct lexer l;
	struct token t;

	lexer_init(&l, ask->sql, session_modes(s));
	if (!next_is(&l, &t, "drop") || ask->statement->tables_count != 1)
		return false;
	if (next_is(&l, &t, "view"))
		(void)refuse(instead, ER_UNKNOWN_VIEW, "Unknown VIEW: '%.*s'", SLICE_ARG(name));
	else if (slice_eq_nocase(slice_cut(l.sql, t.start, t.end), slice_str("table")))
		(void)refuse(instead, ER_BAD_TABLE_ERROR, "Unknown table '%.*s'", SLICE_ARG(name));
	else
		return false;
	if (next_is(&l, &t, "if"))
		memcpy(instead->sqlstate, "01000", sizeof instead->sqlstate);
	return true;
}

static bool
judge(const struct session *s, const struct unknown_ask *ask, const struct table_ref *t,
    struct err *instead)
{
	char text[ERR_TEXT_MAX / 2];
	struct slice name;
	struct lexer l;
	struct token first;

	(void)snprintf(text, sizeof text, "%.*s.%.*s", SLICE_ARG(t->database), SLICE_ARG(t->table));
	name = slice_str(text);
	if (judge_drop(s, ask, name, instead))
		return true;
	lexer_init(&l, ask->sql, session_modes(s));
	if (next_is(&l, &first, "drop"))
		return false;
	if (slice_eq_nocase(slice_cut(l.sql, first.start, first.end), slice_str("create")))
		(void)refuse(
		    instead, ER_BAD_DB_ERROR, "Unknown database '%.*s'", SLICE_ARG(t->database));
	else
		(void)refuse(
		    instead, ER_NO_SUCH_TABLE, "Table '%.*s' doesn't exist", SLICE_ARG(name));
	return true;
}

bool
unknown_judge(struct ctx *cx, struct session *s, const struct unknown_ask *ask, struct err *instead)
{
	const struct table_ref *t;
	bool there = true;

	if (ask->code != ER_TABLEACCESS_DENIED_ERROR && ask->code != ER_DBACCESS_DENIED_ERROR)
		return false;
	t = find(ask);
	if (t == NULL)
		return false;
	if (database_is_there(cx, s, ask->slot, t->database, &there) != 0)
		err_clear(cx->err);
	return !there && judge(s, ask, t, instead);
}
