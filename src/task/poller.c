#include "task/poller.h"

#include "base/check.h"
#include "base/mem.h"
#include "task/kernel.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { EVENTS_MAX = 128 }; /* of one call: 1.5 kB */

struct poller {
	int fd;
	struct epoll_event events[EVENTS_MAX];
};

struct poller *
poller_new(struct err *err)
{
	int fd = epoll_create1(EPOLL_CLOEXEC);

	if (fd < 0) {
		err_errno(err, errno, "making an epoll descriptor");
		return NULL;
	}
	struct poller *p = mem_new(struct poller);
	p->fd = fd;
	return p;
}

void
poller_free(struct poller *p)
{
	if (p == NULL)
		return;
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

/* Up to the next millisecond: a timer may be late by one but is never found early. */
static int
to_ms(usec timeout)
{
	if (timeout <= 0)
		return 0;
	if (timeout == NEVER)
		return -1;
	usec ms = timeout / 1000 + (timeout % 1000 != 0);
	return ms > INT_MAX ? INT_MAX : (int)ms;
}

void
poller_wait(struct poller *p, usec timeout)
{
	int n = kernel_epoll_wait(p->fd, p->events, EVENTS_MAX, to_ms(timeout));

	check(n >= 0 || errno == EINTR);
	for (int i = 0; i < n; i++) {
		struct watch *w = p->events[i].data.ptr;
		w->fire(w, p->events[i].events);
	}
}
