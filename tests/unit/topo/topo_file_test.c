/* The SQLite store between processes: races, kill -9, leases of the dead, foreign files. */
#include "unit/topo/topo_conformance.h"

#include "base/clock.h"
#include "base/rand.h"
#include "task/group.h"
#include "topo/topo_tables.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Adds to two keys in one transaction; both always hold the same number. */
static void
add_to_both(struct ctx *cx, struct topo *t, int64_t *out)
{
	struct topo_list l = list_of(cx, t, "/n/");
	char text[32];
	struct topo_compare compares[2] = { { "/n/1", 0 }, { "/n/2", 0 } };
	struct topo_op ops[2] = { { .key = "/n/1" }, { .key = "/n/2" } };
	struct topo_result r;

	*out = 1;
	for (size_t i = 0; i < l.count; i++) {
		expect_slice(l.items[i].value, l.items[0].value);
		compares[i].modified = l.items[i].modified;
		*out = atoll(arena_slice_str(cx->arena, l.items[i].value)) + 1;
	}
	snprintf(text, sizeof text, "%lld", (long long)*out);
	ops[0].value = ops[1].value = slice_str(text);
	expect_ok(topo_txn(cx, t,
		      &(struct topo_txn){
			  .compares = compares, .compares_count = 2, .ops = ops, .ops_count = 2 },
		      &r),
	    cx->err);
	if (!r.succeeded)
		*out = 0;
	arena_reset(cx->arena);
}

enum { PROCESSES = 4, ADDS = 50 };

static void
add_many(struct ctx *cx, struct topo *t, void *arg)
{
	int64_t number;

	for (int done = 0; done<ADDS; done += number> 0)
		add_to_both(cx, t, &number);
}

static void
expect_sum(struct ctx *cx, struct topo *t, void *arg)
{
	char text[32];

	snprintf(text, sizeof text, "%d", PROCESSES * ADDS);
	expect_value(cx, t, "/n/1", text);
	expect_value(cx, t, "/n/2", text);
	expect_eq(list_of(cx, t, "/").revision, PROCESSES * ADDS);
}

/* They make the file at the same time, too. */
TEST(file_racing_processes_lose_no_compare_and_swap)
{
	pid_t pids[PROCESSES];

	test_dir();
	for (int i = 0; i < PROCESSES; i++)
		pids[i] = in_child(add_many, NULL);
	for (int i = 0; i < PROCESSES; i++)
		expect_exit(pids[i]);
	on_file(test_url(), expect_sum, NULL);
}

static void
add_and_tell(struct ctx *cx, struct topo *t, void *arg)
{
	int64_t number;

	for (;;) {
		add_to_both(cx, t, &number);
		expect(number > 0);
		expect(write(*(int *)arg, &number, sizeof number) == (ssize_t)sizeof number);
	}
}

static void
expect_at_least(struct ctx *cx, struct topo *t, void *arg)
{
	int64_t acknowledged = *(int64_t *)arg, found = 0;
	struct topo_list l = list_of(cx, t, "/n/");

	for (size_t i = 0; i < l.count; i++) {
		expect_slice(l.items[i].value, l.items[0].value);
		found = atoll(arena_slice_str(cx->arena, l.items[i].value));
	}
	expect(acknowledged == 0 || l.count == 2);
	/* the one in flight may be there: nothing more, nothing less */
	expect(found == acknowledged || found == acknowledged + 1);
	expect_eq(l.revision, found);
	*(int64_t *)arg = found;
}

