#include "tablet/table/common_form.h"

#include "mysql/flavour.h"
#include "sql/quote.h"
#include "tablet/table/check_name.h"
#include "tablet/table/clause_words.h"
#include "tablet/table/cure.h"
#include "tablet/table/expression.h"

#include <string.h>

/* ---- Refusals */

static int
refuse_clause(struct err *err, const char *kind, struct slice name, struct slice what)
{
	err_set(err, ERR_REFUSED,
	    "%s '%.*s' is defined in a way that servers of another flavour do not have: %.*s", kind,
	    SLICE_ARG(name), SLICE_ARG(slice_cut(what, 0, 100)));
	return err_hint(
	    err, "change that at the source first, or move to a server of the same flavour");
}

/* ---- Columns */

/* Those that both keep in the same way, by the word that SHOW CREATE TABLE has. */
static const char *const types[] = { "tinyint", "smallint", "mediumint", "int", "bigint", "float",
	"double", "decimal", "bit", "year", "date", "time", "datetime", "timestamp", "char",
	"varchar", "tinytext", "text", "mediumtext", "longtext", "binary", "varbinary", "tinyblob",
	"blob", "mediumblob", "longblob", "enum", "set", "json", "vector", "geometry", "point",
	"linestring", "polygon", "multipoint", "multilinestring", "multipolygon",
	"geometrycollection", "geomcollection", NULL };

static bool
is_int(struct slice type)
{
	static const char *const ints[] = { "tinyint", "smallint", "mediumint", "int", "bigint",
		NULL };

	return word_is_one_of(type, ints);
}

/* int(11) is int: the width is how it is shown, and matters with ZEROFILL only. tinyint(1) is what programs
 * take for a boolean. */
static bool
width_matters(struct slice type, struct slice width, const struct words *behind)
{
	struct words ahead = *behind;

	if (slice_eq_str(type, "year"))
		return false;
	if (!is_int(type))
		return true;
	if (slice_eq_str(type, "tinyint") && slice_eq_str(width, "(1)"))
		return true;
	(void)words_take(&ahead, "unsigned");
	return words_take(&ahead, "zerofill");
}

/* Of a column's clause, in the order of the common form. */
struct column_parts {
	bool long_text, json, takes_expression, invisible;
	bool not_null, auto_increment;
	struct buf type, value, on_update, comment, generated;
};

static bool
ends_with(struct slice s, const char *end)
{
	size_t n = strlen(end);

	return s.len >= n && slice_eq_str(slice_cut(s, s.len - n, s.len), end);
}

static int
read_type(struct words *w, const struct common_column *c, struct column_parts *p, struct err *err)
{
	struct slice type, width;
	struct buf *out = &p->type;

	if (!words_next(w) || !word_is_one_of(w->word, types))
		return refuse_clause(err, "column", c->name, w->word);
	type = w->word;
	p->json = slice_eq_str(type, "json");
	p->long_text = slice_eq_str(type, "longtext");
	if (slice_eq_str(type, "geomcollection"))
		type = slice_str("geometrycollection");
	p->takes_expression = p->json || ends_with(type, "text") || ends_with(type, "blob");
	words_take_brackets(w, &width);
	buf_add_char(out, ' ');
	buf_add_slice(out, type);
	if (width_matters(type, width, w))
		buf_add_slice(out, width);
	if (words_take(w, "unsigned"))
		buf_add_str(out, " unsigned");
	if (words_take(w, "zerofill"))
		buf_add_str(out, " zerofill");
	return 0;
}

static bool
has_own_equality(const struct common_column *c)
{
	return c->in_unique && c->collation.len > 0 && !flavour_shares_collation(c->collation);
}

/* The catalogue knows what is not said; a key whose collation is not the same at both ends would have other
 * values for equal. */
static int
put_collation(const struct common_column *c, struct buf *out, struct err *err)
{
	if (slice_is_null(c->collation))
		return 0;
	if (has_own_equality(c))
		return refuse_clause(err, "column", c->name, c->collation);
	buf_addf(out, " CHARACTER SET %.*s COLLATE %.*s", SLICE_ARG(c->charset),
	    SLICE_ARG(c->collation));
	return 0;
}

