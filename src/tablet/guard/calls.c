#include "tablet/guard/calls.h"

#include "base/check.h"
#include "base/mem.h"
#include "base/mutant.h"

#include <stdlib.h>
#include <string.h>

struct sequence {
	struct list_node node;
	char *workflow;
	int seen; /* the highest number */
	bool taken;
};

void
calls_init(struct calls *c)
{
	*c = (struct calls){ 0 };
	list_init(&c->all);
}

void
calls_done(struct calls *c)
{
	while (!list_empty(&c->all)) {
		struct sequence *s = list_item(c->all.first, struct sequence, node);

		list_remove(&s->node);
		free(s->workflow);
		free(s);
	}
}

static struct sequence *
find(struct calls *c, const char *workflow)
{
	list_each(&c->all, n) {
		struct sequence *s = list_item(n, struct sequence, node);

		if (strcmp(s->workflow, workflow) == 0)
			return s;
	}
	return NULL;
}

static struct sequence *
find_or_make(struct calls *c, const char *workflow)
{
	struct sequence *s = find(c, workflow);

	if (s != NULL)
		return s;
	s = mem_new(struct sequence);
	s->workflow = mem_strdup(workflow);
	list_push(&c->all, &s->node);
	return s;
}

int
call_begin(struct ctx *cx, struct calls *c, const char *workflow, int attempt)
{
	struct sequence *s = find_or_make(c, workflow);

	if (s->seen < attempt)
		s->seen = attempt;
	while (s->taken && s->seen == attempt && !mutant("tablet_turn_not_waited")) {
		if (waitlist_wait(cx, &c->ended) != 0)
			return err_wrap(
			    cx->err, "waiting for another call about workflow '%s'", workflow);
	}
	if (attempt < s->seen && !(s->taken && mutant("tablet_turn_outdated_late")))
		return err_set(cx->err, ERR_CONFLICT,
		    "attempt %d of '%s' is outdated: attempt %d was seen", attempt, workflow,
		    s->seen);
	s->taken = true;
	return 0;
}

void
call_end(struct calls *c, const char *workflow)
{
	struct sequence *s = find(c, workflow);

	check(s != NULL && s->taken);
	s->taken = false;
	waitlist_wake_all(&c->ended);
}
