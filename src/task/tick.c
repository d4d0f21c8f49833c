#include "task/tick.h"

#include "base/clock.h"

/* The one mutable variable of this floor: which loop this thread runs. */
static _Thread_local struct tick *current_tick;

struct tick *
tick_current(void)
{
	return current_tick;
}

void
tick_set_current(struct tick *t)
{
	current_tick = t;
}

usec
tick_now(void)
{
	return current_tick != NULL ? current_tick->now : clock_mono();
}
