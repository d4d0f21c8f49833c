/*
 * apply_queue.h - transactions between the tail and the applier, and the heartbeats among them.
 *
 * Filled by one task and emptied by another of the same loop, in the source's order. Bounded in bytes, with
 * those of the run that was taken from it: who fills it waits while it is full (queue_wait_room()), so that
 * both have at most APPLY_QUEUE_BYTES and one fragment more. A row that is larger is alone.
 *
 * A heartbeat is remembered when it comes in, not when it is applied: the copy waits for its place in the
 * binlog, and the applier may be far behind then.
 */
#ifndef TABLET_WRITE_APPLY_QUEUE_H
#define TABLET_WRITE_APPLY_QUEUE_H

#include "base/list.h"
#include "tablet/read/txn.h"
#include "task/waitlist.h"

enum {
	APPLY_QUEUE_BYTES = 32 * 1024 * 1024, /* an eighth of vttablet's 256 MB */
	HEARTBEATS_MAX = 16,                  /* tokens remembered: one is waited for at a time */
};

struct queued {
	struct list_node node;
	struct source_txn *txn;
};

struct heartbeat_seen {
	char token[64];
	struct position at;
	/* Where the last change of a strict table before it is, and the last by XA COMMIT; unset: none. */
	struct position strict, strict_xa;
};

struct apply_queue {
	struct list list;                  /* struct queued, the oldest first */
	size_t bytes;                      /* that they take in memory, each with its struct */
	size_t taken;                      /* the same of those that queue_take() has given away */
	struct waitlist arrived, room;     /* something was pushed; something was taken */
	struct position strict, strict_xa; /* of the last transactions that change a strict table */
	struct heartbeat_seen seen[HEARTBEATS_MAX];
	unsigned seen_count; /* ever; the newest replace the oldest */
};

void queue_init(struct apply_queue *q);
void queue_done(struct apply_queue *q);

/* Waits while queue and run have APPLY_QUEUE_BYTES or more. */
int queue_wait_room(struct ctx *cx, struct apply_queue *q) MUST_USE;
/* Takes txn over. One without rows that follows another one without rows replaces it: only the newer
 * position is of use, and a silent source must not fill the queue. */
void queue_push(struct apply_queue *q, struct source_txn *txn);
struct source_txn *queue_first(const struct apply_queue *q); /* NULL when empty */
/* Of a queue that is not empty. The first one goes to the end of a list of struct queued, until
 * queue_give_back(), or is freed when to is NULL. */
void queue_take(struct apply_queue *q, struct list *to);
/* Frees what was taken into that list, and the list is empty. */
void queue_give_back(struct apply_queue *q, struct list *taken);
/* A heartbeat with this token that was handed on; NULL: not yet, or long ago. */
const struct heartbeat_seen *queue_heartbeat(const struct apply_queue *q, const char *token);

/* See applier_quiet_between(). */
bool queue_quiet_between(
    const struct apply_queue *q, const struct position *since, const char *token, bool xa);

#endif
