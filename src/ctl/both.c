#include "ctl/both.h"

#include "task/group.h"

struct beside {
	both_fn *run;
	void *arg;
	usec deadline;
	struct group group;
};

static void
beside_task(void *arg)
{
	SCOPED(arena) struct arena scratch = ARENA_INIT;
	struct beside *b = arg;
	struct err err = { 0 };
	struct ctx cx = { .deadline = b->deadline, .err = &err, .arena = &scratch };

	if (b->run(&cx, b->arg) != 0)
		group_fail(&b->group, &err);
}

int
both(struct ctx *cx, both_fn *here, both_fn *beside, void *arg)
{
	struct beside b = { .run = beside, .arg = arg, .deadline = cx->deadline };

	group_init(&b.group);
	int rc = group_spawn(&b.group, "at the same time", beside_task, &b, cx->err);
	if (rc == 0)
		rc = here(cx, arg);
	if (rc == 0)
		rc = group_wait(cx, &b.group);
	group_done(&b.group);
	return rc;
}
