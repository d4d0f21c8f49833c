/*
 * apply_queue.h - transactions between the tail and the applier, and the heartbeats among them.
 *
 * Filled by one task and emptied by another of the same loop. Bounded in bytes:
 * who fills it waits while it is full.
 */
#ifndef TABLET_WRITE_APPLY_QUEUE_H
#define TABLET_WRITE_APPLY_QUEUE_H

#include "base/list.h"
#include "tablet/read/txn.h"
#include "task/waitlist.h"

enum {
	APPLY_QUEUE_BYTES = 32 * 1024 * 1024,   /* an eighth of vttablet's 256 MB */
	HEARTBEATS_MAX    = 16,                 /* tokens remembered: one is waited for at a time */
};

struct queued {
	struct list_node   node;
	struct source_txn *txn;
};

struct heartbeat_seen {
	char            token[64];
	struct position at;
};

struct apply_queue {
	struct list           list;
	size_t                bytes;
	struct waitlist       arrived, room;
	struct heartbeat_seen seen[HEARTBEATS_MAX];
	unsigned              seen_count;           /* ever; the newest replace the oldest */
};

void queue_init(struct apply_queue *q);
void queue_done(struct apply_queue *q);

int  queue_wait_room(struct ctx *cx, struct apply_queue *q) MUST_USE;
/* Takes txn over. A position behind a position takes its place. */
void queue_push(struct apply_queue *q, struct source_txn *txn);
struct source_txn *queue_first(const struct apply_queue *q);    /* NULL when empty */
/* The first one goes to the end of a list of struct queued, or is freed when that is NULL. */
void queue_take(struct apply_queue *q, struct list *to);
void queued_free_all(struct list *l);
/* Where a heartbeat with this token was handed on; NULL: not yet, or long ago. */
const struct position *queue_heartbeat(const struct apply_queue *q, const char *token);

#endif
