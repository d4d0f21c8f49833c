#include "tablet/compare/orders.h"

#include "base/log.h"

enum {
	BACKOFF_FIRST_MS = 200,
	BACKOFF_MAX_MS = 10000, /* a restarting server is met soon, a dead one not hammered */
};

void
vdiff_orders_give(struct vdiff_orders *o)
{
	o->number++;
	waitlist_wake_all(&o->changed);
}

int
vdiff_orders_wait(struct ctx *cx, struct vdiff_orders *o, uint64_t seen)
{
	while (o->number == seen)
		TRY(waitlist_wait(cx, &o->changed));
	return 0;
}

int
vdiff_orders_serve(
    struct ctx *cx, struct vdiff_orders *o, int (*work)(struct ctx *cx, void *arg), void *arg)
{
	int backoff_ms = BACKOFF_FIRST_MS;

	for (;;) {
		uint64_t seen = o->number;

		if (work(cx, arg) == 0) {
			backoff_ms = BACKOFF_FIRST_MS;
			TRY(vdiff_orders_wait(cx, o, seen));
			continue;
		}
		if (cx->err->kind == ERR_CANCELLED)
			return -1;
		log_warn("%s; again in %d ms", cx->err->text, backoff_ms);
		err_clear(cx->err);
		TRY(task_sleep(cx, backoff_ms * MSEC));
		backoff_ms = backoff_ms * 2 < BACKOFF_MAX_MS ? backoff_ms * 2 : BACKOFF_MAX_MS;
	}
}
