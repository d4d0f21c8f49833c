/*
 * modes.h - what decides how text is cut into tokens: the session's sql_mode and character set, and the
 * server's version.
 *
 * One word of bits, passed along with the text: two sessions with the same bits cut each text alike, so
 * it is part of what a cache finds statements by.
 */
#ifndef SQL_MODES_H
#define SQL_MODES_H

#include "base/slice.h"

enum {
	SQL_ANSI_QUOTES = 1 << 0,
	SQL_NO_BACKSLASH_ESCAPES = 1 << 1,
	/* character sets in which a backslash or a backtick can be half a character (multibyte.h) */
	SQL_SJIS = 1 << 2,
	SQL_GBK = 1 << 3,
	SQL_BIG5 = 1 << 4,
	SQL_MULTIBYTE = SQL_SJIS | SQL_GBK | SQL_BIG5,
	/* From here on the version of the MariaDB server, 101119 for 10.11.19, where it is known: it
	 * decides which executable comments run. 0: it is not known. */
	SQL_SERVER_SHIFT = 8,
	SQL_TEXT_MAX = 1 << 30, /* the servers' max_allowed_packet ends there */
};

/* Of a sql_mode as a catalogue tells it: "ANSI_QUOTES,STRICT_ALL_TABLES". */
unsigned modes_of_names(struct slice sql_mode);
/* The bits above for a server with this version string, "10.11.19-MariaDB"; 0 for servers that are not
 * MariaDB, which run other executable comments. */
unsigned modes_of_server(const char *version);

#endif
