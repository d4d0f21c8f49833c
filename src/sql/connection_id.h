/*
 * connection_id.h - CONNECTION_ID() in a text, for a client whose number no server knows.
 *
 * Each call becomes a literal of the call's own type, and a column that is named by its text keeps that
 * name: an alias is added to each unnamed item of a select list around a call.
 *
 *   SELECT connection_id()+1 FROM t
 *   SELECT CAST(0000000096 AS UNSIGNED)+1 AS `connection_id()+1` FROM t
 *
 * Settled with MariaDB 10.11: the call's column is an unsigned INT of width 10, and so is CAST(n AS UNSIGNED)
 * when n is written with ten digits; @@pseudo_thread_id is an unsigned BIGINT of width 21.
 */
#ifndef SQL_CONNECTION_ID_H
#define SQL_CONNECTION_ID_H

#include "sql/statement.h"

struct connection_id_text {
	struct slice sql;
	unsigned     modes;
	uint32_t     id;
};

/* Does the statement ask for it, where the question means the moment in which it runs? Definitions of views
 * and programs do not: they keep the call. */
bool connection_id_is_asked(const struct statement *s);
/* The text that asks nobody any more. Fails as statement_read() does. */
int connection_id_replace(struct arena *a, const struct connection_id_text *text, struct slice *out,
    struct err *err) MUST_USE;

#endif
