/* The SQLite store between processes: who is told of what, what is on disk, how little goes on at rest. */
#include "unit/topo/topo_conformance.h"

#include "task/loop.h"
#include "topo/notice.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void
change_once(struct ctx *cx, struct topo *t, void *arg)
{
	set(cx, t, "/n", "x");
}

static int
told(const struct notice *n)
{
	struct pollfd p = { .fd = n->fd, .events = POLLIN };

	return poll(&p, 1, 0);
}

/* Without it a change is found a second later. */
TEST(file_commit_of_another_process_gives_notice)
{
	struct notice n;
	char events[1024];

	test_dir();
	expect_exit(in_child(change_once, NULL));
	notice_open(&n, test_url() + strlen("sqlite:"));
	expect(n.fd >= 0);
	for (int i = 0; i < 3; i++) {
		expect_eq(told(&n), 0);
		expect_exit(in_child(change_once, NULL));
		expect_eq(told(&n), 1);
		expect(read(n.fd, events, sizeof events) > 0);
	}
	notice_close(&n);
}

/* Most of what is written while programs are at rest: it must not wake the others. */
TEST(file_renewals_tell_nobody)
{
	struct err err = { 0 };
	struct db *d = open_tables(&err);
	struct arena arena = ARENA_INIT;
	struct table_leases all;
	struct notice n;
	int64_t lease, revision;

	expect_ok(tables_lease_grant(d, SECOND, &lease, &err), &err);
	notice_open(&n, test_url() + strlen("sqlite:"));
	expect(n.fd >= 0);
	expect_ok(tables_lease_renew(d, lease, &arena, &all, &err), &err);
	expect_eq(told(&n), 0);
	expect(all.count == 1 && all.items[0].id == lease && all.items[0].counter == 1);
	expect_ok(tables_lease_end(d, lease, NULL, &revision, &err), &err);
	expect_eq(told(&n), 1);
	notice_close(&n);
	arena_done(&arena);
	db_close(d);
}

/* Instead of the C library's, which SQLite calls. */
static _Atomic int syncs;

int
fdatasync(int fd)
{
	syncs++;
	return (int)syscall(SYS_fdatasync, fd);
}

int
fsync(int fd)
{
	syncs++;
	return (int)syscall(SYS_fsync, fd);
}

static bool
is_synced(struct db *d, bool unsynced)
{
	struct err err = { 0 };
	struct topo_op op = { "/k", slice_str("x"), 0 };
	struct topo_txn txn = { .ops = &op, .ops_count = 1, .unsynced = unsynced };
	struct topo_result r;
	int before = syncs;

	expect_ok(tables_txn(d, NULL, &txn, &r, &err), &err);
	return syncs > before;
}

static bool
put_is_synced(struct db *d)
{
	return is_synced(d, false);
}

TEST(file_renewals_are_not_synced_and_all_else_is)
{
	struct err err = { 0 };
	struct db *d = open_tables(&err);
	struct arena arena = ARENA_INIT;
	struct table_leases all;
	int64_t lease;
	int before;

	expect_ok(tables_lease_grant(d, SECOND, &lease, &err), &err);
	expect(put_is_synced(d));
	before = syncs;
	for (int i = 0; i < 3; i++)
		expect_ok(tables_lease_renew(d, lease, &arena, &all, &err), &err);
	expect_eq(syncs, before);
	expect(put_is_synced(d));
	arena_done(&arena);
	db_close(d);
}

TEST(file_a_transaction_that_need_not_be_is_not_synced_and_gives_notice)
{
	struct err err = { 0 };
	struct db *d = open_tables(&err);
	struct notice n;

	notice_open(&n, db_path(d));
	expect(!is_synced(d, true));
	expect_eq(told(&n), 1);
	expect(put_is_synced(d));
	notice_close(&n);
	db_close(d);
}

