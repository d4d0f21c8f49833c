/*
 * query_status.h - the session that a Query event's statement ran in, as its status variables tell.
 *
 * They come as a code and its value, and a value's length is known only to who knows the code: what stands
 * behind an unknown code cannot be read, and is_whole says so. What a server does not write is not known, or
 * has not mattered to the statement; README.md has the codes.
 */
#ifndef BINLOG_QUERY_STATUS_H
#define BINLOG_QUERY_STATUS_H

#include "base/buf.h"

/* Slices borrow from the event. */
struct query_status {
	bool is_whole; /* every code was known, and its value one that can be */
	bool has_flags, has_sql_mode, has_charset, has_time_names, has_utf8mb4_collation;
	uint32_t flags; /* bits of QUERY_FLAG_* */
	uint64_t sql_mode;
	uint16_t client_charset, connection_collation, server_collation; /* numbers of collations */
	struct slice time_zone; /* SLICE_NULL: none was of use, or (MySQL) the server does not tell */
	uint16_t time_names;
	uint16_t utf8mb4_collation;
	uint32_t microseconds; /* of the time that it began at, behind the event's seconds */
	/* -1: not told */
	int explicit_timestamps, require_primary_key;
};

void query_status_read(struct slice vars, struct query_status *out);

/*
 * "SET sql_mode=..., ..." that gives a session the same values, with that time in seconds for its clock.
 * Appended. What is not told stays as the session has it.
 */
void query_status_sql(struct buf *out, const struct query_status *s, uint32_t seconds);

#endif
