/*
 * undo.h - what a statement has begun in a session is ended by another one, whatever came of what was done
 * between them: SET and SET back, LOCK TABLES and UNLOCK TABLES.
 *
 *	TRY(mysql_exec(cx, c, slice_str("LOCK TABLES ..."), NULL));
 *	int rc = what_needs_it(cx, c);
 *	return undo_exec(cx, c, "UNLOCK TABLES", rc);
 */
#ifndef TABLET_SERVER_UNDO_H
#define TABLET_SERVER_UNDO_H

#include "mysql/client.h"

/* rc and cx->err are those of what was done. Runs sql, but where the connection is gone, and the session with
 * it. 0 when both went well; else -1 with the error that came first. */
int undo_exec(struct ctx *cx, struct mysql_client *c, const char *sql, int rc) MUST_USE;

#endif
