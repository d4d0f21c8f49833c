#include "task/bufpool.h"

#include "base/check.h"
#include "base/mem.h"
#include "task/sched.h"

#include <stdlib.h>

enum {
	KEEP_MAX = 64,             /* buffers: 1 MB; so many packets are rarely in flight at once */
	KEEP_SIZE_MAX = 64 * 1024, /* one large row must not hold its memory for all that follow */
};

struct bufpool {
	struct buf *idle[KEEP_MAX];
	int count;
};

static void
free_buf(struct buf *b)
{
	buf_done(b);
	free(b);
}

static void
pool_free(void *what)
{
	struct bufpool *p = what;

	while (p->count > 0)
		free_buf(p->idle[--p->count]);
	free(p);
}

static struct bufpool *
pool_here(void)
{
	struct loop *l = sched_here();
	struct bufpool *p = slot_get(l, SLOT_BUFPOOL);

	if (p == NULL) {
		p = mem_new(struct bufpool);
		slot_set(l, SLOT_BUFPOOL, p, pool_free);
	}
	return p;
}

struct buf *
bufpool_take(void)
{
	struct bufpool *p = pool_here();

	if (p->count > 0)
		return p->idle[--p->count];
	struct buf *b = mem_new(struct buf);
	buf_init(b);
	buf_reserve(b, BUFPOOL_BUF);
	return b;
}

void
bufpool_give(struct buf *b)
{
	struct bufpool *p = pool_here();

	if (b == NULL)
		return;
	if (p->count == KEEP_MAX || b->cap > KEEP_SIZE_MAX) {
		free_buf(b);
		return;
	}
	buf_reset(b);
	p->idle[p->count++] = b;
}
