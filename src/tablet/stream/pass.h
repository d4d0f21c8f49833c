/*
 * pass.h - what a pass of a stream (run.h) is given, and is connected to: for those that run.c calls.
 */
#ifndef TABLET_STREAM_PASS_H
#define TABLET_STREAM_PASS_H

#include "tablet/server/env.h"
#include "tablet/server/position.h"

/* Borrowed. */
struct pass {
	const struct tablet_env *env;
	const struct move_request *request;
	struct stream_state *state;
	struct mysql_client *dba, *source; /* own server; other server */
};

#endif
