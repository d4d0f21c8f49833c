/*
 * copy_world.h - a world in which a table is copied and streamed: two servers, a process under test,
 * and what breaks. After each commit at the target it is looked at what must hold then
 * (copy_stream_sim.c, 1, 2 and 5).
 */
#ifndef TESTS_SIM_COPY_WORLD_H
#define TESTS_SIM_COPY_WORLD_H

#include "sim/sim_process.h"
#include "sim/sim_table.h"
#include "tablet/server/server_lock.h"
#include "test.h"

#include <stdio.h>

enum { PATIENCE_S = 900 }; /* of virtual time: far above the sum of all back-offs */

#define WORKFLOW "move"
#define SOURCE   "source:3306"
#define TARGET   "target:3306"

struct world {
	uint64_t seed;
	struct sim_table table;
	struct rand rand;
	struct credentials *accounts;
	struct sim_process process; /* under test */
	struct server_lock lock;    /* where a world says so */
	struct sim_process beside;  /* another one, beside the same server */
	struct arena arena;
	int faults, snaps; /* yet to come: by the clock, at a commit of the target's */
	int attempt;
	struct position applied; /* the highest seen on disk */
	bool must_die;           /* the process, now */
	struct waitlist snapped;
	int troubles; /* faults and snaps so far */
	bool done;
};

#define fail(w, ...)                                                                               \
	do {                                                                                       \
		fprintf(stderr, "world TEST_SEED=%llu at %.6f s\n", (unsigned long long)(w)->seed, \
		    (double)task_now() / 1e6);                                                     \
		test_fail(__FILE__, __LINE__, __VA_ARGS__);                                        \
	} while (0)

/* A number from 0 to n - 1, of the world's own. */
uint64_t below(struct world *w, uint64_t n);

/* Makes the world of this seed and runs its life, which sets done. */
void run_world(enum sim_variant variant, uint64_t seed, task_fn *life);

/* The process under test, and its stream. */
void start_process(struct ctx *cx, struct world *w);
struct stream *stream_of(struct world *w);
/* Time passes, up to longest, and at times something breaks. */
void live(struct ctx *cx, struct world *w, usec longest);

#endif
