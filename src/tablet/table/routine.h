/*
 * routine.h - stored functions, procedures and events that move with the tables they name.
 *
 * One moves when all that its body names are tables of the set, views that move and routines that move: there
 * it means the same. The text stays as it is, so a body that names a database stays where that is
 * another one afterwards. A routine that names no table at all, and calls no other, is made at the
 * target and stays at the source as well, since statements on tables that stay may call it ("both"). All
 * others stay; who names a table of the set from there is refused (mention.h).
 *
 * An event moves in the same way, when it does something with a table that moves. One that is enabled is made
 * as DISABLE ON SLAVE, which it stays where its tables do not serve (event_calls.h).
 *
 * Servers take names of routines in any case for the same, and a procedure may have the name of a function. A
 * rule goes by name, so two such stay; and so does a name that is not ASCII, since servers take other letters
 * for the same, too.
 *
 * SHOW CREATE leaves a routine's own database out, so that the text makes the same one in another database:
 * with its definer, security, comment and characteristics, under the session's modes and character set that
 * it was made with. Making one proves little: a definer who is missing is a note, and error 1449 at each
 * call. So before a move each is tried at the target, under another name, and each definer by a call of an
 * empty procedure; and the application's account must be allowed to call it once it is made.
 */
#ifndef TABLET_TABLE_ROUTINE_H
#define TABLET_TABLE_ROUTINE_H

#include "mysql/client.h"
#include "rpc/tablet.h"
#include "tablet/server/env.h"
#include "tablet/table/table_set.h"

/* Of the database of the set's tables that keep their names, and of the views of it that move. */
struct routine_scope {
	struct table_set tables, views;
	bool away;  /* the database has another name at the other end */
	bool again; /* before an attempt: events may be off already */
};

/* Which routines move, with their definitions; *staying: a sentence, which others stay, and why; "". All in
 * cx->arena. */
int routine_find(struct ctx *cx, struct mysql_client *c, const struct routine_scope *scope,
    struct routine_list *moving, const char **staying) MUST_USE;
/* Those of the request at the end that they leave, as they are now; one that is gone is left out. */
int routine_read_all(struct ctx *cx, struct mysql_client *c, const struct move_request *q,
    struct routine_list *out) MUST_USE;

/* Can they be made in the database, and called there? The reply has those that are there, and the same.
 * ERR_REFUSED by name with a hint. */
int routine_try(struct ctx *cx, struct mysql_client *c, const char *database,
    const struct routine_list *routines, struct check_to_reply *reply) MUST_USE;
/* Makes those that are not there or are others, at the end that is asked, and drops what the request has and
 * the list has not. ERR_REFUSED as above. */
int routine_make(struct ctx *cx, const struct tablet_env *env, const struct move_request *q,
    const struct routine_list *routines) MUST_USE;
/* At the end that is asked: at the target what the move has made there, at the source what is not to stay.
 * Idempotent. */
int routine_drop(struct ctx *cx, struct mysql_client *c, const struct move_request *q) MUST_USE;

#endif
