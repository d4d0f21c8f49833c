/*
 * quote.h - literals and identifiers, escaped.
 *
 * Identifiers go between backquotes. Strings go between single quotes with
 * backslash escapes, or as 0x... where bytes must not meet a character set.
 * These functions are for connections without NO_BACKSLASH_ESCAPES; quote_anywhere() is for any connection.
 *
 * All append, and cannot fail. Bytes are not checked: a name or text is in the connection's character
 * set, which must be one where a byte below 80 is a character of its own (multibyte.h has the others);
 * our own connections speak utf8mb4.
 */
#ifndef SQL_QUOTE_H
#define SQL_QUOTE_H

#include "base/buf.h"

void quote_ident(struct buf *out, struct slice name);                         /* `na``me` */
void quote_table(struct buf *out, struct slice database, struct slice table); /* `db`.`table` */
void quote_string(struct buf *out, struct slice text);                        /* 'it\'s' */
void quote_hex(struct buf *out, struct slice bytes); /* 0x00ff; '' when empty */

/* A database's name as GRANT takes it, which is a pattern there: \_ for _. Not between quotes yet. */
void quote_pattern(struct buf *out, struct slice name);

/* _utf8mb3'text', or in digits what another sql_mode or character set of the session could read
 * otherwise: for texts that run in a client's session. */
void quote_anywhere(struct buf *out, struct slice text);

#endif
