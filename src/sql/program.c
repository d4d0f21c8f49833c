#include "sql/program.h"

#include "sql/query.h"
#include "sql/statement_part.h"

/* One body being read. The tokens before at are done. */
struct walk {
	struct arena *arena;
	struct slice sql;
	unsigned modes;
	struct tokens tokens;
	size_t at;
	struct statement found; /* only its tables count */
	size_t refs_room;
	struct program *out;
};

/* ---- Tokens */

static const struct token *
now(const struct walk *w)
{
	return &w->tokens.items[w->at];
}

static bool
is_word_at(const struct walk *w, size_t at, const char *word)
{
	const struct token *t = &w->tokens.items[at < w->tokens.count ? at : w->tokens.count];

	return t->kind == TOKEN_WORD &&
	    slice_eq_nocase(slice_cut(w->sql, t->start, t->end), slice_str(word));
}

static bool
accept(struct walk *w, const char *word)
{
	bool here = is_word_at(w, w->at, word);

	w->at += here;
	return here;
}

static bool
is_punct_at(const struct walk *w, size_t at, uint8_t c)
{
	return at < w->tokens.count && w->tokens.items[at].kind == TOKEN_PUNCT &&
	    w->tokens.items[at].punct == c;
}

/* The ';' that ends what begins here, or the end. */
static size_t
statement_end(const struct walk *w)
{
	size_t at = w->at;

	while (at < w->tokens.count && !is_punct_at(w, at, ';'))
		at++;
	return at;
}

/* The index of the word that ends an expression, which may have the same word in parentheses or in a CASE;
 * the end of the statement when there is none. */
static size_t
word_behind(const struct walk *w, const char *word)
{
	size_t at = w->at, end = statement_end(w), open = 0, cases = 0;

	for (; at < end; at++) {
		bool member = at > 0 && is_punct_at(w, at - 1, '.');

		if (open == 0 && cases == 0 && !member && is_word_at(w, at, word))
			return at;
		if (is_punct_at(w, at, '('))
			open++;
		else if (is_punct_at(w, at, ')') && open > 0)
			open--;
		else if (!member && is_word_at(w, at, "case"))
			cases++;
		else if (!member && cases > 0 && is_word_at(w, at, "end"))
			cases--;
	}
	return end;
}

/* ---- Parts */

typedef void read_fn(struct reader *r);

static void
expression(struct reader *r)
{
	query_expressions(r, true);
}

static void
unclear(struct reader *r)
{
	reader_unclear(r);
}

/* Reads the tokens from here to end, as if they were all there is. */
static void
read_part(struct walk *w, size_t end, read_fn *part)
{
	size_t count = end - w->at, before = w->found.tables_count;
	struct token *tokens = arena_array(w->arena, struct token, count + 1);
	bool conditional = false;
	struct reader r = { .arena = w->arena,
		.sql = w->sql,
		.modes = w->modes,
		.tokens = tokens,
		.count = count,
		.out = &w->found,
		.refs_room = w->refs_room };

	/* A copy with an end of its own: a reader goes to TOKEN_END, and must not go on into the next
	 * statement. */
	for (size_t i = 0; i < count; i++) {
		tokens[i] = w->tokens.items[w->at + i];
		conditional |= tokens[i].conditional;
	}
	tokens[count] = (struct token){ .kind = TOKEN_END, .start = w->sql.len, .end = w->sql.len };
	if (count > 0)
		part(&r);
	if (r.unclear || r.at < r.count || conditional) {
		w->found.tables_count = before;
		statement_identifiers(&r);
	}
	w->refs_room = r.refs_room;
	w->at = end;
}

/* An expression and the word that ends it: THEN, DO. */
static void
until_word(struct walk *w, const char *word)
{
	read_part(w, word_behind(w, word), expression);
	(void)accept(w, word);
}

/* ---- Declarations */

/* SQLSTATE [VALUE] '02000', NOT FOUND, SQLEXCEPTION, 1062, a condition's name: a list of them */
static void
handler_conditions(struct walk *w)
{
	do {
		if (is_punct_at(w, w->at, ','))
			w->at++;
		if (accept(w, "sqlstate"))
			(void)accept(w, "value");
		else
			(void)accept(w, "not");
		if (w->at < w->tokens.count)
			w->at++;
	} while (is_punct_at(w, w->at, ','));
}

/* a, b INT DEFAULT expression; TYPE OF t.c takes the type of a column, of a table or of a cursor */
static void
variables(struct walk *w)
{
	size_t end = statement_end(w), at = w->at;

	while (at < end && !(is_word_at(w, at, "of") && is_word_at(w, at - 1, "type")))
		at++;
	if (at < end) {
		read_part(w, end, unclear);
		return;
	}
	w->at = word_behind(w, "default");
	if (accept(w, "default"))
		read_part(w, end, expression);
}

static void
declaration(struct walk *w)
{
	w->at++;
	if (is_word_at(w, w->at + 1, "cursor")) {
		w->at = word_behind(w, "for");
		(void)accept(w, "for");
		read_part(w, statement_end(w), statement_part);
	} else if (is_word_at(w, w->at + 1, "handler")) {
		w->at = word_behind(w, "for");
		(void)accept(w, "for");
		handler_conditions(w);
	} else if (is_word_at(w, w->at + 1, "condition")) {
		w->at = statement_end(w);
	} else {
		variables(w);
	}
}

/* ---- Statements */

static void
block_begin(struct walk *w)
{
	w->at++;
	if (accept(w, "not"))
		(void)accept(w, "atomic");
}

