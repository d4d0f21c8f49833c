/*
 * beside.h - which names of a statement would be made at another server than the tables that they are made
 * from: what has to be asked for before it is run (naming.h).
 */
#ifndef GATE_BESIDE_H
#define GATE_BESIDE_H

#include "gate/session.h"

struct beside {
	const struct session *s;
	const struct statement *st;
	struct route *route;
	struct slice keyspace; /* of names without one; or SLICE_NULL */
};

/* May it give names at all? */
bool beside_is_naming(const struct statement *st);
/* Is it about temporary tables? Rules do not count for those (temporary.h). */
bool beside_is_temporary(const struct beside *b);
/* Names that are not routed to the others' server: no server can prepare it yet. */
bool beside_is_needed(const struct session *s, const struct statement *st, struct slice keyspace);

/* ---- Parts */
bool beside_is_table(const struct table_ref *t);
struct slice beside_keyspace(const struct beside *b, const struct table_ref *t);
const struct route_rule *beside_rule(const struct beside *b, const struct table_ref *t);
/* RENAME TABLE a TO b, b TO c: the second b is what a was. */
bool beside_was_made(const struct beside *b, const struct table_ref *t);
/* Where the tables are that were there before; of a statement that names none, where the keyspace of what it
 * makes wants its new tables; NULL: nowhere else. */
const struct route_keyspace *beside_place(const struct beside *b);
/* The next name, from *at on, that would be made at another server; or NULL. */
const struct table_ref *beside_next(
    const struct beside *b, const struct route_keyspace *where, size_t *at);

#endif
