/*
 * ready.h - may the stream be switched, and is it near enough to its source?
 */
#ifndef CTL_READY_H
#define CTL_READY_H

#include "ctl/workflow.h"

/* ERR_REFUSED with the sentence when the stream that ends at the to side has stopped for good, or, of a way
 * back, when its guard has found something. *r is in cx->arena. */
int stream_may_switch(
    struct ctx *cx, const struct workflow *w, struct stream_status_reply *r) MUST_USE;
/* Until the stream is exact and its lag is small, or has been for a while what --max-replication-lag-allowed
 * lets by, and no XA transaction is left that had changed the tables and was prepared then: its locks would
 * keep the switch waiting, and every client that writes. ERR_RETRY: it is neither; ERR_REFUSED as above. */
int ready_wait(struct ctx *cx, const struct workflow *w) MUST_USE;

#endif
