/*
 * enlist.h - how gates find a vtctld: its address is in the topology, on its lease.
 */
#ifndef CTL_ENLIST_H
#define CTL_ENLIST_H

#include "ctl/cluster.h"

/* Now, and after each new grant of the lease. Nothing for one without an address. */
int enlist(struct ctx *cx, struct ctl *c) MUST_USE;

#endif