/* current_timestamp() or CURRENT_TIMESTAMP(6), behind a word that has been taken. */
static bool
put_now(struct words *w, struct buf *out)
{
	struct slice digits;

	if (!words_take(w, "current_timestamp"))
		return false;
	words_take_brackets(w, &digits);
	buf_add_str(out, " CURRENT_TIMESTAMP");
	if (digits.len > strlen("()"))
		buf_add_slice(out, digits);
	return true;
}

static bool
is_number(struct slice s)
{
	bool digit = false;

	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.ptr[i];

		digit = digit || (c >= '0' && c <= '9');
		if ((c < '0' || c > '9') && memchr(".-+eE", c, 5) == NULL)
			return false;
	}
	return digit;
}

static int
refuse_default(const struct common_column *c, struct err *err)
{
	return refuse_clause(err, "column", c->name, slice_str("a default that is an expression"));
}

/* A number in quotes is what one flavour prints of any; a long text's default is an expression to MySQL. */
static void
put_default_value(const struct expression *e, const struct column_parts *p, struct buf *out)
{
	struct slice digits = slice_cut(slice_str(e->text), strlen("current_timestamp"), SIZE_MAX);

	if (e->kind == EXPRESSION_NOW)
		buf_addf(out, " CURRENT_TIMESTAMP%s",
		    digits.len > strlen("()") ? (const char *)digits.ptr : "");
	else if (e->kind == EXPRESSION_OTHER || p->takes_expression)
		buf_addf(out, " (%s)", e->text);
	else if (e->text[0] == '\'')
		buf_addf(out, " %s", e->text);
	else
		buf_addf(out, " '%s'", e->text);
}

/* What is in brackets, a name with its own, or a string. */
static int
put_expression(
    struct words *w, const struct common_column *c, struct column_parts *p, struct err *err)
{
	SCOPED(arena) struct arena scratch = ARENA_INIT;
	struct slice text = w->word, arguments = slice_cut(w->rest, 0, 0);
	struct expression e;

	if (text.ptr[0] != '(' && text.ptr[0] != '\'') {
		words_take_brackets(w, &arguments);
		if (arguments.len == 0)
			return refuse_default(c, err);
		text.len = (size_t)(arguments.ptr + arguments.len - text.ptr);
	}
	if (!expression_common(&scratch, text, &e))
		return refuse_default(c, err);
	put_default_value(&e, p, &p->value);
	return 0;
}

/* A NULL that a column has without saying so is left out. */
static int
put_default(struct words *w, const struct common_column *c, struct column_parts *p, struct err *err)
{
	struct buf *out = &p->value;

	if (words_take(w, "NULL"))
		return 0;
	buf_add_str(out, " DEFAULT");
	if (put_now(w, out))
		return 0;
	if (!words_next(w))
		return refuse_clause(err, "column", c->name, slice_str("DEFAULT"));
	if (is_number(w->word))
		buf_addf(out, " '%.*s'", SLICE_ARG(w->word));
	else if (slice_starts(w->word, "b'") || (w->word.ptr[0] == '\'' && !p->takes_expression))
		buf_addf(out, " %.*s", SLICE_ARG(w->word));
	else
		return put_expression(w, c, p, err);
	return 0;
}

/* Whoever says JSON to MariaDB gets a long text with a check, and whoever says that to it has said JSON. */
static bool
take_json_check(struct words *w, const struct common_column *c, struct column_parts *p)
{
	struct words ahead = *w;
	SCOPED(buf) struct buf wanted = BUF_INIT;

	buf_add_str(&wanted, "(json_valid(");
	quote_ident(&wanted, c->name);
	buf_add_str(&wanted, "))");
	if (!p->long_text || !slice_eq_str(c->collation, "utf8mb4_bin") ||
	    !words_take(&ahead, "CHECK") || !words_next(&ahead) ||
	    !slice_eq_str(ahead.word, wanted.data))
		return false;
	*w = ahead;
	p->json = true;
	return true;
}

/* What is behind GENERATED. */
static int
put_generated(
    struct words *w, const struct common_column *c, struct column_parts *p, struct err *err)
{
	SCOPED(arena) struct arena scratch = ARENA_INIT;
	struct slice rest = w->rest, text = SLICE_NULL;
	struct expression e;

