/*
 * fingerprint.h - a statement with its literals folded: what two runs of one statement share.
 *
 * "SELECT * FROM t WHERE id IN (1, 2) -- x" is "select * from t where id in (?)".
 * Words are in lower case, tokens are separated by one blank, comments are gone.
 * Text that the lexer refuses has none.
 *
 * For people and for counting: two statements of one fingerprint may be as different as LIMIT 1 and LIMIT
 * 1000000. What is kept for running is found by shape.h.
 */
#ifndef SQL_FINGERPRINT_H
#define SQL_FINGERPRINT_H

#include "base/buf.h"
#include "base/err.h"
#include "sql/lexer.h"

/* Appends to out; on an error nothing. modes as for statement_read(). ERR_REFUSED as lexer_next(). */
int fingerprint_add(struct buf *out, struct slice sql, unsigned modes, struct err *err) MUST_USE;

/* The same of tokens that were read already (tokens.h), and of one longer than max bytes the beginning and
 * " ...". */
void fingerprint_put(
    struct buf *out, struct slice sql, const struct token *tokens, size_t count, size_t max);

#endif
