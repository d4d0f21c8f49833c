#include "tablet/write/apply_queue.h"

#include "base/check.h"
#include "base/mem.h"

#include <stdlib.h>

void
queue_init(struct apply_queue *q)
{
	*q = (struct apply_queue){ 0 };
	list_init(&q->list);
}

static size_t
cost(const struct source_txn *txn)
{
	return txn->bytes + sizeof(*txn);
}

/* How many bytes they took. */
static size_t
free_all(struct list *l)
{
	struct list_node *n;
	size_t bytes = 0;

	while ((n = list_pop(l)) != NULL) {
		struct queued *e = list_item(n, struct queued, node);

		bytes += cost(e->txn);
		source_txn_free(e->txn);
		free(e);
	}
	return bytes;
}

void
queue_done(struct apply_queue *q)
{
	free_all(&q->list);
	for (int i = 0; i < HEARTBEATS_MAX; i++) {
		position_done(&q->seen[i].at);
		position_done(&q->seen[i].strict);
		position_done(&q->seen[i].strict_xa);
	}
	position_done(&q->strict);
	position_done(&q->strict_xa);
}

int
queue_wait_room(struct ctx *cx, struct apply_queue *q)
{
	while (q->bytes + q->taken >= APPLY_QUEUE_BYTES)
		TRY(waitlist_wait(cx, &q->room));
	return 0;
}

static void
note_heartbeat(struct apply_queue *q, const struct source_txn *txn)
{
	struct heartbeat_seen *s;

	if (txn->heartbeat[0] == 0 || !txn->last)
		return;
	s = &q->seen[q->seen_count++ % HEARTBEATS_MAX];
	memcpy(s->token, txn->heartbeat, sizeof(s->token));
	position_copy(&s->at, &txn->end);
	position_copy(&s->strict, &q->strict);
	position_copy(&s->strict_xa, &q->strict_xa);
}

void
queue_push(struct apply_queue *q, struct source_txn *txn)
{
	struct queued *e =
	    q->list.last == NULL ? NULL : list_item(q->list.last, struct queued, node);

	if (txn->strict)
		position_copy(&q->strict, &txn->end);
	if (txn->strict && txn->by_xa)
		position_copy(&q->strict_xa, &txn->end);
	note_heartbeat(q, txn);
	if (e != NULL && source_txn_is_position(txn) && source_txn_is_position(e->txn)) {
		q->bytes -= cost(e->txn);
		source_txn_free(e->txn);
	} else {
		e = mem_new(struct queued);
		list_push(&q->list, &e->node);
	}
	e->txn = txn;
	q->bytes += cost(txn);
	waitlist_wake_all(&q->arrived);
}

struct source_txn *
queue_first(const struct apply_queue *q)
{
	return list_empty(&q->list) ? NULL : list_item(q->list.first, struct queued, node)->txn;
}

void
queue_take(struct apply_queue *q, struct list *to)
{
	struct queued *e = list_item(list_pop(&q->list), struct queued, node);

	q->bytes -= cost(e->txn);
	if (to != NULL) {
		q->taken += cost(e->txn);
		list_push(to, &e->node);
		return;
	}
	source_txn_free(e->txn);
	free(e);
	waitlist_wake_all(&q->room);
}

void
queue_give_back(struct apply_queue *q, struct list *taken)
{
	size_t bytes = free_all(taken);

	check(bytes <= q->taken);
	q->taken -= bytes;
	waitlist_wake_all(&q->room);
}

const struct heartbeat_seen *
queue_heartbeat(const struct apply_queue *q, const char *token)
{
	for (int i = 0; i < HEARTBEATS_MAX; i++)
		if (strcmp(q->seen[i].token, token) == 0)
			return &q->seen[i];
	return NULL;
}

bool
queue_quiet_between(
    const struct apply_queue *q, const struct position *since, const char *token, bool xa)
{
	const struct heartbeat_seen *seen = queue_heartbeat(q, token);

	return seen != NULL && position_cmp(xa ? &seen->strict_xa : &seen->strict, since) <= 0;
}
