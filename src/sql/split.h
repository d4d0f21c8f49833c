/*
 * split.h - where the first of several statements in one text ends.
 *
 * A statement ends at a ';' that is not inside of a stored program: the ones of CREATE PROCEDURE ...
 * BEGIN ...; END and of BEGIN NOT ATOMIC are its own. Programs are not understood here: the words that
 * open and close blocks are counted. Where that goes wrong the cut is a text that no server accepts, or
 * one that is longer than a statement, which a server without CLIENT_MULTI_STATEMENTS refuses as well.
 *
 *   SELECT 1; SELECT 2                                      cut at the ';'
 *   CREATE PROCEDURE p() BEGIN SELECT 1; SELECT 2; END; DO 1   cut at the last ';': BEGIN opens, END closes
 *   CREATE TABLE t (begin INT, end INT); DO 1               cut at the ';': it makes no program
 *   SELECT CASE a WHEN 1 THEN 2 END; DO 1                   cut at the ';': no program begins with SELECT
 */
#ifndef SQL_SPLIT_H
#define SQL_SPLIT_H

#include "base/err.h"
#include "base/slice.h"
#include "sql/modes.h"

/* *end is the offset of the ';' that ends it, or the text's length. Fails as statement_read() does on an
 * unended string or comment. */
int split_first(struct slice sql, unsigned modes, size_t *end, struct err *err) MUST_USE;
/* Without the ';' and blanks at its end, which servers cut off before they read it. */
struct slice split_trim(struct slice sql);

#endif
