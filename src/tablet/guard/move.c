#include "tablet/guard/move.h"

#include "base/check.h"
#include "base/mem.h"
#include "base/mutant.h"

#include <stdlib.h>
#include <string.h>

enum { NOBODY = -1 };

void
move_check(const struct move *m)
{
	check(m->acting <= m->seen); /* (2) */
}

void
moves_init(struct moves *m)
{
	*m = (struct moves){ 0 };
	list_init(&m->all);
}

void
moves_done(struct moves *m)
{
	while (!list_empty(&m->all)) {
		struct move *one = list_item(m->all.first, struct move, node);

		list_remove(&one->node);
		free(one->workflow);
		free(one);
	}
}

struct move *
move_of(struct moves *m, const char *workflow)
{
	struct move *made;

	list_each(&m->all, n) {
		struct move *one = list_item(n, struct move, node);

		if (strcmp(one->workflow, workflow) == 0)
			return one;
	}
	made = mem_new(struct move);
	made->home = m;
	made->workflow = mem_strdup(workflow);
	made->acting = NOBODY;
	list_push(&m->all, &made->node);
	return made;
}

void
move_saw(struct move *m, int attempt)
{
	move_check(m);
	if (attempt <= m->seen)
		return;
	m->seen = attempt;
	waitlist_wake_all(&m->home->ended); /* who waits for the turn may be outdated */
}

bool
move_outdates(const struct move *m, int attempt)
{
	move_check(m);
	return attempt < m->seen && !mutant("move_outdated_acts");
}

int
move_admit(struct move *m, int attempt, struct err *err)
{
	move_saw(m, attempt);
	if (!move_outdates(m, attempt))
		return 0;
	return err_set(err, ERR_CONFLICT, "attempt %d of '%s' is outdated: attempt %d was seen",
	    attempt, m->workflow, m->seen);
}

int
move_begin(struct ctx *cx, struct move *m, int attempt)
{
	TRY(move_admit(m, attempt, cx->err));
	while (m->acting != NOBODY && !mutant("tablet_turn_not_waited")) {
		if (waitlist_wait(cx, &m->home->ended) != 0)
			return err_wrap(
			    cx->err, "waiting for another call about workflow '%s'", m->workflow);
		if (!mutant("tablet_turn_outdated_late"))
			TRY(move_admit(m, attempt, cx->err));
	}
	m->acting = attempt;
	move_check(m);
	return 0;
}

void
move_end(struct move *m)
{
	check(m->acting != NOBODY);
	m->acting = NOBODY;
	waitlist_wake_all(&m->home->ended);
}
