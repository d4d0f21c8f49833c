#include "sql/repeat.h"

#include "sql/tokens.h"

/* At one clause of ALTER TABLE: ADD ..., MODIFY ... */
struct clauses {
	const struct statement *s;
	struct slice sql;
	bool has_time_zone;
	bool adds;      /* this one is ADD */
	bool rows_stay; /* none of those before this one changes a row */
	bool local;     /* and names a type whose values are in a session's time zone */
	size_t open;    /* parentheses */
};

static struct slice
text_of(const struct clauses *c, size_t i)
{
	const struct token *t = &c->s->tokens[i];

	return i < c->s->tokens_count && t->kind == TOKEN_WORD ? slice_cut(c->sql, t->start, t->end)
							       : SLICE_NULL;
}

static bool
is(const struct clauses *c, size_t i, const char *word)
{
	return slice_eq_nocase(text_of(c, i), slice_str(word));
}

static bool
is_one_of(const struct clauses *c, size_t i, const char *const *words)
{
	for (; *words != NULL; words++) {
		if (is(c, i, *words))
			return true;
	}
	return false;
}

static bool
is_punct(const struct clauses *c, size_t i, uint8_t p)
{
	return i < c->s->tokens_count && c->s->tokens[i].kind == TOKEN_PUNCT &&
	    c->s->tokens[i].punct == p;
}

static bool
is_literal(const struct clauses *c, size_t i)
{
	static const char *const words[] = { "null", "true", "false", NULL };

	if (i >= c->s->tokens_count)
		return false;
	if (is_punct(c, i, '-') || is_punct(c, i, '+'))
		i++;
	if (text_of(c, i).len > 1 && text_of(c, i).ptr[0] == '_') /* _utf8'text' */
		i++;
	return c->s->tokens[i].kind == TOKEN_STRING || c->s->tokens[i].kind == TOKEN_NUMBER ||
	    is_one_of(c, i, words);
}

/* What rows get that are there, behind the word DEFAULT of a column that is added. */
static const char *
read_default(const struct clauses *c, size_t i)
{
	static const char *const now[] = { "current_timestamp", "now", "localtime",
		"localtimestamp", NULL };
	static const char *const charset[] = { "character", "charset", "char", "collate", NULL };

	if (is_literal(c, i) || is_one_of(c, i, charset))
		return NULL;
	if (!is_one_of(c, i, now))
		return "adds a column whose default is an expression: another server may give rows other "
		       "values";
	if (c->local && !c->has_time_zone)
		return "fills a column with the time of a session whose time zone the binlog does not have";
	return NULL;
}

/* By the words that it begins with: is the clause about columns' types or rows? Options of the table may
 * follow one another without a comma, and only partitions may stand behind them, by which rows stay too. */
static bool
is_about_rows(const struct clauses *c, size_t i)
{
	static const char *const options[] = { "algorithm", "auto_increment", "avg_row_length",
		"character", "charset", "checksum", "collate", "comment", "compression", "default",
		"delay_key_write", "disable", "enable", "engine", "force", "key_block_size", "lock",
		"max_rows", "min_rows", "pack_keys", "page_compressed", "page_compression_level",
		"row_format", "stats_auto_recalc", "stats_persistent", "stats_sample_pages", "with",
		"without", "alter", NULL };
	static const char *const objects[] = { "index", "key", "unique", "fulltext", "spatial",
		"foreign", "check", "constraint", NULL };
	static const char *const verbs[] = { "add", "drop", "rename", NULL };

	if (is_one_of(c, i, options))
		return false;
	return !is_one_of(c, i, verbs) || !is_one_of(c, i + 1, objects);
}

/* One that begins at i: what it does as a whole. */
static const char *
begin_clause(struct clauses *c, size_t i)
{
	static const char *const swaps[] = { "exchange", "discard", "import", NULL };
	static const char *const objects[] = { "table", "partition", NULL };

	c->adds = is(c, i, "add");
	c->local = false;
	c->rows_stay = c->rows_stay && !is_about_rows(c, i);
	if (is_one_of(c, i, swaps) || (is(c, i, "convert") && is_one_of(c, i + 1, objects)))
		return "takes rows from somewhere else, or gives them away";
	return NULL;
}

static const char *
read_token(struct clauses *c, size_t i)
{
	static const char *const local[] = { "datetime", "date", "time", NULL };

	if (c->s->tokens[i].conditional)
		return "has parts that some versions of a server run, and others do not";
	if ((is(c, i, "system") && is(c, i + 1, "versioning")) || is(c, i, "period"))
		return "changes how its server keeps the table's history";
	if (!c->adds)
		return NULL;
	c->local |= is_one_of(c, i, local);
	if (is(c, i, "auto_increment") && !is_punct(c, i + 1, '=') &&
	    c->s->tokens[i + 1].kind != TOKEN_NUMBER)
		return "adds an AUTO_INCREMENT column: rows are numbered as they lie at a server";
	return is(c, i, "default") ? read_default(c, i + 1) : NULL;
}

/* Behind the table's name. */
static const char *
read_clauses(struct clauses *c, size_t from)
{
	const char *why = begin_clause(c, from);

	for (size_t i = from; i < c->s->tokens_count && why == NULL; i++) {
		if (is_punct(c, i, '('))
			c->open++;
		else if (is_punct(c, i, ')') && c->open > 0)
			c->open--;
		else if (is_punct(c, i, ',') && c->open == 0)
			why = begin_clause(c, i + 1);
		else
			why = read_token(c, i);
	}
	return why;
}

static size_t
token_behind(const struct statement *s, size_t at)
{
	size_t i = 0;

	while (i < s->tokens_count && s->tokens[i].start < at)
		i++;
	return i;
}

static const char *
read_alter(struct clauses *c)
{
	size_t from = token_behind(c->s, c->s->tables[0].end);

	for (size_t i = 0; i < from; i++) {
		if (is(c, i, "ignore"))
			return "leaves out rows that are in one another's way: which ones, a server decides";
	}
	return read_clauses(c, from);
}

void
repeat_read(const struct statement *s, struct slice sql, bool has_time_zone, struct repeat *out)
{
	struct clauses c = { .s = s, .sql = sql, .has_time_zone = has_time_zone, .rows_stay = true };
	bool alters = is(&c, 0, "alter");

	*out = (struct repeat){ TABLE_CHANGE_AWAY,
		"takes the table away, or puts another in its place", false };
	if (s->drops || s->renames || s->tables_count == 0 || s->tables[0].made)
		return;
	if (is(&c, 0, "truncate")) {
		*out = (struct repeat){ TABLE_CHANGE_TRUNCATE, NULL, false };
	} else if (alters) {
		*out = (struct repeat){ TABLE_CHANGE_ALTER, read_alter(&c), false };
		out->rows_stay = c.rows_stay && out->why_not == NULL;
	} else if (is(&c, 0, "create") || is(&c, 0, "drop")) {
		c.adds = false;
		*out = (struct repeat){ TABLE_CHANGE_INDEX, NULL, true };
		for (size_t i = 0; i < s->tokens_count && out->why_not == NULL; i++)
			out->why_not = read_token(&c, i);
	}
}
