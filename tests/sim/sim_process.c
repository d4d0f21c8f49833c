#include "sim/sim_process.h"

void
sim_process_begin(struct sim_process *p)
{
	place_watches_init(&p->places);
	p->env.places = &p->places;
	moves_init(&p->moves);
	engine_init(&p->engine, &p->env, &p->moves);
}

void
sim_process_end(struct sim_process *p)
{
	engine_done(&p->engine);
	moves_done(&p->moves);
}