TEST(file_kill_9_loses_nothing_acknowledged)
{
	struct rand r;
	int64_t acknowledged = 0, number;
	int pipes[2];

	rand_seed(&r, test_seed());
	for (int round = 0; round < 12; round++) {
		expect(pipe(pipes) == 0);
		pid_t pid = in_child(add_and_tell, &pipes[1]);

		close(pipes[1]);
		usleep(20000 + (useconds_t)rand_below(&r, 60000));
		expect(kill(pid, SIGKILL) == 0);
		expect(waitpid(pid, NULL, 0) == pid);
		while (read(pipes[0], &number, sizeof number) == (ssize_t)sizeof number)
			acknowledged = number;
		close(pipes[0]);
		on_file(test_url(), expect_at_least, &acknowledged);
	}
	expect(acknowledged > 12);
}

enum { TTL = 800 * (int)MSEC };

static void
keep_a_key(struct ctx *cx, struct topo *t, void *arg)
{
	struct topo_lease *l;

	expect_ok(topo_lease_start(cx, t, TTL, &l), cx->err);
	expect_ok(topo_set(cx, t, "/alive", slice_str("x"), topo_lease_id(l)), cx->err);
	expect_ok(task_sleep(cx, NEVER / 2), cx->err);
}

static void
outlive(struct ctx *cx, struct topo *t, void *arg)
{
	struct topo_events e;

	expect_ok(topo_watch(cx, t, "/alive", 0, &e), cx->err);
	expect_str(events_text(cx, &e), "+/alive=x");
	struct ctx living = ctx_within(cx, 2 * TTL);

	expect_eq(topo_watch(&living, t, "/alive", e.revision, &e), -1); /* it is renewed */
	expect_eq(cx->err->kind, ERR_TIMEOUT);
	expect(kill(*(pid_t *)arg, SIGKILL) == 0);
	usec killed = task_boottime();

	expect_ok(topo_watch(cx, t, "/alive", 1, &e), cx->err);
	expect_str(events_text(cx, &e), "-/alive");
	/* it may have renewed a quarter before it died */
	expect(task_boottime() - killed > TTL / 2);
}

TEST(file_keys_of_a_killed_process_vanish_after_its_lease)
{
	test_dir();
	pid_t pid = in_child(keep_a_key, NULL);

	on_file(test_url(), outlive, &pid);
	expect(waitpid(pid, NULL, 0) == pid);
}

static void
count_to_fifty(struct ctx *cx, struct topo *t, void *arg)
{
	for (int i = 1; i <= 50; i++) {
		char text[8];

		snprintf(text, sizeof text, "%d", i);
		set(cx, t, "/n", text);
	}
}

static void
watch_fifty(struct ctx *cx, struct topo *t, void *arg)
{
	struct topo_events e = { .revision = 0 };
	int seen = 0;

	while (seen < 50) {
		expect_ok(topo_watch(cx, t, "/n", e.revision, &e), cx->err);
		for (size_t i = 0; i < e.count; i++)
			expect_eq(atoll(arena_slice_str(cx->arena, e.items[i].kv.value)), ++seen);
	}
}

TEST(file_watches_see_every_change_of_another_process)
{
	test_dir();
	pid_t pid = in_child(count_to_fifty, NULL);

	on_file(test_url(), watch_fifty, NULL);
	expect_exit(pid);
}

/* ---- Many watches of one handle */

enum { NUMBERS = 150, STEADY = 4, RESTLESS = 3 };

/* To /a and /b in turn: 1, 2, 3 ... */
static void
write_in_turn(struct ctx *cx, struct topo *t, void *arg)
{
	struct rand r;

	rand_seed(&r, test_seed());
	for (int i = 1; i <= NUMBERS; i++) {
		char text[8];

		snprintf(text, sizeof text, "%d", i);
		set(cx, t, i % 2 == 1 ? "/a" : "/b", text);
		expect_ok(task_sleep(cx, (usec)rand_below(&r, 4 * MSEC)), cx->err);
	}
}

struct one_of_many {
	struct topo *topo;
	const char *prefix;
	int first, step; /* the numbers that come under it */
	struct rand rand; /* of a restless one: how long it waits each time, in looks and between them */
	bool restless;
};

