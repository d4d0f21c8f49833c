#include "task/group.h"

#include "base/check.h"
#include "base/mem.h"
#include "base/mutant.h"

#include <stdlib.h>

struct child {
	/* On group->children from its spawning until its body has returned. */
	struct list_node node;
	struct group *group;
	struct task *task;
	task_fn *body;
	void *arg;
};

void
group_init(struct group *g)
{
	*g = (struct group){ 0 };
	list_init(&g->children);
}

/* A child that has ended leaves nothing behind: a group may run for months. */
static void
child_main(void *arg)
{
	struct child *c = arg;
	struct group *g = c->group;

	/* Detached at the end, not at the start: until then the pointer is what group_cancel() cancels by. */
	c->body(c->arg);
	list_remove(&c->node);
	free(c);
	task_detach(task_self());
	waitlist_wake_all(&g->changed);
}

int
group_spawn(struct group *g, const char *name, task_fn *fn, void *arg, struct err *err)
{
	/* One that came after the cancellation would not have been told, and group_done() would wait for
	 * its whole life. */
	if (g->closing || g->err.kind != ERR_NONE)
		return err_set(err, ERR_CANCELLED, "starting task '%s': its group is ending", name);
	struct child *c = mem_new(struct child);
	*c = (struct child){ .group = g, .body = fn, .arg = arg };
	c->task = task_spawn(name, child_main, c);
	if (c->task == NULL) {
		free(c);
		return err_set(err, ERR_RETRY, "starting task '%s': too many tasks", name);
	}
	list_push(&g->children, &c->node);
	return 0;
}

static void
cancel_all_but(struct group *g, const struct task *spared)
{
	/* task_cancel() runs nobody: the list stands still until this task waits. */
	list_each(&g->children, n) {
		struct child *c = list_item(n, struct child, node);
		if (c->task != spared)
			task_cancel(c->task);
	}
}

void
group_fail(struct group *g, const struct err *err)
{
	check(err->kind != ERR_NONE);
	if (g->err.kind != ERR_NONE)
		return;
	err_copy(&g->err, err);
	cancel_all_but(g, task_self());
}

int
group_wait(struct ctx *cx, struct group *g)
{
	while (!list_empty(&g->children))
		if (waitlist_wait(cx, &g->changed) != 0)
			return err_wrap(cx->err, "waiting for %zu tasks to end", g->children.count);
	return g->err.kind == ERR_NONE ? 0 : err_copy(cx->err, &g->err);
}

void
group_cancel(struct group *g)
{
	cancel_all_but(g, NULL);
}

void
group_done(struct group *g)
{
	struct err err;
	struct ctx shielded = {
		.deadline = NEVER, .err = &err, .shielded = !mutant("task_group_unshielded")
	};

	/* The owner may be cancelled itself: an unshielded wait would return at once, and the children
	 * would go on with pointers into a stack that is gone. */
	g->closing = true;
	group_cancel(g);
	while (!list_empty(&g->children))
		check(waitlist_wait(&shielded, &g->changed) == 0);
}
