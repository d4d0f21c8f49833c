/*
 * dbkind.h - the kinds of database servers that a keyspace of vtcombo's can have.
 *
 * A kind is a flavour, "mariadb" or "mysql", or a flavour and a version, "mariadb-11.8": of those servers
 * that are in $PATH the first one, or the first one of that version. So whatever is installed beside the
 * system's own server is a kind when its folder is in $PATH. A keyspace has the kind that it was created with
 * (--keyspace NAME=KIND, CreateKeyspace --server-kind), for good: its data is that server's.
 *
 * One that is there already, "mysql://db1:3306/shop", is a kind too, written as a URL is ("my%20shop"): it is
 * neither made nor started nor stopped, and its accounts are those of a credentials file that somebody has
 * given (--credentials).
 */
#ifndef COMBO_DBKIND_H
#define COMBO_DBKIND_H

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "combo/places.h"
#include "topo/name.h"

#include <stdbool.h>

#define DBKIND_NAMES "mariadb, mysql, or one of them with a version, such as mariadb-11.8"
#define DBKIND_URL   "KIND://HOST:PORT/DATABASE"

enum {
	DBKIND_ADDRESS_MAX = 300, /* a host's name has 253 bytes */
	/* "mariadb://ADDRESS/DATABASE"; what is longer by escapes than any without is refused */
	DBKIND_NAME_MAX = 10 + DBKIND_ADDRESS_MAX + 1 + NAME_MAX_BYTES,
};

struct dbflavour {
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

/* A value; all zero is none. */
struct dbkind {
	const struct dbflavour *flavour;
	char name[DBKIND_NAME_MAX + 1]; /* as it was said; the default's is its flavour's */
	/* Of a server that is there already, and is left as it is: "db1:3306", and the database of the
	 * keyspace. "": one of our own. */
	char address[DBKIND_ADDRESS_MAX + 1], database[NAME_MAX_BYTES + 1];
};

bool dbkind_is_attached(const struct dbkind *k);

/* Absolute paths. */
struct dbprograms {
	char daemon[PLACE_MAX], installer[PLACE_MAX];
};

/* "" is the default. ERR_REFUSED, with a hint: that is no kind. */
int dbkind_read(struct slice name, struct dbkind *out, struct err *err) MUST_USE;
/* Its two programs. Runs those that could be it, where it has a version: blocking, some 20 ms each.
 * ERR_REFUSED, with a hint: not installed. */
int dbkind_programs(const struct dbkind *k, struct dbprograms *out, struct err *err) MUST_USE;
/* The names of all kinds that are installed, with and without versions: struct combo_record's server_kinds.
 * Blocking, as dbkind_programs(). */
void dbkind_installed(struct buf *out);

#endif
