/*
 * topo_file.c - the store in one SQLite file, from inside a loop.
 *
 * A handle is one connection. Its calls run on helper threads, one at a time
 * (busy); a call that finds the file locked by others gives up after a moment
 * and is made again, so that its task's deadline and cancellation count.
 *
 * One task per handle looks whether others have changed the file when they give
 * notice of it (notice.h). It wakes watches when the revision has grown, and
 * keeps, for each lease, when this process saw its counter change last: the file
 * holds no time. A lease whose counter stood still for its whole time to live is
 * ended, if its counter is still the same then, by whichever process is first.
 *
 * Nobody gives notice of renewals: they are most of what is written while
 * programs are at rest, and nobody waits for one. The task looks in any case
 * when a lease may be over, often enough to see renewals soon, and once a second
 * for the notice that was never given; who renews a lease of his own has looked.
 *
 * A commit of process A, as a watch of process B learns of it:
 *
 *   A   tables_txn() commits revision 42 and sets the file's times
 *   B   notice_wait() ends (at most 2 ms later than the last look allows); look() calls tables_leases(),
 *       which also reads the revision; observe() -> publish(): 42 > 41, so everybody in file_watch() is
 *       woken
 *   B   each reads the events of its own prefix after its own cursor: one has some and returns, another has
 *       none, takes 42 as its cursor and waits on
 *
 * So while nothing happens a process reads once a second, whatever the number of its watches.
 */
#include "base/check.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/mutant.h"
#include "task/group.h"
#include "task/offload.h"
#include "topo/notice.h"
#include "topo/topo_tables.h"

#include <stdlib.h>

enum {
	RETRY_PAUSE = 2 * (int)MSEC, /* after a try that waited for the lock already */
	LOOKS = 3, /* per time to live: who has died is believed a third of it longer at most */
};

#define LOOK_ANYWAY (1 * SECOND) /* when nobody has given notice of anything */
#define LOOK_AGAIN  (100 * MSEC) /* while the file cannot be read */
#define LOOK_GAP    (20 * MSEC)  /* at a lease that is over and could not be ended */

/* A lease as this process has seen it. */
struct seen {
	struct table_lease lease;
	/* task_boottime() when the counter was first seen as it is */
	usec since;
};

struct file {
	struct topo topo;
	struct db *db;
	bool busy;               /* a call runs on a helper thread, which alone uses db then */
	struct waitlist free;    /* tasks that want to be the next */
	int64_t revision;        /* the highest known; it only grows */
	struct notice notice;    /* others have changed the file */
	usec looked;             /* when leases and revision were read last, on task_now() */
	struct waitlist changed; /* revision or failing changed */
	bool failing;            /* the last look failed; failure says how */
	struct err failure;
	struct seen *seen;
	size_t seen_count;
	struct group group;
};

/* One blocking call: what goes in, what comes out; act() uses the members that it needs. */
struct call {
	struct db *db;
	int (*act)(struct call *c);
	int rc;
	bool locked; /* failed because others had the file */
	struct err err;
	/* of the helper thread; results are copied out of it */
	struct arena arena;
	const char *text; /* key, prefix or path */
	const struct topo_txn *txn;
	struct topo_result result;
	struct topo_kv kv;
	struct topo_list list;
	struct topo_events events;
	struct table_leases leases;
	int64_t lease, number;
	const uint64_t *counter;
	usec ttl;
};

static void
run_call(void *arg)
{
	struct call *c = arg;

	c->locked = false;
	c->rc = c->act(c);
	if (c->rc != 0 && c->db != NULL)
		c->locked = db_busy(c->db);
}

static void
call_done(struct call *c)
{
	arena_done(&c->arena);
}

/* Makes the call when no other runs, and again while the file is locked. */
static int
make_call(struct ctx *cx, struct file *f, struct call *c)
{
	for (;;) {
		/* Not in the order of their coming: all are woken, and the first to run has it. Calls are
		 * short. */
		while (f->busy)
			TRY(waitlist_wait(cx, &f->free));
		f->busy = true;
		c->db = f->db;
		offload(cx, run_call, c);
		f->busy = false;
		waitlist_wake_all(&f->free);
		if (!c->locked)
			return c->rc == 0 ? 0 : err_copy(cx->err, &c->err);
		arena_reset(&c->arena);
		if (task_sleep(cx, RETRY_PAUSE) != 0)
			return err_wrap(
			    cx->err, "waiting for others to unlock '%s'", db_path(f->db));
	}
}

