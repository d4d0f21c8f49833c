#include "ctl/alone.h"

#include "base/mutant.h"

#include <stdio.h>
#include <string.h>

static int
check_apart(struct ctx *cx, const struct workflow *w, const struct workflow_record *other)
{
	for (size_t i = 0; i < 2 * workflow_names(w); i++) {
		enum side s = i % 2 == 0 ? SIDE_SOURCE : SIDE_TARGET;
		const char *keyspace = side_keyspace(w, s), *table = side_name(w, s, i / 2);

		if (!workflow_uses(other, keyspace, table))
			continue;
		err_set(cx->err, ERR_REFUSED, "table '%s.%s' is being moved by workflow '%s/%s'",
		    keyspace, table, other->target_keyspace, other->name);
		return err_hint(cx->err, "wait for it: vtctlclient Workflow show %s",
		    workflow_typed(cx->arena, other));
	}
	return 0;
}

static bool
in_the_way(const struct workflow_found *f, const void *arg)
{
	const struct workflow *w = arg;
	const struct workflow_record *other = &f->r;

	if (strcmp(f->id, w->id) == 0)
		return false;
	if (workflow_ended(other) && !other->reversing)
		return false;
	if (other->state != WORKFLOW_CHECKING)
		return true;
	if (w->r.state != WORKFLOW_CHECKING || mutant("ctl_checked_at_once"))
		return false;
	return other->created_us < w->r.created_us ||
	    (other->created_us == w->r.created_us && strcmp(f->id, w->id) < 0);
}

int
workflow_check_alone(struct ctx *cx, const struct workflow *w)
{
	SCOPED(arena) struct arena scratch = ARENA_INIT;
	struct ctx inner = *cx;
	struct workflow_query q = { .prefix = "/workflows/", .wanted = in_the_way, .arg = w };

	inner.arena = &scratch;
	TRY(workflow_find(&inner, w->ctl->topo, &q));
	for (size_t i = 0; i < q.count; i++) {
		/* whole, it may be over by now */
		if (in_the_way(&q.items[i], w))
			TRY(check_apart(&inner, w, &q.items[i].r));
	}
	return 0;
}
