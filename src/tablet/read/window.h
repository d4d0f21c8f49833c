/*
 * window.h - who owns a row's changes while it is copied (rule 7 of docs/architecture.md, section 4).
 *
 *            window_open()      window_seal()        window_close()
 *   (none) ---------------> OPEN ------------> SEALED ------------> (none)
 *                             |                                       ^
 *                             +------ window_close(): given up -------+
 *
 * OPEN    The chunk reads. windows_touch() adds the keys that the tail hands on to touched. Once these
 *         are too many the window is overflowed: it is given up, and the chunk is read again, smaller.
 * SEALED  The chunk has dropped the rows whose keys were touched, and writes the others, whose keys
 *         are in writing. A change to one of these keys waits (windows_wait()).
 *
 * Invariants (windows_check() looks at those with a *)
 *   (1)  The keys of a transaction enter all windows that are open when it is handed on, in one step
 *        (windows_touch()).
 *   (2)  Nothing waits between the chunk's first look at touched (window_touched()) and
 *        window_seal(). So no key can be touched after the chunk has looked for it.
 *   (3)  No run with a key of a sealed window is written before that window is closed.
 *   (4)* touched is bounded: a window that has more than WINDOW_BYTES_MAX is overflowed and has
 *        none any more, and is never sealed.
 *   (5)* A sealed window has no touched keys: what is handed on from then on waits instead.
 *   (6)* Windows stand in the order in which they were opened, each with the number of its turn.
 *
 * An example: the chunk has keys 1 to 3 of table t.
 *
 *   step  tail                  chunk                               applier
 *   1     is at A               window_open()
 *   2                           opens a view that contains A
 *   3     hands on: key 2       is reading; touched = { 2 }
 *   4                           has rows 1, 2, 3 as of its view;
 *                               drops 2, adds 1 and 3, seals
 *   5     hands on: key 3       writes 1 and 3                      writes 2, in no sealed window
 *   6                           (not committed yet)                 3 is in writing: waits
 *   7                           commits; window_close()             is woken, and writes 3
 *
 * Row 2 came with its change in step 5, and row 3 got its change on top of the copied row. Without the
 * window the chunk's older row 2 could have been written over the newer one.
 *
 * Windows belong to one loop, and the chunks that open them are few (--copy-parallel), so that each
 * function may go through all of them.
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
	struct list all;        /* struct window, the oldest first (6) */
	uint64_t next_id;       /* of the newest one; 0: there was none yet */
	struct waitlist closed; /* woken by each window_close() */
};

struct window {
	struct list_node node;
	struct windows *owner;
	uint64_t id;
	int table; /* its index among the stream's tables */
	/* Keys are equal only if their bytes are. Else any sealed window blocks the whole table. */
	bool key_binary;
	bool sealed, overflowed;
	struct map touched;   /* a set of canonical keys */
	size_t touched_bytes; /* of these, with what a map costs for each */
	struct map writing;   /* a set of the keys that the chunk inserts */
};

void windows_init(struct windows *ws);
void windows_done(struct windows *ws);
/* Owned by the caller until window_close(), or windows_done() where that comes first. */
struct window *window_open(struct windows *ws, int table, bool key_binary);
/* Of a window that is open. */
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
int windows_wait(struct ctx *cx, struct windows *ws, const struct source_txn *txn) MUST_USE;

/* Aborts where (4), (5) or (6) does not hold. */
void windows_check(const struct windows *ws);

#endif
