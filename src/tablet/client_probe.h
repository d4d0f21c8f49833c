/*
 * client_probe.h - the statements that clients will run at a server, tried with their account.
 *
 * Each in a way that touches no row: no trigger fires, and nothing comes into the binlog.
 */
#ifndef TABLET_CLIENT_PROBE_H
#define TABLET_CLIENT_PROBE_H

#include "tablet/server/env.h"

/* Of tables of one database, one after the other. {env, database, NULL} to begin with. */
struct client_probe {
	const struct tablet_env *env;
	const char *database;
	struct mysql_client *session; /* opened when it is first needed; the caller's to close */
};

/* A table's columns, but those that are generated: nobody writes them. */
struct probe_columns {
	const char *written, *one; /* "`a`,`b`": all of them; "`a`" */
};

/* ERR_REFUSED: the account may not; the hint has the GRANT. */
int client_probe_table(struct ctx *cx, struct client_probe *p, const char *table,
    const struct probe_columns *columns) MUST_USE;

#endif