/* ---- What runs on the helper thread */

static int
run_get(struct call *c)
{
	return tables_get(c->db, &c->arena, c->text, &c->kv, &c->err);
}

static int
run_list(struct call *c)
{
	return tables_list(c->db, &c->arena, c->text, &c->list, &c->err);
}

static int
run_txn(struct call *c)
{
	return tables_txn(c->db, &c->arena, c->txn, &c->result, &c->err);
}

/* number is the revision watched from; a try that found the file locked may have changed events. */
static int
run_events(struct call *c)
{
	c->events = (struct topo_events){ .revision = c->number };
	return tables_events(c->db, &c->arena, c->text, &c->events, &c->err);
}

static int
run_grant(struct call *c)
{
	return tables_lease_grant(c->db, c->ttl, &c->lease, &c->err);
}

static int
run_renew(struct call *c)
{
	return tables_lease_renew(c->db, c->lease, &c->arena, &c->leases, &c->err);
}

static int
run_end(struct call *c)
{
	return tables_lease_end(c->db, c->lease, c->counter, &c->number, &c->err);
}

static int
run_leases(struct call *c)
{
	return tables_leases(c->db, &c->arena, &c->leases, &c->err);
}

/* On failure the half-open file is closed here, where it may block. */
static int
run_open(struct call *c)
{
	if (tables_open(c->text, &c->db, &c->err) == 0)
		return 0;
	c->locked = db_busy(c->db);
	db_close(c->db);
	c->db = NULL;
	return -1;
}

static int
run_close(struct call *c)
{
	db_close(c->db);
	c->db = NULL;
	return 0;
}

/* ---- Watching the file */

static void
publish(struct file *f, int64_t revision)
{
	/* A watch's answer may end before the newest revision that is known: it must not turn that back. */
	if (revision <= f->revision)
		return;
	f->revision = revision;
	waitlist_wake_all(&f->changed);
}

static usec
seen_since(const struct file *f, const struct table_lease *l, usec now)
{
	for (size_t i = 0; i < f->seen_count; i++) {
		const struct table_lease *seen = &f->seen[i].lease;

		if (seen->id == l->id &&
		    (seen->counter == l->counter || mutant("topo_lease_counter_seen")))
			return f->seen[i].since;
	}
	return now;
}

/* now is read after the leases were: a counter is never believed older than it is. */
static void
observe(struct file *f, const struct table_leases *leases)
{
	usec now = task_boottime();
	struct seen *seen = mem_zalloc(leases->count * sizeof *seen);

	for (size_t i = 0; i < leases->count; i++)
		seen[i] = (struct seen){ leases->items[i], seen_since(f, &leases->items[i], now) };
	free(f->seen);
	f->seen = seen;
	f->seen_count = leases->count;
	f->looked = task_now();
	publish(f, leases->revision);
}

static int
look_at_leases(struct ctx *cx, struct file *f)
{
	struct call c = { .act = run_leases };
	int rc = make_call(cx, f, &c);

	f->looked = task_now(); /* or has tried to */
	if (rc == 0)
		observe(f, &c.leases);
	call_done(&c);
	return rc;
}

/* Renewed or ended by others meanwhile is as good as done: the next look tells. */
static int
end_lease(struct ctx *cx, struct file *f, int64_t lease, const uint64_t *counter)
{
	struct call c = { .act = run_end, .lease = lease, .counter = counter };

	TRY(make_call(cx, f, &c));
	publish(f, c.number);
	return 0;
}

static int
expire_leases(struct ctx *cx, struct file *f)
{
	usec now = task_boottime();

	for (size_t i = 0; i < f->seen_count; i++) {
		/* A copy, and f->seen[i] is read anew each time: end_lease() waits, and another task's
		 * renewal then replaces the whole array by observe(). */
		const struct table_lease lease = f->seen[i].lease;

		if (now - f->seen[i].since < lease.ttl)
			continue;
		if (end_lease(cx, f, lease.id, &lease.counter) == 0)
			log_info("lease %lld was not renewed and has ended", (long long)lease.id);
		else if (cx->err->kind != ERR_NOT_FOUND && cx->err->kind != ERR_CONFLICT)
			return -1;
	}
	return 0;
}

