#include "tablet/compare/orders.h"

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
