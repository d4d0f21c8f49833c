#include "tablet/guard/lock.h"

#include "base/check.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/mutant.h"
#include "tablet/guard/fence.h"
#include "tablet/read/xids.h"
#include "tablet/server/share.h"
#include "tablet/server/spare.h"
#include "tablet/table/auto_increment.h"

#include <stdlib.h>

enum {
	BUSY_POLL_MS = 5, /* until a task has ended that takes a lock which nobody wants any more */
	/* Then the server ends what was prepared: for an attempt whose vtctld and whose undoing were lost. */
	PREPARED_S = 600,
	/* Longer than most attempts hold, so that they need none; shorter than what clients notice. More for
	 * each table, which is read each time. */
	DDL_POLL_MS = 100,
	DDL_POLL_TABLE_MS = 1,
	/* Of one look; a server that has not answered by then is gone, and the count is made anew. */
	DDL_LOOK_S = 60,
};

struct table_lock {
	struct list_node node;
	struct move *move;
	int attempt;
	int tables_count; /* of its fence, and of values.next */
	bool busy;        /* a task prepares, takes or asks it, or arms */
	bool doomed;      /* released meanwhile: that task ends it */
	bool taken;       /* with its P; else it is prepared at most */
	/* Its open transaction keeps DDL off since the triggers were counted (3); NULL once the lock does. */
	struct mysql_client *reader;
	struct share share;        /* connections 1 */
	struct lock_values values; /* next: before it is taken, as of the count */
};

static void
lock_free(struct table_lock *t)
{
	list_remove(&t->node);
	client_done(&t->reader);
	share_done(&t->share);
	position_done(&t->values.p);
	free(t->values.next);
	free(t);
}

static struct table_lock *
lock_new(struct locks *l, const struct fence *f)
{
	struct table_lock *t = mem_new(struct table_lock);

	*t = (struct table_lock){
		.move = f->move, .attempt = f->attempt, .tables_count = f->tables_count
	};
	t->values.next = mem_zalloc((size_t)f->tables_count * sizeof(uint64_t));
	list_push(&l->all, &t->node);
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
	group_init(&l->watches);
}

