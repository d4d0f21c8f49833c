#include "sql/name.h"

/* Functions that say something about the connection rather than the data, or have an effect that is none
 * on data. They are not among keyword.h's pure ones, so a name that is missing here counts as a stored
 * function: as a write. */
struct noted {
	const char *name;
	unsigned uses;
	unsigned leaves; /* on the connection */
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

/* A stored function may do anything. database: NULL, the default one. */
static void
note_routine(struct reader *r, const struct token *database, const struct token *name)
{
	const struct token *span = database != NULL ? database : name;
	struct table_ref ref = { .role = TABLE_ROUTINE,
		.database = database != NULL ? reader_name(r, database) : SLICE_NULL,
		.table = SLICE_NULL,
		.routine = name != NULL ? reader_name(r, name) : SLICE_NULL,
		.start = span->start,
		.end = span->end };

	r->writes = true;
	reader_leaves(r, LEAVES_VARIABLES | LEAVES_OTHER);
	if (database == NULL)
		r->out->uses |= USES_ROUTINE;
	reader_add(r, &ref);
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
	struct table_ref ref = { .role = TABLE_CURRENT, .start = t->start };
	/* The column is called "database()" then: with another text in its place it would need an alias. */
	bool whole = r->in_list && r->open == 0 && r->at > 0 && begins_item(t - 1);

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
	struct slice name = reader_text(r, reader_now(r));
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
		note_routine(r, NULL, reader_now(r));
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

void
name_variable(struct reader *r)
{
	struct slice name = variable_name(reader_text(r, reader_now(r)));
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
	struct table_ref ref = { .role = TABLE_QUALIFIER, .database = SLICE_NULL };
	size_t count = 0;

	do {
		if (count == READER_NAME_PARTS || !(reader_is_name(r) || reader_is_punct(r, '*'))) {
			reader_unclear(r);
			return;
		}
		parts[count++] = reader_now(r);
		reader_step(r);
	} while (reader_accept_punct(r, '.'));
	if (reader_is_punct(r, '(')) {
		note_routine(r, parts[0], count == 2 ? parts[1] : NULL);
		return;
	}
	/* The last part is a column or a *: what stands before it names a table, or an alias. */
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

void
name_called(struct reader *r)
{
	const struct token *first = reader_now(r);
	const struct token *second = reader_ahead(r, 1)->punct == '.' ? reader_ahead(r, 2) : NULL;
	bool package = second != NULL && reader_ahead(r, 3)->punct == '.';

	if (!reader_is_name(r)) {
		reader_unclear(r);
		return;
	}
	if (second == NULL)
		note_routine(r, NULL, first);
	else
		note_routine(r, first, package ? NULL : second);
	for (int parts = second == NULL ? 1 : package ? 5 : 3; parts > 0; parts--)
		reader_step(r);
}

void
name_read(struct reader *r)
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
