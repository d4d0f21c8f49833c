/*
 * named_tables.h - tables of this tablet's server that are asked about by name, of whatever workflow.
 */
#ifndef TABLET_NAMED_TABLES_H
#define TABLET_NAMED_TABLES_H

#include "rpc/tablet.h"
#include "tablet/server/env.h"

/* DROP TABLE, then the rows of the table's fences. ERR_REFUSED: there is no such table; what is left of
 * its fences goes all the same. */
int named_tables_drop(
    struct ctx *cx, const struct tablet_env *env, const struct tables_request *request) MUST_USE;
/* Within its database; then the table's fence goes. Idempotent. */
int named_tables_rename(struct ctx *cx, const struct tablet_env *env,
    const struct table_rename_request *request) MUST_USE;
/* Which exist, a view too? Waits for whoever makes or drops one. */
int named_tables_find(struct ctx *cx, const struct tablet_env *env,
    const struct tables_request *request, struct table_find_reply *reply) MUST_USE;
/* As the server's catalogue estimates them. */
int named_tables_sizes(struct ctx *cx, const struct tablet_env *env,
    const struct tables_request *request, struct table_sizes_reply *reply) MUST_USE;
/* The database's base tables. */
int named_tables_list(struct ctx *cx, const struct tablet_env *env,
    const struct tables_request *request, struct table_list_reply *reply) MUST_USE;

#endif
