/*
 * temporary.h - the names of a session's temporary tables, and where each is.
 *
 * One that is made as a copy of a table that has moved is made where that table is, in that keyspace's
 * database, under its own name: "customer.x at new_customer". Until it is dropped the session's
 * statements find it there. Any other is where its keyspace is; its name is kept after it was dropped, as it
 * only serves to refuse what may be hidden by it.
 */
#ifndef GATE_TEMPORARY_H
#define GATE_TEMPORARY_H

#include "base/buf.h"
#include "base/err.h"

/* "keyspace.table" and "place" ("": its own keyspace), each with a NUL. */
struct temporary_tables {
	struct buf names;
};

enum { TEMPORARY_MAX = 16 * 1024 }; /* bytes: hundreds of them */

void temporary_init(struct temporary_tables *t);
void temporary_done(struct temporary_tables *t);
/* The keyspace where it is, "" for its own; NULL: there is no such table. */
const char *temporary_place(
    const struct temporary_tables *t, struct slice keyspace, struct slice table);
/* Is a table of this name there under another keyspace's name? */
bool temporary_hides(const struct temporary_tables *t, struct slice place, struct slice table);
/* false: more than are kept. One that is known is there from now on. */
bool temporary_note(struct temporary_tables *t, struct slice keyspace, struct slice table,
    const char *place) MUST_USE;
/* One that is elsewhere than its keyspace is no more. */
void temporary_forget(struct temporary_tables *t, struct slice keyspace, struct slice table);
/* All that are at this place. */
void temporary_forget_place(struct temporary_tables *t, const char *place);

#endif
