/*
 * kill.h - which connections or statements a KILL is for.
 *
 *   KILL [HARD | SOFT] [CONNECTION | QUERY [ID]] number
 *   KILL [HARD | SOFT] [CONNECTION | QUERY] USER name[@host]
 *
 * number may be CONNECTION_ID(); any other expression is not read.
 */
#ifndef SQL_KILL_H
#define SQL_KILL_H

#include "base/arena.h"
#include "base/err.h"
#include "sql/modes.h"

enum kill_target {
	KILL_CONNECTION_OF, /* the connection with this id */
	KILL_QUERY_ID,      /* whoever runs the query with this id */
	KILL_USER,          /* all connections of a user */
};

struct kill {
	enum kill_target target;
	bool query; /* its statement only; the connection stays */
	bool soft;
	bool own; /* id is CONNECTION_ID(); user is CURRENT_USER */
	uint64_t id;
	struct slice user; /* without quotes */
};

/* ERR_REFUSED: not one of these forms; *out is then half filled. out->user points into sql, or into the
 * arena. A gate finds its client by it, so the numbers are those that clients know, never a server's. */
int kill_read(
    struct arena *a, struct slice sql, unsigned modes, struct kill *out, struct err *err) MUST_USE;

#endif
