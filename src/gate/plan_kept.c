#include "gate/plan_kept.h"

#include "base/mutant.h"

/* What is planned may be something else than what was prepared: a DROP TRIGGER, a HANDLER that is known. */
static bool
is_own(const struct prepared *p, const struct plan_input *in)
{
	return p != NULL && in->statement == &p->statement && in->sql.ptr == p->text.ptr &&
	    in->temporary->names.len == 0;
}

bool
plan_kept_find(const struct prepared *p, const struct plan_input *in, struct plan *out)
{
	const struct plan_kept *k;

	if (!is_own(p, in))
		return false;
	k = &p->kept;
	/* Another route may lie where the last one lay. */
	if ((k->route != in->route || k->number != in->route->number ||
		k->ascii_only != in->ascii_only) &&
	    !(k->route != NULL && mutant("gate_plan_of_old_route")))
		return false;
	*out = k->plan;
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
plan_kept_note(struct prepared *p, const struct plan_input *in, const struct plan *made)
{
	if (is_own(p, in) && is_plain(in->statement, made))
		p->kept = (struct plan_kept){
			.route = in->route,
			.number = in->route->number,
			.ascii_only = in->ascii_only,
			.plan = *made,
		};
}
