/*
 * A token is found as the servers find it: blanks and comments are skipped, then the first byte decides.
 * A quote begins a string or a name, '@' a variable, a digit a number or a name, a byte of a name a word;
 * everything else is one byte of punctuation, but for := and the \N that is NULL. Operators of two bytes
 * need no rule: nobody above asks what an operator means.
 *
 * Bytes of 80 and above are parts of names, whatever the character set: no server has an operator or a
 * blank there.
 */
#include "sql/lexer.h"

#include "base/check.h"
#include "sql/multibyte.h"

#include <stdio.h>
#include <string.h>

/* Versions below this run on every server that we serve; MariaDB skips 50700 to 99999. */
enum { ALWAYS_BELOW = 50700, MYSQL_LAST = 99999 };

unsigned
modes_of_names(struct slice sql_mode)
{
	unsigned modes = 0;

	for (struct slice word, rest = sql_mode; !slice_is_null(rest);) {
		rest = slice_split(rest, ',', &word);
		if (slice_eq_str(word, "ANSI_QUOTES"))
			modes |= SQL_ANSI_QUOTES;
		if (slice_eq_str(word, "NO_BACKSLASH_ESCAPES"))
			modes |= SQL_NO_BACKSLASH_ESCAPES;
	}
	return modes;
}

unsigned
modes_of_server(const char *version)
{
	static const char prefix[] = "5.5.5-"; /* MariaDB 10 begins with it, for old clients */
	unsigned parts[3];

	if (strncmp(version, prefix, strlen(prefix)) == 0)
		version += strlen(prefix);
	if (strstr(version, "MariaDB") == NULL ||
	    sscanf(version, "%2u.%2u.%2u", &parts[0], &parts[1], &parts[2]) != 3)
		return 0;
	return (parts[0] * 10000 + parts[1] * 100 + parts[2]) << SQL_SERVER_SHIFT;
}

void
lexer_init(struct lexer *l, struct slice sql, unsigned modes)
{
	*l = (struct lexer){ .sql = sql, .modes = modes };
}

/* The byte n ahead, or 0 past the end. */
static uint8_t
peek(const struct lexer *l, size_t n)
{
	return l->at + n < l->sql.len ? l->sql.ptr[l->at + n] : 0;
}

static bool
at_end(const struct lexer *l)
{
	return l->at >= l->sql.len;
}

