#include "base/fsm.h"

#include "base/check.h"
#include "base/log.h"

enum { FSM_STATES_MAX = 64 };   /* bits of fsm_state.next */

static void
fsm_check(const struct fsm *m)
{
	check(m->table != NULL && m->table->count > 0 && m->table->count <= FSM_STATES_MAX);
	check(m->state >= 0 && m->state < m->table->count);
}

void
fsm_init(struct fsm *m, const struct fsm_table *table, int state)
{
	*m = (struct fsm){ table, state, 0 };
	fsm_check(m);
}

bool
fsm_may(const struct fsm *m, int next)
{
	fsm_check(m);
	return next >= 0 && next < m->table->count && (m->table->states[m->state].next & FSM_TO(next)) != 0;
}

const char *
fsm_name(const struct fsm *m)
{
	fsm_check(m);
	return m->table->states[m->state].name;
}

void
fsm_move(struct fsm *m, int next, const char *why)
{
	check(fsm_may(m, next));
	log_info("%s: %s -> %s: %s", m->table->name, fsm_name(m), m->table->states[next].name, why);
	m->state = next;
	m->moves++;
}

int
fsm_find(const struct fsm_table *table, const char *name)
{
	for (int i = 0; i < table->count; i++)
		if (slice_eq_str(slice_str(table->states[i].name), name))
			return i;
	return -1;
}
