#include "gate/gathering.h"

#include "base/check.h"

#include <stdio.h>

static void
drop(struct gathering *g)
{
	for (int i = 0; i < g->count; i++)
		statements_copy_free(g->copies[i]);
	g->count = 0;
}

void
gathering_take(struct gathering *g, const struct worker_message *m)
{
	if (!g->busy || m->ticket != g->ticket || g->count == g->wanted) {
		statements_copy_free(m->statements);
		return;
	}
	g->copies[g->count++] = m->statements;
	waitlist_wake_all(&g->changed);
}

static int
gather(struct ctx *cx, struct gathering *g, const struct statements_request *what)
{
	struct statements_order order = { .ticket = ++g->ticket };

	(void)snprintf(order.keyspace, sizeof order.keyspace, "%s", what->keyspace);
	for (int i = 0; i < g->wanted; i++)
		worker_ask_statements(g->workers[i], &order);
	while (g->count < g->wanted)
		TRY(waitlist_wait(cx, &g->changed));
	return 0;
}

static void
write_sum(const struct gathering *g, struct buf *out)
{
	const struct statements_record *all[GATHERING_MAX];
	SCOPED(arena) struct arena arena = ARENA_INIT;
	struct statements_record sum;

	for (int i = 0; i < g->count; i++)
		all[i] = &g->copies[i]->record;
	statements_merge(&arena, all, (size_t)g->count, &sum);
	sum.gates = 1;
	message_write(out, &statements_record_message, &sum);
}

int
gathering_run(
    struct ctx *cx, struct gathering *g, const struct statements_request *what, struct buf *out)
{
	check(g->workers_count <= GATHERING_MAX);
	if (what->keyspace[0] != '\0')
		TRY(name_check("keyspace", what->keyspace, cx->err));
	while (g->busy)
		TRY(waitlist_wait(cx, &g->changed));
	g->busy = true;
	g->wanted = g->workers_count;
	int rc = gather(cx, g, what);
	if (rc == 0)
		write_sum(g, out);
	drop(g);
	g->busy = false;
	waitlist_wake_all(&g->changed);
	return rc;
}
