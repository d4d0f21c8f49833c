/*
 * index.h - the secondary indexes, built past the consistency point while the exact applier goes
 * on.
 *
 * One online ALTER TABLE per table, so that all indexes are there or none is; a bare table's plain
 * index of a unique one's name (bare_sql.h) does not count. What an online build may meet for a
 * moment is tried again: 1799 (the log of changes overflowed; its bound is raised) and 1062 (a
 * unique value that was free again before the transaction ended). While values move all the time a
 * long build always meets one, so the third such try keeps the applier waiting: nobody reads the
 * target yet, and it catches up. For the same reason the end
 * of a build is the one exclusive request of ours that waits: at a table whose names are both routed to
 * the source, behind the applier's transactions; refused at once it would throw the build away, for
 * ever. A build that this program did not live to see the end of may still run in the server: the next
 * try waits for it and finds the indexes there.
 */
#ifndef TABLET_WRITE_INDEX_H
#define TABLET_WRITE_INDEX_H

#include "tablet/server/env.h"
#include "tablet/table/moved_table.h"

/* Idempotent. Afterwards the definition at the target is compared with that at the source: a difference is
 * ERR_REFUSED. */
int index_build(struct ctx *cx, const struct tablet_env *env, const struct moved_table *t) MUST_USE;
/* Of each table, one after the other. */
int index_build_all(
    struct ctx *cx, const struct tablet_env *env, const struct moved_tables *tables) MUST_USE;

#endif
