#include "tablet/guard/lock.h"

#include "base/check.h"
#include "base/mem.h"
#include "base/mutant.h"
#include "tablet/guard/fence.h"
#include "tablet/server/share.h"
#include "tablet/server/spare.h"
#include "task/group.h"

#include <stdlib.h>

enum {
	BUSY_POLL_MS = 5
}; /* until a task has ended that takes a lock which nobody wants any more */

struct table_lock {
	struct list_node node;
	struct move *move;
	int attempt;
	bool busy;          /* a task is taking or asking it, or arms */
	bool doomed;        /* released meanwhile: that task ends it */
	struct share share; /* connections 1 */
	struct position p;
	const struct tablet_env *env;
	struct arena arena; /* fence's strings */
	struct fence fence; /* whose triggers are counted */
	usec count_until;
	struct group counting; /* one task */
};

/* Found, and busy, until the task that counts has ended: nobody takes another one meanwhile (1). */
static void
lock_free(struct table_lock *t)
{
	t->busy = true;
	group_done(&t->counting);
	list_remove(&t->node);
	share_done(&t->share);
	position_done(&t->p);
	arena_done(&t->arena);
	free(t);
}

static struct table_lock *
lock_new(const struct locks *l, const struct fence *f, usec deadline)
{
	struct table_lock *t = mem_new(struct table_lock);

	*t = (struct table_lock){
		.move = f->move, .attempt = f->attempt, .env = l->env, .count_until = deadline
	};
	arena_init(&t->arena);
	t->fence = fence_copy(&t->arena, f);
	group_init(&t->counting);
	return t;
}

static struct table_lock *
find(const struct locks *l, const struct move *m)
{
	list_each(&l->all, n) {
		struct table_lock *t = list_item(n, struct table_lock, node);

		if (t->move == m)
			return t;
	}
	return NULL;
}

void
locks_check(const struct locks *l)
{
	list_each(&l->all, n) {
		const struct table_lock *t = list_item(n, struct table_lock, node);

		check(t->attempt <= t->move->seen);
	}
}

void
locks_init(struct locks *l, const struct tablet_env *env)
{
	*l = (struct locks){ .env = env };
	list_init(&l->all);
}

void
locks_done(struct locks *l)
{
	while (!list_empty(&l->all))
		lock_free(list_item(l->all.first, struct table_lock, node));
}

/* (4), (5) */
static int
check_wanted(struct ctx *cx, const struct table_lock *t)
{
	TRY(move_admit(t->move, t->attempt, cx->err));
	if (!t->doomed)
		return 0;
	return err_set(cx->err, ERR_RETRY, "the lock of '%s' was released while it was taken",
	    t->move->workflow);
}

static int
count(struct ctx *cx, const struct table_lock *t)
{
	SCOPED(spare) struct spare third = { 0 };

	TRY(spare_take(cx, t->env, ROLE_DBA, &third));
	return fence_check(cx, third.client, &t->fence);
}

static void
count_main(void *arg)
{
	struct table_lock *t = arg;
	struct err err = { 0 };
	SCOPED(arena) struct arena arena = ARENA_INIT;
	struct ctx cx = { .deadline = t->count_until, .err = &err, .arena = &arena };

	if (count(&cx, t) != 0)
		group_fail(&t->counting, &err);
}

static int
take_with(struct ctx *cx, struct locks *l, struct mysql_client *second, const struct fence *f,
    struct table_lock *t)
{
	struct share_tables tables = { f->database, f->tables, f->tables_count };

	TRY(fence_current(cx, second, f));
	if (share_take(cx, l->env, &tables, &t->share) != 0)
		return err_wrap(cx->err, "locking the tables of '%s'", f->database);
	TRY(group_spawn(&t->counting, "counting triggers", count_main, t, cx->err)); /* (3) */
	return check_wanted(cx, t);
}

/* (2): its GTIDs, which is all that a freeze asks for. */
static int
read_place(struct ctx *cx, struct mysql_client *c, struct table_lock *t)
{
	TRY(position_gtids(cx, c, &t->p));
	return check_wanted(cx, t);
}

