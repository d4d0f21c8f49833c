/*
 * statement_cache.h - statements that were read before, found again by their shape.
 *
 * An application runs a few hundred statements, with other values each time. The
 * first one of a shape (shape.h) is read by statement_read() and kept; of the
 * next ones only the places of the tables' names are computed anew. What is kept are
 * plain reads and writes that leave nothing in the session and ask nothing of
 * the connection: for all others, and texts without a shape, it is statement_read().
 *
 * A slot is found by hash and holds one shape; another shape of the same slot takes
 * its place. Belongs to one loop.
 *
 * A hit costs the pass over the text, a hash and a comparison of the whole shape: a hash alone would take
 * one statement for another some day. sql_mode's bits are compared too. Nothing has to be thrown away,
 * whatever happens at the servers: what is kept is about the text alone.
 */
#ifndef SQL_STATEMENT_CACHE_H
#define SQL_STATEMENT_CACHE_H

#include "sql/statement.h"

enum {
	STATEMENT_CACHE_SLOTS = 512, /* at most some 450 kB */
	STATEMENT_CACHE_TABLES = 8,  /* of one statement */
};

struct statement_cache;

/* Empty; a slot's memory is taken when it is filled. */
struct statement_cache *statement_cache_new(void);
void statement_cache_free(struct statement_cache *c);
/* What a statement is read from; sql stays the caller's, and *out points into it. */
struct statement_text {
	struct slice sql;
	unsigned modes;
};

/* As statement_read(); without a cache (NULL) it is that. */
int statement_cache_read(struct statement_cache *c, struct arena *a,
    const struct statement_text *text, struct statement *out, struct err *err) MUST_USE;
/* A number for a statement that is kept elsewhere; no other one of this cache gets it. Without a cache 0. */
uint64_t statement_cache_number(struct statement_cache *c);
/* How often it has answered, for tests. */
uint64_t statement_cache_hits(const struct statement_cache *c);

#endif
