#include "tablet/guard/lock.h"

#include "base/mem.h"
#include "base/mutant.h"
#include "tablet/guard/fence.h"
#include "tablet/read/place.h"
#include "tablet/server/share.h"
#include "tablet/server/spare.h"

#include <stdlib.h>

enum {
	BUSY_POLL_MS = 5
}; /* until a task has ended that takes a lock which nobody wants any more */

struct table_lock {
	struct list_node node;
	char *workflow;
	int attempt;
	bool busy;          /* a task is taking or asking it */
	bool doomed;        /* released meanwhile: that task ends it */
	struct share share; /* connections 1 */
	struct position p;
};

/* (5) */
struct forbidden {
	struct list_node node;
	char *workflow;
	int attempt; /* and all below */
};

static void
lock_free(struct table_lock *t)
{
	list_remove(&t->node);
	share_done(&t->share);
	position_done(&t->p);
	free(t->workflow);
	free(t);
}

static struct table_lock *
find(struct locks *l, const char *workflow)
{
	list_each(&l->all, n) {
		struct table_lock *t = list_item(n, struct table_lock, node);

		if (strcmp(t->workflow, workflow) == 0)
			return t;
	}
	return NULL;
}

void
locks_init(struct locks *l, const struct tablet_env *env)
{
	*l = (struct locks){ .env = env };
	list_init(&l->all);
	list_init(&l->forbidden);
}

void
locks_done(struct locks *l)
{
	while (!list_empty(&l->all))
		lock_free(list_item(l->all.first, struct table_lock, node));
	while (!list_empty(&l->forbidden)) {
		struct forbidden *f = list_item(l->forbidden.first, struct forbidden, node);

		list_remove(&f->node);
		free(f->workflow);
		free(f);
	}
}

static struct forbidden *
find_forbidden(struct locks *l, const char *workflow)
{
	list_each(&l->forbidden, n) {
		struct forbidden *f = list_item(n, struct forbidden, node);

		if (strcmp(f->workflow, workflow) == 0)
			return f;
	}
	return NULL;
}

/* (4) */
static int
check_wanted(struct ctx *cx, const struct table_lock *t)
{
	if (!t->doomed)
		return 0;
	return err_set(
	    cx->err, ERR_RETRY, "the lock of '%s' was released while it was taken", t->workflow);
}

static int
take_with(struct ctx *cx, struct locks *l, struct mysql_client *second, const struct fence *f,
    struct table_lock *t)
{
	struct share_tables tables = { f->database, f->tables, f->tables_count };

	TRY(fence_current(cx, second, f));
	if (share_take(cx, l->env, &tables, &t->share) != 0)
		return err_wrap(cx->err, "locking the tables of '%s'", f->database);
	TRY(fence_check(cx, second, f)); /* (3) */
	TRY(check_wanted(cx, t));
	return fence_arm(cx, second, f);
}

/* (2) */
static int
read_place(
    struct ctx *cx, const struct tablet_env *env, struct mysql_client *c, struct table_lock *t)
{
	struct place_reader reader = place_reader(env, env->server);

	TRY(place_now(cx, c, &reader, &t->p));
	return check_wanted(cx, t);
}

/* (1): *present is the lock that this attempt already has, or NULL. A lock of a lower attempt is ended here;
 * for a higher one the request is refused. */
static int
make_room(struct ctx *cx, struct locks *l, const struct fence *r, struct table_lock **present)
{
	struct table_lock *t = find(l, r->id.workflow);
	const struct forbidden *f = find_forbidden(l, r->id.workflow);

	*present = NULL;
	if (f != NULL && f->attempt >= r->attempt && !mutant("tablet_disarmed_attempt_locks"))
		return err_set(cx->err, ERR_CONFLICT,
		    "attempt %d of '%s' is outdated: attempt %d has disarmed its fence", r->attempt,
		    r->id.workflow, f->attempt);
	if (t == NULL)
		return 0;
	if (t->attempt > r->attempt)
		return err_set(cx->err, ERR_CONFLICT,
		    "attempt %d of '%s' is outdated: attempt %d holds the lock", r->attempt,
		    r->id.workflow, t->attempt);
	if (t->busy)
		return err_set(
		    cx->err, ERR_RETRY, "the lock of '%s' is being taken", r->id.workflow);
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
	t = mem_new(struct table_lock);
	t->workflow = mem_strdup(r->id.workflow);
	t->attempt = r->attempt;
	t->busy = true;
	list_push(&l->all, &t->node);
	int rc = spare_take(cx, l->env, ROLE_DBA, &second);
	if (rc == 0)
		rc = take_with(cx, l, second.client, r, t);
	if (rc == 0)
		rc = read_place(cx, l->env, second.client, t);
	t->busy = false;
	if (rc == 0)
		position_copy(p, &t->p);
	else
		lock_free(t);
	return rc;
}

int
lock_held(struct ctx *cx, struct locks *l, const struct fence *f, bool *held)
{
	struct table_lock *t = find(l, f->id.workflow);
	SCOPED(spare) struct spare second = { 0 };

	*held = false;
	if (t == NULL || t->attempt != f->attempt || t->busy)
		return 0;
	t->busy = true;
	bool alive = share_alive(cx, &t->share);
	t->busy = false;
	if (!alive || t->doomed) {
		lock_free(t);
		return 0;
	}
	TRY(spare_take(cx, l->env, ROLE_DBA, &second));
	return fence_armed(cx, second.client, f, held);
}

void
lock_release(struct locks *l, const char *workflow, int attempt)
{
	struct table_lock *t = find(l, workflow);

	if (t == NULL || t->attempt > attempt)
		return;
	if (t->busy) {
		if (!mutant("tablet_release_forgotten"))
			t->doomed = true;
		return;
	}
	lock_free(t);
}

int
lock_forbid(struct ctx *cx, struct locks *l, const char *workflow, int attempt)
{
	struct forbidden *f = find_forbidden(l, workflow);

	if (f == NULL) {
		f = mem_new(struct forbidden);
		f->workflow = mem_strdup(workflow);
		list_push(&l->forbidden, &f->node);
	}
	if (f->attempt < attempt)
		f->attempt = attempt;
	for (;;) {
		struct table_lock *t = find(l, workflow);

		if (t == NULL || t->attempt > attempt || !t->busy)
			return 0;
		t->doomed = true;
		TRY(task_sleep(cx, BUSY_POLL_MS * MSEC));
	}
}
