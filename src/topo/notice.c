#include "topo/notice.h"

#include "base/log.h"
#include "base/mutant.h"
#include "task/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

/* Looks are never closer than this, however many commits there are: a change that comes just after
 * another is seen that much later. */
#define LOOK_GAP (2 * MSEC)
/* This late a change is found where there is no inotify: little beside a cutover's pause. */
#define POLL_GAP (10 * MSEC)

void
notice_open(struct notice *n, const char *path)
{
	n->last = 0;
	n->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (n->fd >= 0 && inotify_add_watch(n->fd, path, IN_ATTRIB) >= 0)
		return;
	log_info("changes of '%s' are looked for every %d ms: no inotify (%s)", path,
	    (int)(POLL_GAP / MSEC), strerror(errno));
	notice_close(n);
}

void
notice_close(struct notice *n)
{
	if (n->fd >= 0)
		close(n->fd);
	n->fd = -1;
}

/* Before the look that follows: a change during it gives a notice of its own. */
static void
take_all(struct notice *n)
{
	char events[1024]; /* 64 of them */

	while (read(n->fd, events, sizeof events) > 0)
		;
}

/* *told: there is an event, or there can be none. */
static int
wait_for_event(struct ctx *cx, struct notice *n, usec within, bool *told)
{
	struct ctx anyway = ctx_within(cx, mutant("topo_look_in_any_case") ? NEVER / 2 : within);
	uint32_t got;

	*told = true;
	if (loop_wait_fd(&anyway, n->fd, EPOLLIN, &got) == 0)
		return 0;
	if (task_cancelled() || task_now() >= cx->deadline)
		return -1;
	*told = cx->err->kind != ERR_TIMEOUT;
	err_clear(cx->err);
	/* A descriptor that cannot be watched must not end the looks: leases hang on them. */
	if (*told && mutant("topo_unwatched_ends_the_looks"))
		return -1;
	return *told ? task_sleep(cx, POLL_GAP) : 0;
}

int
notice_wait(struct ctx *cx, struct notice *n, usec within)
{
	n->told = true;
	if (n->fd >= 0)
		TRY(wait_for_event(cx, n, within, &n->told));
	else
		TRY(task_sleep(cx, POLL_GAP));
	/* The pause stands before the events are taken: commits that fall into it need no look of their
	 * own. */
	if (n->last + LOOK_GAP > task_now())
		TRY(task_sleep(cx, n->last + LOOK_GAP - task_now()));
	if (n->fd >= 0)
		take_all(n);
	n->last = task_now();
	return 0;
}

void
notice_give(const char *path)
{
	/* One that fails is one that was missed. */
	(void)utimensat(AT_FDCWD, path, NULL, 0);
}
