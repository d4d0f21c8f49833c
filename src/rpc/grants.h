/*
 * grants.h - privileges as SQL: what people GRANT so that our accounts may do what a flavour's table says
 * (mysql/privilege.h).
 */
#ifndef RPC_GRANTS_H
#define RPC_GRANTS_H

#include "mysql/dialect.h"
#include "rpc/api.h"

/* A keyspace's two databases at its server. */
struct grant_places {
	const char *database, *sidecar;
};

/* That account of the three. */
const struct account *grant_account_of(const struct credentials *all, enum privilege_account which);
/* Of an account as SQL has it: 'vt_app'@'127.0.0.1'. */
void grant_account(struct buf *out, struct slice user, struct slice host);
/* "`new\_customer`.*", "*.*": in a GRANT a database is a pattern. */
void grant_place(struct buf *out, const struct grant_places *where, const char *place);

/* Walks through a flavour's rows, and those of all flavours: set *at to NULL to begin. NULL: no more. */
const struct privilege *grant_next(const struct dialect *d, const struct privilege *at);

/* All accounts of a keyspace at a server. */
struct grants {
	const struct dialect *dialect;
	const struct credentials *accounts;
	struct grant_places where;
	const char *host; /* from where they log in */
};

/* The statements that make them, with their passwords, and GRANT what the rows say; what only some moves take
 * stands under a comment of its own. For a session with whatever sql_mode. */
void grants_print(struct buf *out, const struct grants *g);

#endif
