/*
 * trigger_make.h - triggers of clients at the end where their tables arrive: tried, made, and dropped.
 *
 * Making one proves nothing: a definer who is missing is a note at CREATE TRIGGER and error 1449 at each
 * INSERT, a table that is missing is silence, then 1146. So before anybody waits each is tried: the table is
 * made under another name, without its foreign keys, the triggers at it, and one row is written, changed and
 * deleted as the stream's account, in a transaction that is rolled back. Errors that the triggers raise
 * themselves, or that the made up row is not good enough for, are none; those that say that something
 * is missing or not allowed are.
 *
 * In the hold they are made, in the order that they fire in: nobody but us has the table open. Who makes them
 * has the move's turn (guard/move.h), and so has who drops them for a higher attempt: of what an attempt that
 * was given up has made nothing is left when an applier goes on.
 */
#ifndef TABLET_TABLE_TRIGGER_MAKE_H
#define TABLET_TABLE_TRIGGER_MAKE_H

#include "rpc/tablet.h"
#include "tablet/server/ddl.h"
#include "tablet/table/table_set.h"

/* At the end that is asked. definitions: of the move's tables, as this end will make them, while none of them
 * is here; NULL: they are here, and are read. ERR_REFUSED, by name, with a hint. */
int trigger_try(struct ctx *cx, const struct tablet_env *env, const struct move_request *q,
    const struct trigger_list *triggers, const char *const *definitions) MUST_USE;
/* At the move's tables of the end that is asked: the other one has them. One of the name that is there is
 * replaced. The session is in another state afterwards. */
int trigger_make(struct ctx *cx, struct ddl *d, const struct move_request *q,
    const struct trigger_list *triggers) MUST_USE;
/* All that tables of the set have; dba reads which. Idempotent. */
int trigger_drop(struct ctx *cx, const struct tablet_env *env, struct mysql_client *dba,
    const struct table_set *set) MUST_USE;

#endif
