/*
 * fence_triggers.h - the three triggers of a fence on each of its tables (fence.h), which read its row there.
 *
 * What a set has is asked for in one look. They are made and dropped under WRITE locks (server/write_lock.h).
 */
#ifndef TABLET_GUARD_FENCE_TRIGGERS_H
#define TABLET_GUARD_FENCE_TRIGGERS_H

#include "tablet/server/ddl.h"
#include "tablet/server/sidecar.h"

enum { FENCE_VERBS = 3 }; /* INSERT, UPDATE, DELETE */

struct move;

struct fence {
	struct stream_id id; /* of its rows */
	struct move *move;   /* whose it is; NULL for fence_try() */
	const char *database;
	const char *const *tables;
	int tables_count;
	const char *stream_user; /* the account let through */
	int attempt;             /* of a row that is made: lower ones change nothing */
};

/* How many of the workflow's are there: FENCE_VERBS for each of the tables. */
int fence_triggers_count(
    struct ctx *cx, struct mysql_client *c, const struct fence *f, uint64_t *count) MUST_USE;
/* The same of each of its tables; counts are zero before. */
int fence_triggers_each(
    struct ctx *cx, struct ddl *d, const struct fence *f, uint64_t *counts) MUST_USE;
/* Those that are missing, all three of a table at one time, so that it is asked for once. */
int fence_triggers_create(struct ctx *cx, struct ddl *d, const struct fence *f) MUST_USE;
int fence_triggers_drop(struct ctx *cx, struct ddl *d, const struct fence *f) MUST_USE;
/* One of the statements that make them. */
void fence_trigger_sql(struct buf *out, const struct fence *f, const char *table);

#endif
