/*
 * One class for each byte, one function for each class. Names, blanks and punctuation are copied as they
 * are; a number or a string becomes one byte, and its place and length are noted; a byte of class STOP
 * ends the pass.
 *
 * What has no shape, and why no code is spent on it: comments, since executable ones are code;
 * backslashes, which NO_BACKSLASH_ESCAPES gives another meaning; double quotes, as ANSI_QUOTES does;
 * variables, which are the session's; a ';', behind which another statement may stand. Texts that drivers
 * and libraries make hardly ever have them.
 */
#include "sql/shape.h"

enum byte_class {
	OTHER, /* blanks and punctuation: part of no name and no literal */
	NAME,
	DIGIT, /* up to here: plain() */
	DOT,
	STRING, /* ' */
	QUOTED, /* ` */
	SLASH,
	DASH,
	STOP, /* begins something that this pass cannot cut */
};

/* clang-format off */
static const uint8_t CLASSES[256] = {
	['a' ... 'z'] = NAME, ['A' ... 'Z'] = NAME, ['_'] = NAME, ['$'] = NAME, [0x80 ... 0xff] = NAME,
	['0' ... '9'] = DIGIT, ['.'] = DOT, ['\''] = STRING, ['`'] = QUOTED, ['/'] = SLASH, ['-'] = DASH,
	['"'] = STOP, ['\\'] = STOP, ['#'] = STOP, ['@'] = STOP, [';'] = STOP, ['\0'] = STOP,
};
/* clang-format on */

struct pass {
	struct slice sql;
	size_t at;
	struct shape *out;
};

static enum byte_class
class_at(const struct pass *p, size_t at)
{
	return at < p->sql.len ? (enum byte_class)CLASSES[p->sql.ptr[at]] : OTHER;
}

static bool
add(struct pass *p, uint8_t byte)
{
	if (p->out->len == SHAPE_MAX)
		return false;
	p->out->bytes[p->out->len++] = byte;
	return true;
}

/* Does a name, or the dot of one, end right before? Then what follows is part of the name. */
static bool
touches_name(const struct pass *p)
{
	enum byte_class before;

	if (p->at == 0)
		return false;
	before = class_at(p, p->at - 1);
	return before == NAME || before == DIGIT || before == DOT || before == QUOTED;
}

static bool
add_literal(struct pass *p, size_t end, uint8_t mark)
{
	struct shape *s = p->out;

	if (s->literals_count == SHAPE_LITERALS_MAX)
		return false;
	s->literals[s->literals_count++] =
	    (struct shape_literal){ (uint32_t)s->len, (uint32_t)(end - p->at - 1) };
	p->at = end;
	return add(p, mark);
}

static size_t
behind_digits(const struct pass *p, size_t at)
{
	while (class_at(p, at) == DIGIT)
		at++;
	return at;
}

/* 12 or 1.5. A name such as 2fa and numbers such as 1e5, 0x1f and 1. have no shape. */
static bool
number(struct pass *p)
{
	size_t end = behind_digits(p, p->at);

	if (class_at(p, end) == DOT && class_at(p, end + 1) == DIGIT)
		end = behind_digits(p, end + 1);
	if (class_at(p, end) == NAME || class_at(p, end) == DOT)
		return false;
	return add_literal(p, end, '0');
}

static bool
string(struct pass *p)
{
	size_t end = p->at + 1;

	if (touches_name(p)) /* x'1f', N'a', _utf8'a' */
		return false;
	while (end < p->sql.len && p->sql.ptr[end] != '\'') {
		if (p->sql.ptr[end] == '\\')
			return false;
		end++;
	}
	if (end >= p->sql.len || class_at(p, end + 1) == STRING)
		return false;
	return add_literal(p, end + 1, '\'');
}

/* A name in backticks is part of the shape. */
static bool
quoted(struct pass *p)
{
	size_t end = p->at + 1;

	while (end < p->sql.len && p->sql.ptr[end] != '`')
		end++;
	if (end >= p->sql.len || class_at(p, end + 1) == QUOTED)
		return false;
	while (p->at <= end) {
		if (!add(p, p->sql.ptr[p->at++]))
			return false;
	}
	return true;
}

/* Words with the digits in them, blanks and punctuation: most of a statement, and copied as they are. A digit
 * at the front is one that touches a name. */
static bool
plain(struct pass *p)
{
	struct shape *out = p->out;
	bool in_name = true;
	size_t at = p->at, len;

	for (; at < p->sql.len; at++) {
		enum byte_class c = (enum byte_class)CLASSES[p->sql.ptr[at]];

		if (c > DIGIT || (c == DIGIT && !in_name))
			break;
		in_name = c != OTHER;
	}
	len = at - p->at;
	if (len > SHAPE_MAX - out->len)
		return false;
	memcpy(out->bytes + out->len, p->sql.ptr + p->at, len);
	out->len += len;
	p->at = at;
	return true;
}

static bool
other(struct pass *p)
{
	return add(p, p->sql.ptr[p->at++]);
}

static bool
step(struct pass *p)
{
	switch (class_at(p, p->at)) {
	case OTHER:
	case NAME: return plain(p);
	case DIGIT: return touches_name(p) ? plain(p) : number(p);
	case STRING: return string(p);
	case QUOTED: return quoted(p);
	case SLASH: return p->at + 1 < p->sql.len && p->sql.ptr[p->at + 1] != '*' && other(p);
	case DASH: return class_at(p, p->at + 1) != DASH && other(p);
	case DOT:
		/* ".5" is a number where no name stands before the dot */
		return (touches_name(p) || class_at(p, p->at + 1) != DIGIT) && other(p);
	case STOP: return false;
	}
	return false;
}

bool
shape_of(struct slice sql, struct shape *out)
{
	struct pass p = { .sql = sql, .out = out };

	out->len = out->literals_count = 0;
	if (sql.len > SHAPE_TEXT_MAX)
		return false;
	while (p.at < sql.len) {
		if (!step(&p))
			return false;
	}
	return true;
}

size_t
shape_from_text(const struct shape *s, size_t at)
{
	for (size_t i = 0; i < s->literals_count && s->literals[i].at < at; i++)
		at -= s->literals[i].more;
	return at;
}

size_t
shape_to_text(const struct shape *s, size_t at)
{
	size_t out = at;

	for (size_t i = 0; i < s->literals_count && s->literals[i].at < at; i++)
		out += s->literals[i].more;
	return out;
}