	if (words_take(w, "ALWAYS") && words_take(w, "AS"))
		words_take_brackets(w, &text);
	if (text.len == 0 || !words_next(w) || !expression_common(&scratch, text, &e))
		return refuse_clause(err, "column", c->name, rest);
	buf_addf(&p->generated, " GENERATED ALWAYS AS (%s) %.*s", e.text, SLICE_ARG(w->word));
	return 0;
}

static int
read_part(struct words *w, const struct common_column *c, struct column_parts *p, struct err *err)
{
	if (words_take(w, "CHARACTER") && words_take(w, "SET") && words_next(w))
		return 0;
	if (words_take(w, "COLLATE") && words_next(w))
		return 0;
	if (words_take(w, "NOT") && words_take(w, "NULL")) {
		p->not_null = true;
		return 0;
	}
	if (words_take(w, "NULL"))
		return 0;
	if (words_take(w, "DEFAULT"))
		return put_default(w, c, p, err);
	if (words_take(w, "GENERATED"))
		return put_generated(w, c, p, err);
	if (words_take(w, "ON") && words_take(w, "UPDATE") && put_now(w, &p->on_update))
		return 0;
	if (take_json_check(w, c, p))
		return 0;
	if (words_take(w, "INVISIBLE") || words_take(w, "/*!80023 INVISIBLE */")) {
		p->invisible = true;
		return 0;
	}
	if (words_take(w, "AUTO_INCREMENT")) {
		p->auto_increment = true;
		return 0;
	}
	if (words_take(w, "COMMENT") && words_next(w)) {
		buf_add_slice(&p->comment, w->word);
		return 0;
	}
	return refuse_clause(err, "column", c->name, w->rest);
}

static int
put_parts(
    const struct column_parts *p, const struct common_column *c, struct buf *out, struct err *err)
{
	buf_add_str(out, p->json ? " json" : p->type.data);
	if (!p->json)
		TRY(put_collation(c, out, err));
	buf_add_slice(out, buf_slice(&p->generated));
	/* Of what is generated one flavour says nothing there. */
	if (p->generated.len > 0 && p->not_null)
		return refuse_clause(err, "column", c->name, slice_str("GENERATED ... NOT NULL"));
	if (p->generated.len == 0)
		buf_add_str(out, p->not_null ? " NOT NULL" : " NULL");
	buf_add_slice(out, buf_slice(&p->value));
	if (p->on_update.len > 0)
		buf_addf(out, " ON UPDATE%s", p->on_update.data);
	if (p->auto_increment)
		buf_add_str(out, " AUTO_INCREMENT");
	if (p->invisible)
		buf_add_str(out, " INVISIBLE");
	if (p->comment.len > 0)
		buf_addf(out, " COMMENT %s", p->comment.data);
	return 0;
}

static void
column_parts_done(struct column_parts *p)
{
	buf_done(&p->type);
	buf_done(&p->value);
	buf_done(&p->on_update);
	buf_done(&p->comment);
	buf_done(&p->generated);
}

static int
put_column(
    const struct clause *clause, const struct common_column *c, struct buf *out, struct err *err)
{
	struct words w = { .rest = clause->text };
	struct column_parts p = { .type = BUF_INIT,
		.value = BUF_INIT,
		.on_update = BUF_INIT,
		.comment = BUF_INIT,
		.generated = BUF_INIT };
	int rc;

	(void)words_next(&w); /* its name */
	buf_add_slice(out, w.word);
	rc = read_type(&w, c, &p, err);
	while (rc == 0 && slice_trim(w.rest).len > 0)
		rc = read_part(&w, c, &p, err);
	if (rc == 0)
		rc = put_parts(&p, c, out, err);
	column_parts_done(&p);
	return rc;
}

/* ---- Keys */

