#include "gate/plan_kept.h"

#include "base/mutant.h"

struct plan_kept *
plans_kept_of(struct plans_kept *texts, const struct plan_input *in)
{
	uint64_t number = in->statement->number;

	if (texts == NULL || number == 0 || in->own == NULL || !slice_eq(in->base, in->keyspace))
		return NULL;
	return &texts->plans[number % PLANS_KEPT];
}

bool
plan_kept_find(const struct plan_kept *k, const struct plan_input *in, struct plan *out)
{
	if (k->route == NULL || k->statement != in->statement->number || k->own != in->own ||
	    k->ascii_only != in->ascii_only)
		return false;
	/* Another route may lie where the last one lay. */
	if ((k->route != in->route || k->number != in->route->number) &&
	    !mutant("gate_plan_of_old_route"))
		return false;
	*out = k->plan;
	out->text = in->sql;
	return true;
}

static bool
is_plain(const struct statement *s, const struct plan *p)
{
	return s->understood &&
	    (s->kind == STATEMENT_SELECT || s->kind == STATEMENT_SELECT_LOCKING ||
		s->kind == STATEMENT_WRITE) &&
	    p->names_tables && p->ruled_count == 0 && !p->catalogue && !p->rewritten &&
	    p->names_count == 0 && p->temporary == NULL;
}

void
plan_kept_note(struct plan_kept *k, const struct plan_input *in, const struct plan *made)
{
	if (is_plain(in->statement, made))
		*k = (struct plan_kept){
			.route = in->route,
			.number = in->route->number,
			.statement = in->statement->number,
			.own = in->own,
			.ascii_only = in->ascii_only,
			.plan = *made,
		};
}
