/*
 * seen.h - what all gates have seen of their clients' statements (rpc/statements.h), asked of them now.
 *
 * A gate that does not answer is named in the record, which then says less than it could. The gates are asked
 * at the same time, each by a task.
 */
#ifndef CTL_SEEN_H
#define CTL_SEEN_H

#include "ctl/cluster.h"
#include "rpc/statements.h"

enum { SEEN_GATES_MAX = 256 }; /* asked at a time, as for their word about rules (rules.c) */

/* keyspace: only what names a table of it; "": all. In cx->arena. */
int seen_statements(
    struct ctx *cx, struct ctl *c, const char *keyspace, struct statements_record *out) MUST_USE;

#endif
