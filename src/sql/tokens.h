/*
 * tokens.h - a text's tokens as an array, lists of literals folded.
 *
 * "lit , lit" becomes one literal and "( lit ) , ( lit )" becomes one list, so that
 * the array of a statement with a million values is a handful of tokens.
 * A folded token spans what it stands for. It is a literal: a string, a
 * number, a parameter, a signed number, and NULL, TRUE or FALSE as a member of a list.
 *
 *   IN (1, -2, 'x')                 ( ? )          three literals are one
 *   VALUES (1, 'a'), (2, 'b')       ( ? )          and so are the lists
 *   VALUES (1, now()), (2, now())   stays: a call is no literal
 *
 * It is done while tokens come, with a look at the last few: memory follows what is left, not the text.
 */
#ifndef SQL_TOKENS_H
#define SQL_TOKENS_H

#include "base/arena.h"
#include "sql/lexer.h"

struct tokens {
	struct token *items; /* the last one is TOKEN_END */
	size_t count;        /* without it */
	bool conditional;    /* one of them depends on the server's version */
};

/* Memory comes from a. Fails as lexer_next() does. */
int tokens_read(struct arena *a, struct slice sql, unsigned modes, struct tokens *out,
    struct err *err) MUST_USE;

#endif
