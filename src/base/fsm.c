#include "base/fsm.h"

#include "base/check.h"
#include "base/log.h"

#include <string.h>

enum { FSM_STATES_MAX = 64 }; /* bits of fsm_state.next */

static const struct fsm_state *
row(const struct fsm *f, int state)
{
	check(f->count <= FSM_STATES_MAX && state >= 0 && state < f->count);
	return &f->states[state];
}

const char *
fsm_name(const struct fsm *f, int state)
{
	return row(f, state)->name;
}

int
fsm_find(const struct fsm *f, const char *name)
{
	for (int i = 0; i < f->count; i++)
		if (strcmp(f->states[i].name, name) == 0)
			return i;
	return -1;
}

bool
fsm_may(const struct fsm *f, int from, int to)
{
	return row(f, to) == row(f, from) || (row(f, from)->next & FSM_TO(to)) != 0;
}

void
fsm_check(const struct fsm *f, int from, int to)
{
	if (fsm_may(f, from, to))
		return;
	log_error("a %s does not go from %s to %s", f->name, fsm_name(f, from), fsm_name(f, to));
	check(fsm_may(f, from, to));
}

void
fsm_moved(const struct fsm *f, const char *who, int from, int to)
{
	if (from == to)
		return;
	log_info("%s %s: %s -> %s: %s", f->name, who, fsm_name(f, from), fsm_name(f, to),
	    row(f, to)->holds);
}