/* Tells watches when the file cannot be read, and logs it once. */
static void
note(struct file *f, const struct err *failure)
{
	if (failure != NULL && !f->failing)
		log_warn("looking at the topology: %s", failure->text);
	if (failure == NULL && f->failing)
		log_info("the topology can be read again");
	if (failure != NULL)
		f->failure = *failure;
	f->failing = failure != NULL;
	if (f->failing)
		waitlist_wake_all(&f->changed);
}

/* For how long what was read last does, when nobody gives notice. */
static usec
good_for(const struct file *f)
{
	usec within = f->failing ? LOOK_AGAIN : LOOK_ANYWAY;

	for (size_t i = 0; i < f->seen_count; i++)
		if (f->seen[i].lease.ttl / LOOKS < within)
			within = f->seen[i].lease.ttl / LOOKS;
	return f->looked + within - task_now();
}

/* When to look, from now on, in any case. */
static usec
next_look(const struct file *f)
{
	usec within = good_for(f), now = task_boottime();

	for (size_t i = 0; i < f->seen_count; i++) {
		usec over = f->seen[i].since + f->seen[i].lease.ttl - now;

		within = over < within ? over : within;
	}
	return within > LOOK_GAP ? within : LOOK_GAP;
}

static void
look(void *arg)
{
	struct file *f = arg;
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err };

	do {
		bool old = f->notice.told || good_for(f) <= 0;
		bool ok = (!old || look_at_leases(&cx, f) == 0) && expire_leases(&cx, f) == 0;

		if (task_cancelled())
			return;
		note(f, ok ? NULL : &err);
	} while (notice_wait(&cx, &f->notice, next_look(f)) == 0);
}

/* ---- Calls */

static struct topo_kv
copy_out(struct arena *a, const struct topo_kv *kv)
{
	struct topo_kv copy = *kv;

	copy.key = arena_dup(a, kv->key);
	copy.value = arena_dup(a, kv->value);
	return copy;
}

static int
file_get(struct ctx *cx, struct topo *t, const char *key, struct topo_kv *out)
{
	struct call c = { .act = run_get, .text = key };
	int rc = make_call(cx, (struct file *)t, &c);

	if (rc == 0)
		*out = copy_out(cx->arena, &c.kv);
	call_done(&c);
	return rc;
}

static struct topo_list
list_out(struct arena *a, const struct topo_list *l)
{
	struct topo_list copy = *l;

	copy.items = arena_array(a, struct topo_kv, l->count);
	for (size_t i = 0; i < l->count; i++)
		copy.items[i] = copy_out(a, &l->items[i]);
	return copy;
}

static int
file_list(struct ctx *cx, struct topo *t, const char *prefix, struct topo_list *out)
{
	struct call c = { .act = run_list, .text = prefix };
	int rc = make_call(cx, (struct file *)t, &c);

	if (rc == 0)
		*out = list_out(cx->arena, &c.list);
	call_done(&c);
	return rc;
}

static int
file_txn(struct ctx *cx, struct topo *t, const struct topo_txn *txn, struct topo_result *out)
{
	struct file *f = (struct file *)t;
	struct call c = { .act = run_txn, .txn = txn };

	int rc = make_call(cx, f, &c);

	if (rc == 0) {
		*out = c.result;
		if (txn->read != NULL && out->succeeded)
			txn->read->out = list_out(cx->arena, &txn->read->out);
		publish(f, out->revision);
	}
	call_done(&c);
	return rc;
}

static void
events_out(struct arena *a, const struct topo_events *from, struct topo_events *out)
{
	*out = *from;
	out->items = arena_array(a, struct topo_event, from->count);
	for (size_t i = 0; i < from->count; i++)
		out->items[i] =
		    (struct topo_event){ copy_out(a, &from->items[i].kv), from->items[i].revision };
}

/* One look; *found when there is something to tell. */
static int
watch_once(struct ctx *cx, struct file *f, const char *prefix, struct topo_events *out, bool *found)
{
	struct call c = { .act = run_events, .text = prefix, .number = out->revision };
	int rc = make_call(cx, f, &c);

	if (rc == 0) {
		*found = c.events.compacted || c.events.count > 0;
		events_out(cx->arena, &c.events, out);
		if (!out->compacted)
			publish(f, out->revision);
	}
	call_done(&c);
	return rc;
}

