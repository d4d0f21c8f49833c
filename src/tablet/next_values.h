/*
 * next_values.h - the next AUTO_INCREMENT values of a move's tables, as calls read and set them.
 */
#ifndef TABLET_NEXT_VALUES_H
#define TABLET_NEXT_VALUES_H

#include "rpc/tablet.h"
#include "tablet/server/env.h"

/* In the arena. */
struct auto_next *auto_next_of(struct arena *a, const uint64_t *next, size_t count);
/* Of the tables at the end that is asked. */
int next_values_read(struct ctx *cx, const struct tablet_env *env, const struct move_request *move,
    struct next_values_reply *reply) MUST_USE;

struct next_values {
	const struct auto_next *items; /* as the move's tables */
	size_t count;
	bool exact; /* to the number, not to no less than it */
};

/* Of the tables at the to end, which is this server. ERR_REFUSED: not as many as tables. */
int next_values_set(struct ctx *cx, const struct tablet_env *env, const struct move_request *move,
    const struct next_values *v) MUST_USE;

#endif
