/*
 * A conn's descriptor is registered with epoll once, edge-triggered, when it
 * is made. Reading and writing try the system call first and park on EAGAIN;
 * the next edge wakes them. What is known between system calls:
 *
 *   IN_MAYBE  not known; try
 *   IN_YES    an event said so, and nothing has been read since
 *   IN_NO     the last read took less than it asked for, or nothing: epoll(7)
 *             promises a new edge for what comes after. So a statement costs
 *             one recv(), not two.
 *
 * An event that says the stream has ended (ended) makes IN_NO impossible: the end may have come in one event
 * with the last bytes, and then there is no other edge to hear of it.
 *
 * A statement's way: parked in net_wait_readable() with IN_NO; the client's packet makes an edge, IN_YES,
 * wakes the task; conn_read() asks for 16 kB and gets 40 bytes, IN_NO; the answer goes out by
 * conn_write(); the next net_wait_readable() parks at once, without a system call.
 */
#include "task/conn.h"

#include "base/check.h"
#include "base/mem.h"
#include "base/mutant.h"
#include "task/address.h"
#include "task/kernel.h"
#include "task/poller.h"
#include "task/sched.h"
#include "task/simnet.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum input { IN_MAYBE, IN_YES, IN_NO };

struct conn {
	struct watch watch;
	struct loop *loop;
	struct simnet_end *end; /* in a virtual loop, else NULL */
	struct task *reader, *writer;
	int inside; /* tasks within a call; memory stays until they have left */
	enum input input;
	bool ended, closed, loopback, private;
	char *peer, *local;
};

/* Registered once with all of it: to ask for EPOLLOUT only while somebody writes would cost two
 * epoll_ctl() a time, and an edge that nobody waits for costs nothing but its place in epoll_wait()'s
 * answer. */
enum { EVERYTHING = EPOLLIN | EPOLLOUT | EPOLLRDHUP | (int)EPOLLET };

/* A peer that is gone is worth another try; a socket's ETIMEDOUT is no deadline of ours. */
int
conn_fail(struct err *err, int errnum, const char *act, const char *peer)
{
	err_errno(err, errnum, "%s '%s'", act, peer);
	if (err->kind == ERR_TIMEOUT)
		err->kind = ERR_RETRY;
	return -1;
}

/* ---- events and waits ---- */

static void
conn_event(struct watch *w, uint32_t events)
{
	struct conn *c = list_item(w, struct conn, watch);

	if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0)
		c->ended = true;
	if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
		c->input = IN_YES;
		if (c->reader != NULL)
			(void)sched_wake(c->reader);
	}
	if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0 && c->writer != NULL)
		(void)sched_wake(c->writer);
}

static void
free_conn(struct conn *c)
{
	free(c->peer);
	free(c->local);
	free(c);
}

/* Each public call that may wait is between enter() and leave(). */
static void
enter(struct conn *c)
{
	check(!c->closed && c->loop == sched_here());
	c->inside++;
}

static int
leave(struct conn *c, int rc)
{
	if (--c->inside == 0 && c->closed)
		free_conn(c);
	return rc;
}

static int
check_open(struct ctx *cx, const struct conn *c, const char *act)
{
	return c->closed ? err_set(cx->err, ERR_RETRY, "%s '%s': closed on this side", act, c->peer)
			 : 0;
}

static int
wait_in(struct ctx *cx, struct conn *c, bool idle)
{
	check(c->reader == NULL); /* one task reads */
	c->reader = sched_running();
	int rc = idle ? sched_wait_idle(cx, "waiting for input") : sched_wait(cx, "reading");
	c->reader = NULL;
	if (rc != 0)
		return err_wrap(cx->err, "reading from '%s'", c->peer);
	return check_open(cx, c, "reading from");
}

static int
wait_out(struct ctx *cx, struct conn *c, const char *act)
{
	check(c->writer == NULL); /* one task writes */
	c->writer = sched_running();
	int rc = sched_wait(cx, "writing");
	c->writer = NULL;
	if (rc != 0)
		return err_wrap(cx->err, "%s '%s'", act, c->peer);
	return check_open(cx, c, act);
}

