/*
 * topo_look.c - what others do in the store's file: changes for who watches, and leases that are over.
 *
 * One task per handle looks whether others have changed the file when they give
 * notice of it (notice.h). It reads for all who watch at once, and
 * keeps, for each lease, when this process saw its counter change last: the file
 * holds no time. A lease whose counter stood still for its whole time to live is
 * ended, if its counter is still the same then, by whichever process is first.
 *
 * Nobody gives notice of renewals: they are most of what is written while
 * programs are at rest, and nobody waits for one. The task looks in any case
 * when a lease may be over, often enough to see renewals soon, and once a second
 * for the notice that was never given; who renews a lease of his own has looked.
 *
 * A commit of process A, as two watches of process B learn of it, both of which have read up to 41:
 *
 *   A   tables_txn() commits revision 42 and sets the file's times
 *   B   notice_wait() ends (at most 2 ms later than the last look allows); one call of look_now() reads
 *       the leases, the revision, and what is new behind 41 under either prefix
 *   B   hand_out(): one watcher has something, is woken and returns; the other takes 42 as its cursor and
 *       sleeps on
 *   B   the first one comes again with cursor 42, the highest revision known, and waits without a read
 *
 * So a commit costs a process one call of a helper thread, and rest costs one a second, whatever the
 * number of its watches. Only a watch that begins behind what is known, or whose own process has committed
 * meanwhile, reads by itself.
 */
#include "topo/topo_file.h"

#include "base/check.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/mutant.h"

#include <stdlib.h>

enum { LOOKS = 3 /* per time to live: who has died is believed a third of it longer at most */ };

#define LOOK_ANYWAY (1 * SECOND) /* when nobody has given notice of anything */
#define LOOK_AGAIN  (100 * MSEC) /* while the file cannot be read */
#define LOOK_GAP    (20 * MSEC)  /* at a lease that is over and could not be ended */

/* A task that waits in file_watch(), on its stack. */
struct watcher {
	struct list_node node; /* in file.watchers */
	const char *prefix;
	struct arena *arena;       /* for what is found */
	struct topo_events *out;   /* revision: up to where there is nothing else */
	const struct asked *asked; /* in the look under way; NULL: it began before */
};

/* ---- What runs on the helper thread */

/* number is the revision watched from; a try that found the file locked may have changed events. */
static int
run_events(struct call *c)
{
	c->events = (struct topo_events){ .revision = c->number };
	return tables_events(c->db, &c->arena, c->text, &c->events, &c->err);
}

static int
run_end(struct call *c)
{
	return tables_lease_end(c->db, c->lease, c->counter, &c->number, &c->err);
}

/* Each is read a moment after the leases: what has come in between is found again by the next look. */
static int
run_look(struct call *c)
{
	TRY(tables_leases(c->db, &c->arena, &c->leases, &c->err));
	for (size_t i = 0; i < c->asked_count; i++) {
		struct asked *a = &c->asked[i];

		a->events = (struct topo_events){ .revision = a->from };
		if (a->from == c->leases.revision)
			continue; /* most looks, while nothing happens */
		TRY(tables_events(c->db, &c->arena, a->prefix, &a->events, &c->err));
	}
	return 0;
}

/* ---- What is known of the store */

void
file_publish(struct file *f, int64_t revision)
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
void
file_observe(struct file *f, const struct table_leases *leases)
{
	usec now = task_boottime();
	struct seen *seen = mem_zalloc(leases->count * sizeof *seen);

	for (size_t i = 0; i < leases->count; i++)
		seen[i] = (struct seen){ leases->items[i], seen_since(f, &leases->items[i], now) };
	free(f->seen);
	f->seen = seen;
	f->seen_count = leases->count;
	f->looked = task_now();
	file_publish(f, leases->revision);
}

/* ---- Looking for all who watch */

/* In a, which outlives the call: a watcher may be gone when it returns. */
static void
ask_for_all(struct file *f, struct arena *a, struct call *c)
{
	c->asked = arena_array(a, struct asked, f->watchers.count);
	list_each(&f->watchers, n) {
		struct watcher *w = list_item(n, struct watcher, node);

		c->asked[c->asked_count] =
		    (struct asked){ arena_strdup(a, w->prefix), w->out->revision, { 0 } };
		w->asked = &c->asked[c->asked_count++];
	}
}

