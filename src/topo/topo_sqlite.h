/*
 * topo_sqlite.h - SQLite, said shortly: the only file that sees its header.
 *
 * Everything blocks and belongs on a helper thread, one call at a time per
 * db. What db_writing() has committed is on disk when it returns (WAL, synchronous=FULL); after a
 * crash it is there as a whole or not at all.
 *
 * A db has no lock of its own (SQLITE_OPEN_NOMUTEX): its owner sees to it that one thread at a time is
 * inside, as topo_file.c does with busy. Which thread that is may change from call to call.
 *
 * Errors: ERR_RETRY when the file is locked, the disk is full or cannot be read; ERR_REFUSED when it may
 * not be opened; ERR_CORRUPT when it is no database or a damaged one. Nothing here retries beyond about a
 * tenth of a second: db_busy() tells the caller that it was a lock, and the caller has a deadline.
 */
#ifndef TOPO_TOPO_SQLITE_H
#define TOPO_TOPO_SQLITE_H

#include "base/arena.h"
#include "base/err.h"

struct db;
struct db_rows; /* of a statement being read; db_rows_done() ends it, NULL is allowed */

typedef int db_body_fn(struct db *d, void *arg, struct err *err);

/* On error too *out is set, for db_busy() and db_close(). */
int db_open(const char *path, struct db **out, struct err *err) MUST_USE;
void db_close(struct db *d);
/* The last call failed because others kept the file locked: the same call may be made again. */
bool db_busy(const struct db *d);
const char *db_path(const struct db *d);

/* A statement with its parameters: "i" int64_t, "s" const char *, "b" struct slice; NULL on error.
 * Texts and slices must stay valid until db_rows_done(). */
struct db_rows *db_query(struct db *d, struct err *err, const char *sql, const char *types, ...);
/* 1: a row, 0: no more, -1 */
int db_step(struct db *d, struct db_rows *s, struct err *err) MUST_USE;
int64_t db_i64(struct db_rows *s, int column);
struct slice db_copy(struct arena *a, struct db_rows *s, int column); /* SLICE_NULL for NULL */
void db_rows_done(struct db_rows *s);

/* A statement whose rows nobody reads. */
int db_execute(struct db *d, struct err *err, const char *sql, const char *types, ...) MUST_USE;
/*
 * The first column of the first row; *out stays as it is when there is none. Ends s, which may be
 * NULL.
 */
int db_number(struct db *d, struct err *err, struct db_rows *s, int64_t *out) MUST_USE;
int db_script(struct db *d, const char *sql, struct err *err) MUST_USE; /* several statements */
int db_changes(const struct db *d);                                     /* rows of the last one */

/* Runs body in a transaction; on error nothing of it has happened. What body reads is of one moment. Not
 * nested. */
int db_reading(struct db *d, db_body_fn *body, void *arg, struct err *err) MUST_USE;
/* The other processes get notice of what it did (notice.h). */
int db_writing(struct db *d, db_body_fn *body, void *arg, struct err *err) MUST_USE;
/* The same of what a power cut may undo: on disk with the next db_writing() of anybody. */
int db_writing_unsynced(struct db *d, db_body_fn *body, void *arg, struct err *err) MUST_USE;
/* For what nobody waits for and a power cut may undo: no notice, and on disk with the next
 * db_writing() of anybody. A process that is killed loses nothing of it. */
int db_writing_quietly(struct db *d, db_body_fn *body, void *arg, struct err *err) MUST_USE;

#endif