static inline int
breathe(struct ctx *cx, struct conn *c, const char *act)
{
	if (sched_breathe(cx) != 0)
		return err_wrap(cx->err, "%s '%s'", act, c->peer);
	return check_open(cx, c, act);
}

/* ---- reading ---- */

/* -1 with errno; EAGAIN when there is nothing. */
static ssize_t
receive(struct conn *c, void *out, size_t len, bool peek)
{
	ssize_t n;

	do
		n = c->end != NULL ? simnet_recv(c->end, out, len, peek)
				   : kernel_recv(c->watch.fd, out, len, peek ? MSG_PEEK : 0);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EWOULDBLOCK)
		errno = EAGAIN;
	return n;
}

static void
note_input(struct conn *c, ssize_t n, size_t asked)
{
	if (n < 0 || ((size_t)n < asked && (!c->ended || mutant("task_end_forgotten"))))
		c->input = IN_NO;
	else
		c->input = IN_MAYBE;
}

static int
read_some(struct ctx *cx, struct conn *c, void *out, size_t len, size_t *got)
{
	for (;;) {
		if (c->input != IN_NO) {
			ssize_t n = receive(c, out, len, false);
			int errnum = errno;

			note_input(c, n, len);
			if (n >= 0) {
				*got = (size_t)n;
				return 0;
			}
			if (errnum != EAGAIN)
				return conn_fail(cx->err, errnum, "reading from", c->peer);
		}
		TRY(wait_in(cx, c, false));
	}
}

int
conn_read(struct ctx *cx, struct conn *c, void *out, size_t len, size_t *got)
{
	check(len > 0);
	*got = 0;
	enter(c);
	int rc = breathe(cx, c, "reading from");
	if (rc == 0)
		rc = read_some(cx, c, out, len, got);
	return leave(c, rc);
}

static int
read_all(struct ctx *cx, struct conn *c, char *out, size_t len)
{
	size_t got;

	for (; len > 0; out += got, len -= got) {
		TRY(breathe(cx, c, "reading from"));
		TRY(read_some(cx, c, out, len, &got));
		if (got == 0)
			return err_set(cx->err, ERR_RETRY,
			    "reading from '%s': connection closed by the other side", c->peer);
	}
	return 0;
}

int
conn_read_full(struct ctx *cx, struct conn *c, void *out, size_t len)
{
	enter(c);
	return leave(c, read_all(cx, c, out, len));
}

int
conn_read_now(struct conn *c, void *out, size_t len, size_t *got, bool *eof, struct err *err)
{
	check(!c->closed && len > 0);
	*got = 0;
	*eof = false;
	ssize_t n = receive(c, out, len, false);
	int errnum = errno;
	note_input(c, n, len);
	if (n < 0)
		return errnum == EAGAIN ? 0 : conn_fail(err, errnum, "reading from", c->peer);
	*got = (size_t)n;
	*eof = n == 0;
	return 0;
}

bool
conn_ended(const struct conn *c)
{
	return c->ended;
}

/* Bytes, the end, or an error: in all three cases a read would not wait. */
static bool
is_readable(struct conn *c)
{
	char byte;

	if (c->input == IN_MAYBE)
		c->input = receive(c, &byte, 1, true) >= 0 || errno != EAGAIN ? IN_YES : IN_NO;
	return c->input == IN_YES;
}

static int
wait_readable(struct ctx *cx, struct conn *c)
{
	TRY(breathe(cx, c, "reading from"));
	while (!is_readable(c))
		TRY(wait_in(cx, c, true));
	return 0;
}

int
net_wait_readable(struct ctx *cx, struct conn *c)
{
	enter(c);
	return leave(c, wait_readable(cx, c));
}

bool
conn_has_input(const struct conn *c)
{
	char byte;
	struct conn copy = *c; /* receive() changes nothing when it peeks */

	return !c->closed && receive(&copy, &byte, 1, true) > 0;
}

/* ---- writing ---- */

