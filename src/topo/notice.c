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

/* Looks are never closer than this, however many commits there are; and this late a change is found
 * where there is no inotify: little beside a cutover's pause. */
#define LOOK_GAP (10 * MSEC)
/* For the notice that was never given: a tenth of the looks, and still soon beside a lease. */
#define LOOK_ANYWAY (100 * MSEC)

void
notice_open(struct notice *n, const char *path)
{
	n->last = 0;
	n->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (n->fd >= 0 && inotify_add_watch(n->fd, path, IN_ATTRIB) >= 0)
		return;
	log_info("changes of '%s' are looked for every %d ms: no inotify (%s)", path,
	    (int)(LOOK_GAP / MSEC), strerror(errno));
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
	char events[1024];   /* 64 of them */

	while (read(n->fd, events, sizeof events) > 0)
		;
}

static int
wait_for_event(struct ctx *cx, struct notice *n)
{
	struct ctx soon = ctx_within(cx, LOOK_ANYWAY);
	uint32_t   got;
	bool       unwatched;

	if (loop_wait_fd(&soon, n->fd, EPOLLIN, &got) == 0) {
		take_all(n);
		return 0;
	}
	if (task_cancelled() || task_now() >= cx->deadline)
		return -1;
	/* A descriptor that cannot be watched must not end the looks: leases hang on them. */
	unwatched = cx->err->kind != ERR_TIMEOUT;
	err_clear(cx->err);
	if (unwatched && mutant("topo_unwatched_ends_the_looks"))
		return -1;
	return unwatched ? task_sleep(cx, LOOK_GAP) : 0;
}

int
notice_wait(struct ctx *cx, struct notice *n)
{
	usec gap = n->last + LOOK_GAP - task_now();

	if (gap > 0)
		TRY(task_sleep(cx, gap));
	if (n->fd >= 0)
		TRY(wait_for_event(cx, n));
	else if (gap <= 0)
		TRY(task_sleep(cx, LOOK_GAP));
	n->last = task_now();
	return 0;
}

void
notice_give(const char *path)
{
	/* One that fails is one that was missed. */
	(void)utimensat(AT_FDCWD, path, NULL, 0);
}
