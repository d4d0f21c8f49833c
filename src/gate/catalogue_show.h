/*
 * catalogue_show.h - SHOW statements that list things, as the queries on information_schema that they are.
 */
#ifndef GATE_CATALOGUE_SHOW_H
#define GATE_CATALOGUE_SHOW_H

#include "gate/route.h"
#include "mysql/dialect.h"
#include "sql/show.h"

/* Adds the query whose answer is that of this SHOW at a server that has all that the keyspace shows;
 * keyspace is the session's, or SLICE_NULL. home is of the server that will be asked, for
 * SHOW_PROCESSLIST and SHOW_TABLE_STATUS; else it may be NULL. False, and nothing added: the SHOW itself
 * gives the right answer. */
bool catalogue_show_query(const struct route *route, const struct show *show, struct slice keyspace,
    const struct dialect *home, struct buf *out);

#endif