/* END IF, END LOOP label, END label */
static void
block_end(struct walk *w)
{
	w->at = statement_end(w);
}

static void
step(struct walk *w)
{
	w->at++;
}

static void
skip(struct walk *w)
{
	w->at = statement_end(w);
}

static void
then_behind(struct walk *w)
{
	w->at++;
	until_word(w, "then");
}

static void
while_loop(struct walk *w)
{
	w->at++;
	until_word(w, "do");
}

/* FOR i IN 1 .. 10 DO, FOR row IN cursor DO, FOR row IN (SELECT ...) DO */
static void
for_loop(struct walk *w)
{
	w->at = word_behind(w, "in");
	if (accept(w, "in"))
		until_word(w, "do");
}

static void
until(struct walk *w)
{
	w->at++;
	read_part(w, word_behind(w, "end"), expression);
}

/* CASE expression WHEN: the statement */
static void
case_of(struct walk *w)
{
	w->at++;
	read_part(w, word_behind(w, "when"), expression);
}

static void
value(struct walk *w)
{
	w->at++;
	read_part(w, statement_end(w), expression);
}

static void
string_runner(struct walk *w)
{
	w->out->runs_strings = true;
	w->at = statement_end(w);
}

static const struct {
	const char *word;
	void (*read)(struct walk *w);
} words[] = {
	{ "begin", block_begin },
	{ "end", block_end },
	{ "declare", declaration },
	{ "if", then_behind },
	{ "elseif", then_behind },
	{ "when", then_behind },
	{ "else", step },
	{ "loop", step },
	{ "repeat", step },
	{ "while", while_loop },
	{ "for", for_loop },
	{ "until", until },
	{ "case", case_of },
	{ "return", value },
	{ "open", value },
	{ "fetch", skip },
	{ "close", skip },
	{ "leave", skip },
	{ "iterate", skip },
	{ "signal", skip },
	{ "resignal", skip },
	{ "prepare", string_runner },
	{ "execute", string_runner },
};

/* label: BEGIN, label: LOOP */
static void
skip_label(struct walk *w)
{
	bool name = now(w)->kind == TOKEN_WORD || now(w)->kind == TOKEN_QUOTED;

	if (name && is_punct_at(w, w->at + 1, ':'))
		w->at += 2;
}

static void
read_next(struct walk *w)
{
	skip_label(w);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (is_word_at(w, w->at, words[i].word)) {
			words[i].read(w);
			return;
		}
	}
	read_part(w, statement_end(w), statement_part);
}

static void
list_literals(struct walk *w)
{
	w->out->literals = arena_array(w->arena, struct slice, w->tokens.count);
	for (size_t i = 0; i < w->tokens.count; i++) {
		const struct token *t = &w->tokens.items[i];

		if (t->kind == TOKEN_STRING || t->kind == TOKEN_NUMBER)
			w->out->literals[w->out->literals_count++] =
			    slice_cut(w->sql, t->start, t->end);
	}
}

int
program_read(struct arena *a, struct slice sql, unsigned modes, struct program *out, struct err *err)
{
	struct walk w = { .arena = a, .sql = sql, .modes = modes, .out = out };

	*out = (struct program){ .tables = NULL };
	TRY(tokens_read(a, sql, modes, &w.tokens, err));
	while (w.at < w.tokens.count) {
		size_t before = w.at;

		if (is_punct_at(&w, w.at, ';'))
			w.at++;
		else
			read_next(&w);
		if (w.at == before) /* an empty part */
			w.at++;
	}
	out->tables = w.found.tables;
	out->tables_count = w.found.tables_count;
	out->uses = w.found.uses;
	out->leaves = w.found.leaves;
	list_literals(&w);
	return 0;
}

/* ---- Does it name a table? */

static bool
in_a_string(const struct program *p, struct slice name)
{
	/* Anywhere in it: 'DELETE FROM status' as well as a piece that is put together later. */
	for (size_t i = 0; i < p->literals_count; i++) {
		if (memmem(p->literals[i].ptr, p->literals[i].len, name.ptr, name.len) != NULL)
			return true;
	}
	return false;
}

enum mention
program_mentions(const struct program *p, struct slice default_database, struct slice database,
    struct slice table)
{
	bool string = p->runs_strings && in_a_string(p, table);
	enum mention result = string ? MENTION_PERHAPS : MENTION_NONE;

	for (size_t i = 0; i < p->tables_count; i++) {
		const struct table_ref *t = &p->tables[i];
		struct slice where = slice_is_null(t->database) ? default_database : t->database;

		/* A qualifier is an alias, or its table is named elsewhere in the program too. */
		if (t->role == TABLE_QUALIFIER || !slice_eq(t->table, table) ||
		    !slice_eq(where, database))
			continue;
		if (t->role != TABLE_UNCLEAR)
			return MENTION_SURE;
		result = MENTION_PERHAPS;
	}
	return result;
}

enum mention
program_calls(const struct program *p, struct slice default_database, struct slice database,
    struct slice routine)
{
	bool string = p->runs_strings && in_a_string(p, routine);
	enum mention result = string ? MENTION_PERHAPS : MENTION_NONE;

	for (size_t i = 0; i < p->tables_count; i++) {
		const struct table_ref *t = &p->tables[i];
		struct slice where = slice_is_null(t->database) ? default_database : t->database;

		if (!slice_eq(where, database))
			continue;
		if (t->role == TABLE_ROUTINE && slice_eq_nocase(t->routine, routine))
			return MENTION_SURE;
		if (t->role == TABLE_UNCLEAR && slice_eq_nocase(t->table, routine))
			result = MENTION_PERHAPS;
	}
	return result;
}
