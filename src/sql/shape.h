/*
 * shape.h - a statement's text with its literals cut out, found in one quick pass over its bytes.
 *
 * Two texts of one shape are the same statement but for the values of their
 * numbers and strings: "SELECT c FROM t WHERE id = 17 AND a = 'x'" has the shape
 * "SELECT c FROM t WHERE id = 0 AND a = '". Every number is one 0 there and every
 * string one quote; neither byte is there for any other reason.
 *
 * The pass knows less than the lexer, and has no shape where it could be wrong:
 * comments, backslashes, double quotes, variables, several statements, doubled
 * quotes, numbers other than 12 and 1.5, long texts. What it does find is cut as
 * lexer.h cuts it under any modes but those of SQL_MULTIBYTE.
 *
 * Why it is safe to take one statement for another: literals are the only bytes that differ, no literal
 * is ever a table's name, and nothing that statement.h tells of a plain read or write depends on them.
 *
 *   text    SELECT c FROM t WHERE id = 17 AND a = 'x' FOR UPDATE
 *   shape   SELECT c FROM t WHERE id = 0 AND a = ' FOR UPDATE      literals: at 27, 1 more; at 37, 2 more
 */
#ifndef SQL_SHAPE_H
#define SQL_SHAPE_H

#include "base/slice.h"

enum {
	SHAPE_MAX = 512, /* bytes of a shape: statements of applications are rarely longer */
	SHAPE_LITERALS_MAX = 32,
	SHAPE_TEXT_MAX = 4096, /* bytes of a text: reading a longer one is cheap beside running it */
};

/* A literal: where it is in the shape, and how many bytes more it has in the text. */
struct shape_literal {
	uint32_t at, more;
};

struct shape {
	size_t len, literals_count;
	struct shape_literal literals[SHAPE_LITERALS_MAX];
	uint8_t bytes[SHAPE_MAX];
};

/* False: it has none, and *out is not to be used. One pass, no memory. */
bool shape_of(struct slice sql, struct shape *out);
/* A place in the text that is not within a literal, as one in the shape, and back. */
size_t shape_from_text(const struct shape *s, size_t at);
size_t shape_to_text(const struct shape *s, size_t at);

#endif
