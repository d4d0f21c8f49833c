/*
 * wanted.h - the keyspaces that the command line names, each with its kind of server: read and checked before
 * anything is started.
 */
#ifndef COMBO_WANTED_H
#define COMBO_WANTED_H

#include "base/arena.h"
#include "combo/claim.h"

struct wanted_keyspace {
	const char *keyspace;
	struct dbkind kind;
};

/* "NAME" or "NAME=KIND" (dbkind.h); the name is in the arena. */
int wanted_read(
    struct arena *a, const char *text, struct wanted_keyspace *out, struct err *err) MUST_USE;
/* Is everything installed that is wanted, or is here already; does each keyspace keep its kind? */
int wanted_check(
    const struct claim *c, const struct wanted_keyspace *all, int count, struct err *err) MUST_USE;
/* A keyspace, wanted or here, whose server is not ours; NULL: none. */
const char *wanted_attached(const struct claim *c, const struct wanted_keyspace *all, int count);

#endif
