#include "combo/process.h"
#include "combo/program.h"
#include "task/group.h"
#include "task/loop.h"
#include "test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What vtcombo itself does as `exec PID_FILE argv...`, for a test program that is not vtcombo. */
static const char become[] =
    "#!/bin/sh\nshift\nf=$1\nshift\n"
    "echo \"$$ $(cut -d' ' -f22 /proc/$$/stat)\" > $f.new && mv $f.new $f && exec \"$@\"\n";

struct world {
	struct places where;
	struct program p;
	struct arena arena;
	struct group group;
};

static struct world *
new_world(const char *script)
{
	struct world *w = calloc(1, sizeof *w);
	struct err err = { 0 };
	FILE *f;

	expect_ok(places_init(&w->where, test_dir(), 21000, &err), &err);
	expect_ok(places_make(&w->where, &err), &err);
	places_file(&w->where, w->where.self, "become");
	f = fopen(w->where.self, "w");
	fputs(become, f);
	fclose(f);
	chmod(w->where.self, 0700);
	program_init(&w->p, &w->where, "child");
	program_arg(&w->arena, &w->p, "/bin/sh");
	program_arg(&w->arena, &w->p, "-c");
	program_arg(&w->arena, &w->p, "%s", script);
	return w;
}

static void
free_world(struct world *w)
{
	arena_done(&w->arena);
	free(w);
}

static void
in_loop(task_fn *fn, struct world *w)
{
	struct err err = { 0 };
	struct loop *l = loop_new(&err);
	struct task *t;

	expect(l != NULL);
	t = task_spawn("test", fn, w);
	expect(t != NULL);
	task_detach(t);
	loop_run(l);
	loop_free(l);
	free_world(w);
}

static void
keep(void *arg)
{
	struct world *w = arg;
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err };

	expect_eq(program_keep(&cx, &w->p), -1);
	expect_eq(err.kind, ERR_CANCELLED);
}

static pid_t
wait_for_pid(struct ctx *cx, struct world *w, pid_t other_than)
{
	pid_t pid;

	while ((pid = process_of_file(w->p.pid_file)) == 0 || pid == other_than)
		expect_ok(task_sleep(cx, 5 * MSEC), cx->err);
	return pid;
}

static void
killed_comes_back(void *arg)
{
	struct world *w = arg;
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err };
	pid_t first, second;

	group_init(&w->group);
	expect_ok(group_spawn(&w->group, "keep", keep, w, &err), &err);
	first = wait_for_pid(&cx, w, 0);
	kill(first, SIGKILL);
	second = wait_for_pid(&cx, w, first);
	group_done(&w->group); /* nobody keeps it, and it lives on */
	expect_eq(process_of_file(w->p.pid_file), second);
	expect_eq(w->p.starts, 2);
	w->p.pid = 0; /* as a supervisor that was killed and is new */
	expect(program_adopt(&w->p) && w->p.pid == second);
	program_stop(&cx, &w->p);
	expect_eq(process_of_file(w->p.pid_file), 0);
}

TEST(killed_program_comes_back_and_outlives_its_keeper)
{
	in_loop(killed_comes_back, new_world("exec sleep 60"));
}

static void
adopted_is_kept(void *arg)
{
	struct world *w = arg;
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err };
	struct birth b = { w->p.self, w->p.pid_file, w->p.log, w->p.argv };
	pid_t pid;

	expect_ok(process_spawn(&b, &pid, &err), &err);
	(void)wait_for_pid(&cx, w, 0);
	group_init(&w->group);
	expect_ok(group_spawn(&w->group, "keep", keep, w, &err), &err);
	expect_ok(task_sleep(&cx, 50 * MSEC), &err);
	expect_eq(w->p.pid, pid); /* not a second one */
	expect_eq(w->p.starts, 0);
	group_done(&w->group);
	program_stop(&cx, &w->p);
}

TEST(living_program_is_adopted_not_started)
{
	in_loop(adopted_is_kept, new_world("exec sleep 60"));
}

static void
stubborn_is_killed(void *arg)
{
	struct world *w = arg;
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err }, soon;
	pid_t pid;

	group_init(&w->group);
	expect_ok(group_spawn(&w->group, "keep", keep, w, &err), &err);
	pid = wait_for_pid(&cx, w, 0);
	expect_ok(task_sleep(&cx, 200 * MSEC), &err); /* until the shell has set its trap */
	group_done(&w->group);
	soon = ctx_within(&cx, 300 * MSEC);
	program_stop(&soon, &w->p);
	expect_eq(process_start_time(pid), 0);
}

TEST(program_that_ignores_sigterm_is_killed)
{
	in_loop(stubborn_is_killed, new_world("trap '' TERM; while :; do sleep 1; done"));
}

static void
once(void *arg)
{
	struct world *w = arg;
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err };

	expect_eq(program_run(&cx, &w->p), -1);
	expect(strstr(err.text, "child failed with status 7") != NULL);
	w->p.argv[2] = arena_strdup(&w->arena, "exit 0");
	expect_ok(program_run(&cx, &w->p), &err);
}

TEST(running_once_tells_the_exit_status)
{
	in_loop(once, new_world("exit 7"));
}

static void
missing_is_tried_again(void *arg)
{
	struct world *w = arg;
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err };
	char away[PLACE_MAX];

	places_file(&w->where, away, "away");
	expect_eq(rename(w->where.self, away), 0);
	group_init(&w->group);
	expect_ok(group_spawn(&w->group, "keep", keep, w, &err), &err);
	expect_ok(task_yield(&cx), &err); /* it has tried, and failed */
	expect_eq(w->p.starts, 0);
	expect_eq(rename(away, w->where.self), 0);
	(void)wait_for_pid(&cx, w, 0);
	group_done(&w->group);
	expect_eq(w->p.starts, 1);
	program_stop(&cx, &w->p);
}

/* As while a package is exchanged, or when there is no process to be had for a moment. */
TEST(program_that_cannot_be_started_is_tried_again)
{
	in_loop(missing_is_tried_again, new_world("exec sleep 60"));
}