/* "KEY `a` (`x`,`y`(10) DESC)"; how it is kept is the engine's, which is InnoDB's at both ends. */
static int
put_key(const struct clause *clause, struct buf *out, struct err *err)
{
	struct words w = { .rest = clause->text };
	bool columns = false;

	if (slice_starts(w.rest, "VECTOR ")) /* an index that one flavour has */
		return refuse_clause(err, "key", clause->name, clause->text);
	while (words_next(&w)) {
		if (columns && slice_eq_str(w.word, "USING") && words_take(&w, "BTREE"))
			continue;
		if (columns && slice_eq_str(w.word, "COMMENT") && words_next(&w)) {
			buf_addf(out, " COMMENT %.*s", SLICE_ARG(w.word));
			continue;
		}
		if (columns || slice_starts(w.word, "(("))
			return refuse_clause(err, "key", clause->name, clause->text);
		if (out->len > 0 && out->data[out->len - 1] != ' ')
			buf_add_char(out, ' ');
		buf_add_slice(out, w.word);
		columns = w.word.ptr[0] == '(';
	}
	return 0;
}

/* One that is not enforced is nothing to the other flavour. Of a name that was made up, nothing is said. */
static int
put_check(
    const struct common_table *t, const struct clause *clause, struct buf *out, struct err *err)
{
	SCOPED(arena) struct arena scratch = ARENA_INIT;
	struct words w = { .rest = clause->text };
	struct slice name = SLICE_NULL, text = SLICE_NULL;
	struct expression e;

	if (words_take(&w, "CONSTRAINT") && words_next(&w))
		name = w.word;
	if (words_take(&w, "CHECK"))
		words_take_brackets(&w, &text);
	if (text.len == 0 || slice_trim(w.rest).len > 0 || !expression_common(&scratch, text, &e))
		return refuse_clause(err, "constraint", clause->name, clause->text);
	if (!slice_is_null(name) && !check_name_is_made_up(clause->name, t->name))
		buf_addf(out, "CONSTRAINT %.*s ", SLICE_ARG(name));
	buf_addf(out, "CHECK (%s)", e.text);
	return 0;
}

/* What happens to the rows of a parent that goes: RESTRICT and NO ACTION are what happens anyway. */
static int
put_foreign(const struct clause *clause, struct buf *out)
{
	static const char *const anyway[] = { " ON DELETE RESTRICT", " ON DELETE NO ACTION",
		" ON UPDATE RESTRICT", " ON UPDATE NO ACTION", NULL };
	struct slice text = clause->text;

	for (const char *const *words = anyway; *words != NULL; words++) {
		SCOPED(buf) struct buf rest = BUF_INIT;
		size_t at = create_table_find(text, *words);

		buf_add_slice(&rest, slice_cut(text, 0, at));
		if (at < text.len)
			buf_add_slice(&rest, slice_cut(text, at + strlen(*words), text.len));
		buf_swap(out, &rest);
		text = buf_slice(out);
	}
	return 0;
}

/* ---- The table */

static int
put_options(const struct common_table *t, struct buf *out, struct err *err)
{
	/* With a value each; of these some are the same wherever they are left out. */
	static const char *const kept[] = { "ROW_FORMAT", "KEY_BLOCK_SIZE", "COMMENT",
		"STATS_PERSISTENT", "STATS_AUTO_RECALC", "STATS_SAMPLE_PAGES", "MIN_ROWS",
		"MAX_ROWS", "AVG_ROW_LENGTH", NULL };
	static const char *const said[] = { "ENGINE", "CHARSET", "COLLATE", NULL };
	struct slice charset;
	struct words w = { .rest = slice_cut(t->create->options, 1, t->create->options.len) };

	(void)slice_split(t->collation, '_', &charset);
	buf_addf(out, ") ENGINE=InnoDB DEFAULT CHARSET=%.*s COLLATE=%.*s", SLICE_ARG(charset),
	    SLICE_ARG(t->collation));
	while (words_next(&w)) {
		struct slice name = w.word;

		if (slice_eq_str(name, "DEFAULT"))
			continue;
		if (!words_take(&w, "=") || !words_next(&w) ||
		    !(word_is_one_of(name, kept) || word_is_one_of(name, said)))
			return refuse_clause(err, "table", t->name, name);
		if (word_is_one_of(name, kept))
			buf_addf(out, " %.*s=%.*s", SLICE_ARG(name), SLICE_ARG(w.word));
	}
	return 0;
}