static bool
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool
is_hex(uint8_t c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool
is_blank(uint8_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool
is_name(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' ||
	    c == '$' || c >= 0x80;
}

/* Goes over a character of two bytes, where the second might be taken for something else. */
static bool
skip_multibyte(struct lexer *l)
{
	if ((l->modes & SQL_MULTIBYTE) == 0 || at_end(l) ||
	    multibyte_len(slice_cut(l->sql, l->at, l->sql.len), l->modes) < 2)
		return false;
	l->at += 2;
	return true;
}

/* The rest of a name without quotes. */
static void
skip_name(struct lexer *l)
{
	for (;;) {
		if (skip_multibyte(l))
			continue;
		if (at_end(l) || !is_name(l->sql.ptr[l->at]))
			return;
		l->at++;
	}
}

static void
skip_line(struct lexer *l)
{
	while (!at_end(l) && l->sql.ptr[l->at] != '\n')
		l->at++;
}

/* A plain comment, at its slash. */
static int
skip_comment(struct lexer *l, struct err *err)
{
	size_t start = l->at;

	for (l->at += 2; l->at + 1 < l->sql.len; l->at++) {
		if (l->sql.ptr[l->at] == '*' && l->sql.ptr[l->at + 1] == '/') {
			l->at += 2;
			return 0;
		}
	}
	return err_set(
	    err, ERR_REFUSED, "the comment that starts at byte %zu does not end", start + 1);
}

/* An executable comment that the server skips: it may have one more comment inside. */
static int
skip_executable(struct lexer *l, struct err *err)
{
	size_t start = l->at;

	for (l->at += 2; !at_end(l); l->at++) {
		if (peek(l, 0) == '*' && peek(l, 1) == '/') {
			l->at += 2;
			return 0;
		}
		if (peek(l, 0) == '/' && peek(l, 1) == '*') {
			TRY(skip_comment(l, err));
			l->at--;
		}
	}
	return err_set(
	    err, ERR_REFUSED, "the comment that starts at byte %zu does not end", start + 1);
}

/* MariaDB skips a comment for a version that only MySQL has had, unless its mark is M!. */
static bool
runs_at(unsigned server, unsigned version, bool mariadb)
{
	return version <= server && (mariadb || version < ALWAYS_BELOW || version > MYSQL_LAST);
}

/* At the slash of an executable comment: goes behind its mark, or behind all of it. */
static int
enter_executable(struct lexer *l, struct err *err)
{
	/* sql_lex.cc of both: at the mark the version is read, then the rest is code up to its end mark. */
	bool mariadb = peek(l, 2) == 'M';
	size_t mark = mariadb ? 4 : 3, digits = 0;
	unsigned server = l->modes >> SQL_SERVER_SHIFT, version = 0;

	/* Five or six digits are a version, fewer are code; a seventh is code as well. */
	while (digits < 6 && is_digit(peek(l, mark + digits)))
		version = version * 10 + (unsigned)(peek(l, mark + digits++) - '0');
	if (digits < 5)
		version = 0, digits = 0;
	if (server != 0 && !runs_at(server, version, mariadb))
		return skip_executable(l, err);
	l->at += mark + digits;
	l->conditional = server == 0 && (mariadb || version >= ALWAYS_BELOW);
	l->in_executable = true;
	return 0;
}

/* Skips one comment, or a mark of an executable one: 1; 0: there is none here; -1. */
static int
comment(struct lexer *l, struct err *err)
{
	if (peek(l, 0) == '#' ||
	    (peek(l, 0) == '-' && peek(l, 1) == '-' &&
		(l->at + 2 >= l->sql.len || peek(l, 2) <= ' '))) {
		skip_line(l);
		return 1;
	}
	/* The end mark of one: from here on the text is outside of it. They do not nest. */
	if (l->in_executable && peek(l, 0) == '*' && peek(l, 1) == '/') {
		l->in_executable = l->conditional = false;
		l->at += 2;
		return 1;
	}
	if (peek(l, 0) != '/' || peek(l, 1) != '*')
		return 0;
	if (!l->in_executable && (peek(l, 2) == '!' || (peek(l, 2) == 'M' && peek(l, 3) == '!')))
		TRY(enter_executable(l, err));
	else
		TRY(skip_comment(l, err));
	return 1;
}

static int
skip_blanks(struct lexer *l, struct err *err)
{
	int found = 1;

	while (found == 1) {
		while (!at_end(l) && is_blank(l->sql.ptr[l->at]))
			l->at++;
		found = comment(l, err);
	}
	return found;
}

/* From the opening quote to behind the closing one. */
static int
skip_quoted(struct lexer *l, bool backslashes, struct err *err)
{
	size_t start = l->at;
	uint8_t quote = l->sql.ptr[l->at++];

	while (!at_end(l)) {
		uint8_t c = l->sql.ptr[l->at];

		if (skip_multibyte(l))
			continue;
		l->at++;
		/* The byte behind it, whatever it is, is part of the string: past the end lexer_next()
		 * finds out. */
		if (c == '\\' && backslashes) {
			l->at++;
		} else if (c == quote && peek(l, 0) == quote) {
			l->at++;
		} else if (c == quote) {
			return 0;
		}
	}
	return err_set(
	    err, ERR_REFUSED, "the quote that opens at byte %zu is not closed", start + 1);
}

static int
string(struct lexer *l, struct token *t, struct err *err)
{
	bool name = l->sql.ptr[l->at] == '`' ||
	    (l->sql.ptr[l->at] == '"' && (l->modes & SQL_ANSI_QUOTES) != 0);

	t->kind = name ? TOKEN_QUOTED : TOKEN_STRING;
	return skip_quoted(l, !name && (l->modes & SQL_NO_BACKSLASH_ESCAPES) == 0, err);
}

/* [.digits][e[+-]digits] of a number whose first digits are behind us. */
static void
skip_fraction(struct lexer *l)
{
	size_t sign;

	if (peek(l, 0) == '.')
		l->at++;
	while (is_digit(peek(l, 0)))
		l->at++;
	sign = peek(l, 1) == '+' || peek(l, 1) == '-' ? 1 : 0;
	if ((peek(l, 0) == 'e' || peek(l, 0) == 'E') && is_digit(peek(l, 1 + sign))) {
		l->at += 1 + sign;
		while (is_digit(peek(l, 0)))
			l->at++;
	}
}

/* Are the bytes [from, to) all of one class? */
static bool
all(const struct lexer *l, size_t from, size_t to, bool (*class)(uint8_t))
{
	while (from < to && class(l->sql.ptr[from]))
		from++;
	return from == to;
}

static bool
is_bit(uint8_t c)
{
	return c == '0' || c == '1';
}

/* A run of name characters that starts with a digit: a number, or a name such as 2fa. */
static bool
run_is_number(const struct lexer *l, size_t start)
{
	const uint8_t *s = l->sql.ptr + start;
	size_t len = l->at - start, digits = 0;

	if (len > 2 && s[0] == '0' && s[1] == 'x')
		return all(l, start + 2, l->at, is_hex);
	if (len > 2 && s[0] == '0' && s[1] == 'b')
		return all(l, start + 2, l->at, is_bit);
	while (digits < len && is_digit(s[digits]))
		digits++;
	if (digits == len)
		return true;
	if (s[digits] != 'e' && s[digits] != 'E')
		return false;
	if (digits + 1 == len) /* 1e+5 */
		return (peek(l, 0) == '+' || peek(l, 0) == '-') && is_digit(peek(l, 1));
	return all(l, start + digits + 1, l->at, is_digit);
}

static void
number_or_name(struct lexer *l, struct token *t)
{
	size_t start = l->at;

	skip_name(l);
	if (l->after_dot || !run_is_number(l, start)) {
		t->kind = TOKEN_WORD;
		return;
	}
	t->kind = TOKEN_NUMBER;
	if (all(l, start, l->at, is_digit)) {
		skip_fraction(l);
	} else if (l->sql.ptr[start + 1] != 'x' && (l->sql.ptr[l->at - 1] | 0x20) == 'e') {
		l->at++; /* the sign of 1e+5 */
		while (is_digit(peek(l, 0)))
			l->at++;
	}
}

static int
word(struct lexer *l, struct token *t, struct err *err)
{
	size_t start = l->at;
	uint8_t c = l->sql.ptr[l->at] | 0x20;

	if (peek(l, 1) == '\'' && (c == 'n' || c == 'x' || c == 'b')) {
		l->at++;
		t->kind = c == 'n' ? TOKEN_STRING : TOKEN_NUMBER;
		return skip_quoted(l, c == 'n' && (l->modes & SQL_NO_BACKSLASH_ESCAPES) == 0, err);
	}
	skip_name(l);
	t->kind = TOKEN_WORD;
	/* A word that touches the dot of a qualified name is a name, even one spelled like a keyword. */
	if (!l->after_dot && !(peek(l, 0) == '.' && is_name(peek(l, 1))))
		t->keyword = keyword_find(slice_cut(l->sql, start, l->at));
	return 0;
}

/* One part of @x or @@x.y: a name, or something quoted. */
static int
variable_part(struct lexer *l, bool dots, struct err *err)
{
	uint8_t c = peek(l, 0);

	if (c == '`' || c == '\'' || c == '"')
		return skip_quoted(l, c != '`' && (l->modes & SQL_NO_BACKSLASH_ESCAPES) == 0, err);
	skip_name(l);
	while (dots && peek(l, 0) == '.') {
		l->at++;
		skip_name(l);
	}
	return 0;
}

static int
variable(struct lexer *l, struct token *t, struct err *err)
{
	l->at++;
	t->kind = TOKEN_USER_VARIABLE;
	if (peek(l, 0) != '@')
		return variable_part(l, true, err);
	l->at++;
	t->kind = TOKEN_SYSTEM_VARIABLE;
	TRY(variable_part(l, false, err));
	while (peek(l, 0) == '.') {
		l->at++;
		TRY(variable_part(l, false, err));
	}
	return 0;
}

static void
punct(struct lexer *l, struct token *t)
{
	t->kind = TOKEN_PUNCT;
	t->punct = l->sql.ptr[l->at++];
	if (t->punct == '?') {
		t->kind = TOKEN_PARAM;
	} else if (t->punct == ':' && peek(l, 0) == '=') {
		t->kind = TOKEN_ASSIGN;
		l->at++;
	} else if (t->punct == '\\' && peek(l, 0) == 'N') {
		t->kind = TOKEN_NUMBER; /* \N is NULL */
		l->at++;
	}
}

static int
read_token(struct lexer *l, struct token *t, struct err *err)
{
	uint8_t c = l->sql.ptr[l->at];

	if (c == '\'' || c == '"' || c == '`')
		return string(l, t, err);
	if (c == '@')
		return variable(l, t, err);
	if (is_digit(c)) {
		number_or_name(l, t);
	} else if (c == '.' && is_digit(peek(l, 1)) && !l->after_name) {
		t->kind = TOKEN_NUMBER;
		skip_fraction(l);
	} else if (is_name(c)) {
		return word(l, t, err);
	} else {
		punct(l, t);
	}
	return 0;
}

int
lexer_next(struct lexer *l, struct token *out, struct err *err)
{
	size_t before = l->at;

	TRY(skip_blanks(l, err));
	*out = (struct token){
		.kind = TOKEN_END, .start = l->at, .end = l->at, .conditional = l->conditional
	};
	/* Behind a blank or a comment "1.5" is a number again, and SELECT a keyword. */
	if (l->at != before)
		l->after_name = l->after_dot = false;
	if (at_end(l) && l->in_executable)
		return err_set(err, ERR_REFUSED, "an executable comment does not end");
	if (at_end(l))
		return 0;
	TRY(read_token(l, out, err));
	if (l->at > l->sql.len) /* a backslash was the last byte of a string */
		return err_set(err, ERR_REFUSED, "the quote that opens at byte %zu is not closed",
		    out->start + 1);
	out->end = l->at;
	l->after_dot = out->kind == TOKEN_PUNCT && out->punct == '.';
	l->after_name = out->kind == TOKEN_WORD || out->kind == TOKEN_QUOTED;
	return 0;
}
