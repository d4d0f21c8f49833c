#include "task/tick.h"

#include "base/clock.h"

/* The one mutable variable of this floor. */
_Thread_local struct tick *tick_of_thread;

void
tick_set_current(struct tick *t)
{
	tick_of_thread = t;
}

usec
tick_clock(void)
{
	return clock_mono();
}