static int
put_clause(const struct common_table *t, const struct clause *clause, int *column, struct buf *out,
    struct err *err)
{
	switch (clause->kind) {
	case CLAUSE_COLUMN:
		if (*column < t->columns_count)
			return put_column(clause, &t->columns[(*column)++], out, err);
		break;
	case CLAUSE_PRIMARY:
	case CLAUSE_INDEX:
	case CLAUSE_SPECIAL_INDEX: return put_key(clause, out, err);
	case CLAUSE_FOREIGN: return put_foreign(clause, out);
	case CLAUSE_OTHER:
		if (!slice_is_null(clause->name) || slice_starts(clause->text, "CHECK "))
			return put_check(t, clause, out, err);
		break;
	}
	return refuse_clause(err, "table", t->name, clause->text);
}

/* columns: those that have been read, the clause's among them. */
static int
cure(const struct common_table *t, const struct clause *clause, int columns, struct err *err)
{
	if (clause->kind == CLAUSE_COLUMN && columns > 0 &&
	    has_own_equality(&t->columns[columns - 1]))
		return cure_collation(err, t->name);
	return cure_clause(err, &(struct cure){ t->name, t->create, clause });
}

static bool
is_virtual(const struct clause *column)
{
	struct words w = { .rest = column->text };
	struct slice expression;

	while (words_next(&w)) {
		if (!slice_eq_str(w.word, "GENERATED"))
			continue;
		(void)words_take(&w, "ALWAYS");
		(void)words_take(&w, "AS");
		words_take_brackets(&w, &expression);
		return words_take(&w, "VIRTUAL");
	}
	return false;
}

static bool
names_column(const struct clause *key, const struct clause *column)
{
	SCOPED(buf) struct buf quoted = BUF_INIT;
	struct words w = { .rest = key->text };

	quote_ident(&quoted, column->name);
	while (words_next(&w)) {
		if (w.word.ptr[0] == '(')
			return create_table_find(w.word, quoted.data) < w.word.len;
	}
	return false;
}

/* MySQL lists indexes of virtual columns behind the other unique, or not unique, ones, wherever they were
 * said; MariaDB lists them where they were. Here they are behind all others, in their order. */
enum { RANK_FIRST, RANK_OF_VIRTUAL, RANK_LAST, RANKS };

static int
rank_of(const struct create_table *t, const struct clause *clause)
{
	if (clause->kind == CLAUSE_COLUMN || clause->kind == CLAUSE_PRIMARY)
		return RANK_FIRST;
	if (clause->kind != CLAUSE_INDEX)
		return RANK_LAST;
	for (int i = 0; i < t->clauses_count; i++) {
		const struct clause *c = &t->clauses[i];

		if (c->kind == CLAUSE_COLUMN && is_virtual(c) && names_column(clause, c))
			return RANK_OF_VIRTUAL;
	}
	return RANK_FIRST;
}

static int
put_ranked(const struct common_table *t, const struct clause *c, int *column, struct buf *out,
    struct err *err)
{
	SCOPED(buf) struct buf clause = BUF_INIT;

	if (put_clause(t, c, column, &clause, err) != 0)
		return cure(t, c, *column, err);
	buf_addf(out, "%s\n  %s", *column == 1 && c->kind == CLAUSE_COLUMN ? "" : ",", clause.data);
	return 0;
}

int
common_form(struct arena *a, const struct common_table *t, const char **out, struct err *err)
{
	SCOPED(buf) struct buf text = BUF_INIT;
	int column = 0;

	buf_add_str(&text, "CREATE TABLE ");
	quote_ident(&text, t->name);
	buf_add_str(&text, " (");
	for (int rank = 0; rank < RANKS; rank++) {
		for (int i = 0; i < t->create->clauses_count; i++) {
			if (rank_of(t->create, &t->create->clauses[i]) == rank)
				TRY(put_ranked(t, &t->create->clauses[i], &column, &text, err));
		}
	}
	buf_add_char(&text, '\n');
	if (put_options(t, &text, err) != 0)
		return cure_options(err, t->name, t->create->options);
	*out = arena_slice_str(a, buf_slice(&text));
	return 0;
}
