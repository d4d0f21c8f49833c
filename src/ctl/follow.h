/*
 * follow.h - a keyspace that has moved whole: what is made in it is made where its tables are.
 *
 * A plug-in that an application installs afterwards says CREATE TABLE customer.x and joins x with
 * customer.users, which is served from new_customer. While customer follows new_customer, gates ask for a
 * route of x to there before they make it (reroute.h), and x can join.
 *
 *     FollowKeyspace customer new_customer     from now on; every gate reads it within moments
 *     FollowKeyspace --end customer            as before: new tables are made in customer itself
 *
 * A move of the whole keyspace does it by itself, with its switch, if it is told to (MoveTables
 * --follow-keyspace),
 * and takes it back on its way back: what is made afterwards is made where the tables are. What was made
 * meanwhile stays where it was made.
 *
 * It is a member of the keyspace's record. Tables that there are stay where they are, and keep their routes.
 */
#ifndef CTL_FOLLOW_H
#define CTL_FOLLOW_H

#include "ctl/workflow.h"

/* to: "" ends it. ERR_REFUSED while the keyspace serves tables of its own, unless forced, and where to
 * follows a keyspace itself. Idempotent. */
int follow_set(
    struct ctx *cx, struct ctl *c, const char *keyspace, const char *to, bool force) MUST_USE;
/* ERR_REFUSED where it could not be set, whatever has moved by then. */
int follow_check_to(struct ctx *cx, struct ctl *c, const char *keyspace, const char *to) MUST_USE;
/* Of a switch whose record has turned round: as the move's options say. What keeps the keyspace from
 * it is an event of
 * the record, and no error. Idempotent. */
int follow_switched(struct ctx *cx, struct workflow *w) MUST_USE;
/* What was made elsewhere while the keyspace followed: "[plugin,...]"; "" for nothing. */
int follow_made(struct ctx *cx, const struct workflow *w, const char **out) MUST_USE;

#endif
