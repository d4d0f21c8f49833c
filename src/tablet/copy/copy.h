/*
 * copy.h - which chunk next, how large, how many at once.
 *
 * A table is cut into ranges beforehand (one when it is small or its key is not
 * an integer); each range is copied chunk by chunk in key order, the next being read while
 * the last is loaded. Progress is a row of copy_state per range, committed
 * with the chunk's rows; a restart goes on behind it.
 *
 * A chunk (chunk.h) is: window_open, snapshot that contains tail_position (rule 8),
 * SELECT, definition compared (rule 9), touched rows dropped and sealed, LOAD DATA (rule 13) with
 * progress in one transaction, window_close.
 */
#ifndef TABLET_COPY_COPY_H
#define TABLET_COPY_COPY_H

#include "tablet/copy/copy_params.h"

struct copy_progress {
	/* copied by committed chunks, since the beginning (also before a restart) */
	int64_t rows;
	bool done;
};

struct copier;

/* Borrows params and what it points to, until copier_free(). */
struct copier *copier_new(const struct copy_params *params);
void copier_free(struct copier *c);
/* Until the last chunk of every table but the strict ones (strict_copy.h) is committed: 0. Retries a lost
 * connection by itself. */
int copier_run(struct ctx *cx, struct copier *c) MUST_USE;
/* Of that table, by its index; valid until copier_free(). Never waits. */
const struct copy_progress *copier_progress(const struct copier *c, int table);
/* How far the copy of a strict table is. */
void copier_note_strict(struct copier *c, int table, int64_t rows, bool done);
/* How rows get into the target, for people (load.h); "" while that is not known. */
const char *copier_loaded_by(const struct copier *c);
/* Forgets all ranges of the stream: after it a copy would begin anew. Nothing to delete is no error. */
int copy_state_delete(struct ctx *cx, struct mysql_client *target, struct stream_id id) MUST_USE;

#endif
