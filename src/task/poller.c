#include "task/poller.h"

#include "base/check.h"
#include "base/list.h"
#include "base/mem.h"
#include "task/kernel.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { EVENTS_MAX = 128 }; /* of one call: 1.5 kB */

/*
 * A wait ends by an alarm of its own and not by epoll_wait()'s timeout, for which the kernel would set up a
 * timer and take it down again in each wait: some 0.3 us, when most timers are deadlines that hardly ever
 * come. The alarm is set only where it would come too late. One that comes too early, as its timer has been
 * stopped meanwhile, wakes the loop once for nothing.
 */
struct poller {
	int fd;
	struct watch alarm;
	usec alarm_at; /* NEVER: it is not set, or has gone off */
	struct epoll_event events[EVENTS_MAX];
};

static void
alarm_came(struct watch *w, uint32_t events)
{
	list_item(w, struct poller, alarm)->alarm_at = NEVER;
}

struct poller *
poller_new(struct err *err)
{
	struct poller *p = mem_new(struct poller);

	p->fd = epoll_create1(EPOLL_CLOEXEC);
	p->alarm = (struct watch){ .fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC),
		.fire = alarm_came };
	p->alarm_at = NEVER;
	if (p->fd >= 0 && p->alarm.fd >= 0 && poller_add(p, &p->alarm, EPOLLIN | EPOLLET) == 0)
		return p;
	err_errno(err, errno, "making an epoll descriptor and its alarm");
	poller_free(p);
	return NULL;
}

void
poller_free(struct poller *p)
{
	if (p == NULL)
		return;
	if (p->alarm.fd >= 0)
		close(p->alarm.fd);
	if (p->fd >= 0)
		close(p->fd);
	free(p);
}

int
poller_add(struct poller *p, struct watch *w, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = w };

	return epoll_ctl(p->fd, EPOLL_CTL_ADD, w->fd, &ev);
}

void
poller_remove(struct poller *p, struct watch *w)
{
	/* ENOENT, EBADF: a foreign library has closed it in the meantime. */
	if (epoll_ctl(p->fd, EPOLL_CTL_DEL, w->fd, NULL) != 0)
		check(errno == ENOENT || errno == EBADF);
}

/* Setting it takes back what has not been told of the time before. */
static void
set_alarm(struct poller *p, usec at)
{
	struct itimerspec spec = { .it_value = { at / SECOND, at % SECOND * 1000 } };

	check(timerfd_settime(p->alarm.fd, TFD_TIMER_ABSTIME, &spec, NULL) == 0);
	p->alarm_at = at;
}

void
poller_wait(struct poller *p, usec until)
{
	if (until > 0 && until < p->alarm_at)
		set_alarm(p, until);
	int n = kernel_epoll_wait(p->fd, p->events, EVENTS_MAX, until > 0 ? -1 : 0);

	check(n >= 0 || errno == EINTR);
	for (int i = 0; i < n; i++) {
		struct watch *w = p->events[i].data.ptr;
		w->fire(w, p->events[i].events);
	}
}
