/*
 * view.h - views that move with the tables they name.
 *
 * A view moves when all that it names are tables of the set and views that move: there it means the
 * same. One that calls a routine, names another database, or is not understood stays (mention.h names it).
 * SHOW CREATE VIEW in a view's own database leaves that database out of the text, so that it makes the same
 * view in another one: with its definer, algorithm, security and check option. The tables must have
 * the names that they have at the source.
 */
#ifndef TABLET_TABLE_VIEW_H
#define TABLET_TABLE_VIEW_H

#include "mysql/client.h"
#include "rpc/tablet.h"
#include "tablet/server/env.h"
#include "tablet/table/table_set.h"

/* Those of the set's database; the answer is in cx->arena. */
int view_find(struct ctx *cx, struct mysql_client *c, const struct table_set *set,
    const char ***names, size_t *count) MUST_USE;
/* Can clients read them where they are? ERR_REFUSED by name with a hint. */
int view_try(struct ctx *cx, const struct tablet_env *env, const struct table_set *views) MUST_USE;
/* The views of the request, at the end that they leave. */
int view_read_all(struct ctx *cx, const struct tablet_env *env, const struct move_request *q,
    struct objects_read_reply *reply) MUST_USE;
/* Makes them, or makes them anew, in whatever order their names need, and reads each as clients will.
 * ERR_REFUSED by name with a hint: one cannot be made, or not be read there (its definer is missing). */
int view_make(struct ctx *cx, const struct tablet_env *env,
    const struct objects_make_request *request) MUST_USE;

#endif
