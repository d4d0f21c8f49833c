/*
 * window.h - who owns a row's changes while it is copied (rule 7).
 *
 *            window_open()      window_seal()        window_close()
 *   (none) ---------------> OPEN ------------> SEALED ------------> (none)
 *
 * OPEN    The chunk reads. Keys handed on by the tail enter touched.
 * SEALED  The chunk has dropped touched rows and writes the others; changes to its keys wait.
 *
 * Invariants
 *   (1) A transaction's keys enter the windows open at the moment it is handed on
 *       (windows_touch()), all at once.
 *   (2) Between the last look at touched and SEALED nothing waits.
 *   (3) No run with a key of a sealed window is written before that window is closed.
 *   (4) touched is bounded: past WINDOW_BYTES_MAX the window has overflowed, and the chunk is read
 *       again, smaller.
 * Belongs to one loop.
 */
#ifndef TABLET_READ_WINDOW_H
#define TABLET_READ_WINDOW_H

#include "base/list.h"
#include "base/map.h"
#include "tablet/read/txn.h"
#include "task/waitlist.h"

/* hundreds of thousands of keys; a chunk reads for about a second */
enum { WINDOW_BYTES_MAX = 16 * 1024 * 1024 };

struct windows {
	struct list     all;
	uint64_t        next_id;
	struct waitlist closed;          /* woken by each window_close() */
};

struct window {
	struct list_node node;
	struct windows  *owner;
	uint64_t         id;
	int              table;
	/* of the table: else any sealed window of it blocks the table */
	bool             key_binary;
	bool             sealed, overflowed;
	struct map       touched;        /* OPEN */
	size_t           touched_bytes;
	struct map       writing;        /* SEALED: keys that the chunk inserts */
};

void windows_init(struct windows *ws);
void windows_done(struct windows *ws);
struct window *window_open(struct windows *ws, int table, bool key_binary);
bool window_touched(const struct window *w, struct slice key);
/* The chunk adds each key that it will write, then seals; nothing waits from the first look at
 * touched to here. */
void window_add(struct window *w, struct slice key);
void window_seal(struct window *w);
/* wakes those who wait; frees; also for an OPEN window that is given up */
void window_close(struct window *w);

/* At hand-over: all keys of txn into all open windows of their tables. */
void windows_touch(struct windows *ws, const struct source_txn *txn);
/* Does a key of txn belong to a sealed window? */
bool windows_blocked(const struct windows *ws, const struct source_txn *txn);
/* Waits until windows_blocked(txn) is false. */
int  windows_wait(struct ctx *cx, struct windows *ws, const struct source_txn *txn) MUST_USE;

#endif
