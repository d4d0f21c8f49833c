/*
 * identity.h - CONNECTION_ID(), USER() and CURRENT_USER in a text, replaced by a client's own values.
 *
 * A server would answer with those of our connection to it. Each call becomes a value of the call's own type
 * and collation, and a column that is named by its text keeps that name: an alias is added to
 * each unnamed item of a select list around a call.
 *
 *   SELECT connection_id()+1 FROM t
 *   SELECT CAST(0000000096 AS UNSIGNED)+1 AS `connection_id()+1` FROM t
 *   SELECT a FROM t WHERE owner = USER()
 *   SELECT a FROM t WHERE owner = IF(TRUE, _utf8mb3'app@127.0.0.1', USER())
 *
 * Settled with MariaDB 10.11: the call's column is an unsigned INT of width 10, and so is CAST(n AS UNSIGNED)
 * when n is written with ten digits; @@pseudo_thread_id is an unsigned BIGINT of width 21. USER() gives way
 * to any column's collation, which IF() takes from it and a literal of that type would not.
 */
#ifndef SQL_IDENTITY_H
#define SQL_IDENTITY_H

#include "sql/statement.h"

struct identity_text {
	struct slice sql;
	unsigned modes;
	uint32_t id;
	const char *user;    /* USER(), SESSION_USER(), SYSTEM_USER(): name@host */
	const char *account; /* CURRENT_USER */
	size_t from;         /* what stands before stays: statement.query_at */
};

/* Does the statement ask for one of them when it runs? A definition of a view or a program does not: the
 * call is stored with it. */
bool identity_is_asked(const struct statement *s);
/* The text with values in place of the calls, in the arena; without a call it is a copy. Everything else
 * stays byte for byte. Fails as statement_read() does. */
int identity_replace(
    struct arena *a, const struct identity_text *text, struct slice *out, struct err *err) MUST_USE;

#endif
