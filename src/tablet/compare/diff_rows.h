/*
 * diff_rows.h - comparisons on disk: rows of the sidecar database's vdiff and vdiff_table, at the target.
 *
 * What a comparison is to do, and how far it is, is all there: a command changes a row and wakes the task
 * (differ.h), which reads it again. A state is changed on the condition that it still is what it was, so a
 * command and the task never overwrite each other's.
 */
#ifndef TABLET_COMPARE_DIFF_ROWS_H
#define TABLET_COMPARE_DIFF_ROWS_H

#include "rpc/vdiff.h"
#include "tablet/server/sidecar.h"

enum { VDIFF_UUID_MAX = 64 };

/* Which one. Borrowed strings. */
struct diff_id {
	struct stream_id stream;
	const char *uuid;
};

/* One table's, as its task has it in memory. */
struct diff_table {
	struct vdiff_table seen; /* its counts, state and name; not the samples */
	struct buf done;         /* bound of the last key compared; empty: none was */
	/* as vdiff_table's texts */
	struct buf mismatched, extra_source, extra_target, unsettled;
};
void diff_table_init(struct diff_table *t);
void diff_table_done(struct diff_table *t);

/* A new one, PENDING, with its tables and their estimates; one transaction. ERR_CONFLICT: there is one. */
int diff_insert(struct ctx *cx, struct mysql_client *c, struct diff_id id,
    const struct vdiff_view *diff, const struct vdiff_options *options) MUST_USE;
/* The stream's, the newest first; of one alone unless uuid is NULL. In cx->arena, the tables only
 * of those that are asked for by uuid. */
int diff_list(
    struct ctx *cx, struct mysql_client *c, struct diff_id id, struct vdiff_reply *out) MUST_USE;
/* " WHERE ..." of the rows of that comparison; of all of the stream where there is no uuid. */
void diff_where(struct buf *out, struct diff_id id);
/* The oldest that is pending or started: out->uuid is NULL where there is none. In cx->arena. */
int diff_next(struct ctx *cx, struct mysql_client *c, struct stream_id stream,
    struct vdiff_view *out, struct vdiff_options *options) MUST_USE;
/* ERR_NOT_FOUND */
int diff_state(
    struct ctx *cx, struct mysql_client *c, struct diff_id id, enum vdiff_state *out) MUST_USE;
/* How it is done; in cx->arena. ERR_NOT_FOUND */
int diff_options(
    struct ctx *cx, struct mysql_client *c, struct diff_id id, struct vdiff_options *out) MUST_USE;
/* From any state that may go to that one (vdiff_states), with the time that belongs to it; error: text of
 * VDIFF_ERROR, else "". *changed: it was in such a state. */
int diff_move(struct ctx *cx, struct mysql_client *c, struct diff_id id,
    const struct vdiff_view *to, bool *changed) MUST_USE;
/* Its tables, which were at their ends, are pending: what has come behind their last keys is compared. */
int diff_go_on(struct ctx *cx, struct mysql_client *c, struct diff_id id) MUST_USE;
/* Appended: that table is another one from here on, so that comparisons which are not over begin it anew. */
void diff_anew_sql(struct buf *out, struct stream_id stream, const char *table);
/* All of the stream where uuid is NULL. Nothing to delete is no error. */
int diff_delete(struct ctx *cx, struct mysql_client *c, struct diff_id id) MUST_USE;

/* ERR_NOT_FOUND */
int diff_table_load(
    struct ctx *cx, struct mysql_client *c, struct diff_id id, struct diff_table *t) MUST_USE;
/* Key, counts, samples and state, in one statement. Nothing where it was deleted. */
int diff_table_save(
    struct ctx *cx, struct mysql_client *c, struct diff_id id, const struct diff_table *t) MUST_USE;

#endif
