/*
 * One keeper for a program, which is the only one that starts it. How it comes back:
 *
 *   killed after a day        100 ms later: STEADY has passed, so the pause is the shortest
 *   ends at once, each time   after 0.1, 0.2, 0.4, ... 6.4 s, then each 10 s, with a line in the log each
 *   cannot be started         the same
 *   its supervisor is killed  it runs on; the next one's program_adopt() finds it by its pid file, and sees
 *                             its end through a pidfd, since waitpid() is for children only
 */
#include "combo/program.h"

#include "base/check.h"
#include "base/log.h"
#include "combo/process.h"
#include "task/loop.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#define BACK_OFF_MIN  (100 * MSEC)  /* a killed program is back before a person has looked */
#define BACK_OFF_MAX  (10 * SECOND) /* one that cannot start does not burn the machine */
#define STEADY        (30 * SECOND) /* who lived as long starts with the shortest pause again */
#define KILL_PATIENCE (10 * SECOND) /* for the kernel to end a process that was sent SIGKILL */

void
program_init(struct program *p, const struct places *where, const char *name)
{
	*p = (struct program){ .self = where->self };
	snprintf(p->name, sizeof p->name, "%s", name);
	places_file(where, p->pid_file, "run/%s.pid", name);
	places_file(where, p->log, "log/%s.log", name);
}

void
program_arg(struct arena *a, struct program *p, const char *fmt, ...)
{
	char text[PLACE_MAX + 64];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	check(n >= 0 && (size_t)n < sizeof text && p->argc < PROGRAM_ARGS_MAX);
	p->argv[p->argc++] = arena_strdup(a, text);
}

void
program_port(struct program *p, int port)
{
	check(p->ports_count < PROGRAM_PORTS_MAX);
	p->ports[p->ports_count++] = port;
}

bool
program_adopt(struct program *p)
{
	p->pid = process_of_file(p->pid_file);
	return p->pid != 0;
}

/* Until the process has ended: 0; -1 when the wait was cut short. */
static int
wait_for_end(struct ctx *cx, struct program *p)
{
	int fd = process_watch(p->pid), rc = 0;
	uint32_t got;

	/* ESRCH: it has ended between two looks, and there is nothing to wait for. */
	if (fd < 0 && errno != ESRCH)
		return err_errno(cx->err, errno, "watching %s", p->name);
	if (fd >= 0) {
		rc = loop_wait_fd(cx, fd, EPOLLIN, &got);
		close(fd);
	}
	if (rc == 0) {
		p->status = process_reap(p->pid);
		p->pid = 0;
	}
	return rc;
}

static int
spawn(struct program *p, struct err *err)
{
	struct birth b = { p->self, p->pid_file, p->log, p->argv };

	return process_spawn(&b, &p->pid, err);
}

static int
start(struct program *p, struct err *err)
{
	/* Not of one that is adopted: it has its ports. */
	if (p->before_start != NULL)
		p->before_start(p, p->before_arg);
	TRY(spawn(p, err));
	p->starts++;
	log_info("%s started pid=%d starts=%d", p->name, (int)p->pid, p->starts);
	return 0;
}

void
program_stop(struct ctx *cx, struct program *p)
{
	struct err err = { 0 };
	struct ctx last = ctx_shielded(cx, KILL_PATIENCE, &err);

	if (p->pid == 0 && !program_adopt(p))
		return;
	kill(p->pid, SIGTERM);
	if (wait_for_end(cx, p) == 0)
		return;
	log_warn("%s did not end in time, killing it pid=%d", p->name, (int)p->pid);
	kill(p->pid, SIGKILL);
	if (wait_for_end(&last, p) != 0)
		log_error("%s: %s", p->name, err.text);
}

int
program_run(struct ctx *cx, struct program *p)
{
	TRY(spawn(p, cx->err));
	if (wait_for_end(cx, p) != 0) {
		program_stop(cx, p);
		return err_wrap(cx->err, "running %s", p->name);
	}
	if (p->status == 0)
		return 0;
	return err_set(cx->err, ERR_REFUSED, "%s failed with status %d: see '%s'", p->name,
	    WEXITSTATUS(p->status), p->log);
}

/* From here, or from where it is, to its end. */
static int
live(struct ctx *cx, struct program *p)
{
	if (p->pid == 0 && !program_adopt(p))
		TRY(start(p, cx->err));
	return wait_for_end(cx, p);
}

int
program_keep(struct ctx *cx, struct program *p)
{
	usec pause = BACK_OFF_MIN;

	for (;;) {
		usec since = task_now();
		int rc = live(cx, p);

		if (rc != 0 && (cx->err->kind == ERR_CANCELLED || cx->err->kind == ERR_TIMEOUT))
			return -1;
		if (task_now() - since >= STEADY)
			pause = BACK_OFF_MIN;
		if (rc == 0)
			log_warn("%s has ended, starting it again pause_ms=%lld log=%s", p->name,
			    (long long)(pause / MSEC), p->log);
		else /* no process to be had, or its file is away: that passes, and nobody else starts it */
			log_error("%s; trying again pause_ms=%lld", cx->err->text,
			    (long long)(pause / MSEC));
		TRY(task_sleep(cx, pause));
		pause = pause * 2 < BACK_OFF_MAX ? pause * 2 : BACK_OFF_MAX;
	}
}