static bool
has_something(const struct topo_events *e)
{
	return e->compacted || e->count > 0;
}

/* To those that wait since before the call. */
static void
hand_out(struct file *f, bool ok)
{
	list_each(&f->watchers, n) {
		struct watcher *w = list_item(n, struct watcher, node);
		const struct asked *a = w->asked;

		w->asked = NULL;
		if (a == NULL || !ok)
			continue;
		file_events_out(w->arena, &a->events, w->out);
		if (has_something(w->out)) {
			list_remove(n);
			waitlist_wake_all(&f->changed);
		}
	}
}

static int
look_now(struct ctx *cx, struct file *f)
{
	SCOPED(arena) struct arena arena = ARENA_INIT;
	struct call c = { .act = run_look };

	ask_for_all(f, &arena, &c);
	int rc = file_call(cx, f, &c);

	f->looked = task_now(); /* or has tried to */
	hand_out(f, rc == 0);
	if (rc == 0)
		file_observe(f, &c.leases);
	file_call_done(&c);
	return rc;
}

/* ---- Leases that are over */

/* Renewed or ended by others meanwhile is as good as done: the next look tells. */
int
file_end_lease(struct ctx *cx, struct file *f, int64_t lease, const uint64_t *counter)
{
	struct call c = { .act = run_end, .lease = lease, .counter = counter };

	TRY(file_call(cx, f, &c));
	file_publish(f, c.number);
	return 0;
}

static int
expire_leases(struct ctx *cx, struct file *f)
{
	usec now = task_boottime();

	for (size_t i = 0; i < f->seen_count; i++) {
		/* A copy, and f->seen[i] is read anew each time: file_end_lease() waits, and another task's
		 * renewal then replaces the whole array by observe(). */
		const struct table_lease lease = f->seen[i].lease;

		if (now - f->seen[i].since < lease.ttl)
			continue;
		if (file_end_lease(cx, f, lease.id, &lease.counter) == 0)
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

void
file_look(void *file)
{
	struct file *f = file;
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err };

	do {
		bool old = f->notice.told || good_for(f) <= 0;
		bool ok = (!old || look_now(&cx, f) == 0) && expire_leases(&cx, f) == 0;

		if (task_cancelled())
			return;
		note(f, ok ? NULL : &err);
	} while (notice_wait(&cx, &f->notice, next_look(f)) == 0);
}

/* ---- Watching */

/* One read of its own; *found when there is something to tell. */
static int
watch_once(struct ctx *cx, struct file *f, const char *prefix, struct topo_events *out, bool *found)
{
	struct call c = { .act = run_events, .text = prefix, .number = out->revision };
	int rc = file_call(cx, f, &c);

	if (rc == 0) {
		*found = has_something(&c.events);
		file_events_out(cx->arena, &c.events, out);
		if (!out->compacted)
			file_publish(f, out->revision);
	}
	file_call_done(&c);
	return rc;
}

/* Until a look has found something (*found), more is known than was looked for, or nothing can be read. */
static int
wait_for_look(
    struct ctx *cx, struct file *f, const char *prefix, struct topo_events *out, bool *found)
{
	struct watcher w = { .prefix = prefix, .arena = cx->arena, .out = out };
	int rc = 0;

	list_push(&f->watchers, &w.node);
	while (rc == 0 && w.node.list != NULL && f->revision <= out->revision && !f->failing)
		rc = waitlist_wait(cx, &f->changed);
	*found = w.node.list == NULL;
	list_remove(&w.node);
	return rc;
}

int
file_watch(
    struct ctx *cx, struct topo *t, const char *prefix, int64_t revision, struct topo_events *out)
{
	struct file *f = (struct file *)t;
	bool found = false;

	*out = (struct topo_events){ .revision = revision };
	while (!found) {
		if (f->revision != out->revision || f->failing)
			TRY(watch_once(cx, f, prefix, out, &found));
		if (found)
			return 0;
		if (wait_for_look(cx, f, prefix, out, &found) != 0)
			return err_wrap(cx->err, "watching the topology");
		if (!found && f->failing)
			return err_copy(cx->err, &f->failure);
	}
	return 0;
}
