/*
 * dbserver.h - a database server of a keyspace: own data directory, loopback only, durable, GTID,
    row binlog.
 */
#ifndef COMBO_DBSERVER_H
#define COMBO_DBSERVER_H

#include "combo/program.h"
#include "rpc/api.h"

/* Makes what is missing: the data directory, and the init file with accounts and database. */
int dbserver_prepare(struct ctx *cx, const struct places *where, const struct credentials *accounts,
    int uid, const char *database) MUST_USE;
/* Fills p with the command that runs it. */
void dbserver_program(struct arena *a, const struct places *where, int uid, struct program *p);
/* Until the accounts can log in. */
int dbserver_wait(struct ctx *cx, const struct places *where, const struct credentials *accounts,
    int uid) MUST_USE;
/* Can the server's own account reach the data directory? One sentence when not. */
int dbserver_check_folder(const struct places *where, struct err *err) MUST_USE;

#endif
