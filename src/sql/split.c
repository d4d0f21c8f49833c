#include "sql/split.h"

#include "sql/lexer.h"

/* Words that CREATE or ALTER may have before the kind of what is made: DEFINER = u@h and the like. */
enum { HEADER_WORDS = 16 };

struct splitter {
	struct slice sql;
	struct lexer lexer;
	struct token now, before, next; /* TOKEN_END: none */
	size_t words;                   /* read so far, at most HEADER_WORDS + 1 */
	bool program;                   /* a stored program, or a block outside of one */
	bool creates;                   /* CREATE, ALTER: the statement may be a program */
	size_t open;                    /* blocks */
	size_t values;                  /* CASEs of an expression: no statement begins in them */
};

static bool
is_word(const struct splitter *s, const struct token *t, const char *word)
{
	return t->kind == TOKEN_WORD &&
	    slice_eq_nocase(slice_cut(s->sql, t->start, t->end), slice_str(word));
}

static bool
is_any(const struct splitter *s, const struct token *t, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (is_word(s, t, words[i]))
			return true;
	}
	return false;
}

static bool
is_punct(const struct token *t, uint8_t c)
{
	return t->kind == TOKEN_PUNCT && t->punct == c;
}

/* Does a compound statement begin here, outside of any routine? BEGIN NOT ATOMIC, IF, a loop, a label. */
static bool
begins_block(const struct splitter *s)
{
	static const char *const words[] = { "if", "case", "loop", "repeat", "while", "for",
		"declare" };

	return (is_word(s, &s->now, "begin") && is_word(s, &s->next, "not")) ||
	    is_any(s, &s->now, words, sizeof words / sizeof words[0]) || is_punct(&s->next, ':');
}

static void
read_header(struct splitter *s)
{
	static const char *const programs[] = { "procedure", "function", "trigger", "event",
		"package" };

	if (s->words > HEADER_WORDS || s->now.kind == TOKEN_END)
		return;
	if (s->words++ == 0) {
		s->creates = is_word(s, &s->now, "create") || is_word(s, &s->now, "alter");
		s->program = begins_block(s);
	} else if (s->creates && is_any(s, &s->now, programs, sizeof programs / sizeof programs[0])) {
		s->program = true;
	}
}

/* May a statement of the program begin here? Outside of every block that is the end of its header. */
static bool
at_start(const struct splitter *s)
{
	static const char *const words[] = { "then", "else", "do", "loop", "begin", "atomic",
		"repeat" };
	static const char *const named[] = { "procedure", "function", "trigger", "event", "exists",
		"end" };

	/* Right behind these stands a program's name, or a label, which may be called as a block begins. */
	if (s->open == 0)
		return !is_any(s, &s->before, named, sizeof named / sizeof named[0]);
	return is_punct(&s->before, ';') || is_punct(&s->before, ':') ||
	    is_any(s, &s->before, words, sizeof words / sizeof words[0]);
}

/* Is this BEGIN the name of a column? */
static bool
is_operand(const struct splitter *s)
{
	static const char *const words[] = { "select", "as", "and", "or", "by", "where", "from",
		"join", "into", "end" };

	return is_punct(&s->next, ',') || is_punct(&s->next, '.') || is_punct(&s->next, ')') ||
	    is_punct(&s->next, '=') || is_punct(&s->before, ',') || is_punct(&s->before, '.') ||
	    is_punct(&s->before, '(') || is_punct(&s->before, '=') ||
	    is_any(s, &s->before, words, sizeof words / sizeof words[0]);
}

/* Is this the IF of DROP TABLE IF EXISTS, ADD COLUMN IF NOT EXISTS? The kind of thing stands before it. */
static bool
is_condition(const struct splitter *s)
{
	static const char *const things[] = { "table", "tables", "view", "database", "schema",
		"index", "key", "sequence", "user", "role", "server", "column", "constraint",
		"partition", "period", "unique", "body", "add", "drop", "change", "modify", "alter",
		"prepare" };

	return is_any(s, &s->before, things, sizeof things / sizeof things[0]);
}

/* Is this CASE an expression, not a statement? */
static bool
is_value(const struct splitter *s)
{
	if (s->open > 0)
		return !at_start(s);
	return is_word(s, &s->before, "return") || is_word(s, &s->before, "select") ||
	    (s->before.kind == TOKEN_PUNCT && !is_punct(&s->before, ')') &&
		!is_punct(&s->before, ':'));
}

static bool
opens(const struct splitter *s)
{
	static const char *const loops[] = { "loop", "while" };

	if (is_word(s, &s->now, "begin"))
		return !is_operand(s);
	if (is_word(s, &s->now, "case"))
		return !is_word(s, &s->before, "end");
	if (is_word(s, &s->now, "if"))
		return at_start(s) && !is_condition(s);
	if (is_word(s, &s->now, "repeat")) /* REPEAT( is the function */
		return at_start(s) && !is_punct(&s->next, '(');
	if (is_word(s, &s->now, "for")) /* FOR EACH ROW belongs to a trigger */
		return at_start(s) && !is_word(s, &s->next, "each");
	return is_any(s, &s->now, loops, sizeof loops / sizeof loops[0]) && at_start(s);
}

static void
count_blocks(struct splitter *s)
{
	if (is_word(s, &s->now, "case") && !is_word(s, &s->before, "end") &&
	    (s->values > 0 || is_value(s)))
		s->values++;
	else if (s->values > 0)
		s->values -= is_word(s, &s->now, "end") && !is_punct(&s->before, '.');
	else if (opens(s))
		s->open++;
	else if (is_word(s, &s->now, "end") && s->open > 0 && !is_punct(&s->before, '.'))
		s->open--;
}

static int
advance(struct splitter *s, struct err *err)
{
	s->before = s->now;
	s->now = s->next;
	return lexer_next(&s->lexer, &s->next, err);
}

int
split_first(struct slice sql, unsigned modes, size_t *end, struct err *err)
{
	struct splitter s = { .sql = sql };

	lexer_init(&s.lexer, sql, modes);
	TRY(advance(&s, err));
	do {
		bool executable = s.lexer.in_executable; /* so is s.next */

		TRY(advance(&s, err));
		read_header(&s);
		if (s.program)
			count_blocks(&s);
		/* A cut inside an executable comment would leave the comment open. */
		if (is_punct(&s.now, ';') && s.open == 0 && !executable && s.words > 1) {
			*end = s.now.start;
			return 0;
		}
	} while (s.now.kind != TOKEN_END);
	*end = sql.len;
	return 0;
}

struct slice
split_trim(struct slice sql)
{
	static const char cut[] = { ';', ' ', '\t', '\n', '\v', '\f', '\r' };

	while (sql.len > 0 && memchr(cut, sql.ptr[sql.len - 1], sizeof cut) != NULL)
		sql.len--;
	return sql;
}