static ssize_t
transmit(struct conn *c, const void *data, size_t len)
{
	ssize_t n;

	do
		n = c->end != NULL ? simnet_send(c->end, data, len)
				   : kernel_send(c->watch.fd, data, len, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n;
}

static int
write_all(struct ctx *cx, struct conn *c, const char *data, size_t len)
{
	TRY(breathe(cx, c, "writing to"));
	while (len > 0) {
		ssize_t n = transmit(c, data, len);
		if (n >= 0) {
			data += n;
			len -= (size_t)n;
		} else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			TRY(wait_out(cx, c, "writing to"));
		} else {
			return conn_fail(cx->err, errno, "writing to", c->peer);
		}
	}
	return 0;
}

int
conn_write(struct ctx *cx, struct conn *c, const void *data, size_t len)
{
	enter(c);
	return leave(c, write_all(cx, c, data, len));
}

void
conn_write_last(struct conn *c, const void *data, size_t len)
{
	check(!c->closed && c->loop == sched_here());
	(void)transmit(c, data, len); /* whether it arrives is nobody's business */
}

/* ---- birth and death ---- */

static struct conn *
make_conn(struct loop *l, int fd, struct simnet_end *end)
{
	struct conn *c = mem_new(struct conn);

	c->watch = (struct watch){ .fd = fd, .fire = conn_event };
	c->loop = l;
	c->end = end;
	return c;
}

struct conn *
conn_from_end(struct loop *l, struct simnet_end *end)
{
	struct conn *c = make_conn(l, -1, end);

	c->peer = mem_strdup(simnet_peer(end));
	c->local = mem_strdup(simnet_name(end));
	c->loopback = true;
	c->private = strncmp(c->peer, "unix:", strlen("unix:")) == 0;
	simnet_attach(end, &c->watch);
	return c;
}

static char *
local_name(int fd)
{
	struct address a = { .len = sizeof(a.storage) };
	char text[ADDRESS_TEXT_MAX];

	if (getsockname(fd, (struct sockaddr *)&a.storage, &a.len) != 0)
		return mem_strdup("?");
	address_print(&a, text);
	return mem_strdup(text);
}

/* Takes fd over, also when it fails. */
struct conn *
conn_from_fd(struct loop *l, int fd, const struct address *peer, struct err *err)
{
	struct conn *c = make_conn(l, fd, NULL);
	char text[ADDRESS_TEXT_MAX];
	int one = 1;

	address_print(peer, text);
	c->peer = mem_strdup(text);
	c->local = local_name(fd);
	c->loopback = address_is_loopback(peer);
	c->private = address_is_unix(peer);
	if (!address_is_unix(peer) &&
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) != 0)
		conn_fail(err, errno, "setting TCP_NODELAY for", text);
	else if (poller_add(l->poller, &c->watch, (uint32_t)EVERYTHING) != 0)
		conn_fail(err, errno, "watching", text);
	else
		return c;
	close(fd);
	free_conn(c);
	return NULL;
}

void
conn_close(struct conn *c)
{
	if (c == NULL)
		return;
	check(!c->closed && c->loop == sched_here());
	c->closed = true;
	if (c->end != NULL) {
		simnet_close(c->end);
	} else {
		poller_remove(c->loop->poller, &c->watch);
		close(c->watch.fd);
	}
	if (c->reader != NULL)
		(void)sched_wake(c->reader);
	if (c->writer != NULL)
		(void)sched_wake(c->writer);
	if (c->inside == 0)
		free_conn(c);
}

const char *
conn_peer(const struct conn *c)
{
	return c->peer;
}

const char *
conn_local(const struct conn *c)
{
	return c->local;
}

bool
conn_is_loopback(const struct conn *c)
{
	return c->loopback;
}

bool
conn_is_private(const struct conn *c)
{
	return c->private;
}

int
conn_finish_connect(struct ctx *cx, struct conn *c)
{
	int errnum = 0;
	socklen_t len = sizeof(errnum);

	enter(c);
	/* A connect that has ended either way makes the socket writable; which way is in SO_ERROR, see
	 * connect(2). */
	int rc = wait_out(cx, c, "connecting to");
	if (rc == 0 && getsockopt(c->watch.fd, SOL_SOCKET, SO_ERROR, &errnum, &len) != 0)
		errnum = errno;
	if (rc == 0 && errnum != 0)
		rc = conn_fail(cx->err, errnum, "connecting to", c->peer);
	return leave(c, rc);
}
