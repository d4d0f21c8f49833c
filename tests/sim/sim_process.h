/*
 * sim_process.h - what one vttablet's process has in memory of its streams, in a simulated world.
 */
#ifndef TESTS_SIM_SIM_PROCESS_H
#define TESTS_SIM_SIM_PROCESS_H

#include "tablet/read/place_watch.h"
#include "tablet/stream/engine.h"

struct sim_process {
	struct tablet_env env;
	struct place_watches places;
	struct moves moves;
	struct engine engine;
};

/* env is there; nothing of what is on disk is read yet. */
void sim_process_begin(struct sim_process *p);
/* Killed: all that it had in memory is gone, its connections are closed. */
void sim_process_end(struct sim_process *p);

#endif
