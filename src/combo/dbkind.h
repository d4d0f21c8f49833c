/*
 * dbkind.h - the kinds of database servers that vtcombo can start for a keyspace.
 *
 * A keyspace has the kind that it was created with (--keyspace NAME=KIND), for good: its data is that
 * server's. The first kind is the default.
 */
#ifndef COMBO_DBKIND_H
#define COMBO_DBKIND_H

#include "base/err.h"
#include "base/slice.h"
#include "combo/places.h"

#define DBKIND_NAMES "mariadb or mysql"

struct dbkind {
	const char *name; /* "mariadb": as people say it, and as it is written down */
	/* The server, and what makes its data directory: another program, or itself. Looked for in $PATH. */
	const char *daemon, *installer;
	const char *install_hint; /* how to get it */
	/* Of the installer: that root may log in without a password, by the socket of its own account
	 * only, or that nobody may. */
	const char *const *install_args;
	/* Of the server, beside those that all kinds have (dbserver.c). */
	const char *const *settings;
	/* Statements of the init file, beside accounts: for root's own account. */
	const char *init_sql;
	/* What the account of streams may do, on all tables. */
	const char *stream_rights;
};

/* NULL: there is none of that name. "" is the default. */
const struct dbkind *dbkind_find(struct slice name);
/* Its two programs. ERR_REFUSED, with a hint: not installed. */
int dbkind_programs(const struct dbkind *k, char daemon[PLACE_MAX], char installer[PLACE_MAX],
    struct err *err) MUST_USE;

#endif
