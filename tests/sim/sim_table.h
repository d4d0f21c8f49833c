/*
 * sim_table.h - the table that moves in a simulated world: its definition, its writers, and whether
 * the target's rows are the source's.
 */
#ifndef TESTS_SIM_SIM_TABLE_H
#define TESTS_SIM_SIM_TABLE_H

#include "sim/minidb.h"

enum sim_variant {
	SIM_INT,    /* an integer key */
	SIM_PAIR,   /* an integer and bytes */
	SIM_TEXT,   /* a key of a case-insensitive, padding collation */
	SIM_UNIQUE, /* an integer key, and a unique column */
	SIM_VARIANTS,
};

struct sim_table {
	enum sim_variant variant;
	struct minidb *source, *target;
	struct rand rand;
	int keys;          /* keys are of so many numbers */
	usec writer_pause; /* at most, between transactions */
	uint64_t next_value;
	bool stop; /* for the writers */
	struct group writers;
	uint64_t transactions;
};

/* At the source: the table src.t with its first rows. At both: the sidecar database's tables. */
void sim_table_create(struct ctx *cx, struct sim_table *t);
void sim_writers_start(struct sim_table *t, int count);
/* Until their transactions have ended and are visible. */
void sim_writers_stop(struct ctx *cx, struct sim_table *t);
/* NULL: dst.t at this moment is src.t as of the source's group seq, byte for byte; else how it
 * differs, in the arena. */
const char *sim_table_differs(const struct sim_table *t, uint64_t seq, struct arena *a);

#endif
