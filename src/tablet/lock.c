#include "tablet/lock.h"

#include "base/mem.h"
#include "sql/quote.h"
#include "tablet/fence.h"

#include <stdlib.h>

enum {
	LOCK_WAIT_MS = 250, /* of each try: writers come from elsewhere than the gates and must not
			       queue for long */
	BUSY_POLL_MS = 5, /* for a task that takes a lock nobody wants any more */
};

struct table_lock {
	struct list_node     node;
	char                *workflow;
	int                  attempt;
	bool                 busy;   /* a task is taking or asking it */
	bool                 doomed; /* released meanwhile: that task ends it */
	struct mysql_client *holder; /* connection 1 */
	struct position      p;
};

/* (5) */
struct forbidden {
	struct list_node node;
	char            *workflow;
	int              attempt; /* and all below */
};

static void
lock_free(struct table_lock *t)
{
	list_remove(&t->node);
	client_done(&t->holder);
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

static void
add_lock_tables(struct buf *out, const struct lock_request *r)
{
	buf_add_str(out, "LOCK TABLES ");
	for (int i = 0; i < r->tables_count; i++) {
		if (i > 0)
			buf_add_str(out, ", ");
		quote_table(out, slice_str(r->database), slice_str(r->tables[i]));
		buf_add_str(out, " READ");
	}
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
take_with(struct ctx *cx, struct ddl *d, struct mysql_client *second, const struct lock_request *r,
    struct table_lock *t)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	struct fence f = {
		.id = r->id,
		.database = r->database,
		.tables = r->tables,
		.tables_count = r->tables_count,
	};

	TRY(fence_current(cx, second, r->id, r->attempt));
	TRY(mysql_exec(cx, d->session, slice_str("SET autocommit=0, wait_timeout=86400"),
	    NULL)); /* a day: never by idling */
	add_lock_tables(&sql, r);
	if (ddl_run(cx, d, buf_slice(&sql), LOCK_WAIT_MS) != 0)
		return err_wrap(cx->err, "locking the tables of '%s'", r->database);
	TRY(fence_check(cx, second, &f)); /* (3) */
	TRY(check_wanted(cx, t));
	TRY(fence_arm(cx, second, r->id, r->attempt));
	TRY(position_now(cx, second, &t->p)); /* (2) */
	return check_wanted(cx, t);
}

/* (1): what is there of this workflow, if it may stay; else it makes room. */
static int
make_room(
    struct ctx *cx, struct locks *l, const struct lock_request *r, struct table_lock **present)
{
	struct table_lock      *t = find(l, r->id.workflow);
	const struct forbidden *f = find_forbidden(l, r->id.workflow);

	*present = NULL;
	if (f != NULL && f->attempt >= r->attempt)
		return err_set(cx->err, ERR_CONFLICT,
		    "attempt %d of '%s' is outdated: attempt %d has disarmed its fence",
		    r->attempt, r->id.workflow, f->attempt);
	if (t == NULL)
		return 0;
	if (t->attempt > r->attempt)
		return err_set(cx->err, ERR_CONFLICT,
		    "attempt %d of '%s' is outdated: attempt %d holds the lock", r->attempt,
		    r->id.workflow, t->attempt);
	if (t->busy)
		return err_set(cx->err, ERR_RETRY, "the lock of '%s' is being taken", r->id.workflow);
	if (t->attempt == r->attempt && !mysql_broken(t->holder))
		*present = t;
	else
		lock_free(t);
	return 0;
}

int
lock_take(struct ctx *cx, struct locks *l, const struct lock_request *r, struct position *p)
{
	struct table_lock                  *t;
	struct ddl                          d;
	SCOPED(client) struct mysql_client *second = NULL;

	TRY(make_room(cx, l, r, &t));
	if (t != NULL) {
		*p = t->p;
		return 0;
	}
	t = mem_new(struct table_lock);
	t->workflow = mem_strdup(r->id.workflow);
	t->attempt = r->attempt;
	t->busy = true;
	list_push(&l->all, &t->node);
	int rc = ddl_open(cx, l->env, &d);
	if (rc == 0)
		rc = env_dba(cx, l->env, &second);
	if (rc == 0)
		rc = take_with(cx, &d, second, r, t);
	t->busy = false;
	if (rc == 0) {
		t->holder = d.session;
		d.session = NULL;
		*p = t->p;
	} else {
		lock_free(t);
	}
	ddl_done(&d);
	return rc;
}

int
lock_held(struct ctx *cx, struct locks *l, const char *workflow, int attempt, bool *held)
{
	struct table_lock                  *t = find(l, workflow);
	SCOPED(client) struct mysql_client *second = NULL;

	*held = false;
	if (t == NULL || t->attempt != attempt || t->busy)
		return 0;
	t->busy = true;
	bool alive = mysql_exec(cx, t->holder, slice_str("DO 0"), NULL) == 0;
	t->busy = false;
	if (!alive || t->doomed) {
		lock_free(t);
		return 0;
	}
	TRY(env_dba(cx, l->env, &second));
	return fence_armed(
	    cx, second, (struct stream_id){ l->env->sidecar, workflow }, attempt, held);
}

void
lock_release(struct locks *l, const char *workflow, int attempt)
{
	struct table_lock *t = find(l, workflow);

	if (t == NULL || t->attempt > attempt)
		return;
	if (t->busy) {
		t->doomed = true;
		return;
	}
	/* Closing the connection ends LOCK TABLES; nothing was written under it. */
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
