/*
 * sim_world.h - a world of two servers, a table with its writers and a process under test, and what
 * breaks in it.
 *
 * All of it comes of a seed, so the same seed is the same world. What a world is for is its kind's to
 * say: what a process under test begins with, and what must hold after each commit at the target.
 */
#ifndef TESTS_SIM_SIM_WORLD_H
#define TESTS_SIM_SIM_WORLD_H

#include "sim/mini_table.h"
#include "sim/sim_process.h"
#include "sim/sim_table.h"
#include "tablet/server/server_lock.h"
#include "test.h"

#include <stdio.h>

#define WORKFLOW "move"
#define SOURCE   "source:3306"
#define TARGET   "target:3306"

struct world;

struct world_kind {
	int round;        /* of the workflow's stream */
	bool target_logs; /* has a binlog, for a guard to read */
	uint64_t fixed; /* worlds 1 to this, or $SIM_FIXED: each time, so that their catch is sure */
	uint64_t fresh;                 /* then so many of new seeds, or $SIM_WORLDS */
	void (*committed)(void *world); /* looks at the target after each commit there */
	int (*open)(struct ctx *cx,
	    struct world *w); /* what a process does first; it is asked for until it succeeds */
};

struct world {
	const struct world_kind *kind;
	uint64_t seed;
	struct sim_table table;
	struct rand rand;
	struct credentials *accounts;
	struct sim_process process; /* under test */
	struct server_lock lock;    /* where a life says so */
	struct sim_process beside;  /* another one, beside the same server */
	struct arena arena;
	int faults, snaps; /* yet to come: by the clock, at a commit of the target's */
	int attempt;
	struct position applied; /* the highest seen on disk */
	bool written_past;       /* the target's table, by somebody else */
	bool deleting;           /* the move: its tables go before what is known of it */
	bool must_die;           /* the process, now */
	struct waitlist snapped;
	int troubles; /* faults and snaps so far */
	void (*life)(struct ctx *cx, struct world *w);
	bool done;
};

/* What happens in a world, from its first statement on. */
typedef void life_fn(struct ctx *cx, struct world *w);

#define fail(w, ...)                                                                               \
	do {                                                                                       \
		fprintf(stderr, "world TEST_SEED=%llu at %.6f s\n", (unsigned long long)(w)->seed, \
		    (double)task_now() / 1e6);                                                     \
		test_fail(__FILE__, __LINE__, __VA_ARGS__);                                        \
	} while (0)

/* A number from 0 to n - 1, of the world's own. */
uint64_t below(struct world *w, uint64_t n);

/* The worlds of a kind: fixed and fresh ones, or those from $TEST_SEED on. $SIM_LOG: with their story. */
void run_worlds(const struct world_kind *kind, enum sim_variant variant, life_fn *life);
/* The fixed ones alone. */
void run_fixed_worlds(const struct world_kind *kind, enum sim_variant variant, life_fn *life);

/* The process under test, and its stream: NULL where that is not made or not read from disk yet. */
void start_process(struct ctx *cx, struct world *w);
void kill_process(struct ctx *cx, struct world *w);
struct stream *stream_of(struct world *w);
/* Time passes, up to longest, and at times something breaks. */
void live(struct ctx *cx, struct world *w, usec longest);
/* Of a row of ours: the last number of a column's GTID. */
uint64_t world_seq(const struct mini_table *t, const struct slice *row, const char *column);
/* At the target: are there parts of a run that go beyond that position (tablet/write/apply_parts.h)? Then it
 * is the source at none, until a later commit. */
bool world_has_parts_ahead(const struct world *w, uint64_t applied);
/* In a commit at the target whose answer nobody gets: at times the process dies of it. one_in: how seldom. */
void snap(struct world *w, uint64_t one_in);

#endif
