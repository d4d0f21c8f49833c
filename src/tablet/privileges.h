/*
 * privileges.h - may our three accounts do at a server what moves need? Each privilege is tried by doing
 * (mysql/privilege.h), and one that is missing has the GRANT that mends it.
 */
#ifndef TABLET_PRIVILEGES_H
#define TABLET_PRIVILEGES_H

#include "tablet/server/env.h"

/* Of the keyspace that has this database at env's server. Appends to *out, whose texts live as long as cx's
 * arena. -1: the server does not answer. */
int privileges_try(struct ctx *cx, const struct tablet_env *env, const char *database,
    struct requirements *out) MUST_USE;

#endif
