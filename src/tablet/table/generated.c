#include "tablet/table/generated.h"

#include "base/mutant.h"
#include "sql/quote.h"
#include "tablet/table/cure.h"

static bool
is_named(struct slice text, const char *column)
{
	SCOPED(buf) struct buf name = BUF_INIT;

	quote_ident(&name, slice_str(column));
	return create_table_find(text, name.data) < text.len;
}

static bool
is_in_index(const struct create_table *create, const char *column)
{
	for (int i = 0; i < create->clauses_count; i++) {
		const struct clause *c = &create->clauses[i];

		if ((c->kind == CLAUSE_INDEX || c->kind == CLAUSE_SPECIAL_INDEX) &&
		    is_named(c->text, column))
			return true;
	}
	return false;
}

/* A TIMESTAMP is read in the session's time zone; names of days and months are in its language. */
static bool
depends_on_session(const struct table_def *def, struct slice expression)
{
	static const char *const functions[] = { "from_unixtime(", "unix_timestamp(", "dayname(",
		"monthname(", NULL };
	static const char *const names[] = { "%a", "%b", "%M", "%W", NULL };

	for (const char *const *f = functions; *f != NULL; f++)
		if (create_table_find(expression, *f) < expression.len)
			return true;
	for (const char *const *n = names; *n != NULL; n++)
		if (slice_contains(expression, *n) &&
		    create_table_find(expression, "date_format(") < expression.len)
			return true;
	for (int i = 0; i < def->columns_count; i++)
		if (def->columns[i].type.kind == COLUMN_TIMESTAMP &&
		    is_named(expression, def->columns[i].name))
			return true;
	return false;
}

static int
refuse_not_null(const struct table_def *def, const struct create_table *create,
    const struct clause *clause, struct err *err)
{
	err_set(err, ERR_REFUSED,
	    "column '%.*s' of table '%s.%s' is generated and NOT NULL: beside a trigger, as a fence has, "
	    "its server would refuse each INSERT",
	    SLICE_ARG(clause->name), def->database, def->name);
	return cure_clause(err, &(struct cure){ slice_str(def->name), create, clause });
}

static int
check_column(const struct table_def *def, const struct create_table *create,
    const struct clause *clause, struct err *err)
{
	size_t at = create_table_find(clause->text, " GENERATED ALWAYS AS ");
	struct slice expression = slice_cut(clause->text, at, clause->text.len);
	SCOPED(arena) struct arena scratch = ARENA_INIT;
	const char *name = arena_slice_str(&scratch, clause->name);
	bool kept =
	    create_table_find(expression, ") STORED") < expression.len || is_in_index(create, name);

	if (create_table_find(expression, " NOT NULL") < expression.len &&
	    !mutant("tablet_generated_not_null"))
		return refuse_not_null(def, create, clause, err);
	if (!kept || !depends_on_session(def, expression) || mutant("tablet_generated_session"))
		return 0;
	err_set(err, ERR_REFUSED,
	    "column '%s' of table '%s.%s' keeps what is generated in the time zone or language of whoever "
	    "writes the row, which nobody can make again",
	    name, def->database, def->name);
	return cure_clause(err, &(struct cure){ slice_str(def->name), create, clause });
}

int
generated_check(const struct table_def *def, const struct create_table *create, struct err *err)
{
	int column = 0;

	for (int i = 0; i < create->clauses_count; i++) {
		const struct clause *clause = &create->clauses[i];

		if (clause->kind == CLAUSE_COLUMN && def->columns[column++].type.generated)
			TRY(check_column(def, create, clause, err));
	}
	return 0;
}
