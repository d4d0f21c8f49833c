/*
 * topo_seen.c - how long it takes until everybody has seen a change of the topology.
 *
 * usage: topo_seen URL WATCHERS CHANGES
 *
 * WATCHERS processes watch one key; this one writes it CHANGES times, with uneven rests in between,
 * and waits for all of them each time. A line for each change: the microseconds until the last of
 * them had seen it, from when the write began and from when it had returned (which may be later
 * than that: 0 then).
 */
#include "base/check.h"
#include "base/clock.h"
#include "task/loop.h"
#include "topo/topo.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <signal.h>
#include <unistd.h>

#define KEY "/bench/seen"
#define REST_MIN (60 * MSEC)   /* programs at rest are what is asked about */
#define REST_STEP (7 * MSEC)

enum { WATCHERS_MAX = 64, RESTS = 19, PATIENCE_MS = 10000 };

struct run {
	const char *url;
	void      (*body)(struct ctx *cx, struct topo *t, struct run *r);
	int         watchers, changes;
	int         pipes[WATCHERS_MAX];   /* of the writer: one from each watcher */
	int         out;                   /* of a watcher: where it tells when it has seen a change */
};

_Noreturn static void
fail(const char *what)
{
	fprintf(stderr, "topo_seen: %s\n", what);
	exit(1);
}

static void
tell(const struct run *r)
{
	usec now = clock_mono();

	if (write(r->out, &now, sizeof now) != sizeof now)
		fail("nobody reads what was seen");
}

static void
watch(struct ctx *cx, struct topo *t, struct run *r)
{
	struct topo_list   at;
	struct topo_events e;

	if (topo_list(cx, t, KEY, &at) != 0)
		fail(cx->err->text);
	tell(r);   /* from here on */
	for (int64_t revision = at.revision;; revision = e.revision) {
		if (topo_watch(cx, t, KEY, revision, &e) != 0)
			fail(cx->err->text);
		for (size_t i = 0; i < e.count; i++)
			tell(r);
		arena_reset(cx->arena);
	}
}

/* When the last of them had seen it. */
static usec
all_seen(const struct run *r)
{
	usec last = 0;

	for (int i = 0; i < r->watchers; i++) {
		struct pollfd p = { .fd = r->pipes[i], .events = POLLIN };
		usec          when;

		if (poll(&p, 1, PATIENCE_MS) != 1 || read(p.fd, &when, sizeof when) != sizeof when)
			fail("a watcher has not seen a change");
		last = when > last ? when : last;
	}
	return last;
}

static void
change(struct ctx *cx, struct topo *t, struct run *r)
{
	(void)all_seen(r);
	for (int i = 0; i < r->changes; i++) {
		usec begun, returned, seen;
		char text[16];

		if (task_sleep(cx, REST_MIN + i % RESTS * REST_STEP) != 0)
			fail(cx->err->text);
		snprintf(text, sizeof text, "%d", i);
		begun = clock_mono();
		if (topo_set(cx, t, KEY, slice_str(text), 0) != 0)
			fail(cx->err->text);
		returned = clock_mono();
		seen = all_seen(r);
		printf("%lld %lld\n", (long long)(seen - begun),
		    (long long)(seen > returned ? seen - returned : 0));
	}
}

static void
run_body(void *arg)
{
	struct run  *r = arg;
	struct err   err = { 0 };
	struct arena arena = ARENA_INIT;
	struct ctx   cx = { .deadline = NEVER, .err = &err, .arena = &arena };
	struct topo *t;

	if (topo_open(&cx, r->url, &t) != 0)
		fail(err.text);
	r->body(&cx, t, r);
	topo_close(t);
	arena_done(&arena);
}

static void
run(struct run *r)
{
	struct err   err = { 0 };
	struct loop *l = loop_new(&err);
	struct task *t = l == NULL ? NULL : task_spawn("topo_seen", run_body, r);

	if (t == NULL)
		fail("no loop");
	task_detach(t);
	loop_run(l);
	loop_free(l);
}

/* Ends with the writer. */
static void
start_watcher(struct run *r, int i)
{
	int   ends[2];
	pid_t pid;

	check(pipe(ends) == 0);
	pid = fork();
	check(pid >= 0);
	if (pid == 0) {
		check(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0);
		close(ends[0]);
		r->out = ends[1];
		r->body = watch;
		run(r);
		_exit(0);
	}
	close(ends[1]);
	r->pipes[i] = ends[0];
}

int
main(int argc, char **argv)
{
	struct run r = { .body = change };

	if (argc != 4)
		fail("usage: topo_seen URL WATCHERS CHANGES");
	r.url = argv[1];
	r.watchers = atoi(argv[2]);
	r.changes = atoi(argv[3]);
	if (r.watchers < 1 || r.watchers > WATCHERS_MAX || r.changes < 1)
		fail("what is to be counted?");
	for (int i = 0; i < r.watchers; i++)
		start_watcher(&r, i);
	run(&r);
	return 0;
}
