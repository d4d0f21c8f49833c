/*
 * modes.h - what of the session's sql_mode changes how text is cut into tokens.
 */
#ifndef SQL_MODES_H
#define SQL_MODES_H

enum {
	SQL_ANSI_QUOTES = 1 << 0,
	SQL_NO_BACKSLASH_ESCAPES = 1 << 1,
	SQL_TEXT_MAX = 1 << 30, /* the servers' max_allowed_packet ends there */
};

#endif
