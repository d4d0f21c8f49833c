/*
 * compare_params.h - what a comparison is of: a stream that is in step, and how its two ends are read.
 *
 * Everything is borrowed, and must live as long as the task that compares: it is of one pass of the stream.
 */
#ifndef TABLET_COMPARE_COMPARE_PARAMS_H
#define TABLET_COMPARE_COMPARE_PARAMS_H

#include "tablet/read/tail.h"
#include "tablet/read/window.h"
#include "tablet/server/env.h"
#include "tablet/write/apply.h"

struct compare_params {
	const struct tablet_env *env;
	const char *from;                   /* the source's address */
	struct mysql_params source, target; /* as vt_stream, each its ROLE_READER */
	const struct moved_tables *tables;
	struct stream_id id; /* of the rows in vdiff */
	struct windows *windows;
	struct tail *tail;
	struct applier *applier;
	const struct stream_state *state; /* the phase, and what is applied */
	struct waitlist *changed;         /* woken when the phase has changed */
	struct prover *prover;            /* of the pass (prover.h) */
	struct throttle *throttle;        /* the stream's (copy/throttle.h); NULL: none */
};

#endif
