#include "gate/kill_ask.h"

#include "gate/session.h"

#include <stdio.h>
#include <stdlib.h>

#define ANSWER_WAIT (10 * SECOND) /* workers answer at once, or are stuck */

int
kill_ask(struct ctx *cx, struct session *s, struct kill_order *order, struct buf *rows)
{
	struct kill_question q = { .ticket = ++s->kill_tickets, .rows = rows };
	struct ctx within = ctx_within(cx, ANSWER_WAIT);
	int rc = 0;

	order->asker = s->id;
	order->ticket = q.ticket;
	(void)snprintf(order->user, sizeof order->user, "%s", s->user);
	s->kill = &q;
	s->loop->kill(s->loop->arg, order);
	while (rc == 0 && (!q.told || q.left > 0))
		rc = waitlist_wait(&within, &s->killers_gone);
	s->kill = NULL;
	order->result = q.result;
	order->count = q.count;
	return rc;
}

void
kill_answered(struct gate_loop *loop, const struct kill_order *order)
{
	list_each(&loop->sessions, n) {
		struct session *s = list_item(n, struct session, node);
		struct kill_question *q = s->kill;

		if (s->id != order->asker || q == NULL || q->ticket != order->ticket)
			continue;
		q->left = (q->told ? q->left : order->answers) - 1;
		q->told = true;
		q->count += order->count;
		q->result = order->result;
		if (order->rows != NULL && q->rows != NULL)
			buf_addf(q->rows, "%s%s", q->rows->len > 0 ? ", " : "", order->rows);
		waitlist_wake_all(&s->killers_gone);
	}
	free(order->rows);
}

/* One at a time for each worker: what a mailbox holds is bounded. */
int
kill_list(struct ctx *cx, struct session *s, struct buf *rows)
{
	struct kill_order order = { .list = true };
	int rc;

	while (s->loop->listing)
		TRY(waitlist_wait(cx, &s->loop->listed));
	s->loop->listing = true;
	rc = kill_ask(cx, s, &order, rows);
	s->loop->listing = false;
	waitlist_wake_one(&s->loop->listed);
	return rc;
}
