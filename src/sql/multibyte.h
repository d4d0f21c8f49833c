/*
 * multibyte.h - characters of two bytes whose second byte may be ASCII.
 *
 *   character sets   first byte              second byte              bit of modes.h
 *   sjis, cp932      81 to 9f, e0 to fc      40 to 7e, 80 to fc       SQL_SJIS
 *   gbk              81 to fe                40 to 7e, 80 to fe       SQL_GBK
 *   big5             a1 to f9                40 to 7e, a1 to fe       SQL_BIG5
 *
 * The ranges are those by which MariaDB's own lexer skips a character (strings/ctype-sjis.c,
 * ctype-gbk.c, ctype-big5.c). In every other character set that a statement may be written in, a
 * byte below 80 is a character of its own.
 *
 * Why it matters: 0x5c is a backslash and 0x60 a backtick. A lexer that takes the second half of a
 * character for one of them ends a string or a name where the server does not, and what it then reads as
 * a table is a piece of somebody's text.
 */
#ifndef SQL_MULTIBYTE_H
#define SQL_MULTIBYTE_H

#include "base/slice.h"
#include "sql/modes.h"

/* Bytes of the character that text starts with: 2 or 1. text is not empty. */
size_t multibyte_len(struct slice text, unsigned modes);
/* The bit for a character set of that name, ASCII case ignored; 0 for one that needs none. */
unsigned multibyte_mode(struct slice charset);

#endif
