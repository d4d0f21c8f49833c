/*
 * dbserver.h - a database server of a keyspace: own data directory, loopback only, durable, GTID,
 * row binlog.
 *
 * A data directory is made under another name and renamed, so that a folder server-UID is a whole one.
 * Accounts, their passwords and the keyspace's database come from an init file that the server runs at
 * each start, by itself and outside of the binlog: so nobody needs an account to make accounts, and a
 * lost credentials file is mended by stopping and starting everything.
 */
#ifndef COMBO_DBSERVER_H
#define COMBO_DBSERVER_H

#include "combo/dbkind.h"
#include "combo/program.h"
#include "rpc/api.h"

struct dbserver {
	int uid;
	const struct dbflavour *flavour;
	struct dbprograms programs;
};

/* Looks for the programs of a kind, on another thread. ERR_REFUSED: it is not installed. */
int dbserver_find(struct ctx *cx, const struct dbkind *kind, struct dbprograms *out) MUST_USE;
/* Makes what is missing: the data directory, and the init file with accounts and database. Waits for the
 * server's own installer, a few seconds. May be called again after any failure. */
int dbserver_prepare(struct ctx *cx, const struct places *where, const struct credentials *accounts,
    const struct dbserver *server, const char *database) MUST_USE;
/* Fills p with the command that runs it; its strings are in the arena. Starts nothing. */
void dbserver_program(
    struct arena *a, const struct places *where, const struct dbserver *server, struct program *p);
/* Until the accounts can log in, whatever the server says before. -1 past cx->deadline, with what it has
 * said last. */
int dbserver_wait(struct ctx *cx, const struct places *where, const struct credentials *accounts,
    int uid) MUST_USE;
/* Does a server of that flavour answer at the address of a kind that is attached? Nobody logs in. */
int dbserver_meet(struct ctx *cx, const struct dbkind *kind) MUST_USE;
/* Can the server's own account reach the data directory? One sentence when not. */
int dbserver_check_folder(const struct places *where, struct err *err) MUST_USE;

#endif