/* As a process that is killed before it can give notice of what it has committed. */
static pid_t
change_silently(void)
{
	struct err err = { 0 };
	pid_t pid = fork();

	expect(pid >= 0);
	if (pid > 0)
		return pid;
	usleep(300 * 1000); /* whoever watches is at rest by then */
	struct db *d = open_tables(&err);

	expect_ok(db_execute(d, &err, "BEGIN IMMEDIATE", ""), &err);
	expect_ok(db_execute(d, &err, "INSERT INTO kv VALUES ('/k', x'31', 1, 1, 0)", ""), &err);
	expect_ok(
	    db_execute(d, &err, "INSERT INTO history VALUES (1, 1, '/k', x'31', 1, 0)", ""), &err);
	expect_ok(db_execute(d, &err, "UPDATE state SET revision = 1", ""), &err);
	expect_ok(db_execute(d, &err, "COMMIT", ""), &err);
	_exit(0);
}

static void
watch_silence(struct ctx *cx, struct topo *t, void *arg)
{
	struct ctx within = ctx_within(cx, 20 * SECOND);
	struct topo_events e;

	expect_ok(topo_watch(&within, t, "/k", 0, &e), cx->err);
	expect_str(events_text(cx, &e), "+/k=1");
}

TEST(file_change_without_notice_is_found_all_the_same)
{
	test_dir();
	pid_t pid = change_silently();

	on_file(test_url(), watch_silence, NULL);
	expect_exit(pid);
}

/* ---- at rest ---- */

/* Of the loop: about six; each notice of a renewal would be two more. */
enum { REST_S = 3, WAKES_A_SECOND = 12 };

static long
wakes(void)
{
	struct rusage used;

	expect(getrusage(RUSAGE_THREAD, &used) == 0);
	return used.ru_nvcsw;
}

static void
rest(struct ctx *cx, struct topo *t, void *arg)
{
	struct ctx within;
	struct topo_lease *l;
	struct topo_events e;
	long before;

	expect_ok(topo_lease_start(cx, t, 3 * SECOND, &l), cx->err);
	expect_ok(task_sleep(cx, SECOND), cx->err);
	before = wakes();
	within = ctx_within(cx, REST_S * SECOND);
	expect_eq(topo_watch(&within, t, "/k", list_of(cx, t, "/").revision, &e), -1);
	expect_eq(cx->err->kind, ERR_TIMEOUT);
	expect(wakes() > before); /* the lease is kept */
	expect(wakes() - before < REST_S * WAKES_A_SECOND);
	topo_lease_stop(l);
}

static void
keep_another(struct ctx *cx, struct topo *t, void *arg)
{
	int64_t lease;

	expect_ok(t->ops->lease_grant(cx, t, 3 * SECOND, &lease), cx->err);
	for (;;) {
		expect_ok(task_sleep(cx, 100 * MSEC), cx->err);
		expect_ok(t->ops->lease_renew(cx, t, lease), cx->err);
	}
}

/* Although another process renews a lease ten times a second. */
TEST(file_a_process_at_rest_is_seldom_woken)
{
	test_dir();
	pid_t pid = in_child(keep_another, NULL);

	on_file(test_url(), rest, NULL);
	expect(kill(pid, SIGKILL) == 0 && waitpid(pid, NULL, 0) == pid);
}

/* Looks go on where nobody can be told: without inotify, and with a descriptor that epoll does not take. */
static void
looks(void *arg)
{
	struct err err = { 0 };
	struct ctx cx = { .deadline = task_now() + 10 * SECOND, .err = &err };
	struct notice n = { .fd = *(int *)arg };
	usec begun = task_now();

	for (int i = 0; i < 5; i++) {
		expect_ok(notice_wait(&cx, &n, SECOND), &err);
		expect_eq(err.kind, ERR_NONE);
	}
	expect(task_now() - begun >= 5 * 10 * MSEC); /* and do not spin */
	expect(task_now() < cx.deadline);
}

TEST(file_that_cannot_be_watched_is_looked_at_all_the_same)
{
	int fds[] = { -1, open(test_dir(), O_RDONLY | O_CLOEXEC) };

	expect(fds[1] >= 0);
	for (int i = 0; i < 2; i++) {
		struct err err = { 0 };
		struct loop *l = loop_new(&err);
		struct task *t;

		expect(l != NULL);
		t = task_spawn("looks", looks, &fds[i]);
		expect(t != NULL);
		task_detach(t);
		loop_run(l);
		loop_free(l);
	}
	close(fds[1]);
}
