/*
 * flavour.h - which row of the dialects a server has, by the version that it greets with.
 */
#ifndef MYSQL_FLAVOUR_H
#define MYSQL_FLAVOUR_H

#include "base/err.h"
#include "mysql/dialect.h"

/* In front of the version in greetings of MariaDB before 11, for replicas that know MySQL 5 only; and for
 * clients, some of which take a server without it for a MySQL of that number. */
#define GREETING_PREFIX "5.5.5-"
/* GREETING_PREFIX, or "" where a server of this version greets without it. */
const char *flavour_greeting_prefix(const char *version);

/* Does a collation of that name, where several flavours have it, tell the same texts apart in each? */
bool flavour_shares_collation(struct slice name);

/* By a server's version string. ERR_REFUSED, by name, with a hint, for a server that is not
 * supported yet. */
int flavour_find(const char *version, const struct dialect **out, struct err *err) MUST_USE;

#endif
