#include "task/waitlist.h"

#include "base/check.h"
#include "base/mutant.h"
#include "task/sched.h"

/* Lives on the stack of the task that waits. */
struct waiter {
	struct waiter *prev, *next;
	struct task *task;
	bool listed;
};

static void
enlist(struct waitlist *w, struct waiter *me)
{
	me->prev = w->last;
	if (w->last != NULL)
		w->last->next = me;
	else
		w->first = me;
	w->last = me;
	me->listed = true;
}

static void
unlist(struct waitlist *w, struct waiter *me)
{
	if (me->prev != NULL)
		me->prev->next = me->next;
	else
		w->first = me->next;
	if (me->next != NULL)
		me->next->prev = me->prev;
	else
		w->last = me->prev;
	me->listed = false;
}

/* When woken, w may be gone: whoever woke us has taken us off it. */
int
waitlist_wait(struct ctx *cx, struct waitlist *w)
{
	struct waiter me = { .task = sched_running() };

	enlist(w, &me);
	int rc = sched_wait(cx, "waiting");
	if (me.listed)
		unlist(w, &me);
	return rc;
}

/* A waiter whose deadline has passed but who has not run yet does not count as woken. */
void
waitlist_wake_one(struct waitlist *w)
{
	while (w->first != NULL) {
		struct waiter *first = w->first;
		unlist(w, first);
		if (sched_wake(first->task) || mutant("task_wake_who_gave_up"))
			return;
	}
}

void
waitlist_wake_all(struct waitlist *w)
{
	while (w->first != NULL)
		waitlist_wake_one(w);
}

bool
waitlist_empty(const struct waitlist *w)
{
	return w->first == NULL;
}
