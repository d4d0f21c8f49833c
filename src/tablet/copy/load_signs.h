/*
 * load_signs.h - asks both servers how busy they are, for a throttle.
 *
 * Each second, while somebody copies and as far as the limits ask for it: the status of the source, that of
 * the target, and the query of the user's own at the source. Each has a connection of its own, which is
 * closed when it is not wanted any more. Nothing that goes wrong here ends a stream: an error, an answer that
 * does not come in time, and one that says nothing are told to the throttle by name, as signs that are too
 * high, and it is asked again.
 *
 * The query runs in a session that can write nothing, for a second at most: then the server ends it itself,
 * so that none is left behind.
 */
#ifndef TABLET_COPY_LOAD_SIGNS_H
#define TABLET_COPY_LOAD_SIGNS_H

#include "tablet/copy/throttle.h"
#include "tablet/server/env.h"

struct load_signs {
	const struct tablet_env *env; /* the target is its server */
	const char *source;           /* its address */
	struct throttle *throttle;
};

/* Until it is cancelled. */
int load_signs_run(struct ctx *cx, const struct load_signs *s) MUST_USE;
/* Asks once for all that limits want, whatever there is to copy. -1: something cannot be told, and the text
 * says what. What is too high is no error. */
int load_signs_try(struct ctx *cx, const struct tablet_env *env, const char *source,
    const struct throttle_limits *limits) MUST_USE;

#endif
