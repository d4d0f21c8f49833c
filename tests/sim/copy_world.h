/*
 * copy_world.h - the kind of world in which a table is copied and streamed. After each commit at the
 * target it is looked at what must hold then (copy_stream_sim.c, 1, 2 and 5).
 */
#ifndef TESTS_SIM_COPY_WORLD_H
#define TESTS_SIM_COPY_WORLD_H

#include "sim/sim_world.h"

extern const struct world_kind copy_world;

/* The move of the world's tables; tables has room for SCHEMA_TABLES_MAX. */
struct move_request copy_world_request(const struct world *w, struct moved_names *tables);

#endif
