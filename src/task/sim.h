/*
 * sim.h - the same API on virtual time and in-memory pipes (tests).
 *
 * sim_start() makes this thread's loop a virtual one: task_now() starts at 0
 * and jumps to the next timer when nothing is ready; net_listen/net_connect
 * use names in memory ("tablet1:3306"); offload() runs in place. The order of
 * ready tasks is shuffled by the seed when it is not 0, the same each time.
 *
 * Use: sim_start(seed); task_spawn() the first tasks; sim_run(); sim_stop(). A loop of this kind has no
 * descriptors: loop_wait_fd() and loop_on_signals() are not for it.
 */
#ifndef TASK_SIM_H
#define TASK_SIM_H

#include "task/net.h"

void sim_start(uint64_t seed);
/* Runs until no task can run; check-fails, listing the tasks, if some still wait without a timer. */
void sim_run(void);
/* Like sim_run(), but gives up at that time: for worlds with endless tasks; cancels the rest. */
void sim_run_until(usec end);
void sim_stop(void); /* frees the loop and its network; all tasks have ended */

/* Faults of the network between listener name and its peers. */
void sim_cut(const char *address); /* bytes stop, connections stay, connects hang */
void sim_heal(const char *address);
void sim_reset(const char *address); /* all its connections end with ERR_RETRY */
void sim_latency(const char *address, usec one_way);

#endif
