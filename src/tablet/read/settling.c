#include "tablet/read/settling.h"

#include "base/mem.h"
#include "base/mutant.h"
#include "tablet/read/xids.h"

#include <stdlib.h>

enum {
	/* as for views that are behind (copy/source_view.c): a disk is synced, or a replica answers */
	WAIT_FIRST_MS = 1,
	WAIT_MAX_MS = 50,
};

struct settling_xid {
	struct list_node node;
	uint64_t number;
	bool listed;
	struct buf xid;
};

void
settling_init(struct settling *s)
{
	*s = (struct settling){ 0 };
	list_init(&s->all);
	map_init(&s->by_xid);
}

static void
forget(struct settling *s, struct settling_xid *x)
{
	if (x == NULL)
		return;
	map_take(&s->by_xid, buf_slice(&x->xid));
	list_remove(&x->node);
	buf_done(&x->xid);
	free(x);
}

static struct settling_xid *
oldest(const struct settling *s)
{
	return list_empty(&s->all) ? NULL : list_item(s->all.first, struct settling_xid, node);
}

void
settling_done(struct settling *s)
{
	while (!list_empty(&s->all))
		forget(s, oldest(s));
	map_done(&s->by_xid);
}

void
settling_forget(struct settling *s, struct slice xid)
{
	forget(s, map_get(&s->by_xid, xid));
}

void
settling_add(struct settling *s, struct slice xid)
{
	struct settling_xid *x = mem_new(struct settling_xid);

	settling_forget(s, xid);
	if (s->all.count == SETTLING_MAX)
		forget(s, oldest(s));
	x->number = ++s->newest;
	buf_init(&x->xid);
	buf_add_slice(&x->xid, xid);
	list_push(&s->all, &x->node);
	map_put(&s->by_xid, xid, x);
}

static int
note_listed(struct settling *s, const struct mysql_rows *rows, struct err *err)
{
	SCOPED(buf) struct buf text = BUF_INIT;

	list_each(&s->all, n)
		list_item(n, struct settling_xid, node)->listed = false;
	for (size_t i = 0; i < rows->rows; i++) {
		struct settling_xid *found;
		struct xid xid;

		TRY(xid_of_recover(rows->values + i * rows->columns, &xid, err));
		buf_reset(&text);
		xid_print(&text, &xid);
		found = map_get(&s->by_xid, buf_slice(&text));
		if (found != NULL)
			found->listed = true;
	}
	return 0;
}

/* Those that the server does not list were done when it answered. */
static int
look(struct ctx *cx, struct mysql_client *source, struct settling *s)
{
	SCOPED(arena) struct arena scratch = ARENA_INIT;
	uint64_t up_to = s->newest; /* the tail goes on while the server answers */
	struct ctx inner = *cx;
	struct mysql_rows rows;

	inner.arena = &scratch;
	TRY(mysql_select(&inner, source, slice_str("XA RECOVER"), &rows));
	TRY(note_listed(s, &rows, cx->err));
	list_each(&s->all, n) {
		struct settling_xid *x = list_item(n, struct settling_xid, node);

		if (x->number <= up_to && !x->listed)
			forget(s, x);
	}
	return 0;
}

static bool
settles(const struct settling *s, uint64_t up_to)
{
	return !list_empty(&s->all) && oldest(s)->number <= up_to;
}

int
settling_wait(struct ctx *cx, struct mysql_client *source, struct settling *s)
{
	uint64_t before = s->newest;
	int wait_ms = 0;

	while (settles(s, before) && !mutant("tablet_xa_settled")) {
		if (wait_ms > 0)
			TRY(task_sleep(cx, wait_ms * MSEC));
		wait_ms = wait_ms == 0 ? WAIT_FIRST_MS : wait_ms * 2;
		wait_ms = wait_ms < WAIT_MAX_MS ? wait_ms : WAIT_MAX_MS;
		TRY(look(cx, source, s));
	}
	return 0;
}
