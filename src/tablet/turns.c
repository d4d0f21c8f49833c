#include "tablet/turns.h"

#include "base/check.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

struct turn {
	struct list_node node;
	char            *workflow;
	int              seen; /* the highest number */
	bool             taken;
};

void
turns_init(struct turns *t)
{
	*t = (struct turns){ 0 };
	list_init(&t->all);
}

void
turns_done(struct turns *t)
{
	while (!list_empty(&t->all)) {
		struct turn *turn = list_item(t->all.first, struct turn, node);

		list_remove(&turn->node);
		free(turn->workflow);
		free(turn);
	}
}

static struct turn *
find(struct turns *t, const char *workflow)
{
	list_each(&t->all, n) {
		struct turn *turn = list_item(n, struct turn, node);

		if (strcmp(turn->workflow, workflow) == 0)
			return turn;
	}
	return NULL;
}

static struct turn *
find_or_make(struct turns *t, const char *workflow)
{
	struct turn *turn = find(t, workflow);

	if (turn != NULL)
		return turn;
	turn = mem_new(struct turn);
	turn->workflow = mem_strdup(workflow);
	list_push(&t->all, &turn->node);
	return turn;
}

int
turn_take(struct ctx *cx, struct turns *t, const char *workflow, int attempt)
{
	struct turn *turn = find_or_make(t, workflow);

	if (turn->seen < attempt)
		turn->seen = attempt;
	while (turn->taken && turn->seen == attempt) {
		if (waitlist_wait(cx, &t->ended) != 0)
			return err_wrap(
			    cx->err, "waiting for another call about workflow '%s'", workflow);
	}
	if (attempt < turn->seen)
		return err_set(cx->err, ERR_CONFLICT,
		    "attempt %d of '%s' is outdated: attempt %d was seen", attempt, workflow,
		    turn->seen);
	turn->taken = true;
	return 0;
}

void
turn_give(struct turns *t, const char *workflow)
{
	struct turn *turn = find(t, workflow);

	check(turn != NULL && turn->taken);
	turn->taken = false;
	waitlist_wake_all(&t->ended);
}
