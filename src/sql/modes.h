/*
 * modes.h - what of the session's sql_mode and character set changes how text is cut into tokens.
 */
#ifndef SQL_MODES_H
#define SQL_MODES_H

enum {
	SQL_ANSI_QUOTES = 1 << 0,
	SQL_NO_BACKSLASH_ESCAPES = 1 << 1,
	/* character sets in which a backslash or a backtick can be half a character (multibyte.h) */
	SQL_SJIS = 1 << 2,
	SQL_GBK = 1 << 3,
	SQL_BIG5 = 1 << 4,
	SQL_MULTIBYTE = SQL_SJIS | SQL_GBK | SQL_BIG5,
	SQL_TEXT_MAX = 1 << 30, /* the servers' max_allowed_packet ends there */
};

#endif