static int
file_watch(
    struct ctx *cx, struct topo *t, const char *prefix, int64_t revision, struct topo_events *out)
{
	struct file *f = (struct file *)t;
	bool found = false;

	*out = (struct topo_events){ .revision = revision };
	for (;;) {
		TRY(watch_once(cx, f, prefix, out, &found));
		if (found)
			return 0;
		while (f->revision <= out->revision && !f->failing)
			if (waitlist_wait(cx, &f->changed) != 0)
				return err_wrap(cx->err, "watching the topology");
		if (f->failing)
			return err_copy(cx->err, &f->failure);
	}
}

static int
file_lease_grant(struct ctx *cx, struct topo *t, usec ttl, int64_t *lease)
{
	struct file *f = (struct file *)t;
	struct call c = { .act = run_grant, .ttl = ttl };

	TRY(make_call(cx, f, &c));
	*lease = c.lease;
	return 0;
}

static int
file_lease_renew(struct ctx *cx, struct topo *t, int64_t lease)
{
	struct file *f = (struct file *)t;
	struct call c = { .act = run_renew, .lease = lease };
	int rc = make_call(cx, f, &c);

	if (rc == 0)
		observe(f, &c.leases);
	call_done(&c);
	return rc;
}

static int
file_lease_revoke(struct ctx *cx, struct topo *t, int64_t lease)
{
	return end_lease(cx, (struct file *)t, lease, NULL);
}

static int
file_lease_counter(struct ctx *cx, struct topo *t, int64_t lease, uint64_t *counter, usec *ttl)
{
	struct call c = { .act = run_leases };
	int rc = make_call(cx, (struct file *)t, &c);
	bool found = false;

	for (size_t i = 0; rc == 0 && i < c.leases.count; i++) {
		if (c.leases.items[i].id != lease)
			continue;
		*counter = c.leases.items[i].counter;
		*ttl = c.leases.items[i].ttl;
		found = true;
	}
	call_done(&c);
	if (rc == 0 && !found)
		return err_set(cx->err, ERR_NOT_FOUND, "lease %lld has ended", (long long)lease);
	return rc;
}

static void
file_close(struct topo *t)
{
	struct file *f = (struct file *)t;
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err, .shielded = true };
	struct call c = { .act = run_close, .db = f->db };

	/* The task that looks first: it may be inside of a call. */
	group_done(&f->group);
	check(!f->busy && waitlist_empty(&f->changed));
	offload(&cx, run_call, &c);
	notice_close(&f->notice);
	free(f->seen);
	free(f);
}

static const struct topo_ops file_ops = {
	.name = "sqlite",
	.get = file_get,
	.list = file_list,
	.txn = file_txn,
	.watch = file_watch,
	.lease_grant = file_lease_grant,
	.lease_renew = file_lease_renew,
	.lease_revoke = file_lease_revoke,
	.lease_counter = file_lease_counter,
	.close = file_close,
};

/* Several programs may be making the same new file: whoever finds it locked tries again. */
static int
open_db(struct ctx *cx, const char *path, struct db **out)
{
	struct call c = { .act = run_open, .text = path };

	for (;;) {
		offload(cx, run_call, &c);
		if (c.rc == 0)
			break;
		if (!c.locked)
			return err_copy(cx->err, &c.err);
		if (task_sleep(cx, RETRY_PAUSE) != 0)
			return err_wrap(cx->err, "waiting for others to unlock '%s'", path);
	}
	*out = c.db;
	return 0;
}

int
topo_open(struct ctx *cx, const char *url, struct topo **out)
{
	static const char sqlite[] = "sqlite:";
	struct file *f;
	struct db *db;

	if (strncmp(url, sqlite, sizeof sqlite - 1) != 0 || url[sizeof sqlite - 1] == '\0') {
		err_set(cx->err, ERR_REFUSED, "'%s' is not a topology", url);
		return err_hint(cx->err, "write sqlite:/path/topo.db");
	}
	TRY(open_db(cx, url + sizeof sqlite - 1, &db));
	f = mem_new(struct file);
	f->topo.ops = &file_ops;
	f->db = db;
	notice_open(&f->notice, db_path(db));
	group_init(&f->group);
	if (group_spawn(&f->group, "topology", look, f, cx->err) != 0) {
		file_close(&f->topo);
		return -1;
	}
	*out = &f->topo;
	return 0;
}
