#include "task/sim.h"

#include "base/check.h"
#include "base/log.h"
#include "task/sched.h"
#include "task/simnet.h"

enum {
	STANDSTILL_MAX = 5000000
}; /* switches without time moving: two tasks wake each other for ever */

static struct loop *
sim_loop(void)
{
	struct loop *l = sched_here();

	check(l->tick.is_virtual);
	return l;
}

void
sim_start(uint64_t seed)
{
	struct err err;
	struct loop *l = sched_loop_new(true, &err);

	check(l != NULL);
	l->shuffled = seed != 0;
	rand_seed(&l->shuffle, seed);
}

void
sim_stop(void)
{
	sched_loop_free(sim_loop());
}

static _Noreturn void
stuck(struct loop *l, const char *why)
{
	log_error("%s at %.6f s", why, (double)l->tick.now / 1e6);
	sched_log_tasks(l);
	check_failed(__FILE__, __LINE__, why);
}

/* All that can happen at this instant. */
static void
run_instant(struct loop *l)
{
	uint64_t limit = l->switches + STANDSTILL_MAX;

	for (;;) {
		/* A virtual loop has no eventfd that tells of mail: so the box is looked at each time. */
		bool any = remote_run(&l->remote);
		sched_fire_timers(l);
		if (list_empty(&l->ready) && !any)
			return;
		sched_run_ready(l);
		if (l->switches > limit)
			stuck(l, "tasks run without end while time stands still");
	}
}

/* true: all have ended; false: time or timers have run out. */
static bool
run(struct loop *l, usec end)
{
	check(l->running == NULL);
	for (;;) {
		run_instant(l);
		if (list_empty(&l->tasks))
			return true;
		usec next = sched_next_timer(l);
		if (next == NEVER || next > end)
			return false;
		l->tick.now = next;
	}
}

static void
run_all(struct loop *l)
{
	if (!run(l, NEVER))
		stuck(l, "tasks wait for what cannot happen");
	l->stopping = false;
}

void
sim_run(void)
{
	run_all(sim_loop());
}

void
sim_run_until(usec end)
{
	struct loop *l = sim_loop();

	if (run(l, end))
		return;
	if (end > l->tick.now)
		l->tick.now = end;
	sched_cancel_all(l);
	run_all(l);
}

void
sim_cut(const char *address)
{
	simnet_cut(simnet_here(), address, true);
}

void
sim_heal(const char *address)
{
	simnet_cut(simnet_here(), address, false);
}

void
sim_reset(const char *address)
{
	simnet_reset(simnet_here(), address);
}

void
sim_latency(const char *address, usec one_way)
{
	simnet_latency(simnet_here(), address, one_way);
}
