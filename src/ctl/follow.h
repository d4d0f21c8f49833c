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
 * It is a member of the keyspace's record. Tables that there are stay where they are, and keep their routes.
 */
#ifndef CTL_FOLLOW_H
#define CTL_FOLLOW_H

#include "ctl/cluster.h"

/* to: "" ends it. ERR_REFUSED while the keyspace serves tables of its own, unless forced, and where to
 * follows a keyspace itself. Idempotent. */
int follow_set(
    struct ctx *cx, struct ctl *c, const char *keyspace, const char *to, bool force) MUST_USE;

#endif
