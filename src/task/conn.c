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
 * With TLS (tls.h) on it, the same is true of the bytes below: while they are IN_NO, TLS reads without a
 * system call. What can be read above is TLS's to say: records are taken whole, and some have no bytes in
 * them.
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
#include "task/tls.h"

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
	struct tls *tls;        /* NULL: none */
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
	tls_free(c->tls);
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
fail(struct err *err, const struct conn *c, int errnum, const char *act)
{
	if (errnum != EPROTO || c->tls == NULL)
		return conn_fail(err, errnum, act, c->peer);
	return err_set(err, ERR_RETRY, "%s '%s': TLS: %s", act, c->peer, tls_why(c->tls));
}

/* Records may go out while input is waited for: TLS answers by itself. One task writes; where that is another
 * one, its next record takes the answer along. */
static int
wait_to_read(struct ctx *cx, struct conn *c)
{
	if (tls_wants_write(c->tls) && c->writer == NULL)
		return wait_out(cx, c, "reading from");
	return wait_in(cx, c, false);
}

/* Apart from read_some(), so that a plain connection pays one comparison. */
static __attribute__((noinline)) int
read_tls(struct ctx *cx, struct conn *c, void *out, size_t len, size_t *got)
{
	ssize_t n;

	while ((n = tls_read(c->tls, out, len)) < 0) {
		if (errno != EAGAIN)
			return fail(cx->err, c, errno, "reading from");
		TRY(wait_to_read(cx, c));
	}
	*got = (size_t)n;
	return 0;
}

static int
read_some(struct ctx *cx, struct conn *c, void *out, size_t len, size_t *got)
{
	if (__builtin_expect(c->tls != NULL, 0))
		return read_tls(cx, c, out, len, got);
	for (;;) {
		ssize_t n = -1;
		errno = EAGAIN;
		if (c->input != IN_NO) {
			n = receive(c, out, len, false);
			int saved = errno;
			note_input(c, n, len);
			errno = saved;
		}
		if (n >= 0) {
			*got = (size_t)n;
			return 0;
		}
		if (errno != EAGAIN)
			return fail(cx->err, c, errno, "reading from");
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
	c->input = IN_MAYBE; /* no event has told of what came just now */
	ssize_t n = c->tls != NULL ? tls_read(c->tls, out, len) : receive(c, out, len, false);
	int errnum = errno;
	if (c->tls == NULL)
		note_input(c, n, len);
	if (n < 0)
		return errnum == EAGAIN ? 0 : fail(err, c, errnum, "reading from");
	*got = (size_t)n;
	*eof = n == 0;
	return 0;
}

bool
conn_ended(const struct conn *c)
{
	return c->ended;
}

static bool
tls_is_readable(struct conn *c)
{
	char byte;

	if (c->input == IN_NO && (mutant("task_tls_unasked") || !tls_pending(c->tls)))
		return false;
	return tls_peek(c->tls, &byte, 1) >= 0 || errno != EAGAIN;
}

/* Bytes, the end, or an error: in all three cases a read would not wait. */
static bool
is_readable(struct conn *c)
{
	char byte;

	if (__builtin_expect(c->tls != NULL, 0))
		return tls_is_readable(c);
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

	if (c->closed)
		return false;
	return (c->tls != NULL && tls_pending(c->tls)) || receive(&copy, &byte, 1, true) > 0;
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

static ssize_t
transmit_or_tls(struct conn *c, const void *data, size_t len)
{
	return __builtin_expect(c->tls != NULL, 0) ? tls_write(c->tls, data, len)
						   : transmit(c, data, len);
}

static int
write_all(struct ctx *cx, struct conn *c, const char *data, size_t len)
{
	TRY(breathe(cx, c, "writing to"));
	while (len > 0) {
		ssize_t n = transmit_or_tls(c, data, len);
		if (n >= 0) {
			data += n;
			len -= (size_t)n;
		} else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			TRY(wait_out(cx, c, "writing to"));
		} else {
			return fail(cx->err, c, errno, "writing to");
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
	(void)transmit_or_tls(c, data, len); /* whether it arrives is nobody's business */
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
	/* The one that was connected to has the name. */
	c->private = strncmp(c->peer, "unix:", strlen("unix:")) == 0 ||
	    strncmp(c->local, "unix:", strlen("unix:")) == 0;
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
	if (c->tls != NULL)
		tls_say_end(c->tls);
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

/* ---- TLS ---- */

/* The bytes below TLS. */
static ssize_t
tls_receives(void *arg, void *out, size_t len)
{
	struct conn *c = arg;

	errno = EAGAIN;
	if (c->input == IN_NO)
		return -1;
	ssize_t n = receive(c, out, len, false);
	int saved = errno;
	note_input(c, n, len);
	errno = saved;
	return n;
}

static ssize_t
tls_sends(void *arg, const void *data, size_t len)
{
	return transmit(arg, data, len);
}

static int
shake_hands(struct ctx *cx, struct conn *c)
{
	int rc;

	while ((rc = tls_handshake(c->tls, cx->err)) == 0) {
		if (tls_wants_write(c->tls))
			TRY(wait_out(cx, c, "TLS with"));
		else
			TRY(wait_in(cx, c, false));
	}
	return rc > 0 ? 0 : -1;
}

int
conn_start_tls(struct ctx *cx, struct conn *c, struct tls_context *context, struct slice early,
    const char *host)
{
	struct tls_pipe pipe = { tls_receives, tls_sends, c };

	check(c->tls == NULL);
	enter(c);
	c->tls = tls_new(context, &pipe, early, host);
	if (shake_hands(cx, c) != 0)
		return leave(c, err_wrap(cx->err, "TLS with '%s'", c->peer));
	return leave(c, 0);
}

const char *
conn_tls(const struct conn *c)
{
	return c->tls == NULL ? NULL : tls_version(c->tls);
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
