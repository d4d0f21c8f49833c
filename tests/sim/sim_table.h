/*
 * sim_table.h - the table that moves in a simulated world, or the tables: definitions, writers, and whether
 * the target's rows are the source's.
 */
#ifndef TESTS_SIM_SIM_TABLE_H
#define TESTS_SIM_SIM_TABLE_H

#include "sim/minidb.h"
#include "sim/sim_schema.h"

enum sim_variant {
	SIM_INT,    /* an integer key */
	SIM_PAIR,   /* an integer and bytes */
	SIM_TEXT,   /* a key of a case-insensitive, padding collation */
	SIM_UNIQUE, /* an integer key, and a unique column */
	SIM_VARIANTS,
	SIM_SCHEMA = SIM_VARIANTS, /* several tables, of any keys */
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
	struct sim_schema schema; /* of SIM_SCHEMA */
	struct arena arena;
};

/* At the source: its tables with their first rows. At both: the sidecar database's tables. */
void sim_table_create(struct ctx *cx, struct sim_table *t);
void sim_table_done(struct sim_table *t);
/* How many, and their names, the same in the databases src and dst. */
int sim_table_count(const struct sim_table *t);
const char *sim_table_name(const struct sim_table *t, int i);
/* NULL: there is none of that name yet. */
struct mini_table *sim_table_at(const struct sim_table *t, int i, bool source);
void sim_writers_start(struct sim_table *t, int count);
/* Until their transactions have ended and are visible. */
void sim_writers_stop(struct ctx *cx, struct sim_table *t);
/* NULL: the tables of dst at this moment are those of src as of the source's group seq, byte for byte; else
 * how they differ, in the arena. strict: those that are copied last too. */
const char *sim_table_differs(const struct sim_table *t, uint64_t seq, bool strict, struct arena *a);

#endif