static void
watch_in_turn(void *arg)
{
	struct one_of_many *w = arg;
	struct arena arena = ARENA_INIT;
	struct err err = { 0 };
	struct topo_events e = { .revision = 0 };

	for (int next = w->first; next <= NUMBERS;) {
		struct ctx cx = { .deadline = NEVER, .arena = &arena, .err = &err };
		int64_t from = e.revision;

		if (w->restless)
			cx.deadline = task_now() + (usec)rand_below(&w->rand, 3 * MSEC);
		if (topo_watch(&cx, w->topo, w->prefix, from, &e) != 0) {
			expect(w->restless);
			expect_eq(err.kind, ERR_TIMEOUT);
			e.revision = from;
			err_clear(&err);
			continue;
		}
		for (size_t i = 0; i < e.count; i++, next += w->step)
			expect_eq(atoll(arena_slice_str(&arena, e.items[i].kv.value)), next);
		arena_reset(&arena);
	}
	arena_done(&arena);
}

static void
watch_many(struct ctx *cx, struct topo *t, void *arg)
{
	static const struct one_of_many kinds[] = {
		{ .prefix = "/", .first = 1, .step = 1 },
		{ .prefix = "/a", .first = 1, .step = 2 },
		{ .prefix = "/b", .first = 2, .step = 2 },
	};
	struct one_of_many all[STEADY + RESTLESS];
	struct group g;

	group_init(&g);
	for (int i = 0; i < STEADY + RESTLESS; i++) {
		all[i] = kinds[i % 3];
		all[i].topo = t;
		all[i].restless = i >= STEADY;
		rand_seed(&all[i].rand, test_seed() + (uint64_t)i);
		expect_ok(group_spawn(&g, "watch", watch_in_turn, &all[i], cx->err), cx->err);
	}
	expect_ok(group_wait(cx, &g), cx->err);
	group_done(&g);
}

/* Some give up while a look reads for them, and come again. */
TEST(file_each_of_many_watches_sees_its_changes_once_and_in_order)
{
	test_dir();
	pid_t pid = in_child(write_in_turn, NULL);

	on_file(test_url(), watch_many, NULL);
	expect_exit(pid);
}

/* ---- The tables themselves */

TEST(file_a_lease_renewed_in_the_last_moment_is_not_ended)
{
	struct err err = { 0 };
	struct db *d = open_tables(&err);
	uint64_t seen = 0;
	int64_t lease, revision;
	struct arena arena = ARENA_INIT;
	struct table_leases all;

	expect_ok(tables_lease_grant(d, SECOND, &lease, &err), &err);
	/* after another process saw counter 0 */
	expect_ok(tables_lease_renew(d, lease, &arena, &all, &err), &err);
	expect_eq(tables_lease_end(d, lease, &seen, &revision, &err), -1);
	expect_eq(err.kind, ERR_CONFLICT);
	expect_ok(tables_lease_renew(d, lease, &arena, &all, &err), &err);
	seen = 2;
	expect_ok(tables_lease_end(d, lease, &seen, &revision, &err), &err);
	arena_done(&arena);
	db_close(d);
}

TEST(file_history_keeps_its_number_of_revisions)
{
	struct err err = { 0 };
	struct db *d = open_tables(&err);
	struct arena arena = ARENA_INIT;
	struct topo_op op = { "/k", slice_str("x"), 0 };
	struct topo_txn txn = { .ops = &op, .ops_count = 1 };
	struct topo_result r;

	expect_ok(tables_txn(d, &arena, &txn, &r, &err), &err);
	/* as if nearly all of the revisions had been written elsewhere */
	expect_ok(
	    db_execute(d, &err, "UPDATE state SET revision = ?", "i", (int64_t)TOPO_HISTORY - 1),
	    &err);
	for (int i = 0; i < 3; i++) {
		struct topo_events e = { .revision = 0 }, later = { .revision = i };

		expect_ok(tables_txn(d, &arena, &txn, &r, &err), &err);
		expect_eq(r.revision, TOPO_HISTORY + i);
		expect_ok(tables_events(d, &arena, "/", &e, &err), &err);
		expect_eq(e.compacted, i > 0);
		expect_ok(tables_events(d, &arena, "/", &later, &err), &err);
		expect(!later.compacted);
		expect_eq(later.count, i == 0 ? 2 : i + 1);
	}
	arena_done(&arena);
	db_close(d);
}

