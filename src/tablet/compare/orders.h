/*
 * orders.h - that what is wanted of comparisons has changed on disk: whoever goes by it looks again.
 */
#ifndef TABLET_COMPARE_ORDERS_H
#define TABLET_COMPARE_ORDERS_H

#include "task/waitlist.h"

/* Of one program: whoever changes a row of vdiff or proof adds one and wakes all. */
struct vdiff_orders {
	uint64_t number;
	struct waitlist changed;
};

void vdiff_orders_give(struct vdiff_orders *o);
/* Until there is another one than seen. */
int vdiff_orders_wait(struct ctx *cx, struct vdiff_orders *o, uint64_t seen) MUST_USE;
/* Does the work, and again with each order that comes after it was begun; an error is told and tried again,
 * later each time. Until it is cancelled: -1. */
int vdiff_orders_serve(struct ctx *cx, struct vdiff_orders *o,
    int (*work)(struct ctx *cx, void *arg), void *arg) MUST_USE;

#endif