/* (1): *present is the lock that this attempt already has, or NULL. A lock of a lower attempt is ended here;
 * for a higher one the request is refused. */
static int
make_room(struct ctx *cx, struct locks *l, const struct fence *r, struct table_lock **present)
{
	struct table_lock *t = find(l, r->move);

	*present = NULL;
	TRY(move_admit(r->move, r->attempt, cx->err));
	if (t == NULL)
		return 0;
	if (t->busy)
		return err_set(
		    cx->err, ERR_RETRY, "the lock of '%s' is being taken", r->move->workflow);
	if (t->attempt == r->attempt && !share_broken(&t->share))
		*present = t;
	else
		lock_free(t);
	return 0;
}

int
lock_take(struct ctx *cx, struct locks *l, const struct fence *r, struct position *p)
{
	struct table_lock *t;
	SCOPED(spare) struct spare second = { 0 };

	TRY(make_room(cx, l, r, &t));
	if (t != NULL) {
		position_copy(p, &t->p);
		return 0;
	}
	t = lock_new(l, r, cx->deadline);
	t->busy = true;
	list_push(&l->all, &t->node);
	int rc = spare_take(cx, l->env, ROLE_DBA, &second);
	if (rc == 0)
		rc = take_with(cx, l, second.client, r, t);
	if (rc == 0)
		rc = read_place(cx, second.client, t);
	t->busy = false;
	if (rc == 0)
		position_copy(p, &t->p);
	else
		lock_free(t);
	return rc;
}

static int
arm(struct ctx *cx, struct locks *l, const struct fence *f, const struct table_lock *t)
{
	SCOPED(spare) struct spare second = { 0 };

	TRY(spare_take(cx, l->env, ROLE_DBA, &second));
	TRY(check_wanted(cx, t)); /* (5) */
	return fence_arm(cx, second.client, f);
}

int
lock_arm(struct ctx *cx, struct locks *l, const struct fence *f)
{
	struct table_lock *t = find(l, f->move);

	if (t == NULL || t->busy || t->attempt != f->attempt)
		return err_set(cx->err, ERR_RETRY, "the lock of '%s' is not there to arm under",
		    f->move->workflow);
	t->busy = true;
	int rc = arm(cx, l, f, t);
	t->busy = false;
	if (rc == 0)
		rc = check_wanted(cx, t);
	if (rc != 0)
		lock_free(t); /* (4); or the attempt is over, and nobody is to wait for its undoing */
	return rc;
}

int
lock_held(struct ctx *cx, struct locks *l, const struct fence *f, bool *held)
{
	struct table_lock *t = find(l, f->move);
	SCOPED(spare) struct spare second = { 0 };

	*held = false;
	if (t == NULL || t->attempt != f->attempt || t->busy)
		return 0;
	t->busy = true;
	bool alive = share_alive(cx, &t->share);
	int rc = mutant("tablet_triggers_uncounted") ? 0 : group_wait(cx, &t->counting); /* (3) */
	t->busy = false;
	if (!alive || t->doomed || rc != 0) {
		lock_free(t);
		return rc;
	}
	TRY(spare_take(cx, l->env, ROLE_DBA, &second));
	return fence_armed(cx, second.client, f, held);
}

void
lock_release(struct locks *l, const struct move *m)
{
	struct table_lock *t = find(l, m);

	locks_check(l);
	if (t == NULL)
		return;
	if (t->busy) {
		if (!mutant("tablet_release_forgotten"))
			t->doomed = true;
		return;
	}
	lock_free(t);
}

int
lock_wait_outdated(struct ctx *cx, struct locks *l, const struct move *m)
{
	locks_check(l);
	for (;;) {
		const struct table_lock *t = find(l, m);

		if (t == NULL || !t->busy || !move_outdates(m, t->attempt))
			return 0;
		TRY(task_sleep(cx, BUSY_POLL_MS * MSEC));
	}
}