static int
open_error(const char *what, struct err *err)
{
	char path[200];
	struct db *d;

	snprintf(path, sizeof path, "%s/%s", test_dir(), what);
	int rc = tables_open(path, &d, err);

	expect_eq(rc, -1);
	db_close(d);
	return (int)err->kind;
}

TEST(file_refuses_what_is_not_a_topology)
{
	char path[200];
	struct err err = { 0 };
	struct db *d;

	snprintf(path, sizeof path, "%s/text", test_dir());
	FILE *f = fopen(path, "w");

	expect(f != NULL);
	for (int i = 0; i < 100; i++)
		fprintf(f, "this is not a database\n");
	fclose(f);
	expect_eq(open_error("text", &err), ERR_CORRUPT);
	expect_eq(open_error("missing/topo.db", &err), ERR_REFUSED);
	snprintf(path, sizeof path, "%s/other", test_dir());
	expect_ok(db_open(path, &d, &err), &err);
	expect_ok(db_script(d, "CREATE TABLE users (id INTEGER)", &err), &err);
	db_close(d);
	expect_eq(open_error("other", &err), ERR_REFUSED);
	expect(strstr(err.text, "is not a topology") != NULL);
	d = open_tables(&err);
	expect_ok(db_script(d, "PRAGMA user_version = 2", &err), &err);
	db_close(d);
	expect_eq(open_error("topo.db", &err), ERR_REFUSED);
	expect(strstr(err.text, "is of version 2") != NULL);
}

static void
open_nonsense(struct ctx *cx, struct topo *a, struct topo *b)
{
	struct topo *t;

	expect_eq(topo_open(cx, "etcd:nowhere", &t), -1);
	expect_eq(cx->err->kind, ERR_REFUSED);
	expect_eq(topo_open(cx, "sqlite:", &t), -1);
	expect_str(cx->err->text, "'sqlite:' is not a topology");
	expect_eq(topo_open(cx, "sqlite:/nowhere/at/all/topo.db", &t), -1);
	expect_eq(cx->err->kind, ERR_REFUSED);
}

TEST(file_urls)
{
	on_sqlite(open_nonsense);
}

static void
wait_for_lock(struct ctx *cx, struct topo *t, void *arg)
{
	struct ctx soon = ctx_within(cx, 300 * MSEC);
	usec begun = task_now();

	expect_eq(topo_set(&soon, t, "/k", slice_str("x"), 0), -1);
	expect_eq(cx->err->kind, ERR_TIMEOUT);
	expect(task_now() - begun < 5 * SECOND);
	expect(kill(*(pid_t *)arg, SIGKILL) == 0);
	expect_ok(topo_set(cx, t, "/k", slice_str("x"), 0), cx->err); /* the dead hold no locks */
}

TEST(file_a_locked_file_ends_the_wait_at_its_deadline)
{
	struct err err = { 0 };
	int pipes[2];
	char c = 0;

	db_close(open_tables(&err));
	expect(pipe(pipes) == 0);
	pid_t pid = fork();

	if (pid == 0) {
		struct db *d = open_tables(&err);

		expect_ok(db_script(d, "BEGIN IMMEDIATE", &err), &err);
		expect(write(pipes[1], &c, 1) == 1);
		pause();
	}
	expect(read(pipes[0], &c, 1) == 1);
	on_file(test_url(), wait_for_lock, &pid);
	expect(waitpid(pid, NULL, 0) == pid);
}