void
locks_done(struct locks *l)
{
	group_done(&l->watches);
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

static struct share_tables
tables_of(const struct fence *f)
{
	return (struct share_tables){ f->database, f->tables, f->tables_count };
}

static struct auto_values
next_values(const struct table_lock *t, const struct fence *f)
{
	return (
	    struct auto_values){ f->database, f->tables, (size_t)f->tables_count, t->values.next };
}

/* killer NULL: waits for DDL. */
static int
prepare(struct ctx *cx, const struct locks *l, const struct fence *f, struct table_lock *t,
    struct mysql_client *killer)
{
	const struct auto_values next = next_values(t, f);
	const struct share_tables tables = tables_of(f);

	if (t->reader != NULL) /* lock_prepare() was here */
		return 0;
	TRY(env_dba(cx, l->env, &t->reader));
	TRY(mysql_execf(cx, t->reader, "SET autocommit=0, wait_timeout=%d", PREPARED_S));
	if (!mutant("tablet_tables_unread") && share_read(cx, t->reader, killer, &tables) != 0)
		return err_wrap(cx->err, "keeping DDL off");
	TRY(fence_check(cx, t->reader, f));
	TRY(auto_increment_read(cx, t->reader, &next));
	return check_wanted(cx, t);
}

/* (3) */
static int
end_prepared(struct ctx *cx, struct table_lock *t)
{
	if (!mutant("tablet_reader_unasked") &&
	    mysql_exec(cx, t->reader, slice_str("DO 0"), NULL) != 0) {
		if (cx->err->kind == ERR_SERVER)
			cx->err->kind = ERR_RETRY; /* it was killed, say */
		return err_wrap(cx->err,
		    "asking the transaction that keeps the fence of '%s' as it is",
		    t->move->workflow);
	}
	client_done(&t->reader);
	return 0;
}

static int
take_with(struct ctx *cx, struct locks *l, struct mysql_client *second, const struct fence *f,
    struct table_lock *t)
{
	const struct share_tables tables = tables_of(f);

	TRY(fence_current(cx, second, f));
	if (share_take(cx, l->env, &tables, &t->share) != 0) {
		err_wrap(cx->err, "locking the tables of '%s'", f->database);
		return xids_tell(cx, second);
	}
	TRY(end_prepared(cx, t));
	return check_wanted(cx, t);
}

/* (2): its GTIDs, which is all that a freeze asks for. */
static int
read_values(struct ctx *cx, struct mysql_client *c, const struct fence *f, struct table_lock *t)
{
	const struct auto_values next = next_values(t, f);

	TRY(position_gtids(cx, c, &t->values.p));
	TRY(auto_increment_read_locked(cx, c, &next));
	return check_wanted(cx, t);
}

static int
take(struct ctx *cx, struct locks *l, const struct fence *f, struct table_lock *t)
{
	SCOPED(spare) struct spare second = { 0 };

	TRY(spare_take(cx, l->env, ROLE_DBA, &second));
	TRY(prepare(cx, l, f, t, second.client));
	TRY(take_with(cx, l, second.client, f, t));
	TRY(read_values(cx, second.client, f, t));
	t->taken = true;
	return 0;
}

static bool
is_lost(const struct table_lock *t)
{
	return t->reader != NULL ? mysql_broken(t->reader) : share_broken(&t->share);
}

/* (1): this attempt's, as far as it has come. A lock of a lower attempt is ended here; for a higher one the
 * request is refused, and so it is with another number of tables than the attempt began with. */
static int
find_own(struct ctx *cx, struct locks *l, const struct fence *f, struct table_lock **out)
{
	struct table_lock *t = find(l, f->move);

	TRY(move_admit(f->move, f->attempt, cx->err));
	if (t != NULL && t->busy)
		return err_set(
		    cx->err, ERR_RETRY, "the lock of '%s' is being taken", f->move->workflow);
	if (t != NULL && (t->attempt != f->attempt || is_lost(t))) {
		lock_free(t);
		t = NULL;
	}
	if (t != NULL && t->tables_count != f->tables_count)
		return err_set(cx->err, ERR_REFUSED, "attempt %d of '%s' has %d tables, not %d",
		    t->attempt, f->move->workflow, t->tables_count, f->tables_count);
	*out = t != NULL ? t : lock_new(l, f);
	return 0;
}

/* ---- DDL that waits for the transaction (6) */

struct watch {
	struct arena arena;
	struct locks *l;
	const struct move *move;
	int attempt;
	struct share_tables tables;
};

static void
watch_free(struct watch *w)
{
	arena_done(&w->arena);
	free(w);
}

/* NULL: there is nothing to watch any more. */
static struct table_lock *
watched_lock(const struct watch *w)
{
	struct table_lock *t = find(w->l, w->move);

	return t != NULL && t->attempt == w->attempt && t->reader != NULL ? t : NULL;
}

/* Until DDL is there, or nobody can tell: -1. 0: the transaction has ended. */
static int
look_out(struct ctx *cx, const struct watch *w)
{
	SCOPED(client) struct mysql_client *c = NULL;
	SCOPED(client) struct mysql_client *killer = NULL;

	while (!mutant("tablet_reader_unwatched")) {
		TRY(task_sleep(cx, (DDL_POLL_MS + w->tables.count * DDL_POLL_TABLE_MS) * MSEC));
		if (watched_lock(w) == NULL)
			return 0;
		struct ctx within = ctx_within(cx, DDL_LOOK_S * SECOND);
		if (c == NULL) {
			TRY(env_dba(&within, w->l->env, &c));
			TRY(env_dba(&within, w->l->env, &killer));
		}
		TRY(share_read(&within, c, killer, &w->tables));
	}
	return 0;
}

static void
watch_main(void *arg)
{
	struct watch *w = arg;
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err };

	if (look_out(&cx, w) != 0 && err.kind != ERR_CANCELLED) {
		struct table_lock *t = watched_lock(w);

		log_info("workflow '%s' keeps DDL off no more: %s", w->move->workflow, err.text);
		if (t != NULL && !t->busy)
			client_done(&t->reader);
	}
	watch_free(w);
}

static int
watch(struct ctx *cx, struct locks *l, const struct fence *f, const struct table_lock *t)
{
	struct watch *w = mem_new(struct watch);
	const char **names;

	*w = (struct watch){ ARENA_INIT, l, t->move, t->attempt, tables_of(f) };
	names = arena_array(&w->arena, const char *, f->tables_count);
	for (int i = 0; i < f->tables_count; i++)
		names[i] = arena_strdup(&w->arena, f->tables[i]);
	w->tables.database = arena_strdup(&w->arena, f->database);
	w->tables.names = names;
	if (group_spawn(&l->watches, "DDL watch", watch_main, w, cx->err) == 0)
		return 0;
	watch_free(w);
	return -1;
}

int
lock_prepare(struct ctx *cx, struct locks *l, const struct fence *f)
{
	struct table_lock *t;

	TRY(find_own(cx, l, f, &t));
	if (t->taken || t->reader != NULL)
		return 0;
	t->busy = true;
	int rc = prepare(cx, l, f, t, NULL);
	t->busy = false;
	if (rc == 0)
		rc = watch(cx, l, f, t);
	if (rc != 0)
		lock_free(t);
	return rc;
}

int
lock_take(struct ctx *cx, struct locks *l, const struct fence *f, const struct lock_values **out)
{
	struct table_lock *t;

	TRY(find_own(cx, l, f, &t));
	if (!t->taken) {
		t->busy = true;
		int rc = take(cx, l, f, t);
		t->busy = false;
		if (rc != 0) {
			lock_free(t);
			return rc;
		}
	}
	*out = &t->values;
	return 0;
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

	if (t == NULL || t->busy || !t->taken || t->attempt != f->attempt)
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
	if (t == NULL || t->attempt != f->attempt || t->busy || !t->taken)
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
