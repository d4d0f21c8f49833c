#include "task/net.h"

#include "base/check.h"
#include "base/mem.h"
#include "base/mutant.h"
#include "task/address.h"
#include "task/poller.h"
#include "task/sched.h"
#include "task/simnet.h"
#include "task/waitlist.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

struct listener {
	struct watch watch;
	struct loop *loop;
	struct simnet_host *host; /* in a virtual loop, else NULL */
	struct waitlist comers;   /* tasks in net_accept() */
	int inside, port;
	bool closed;
	char *unlink_path;
	char name[ADDRESS_TEXT_MAX];
};

/* ---- connecting ---- */

static int
connect_one(struct ctx *cx, const struct address *a, struct conn **out)
{
	char text[ADDRESS_TEXT_MAX];
	int fd = socket(a->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	address_print(a, text);
	if (fd < 0)
		return conn_fail(cx->err, errno, "making a socket for", text);
	int rc = connect(fd, (const struct sockaddr *)&a->storage, a->len);
	bool pending = rc != 0 && errno == EINPROGRESS;
	if (rc != 0 && !pending) {
		conn_fail(cx->err, errno, "connecting to", text);
		close(fd);
		return -1;
	}
	struct conn *c = conn_from_fd(sched_here(), fd, a, cx->err);
	if (c == NULL)
		return -1;
	if (pending && conn_finish_connect(cx, c) != 0) {
		conn_close(c);
		return -1;
	}
	*out = c;
	return 0;
}

static int
connect_virtual(struct ctx *cx, const char *address, struct conn **out)
{
	struct simnet_end *end;

	if (simnet_connect(cx, simnet_here(), address, &end) != 0)
		return err_wrap(cx->err, "connecting to '%s'", address);
	*out = conn_from_end(sched_here(), end);
	return 0;
}

int
net_connect(struct ctx *cx, const char *address, struct conn **out)
{
	struct address found[ADDRESS_FOUND_MAX];
	int count, rc = -1;

	*out = NULL;
	if (sched_here()->tick.is_virtual)
		return connect_virtual(cx, address, out);
	if (address_resolve(cx, address, found, &count) != 0)
		return err_wrap(cx->err, "connecting to '%s'", address);
	/* One behind the other: a machine without a way to v6 says so at once, by ENETUNREACH. */
	for (int i = 0; i < count && rc != 0; i++) {
		rc = connect_one(cx, &found[i], out);
		if (rc != 0 && (cx->err->kind == ERR_CANCELLED || cx->err->kind == ERR_TIMEOUT))
			return -1;
	}
	return rc;
}

/* ---- listening ---- */

enum { BACKLOG = 4096 }; /* a burst of reconnecting clients; the kernel lowers it to somaxconn */

static void
listener_event(struct watch *w, uint32_t events)
{
	waitlist_wake_one(&list_item(w, struct listener, watch)->comers);
}

/* A socket file that nobody listens on any more is in the way of nobody. */
static bool
remove_stale(const struct address *a, const char *path)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return false;
	int rc = connect(fd, (const struct sockaddr *)&a->storage, a->len);
	/* Refused: the file is a socket and nobody is behind it. A full backlog says EAGAIN, and is alive. */
	bool stale = rc != 0 && errno == ECONNREFUSED;
	close(fd);
	return stale && unlink(path) == 0;
}

static int
bind_listener(struct listener *l, const struct address *a, bool reuse_port)
{
	int fd = l->watch.fd, one = 1;
	bool is_unix = address_is_unix(a);

	if (!is_unix && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0)
		return -1;
	if (!is_unix && reuse_port &&
	    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)) != 0)
		return -1;
	int rc = bind(fd, (const struct sockaddr *)&a->storage, a->len);
	if (rc != 0 && is_unix && errno == EADDRINUSE && remove_stale(a, l->name + strlen("unix:")))
		rc = bind(fd, (const struct sockaddr *)&a->storage, a->len);
	if (rc != 0)
		return -1;
	if (is_unix)
		l->unlink_path = mem_strdup(l->name + strlen("unix:"));
	return listen(fd, BACKLOG);
}

static int
open_listener(struct listener *l, const struct address *a, bool reuse_port)
{
	struct address bound = { .len = sizeof(bound.storage) };

	l->watch.fd = socket(a->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (l->watch.fd < 0)
		return -1;
	TRY(bind_listener(l, a, reuse_port));
	if (getsockname(l->watch.fd, (struct sockaddr *)&bound.storage, &bound.len) != 0)
		return -1;
	l->port = address_port(&bound);
	return poller_add(l->loop->poller, &l->watch, EPOLLIN | EPOLLET);
}

static void
free_listener(struct listener *l)
{
	if (l->watch.fd >= 0)
		close(l->watch.fd);
	if (l->unlink_path != NULL)
		unlink(l->unlink_path);
	free(l->unlink_path);
	free(l);
}

static int
listen_virtual(struct listener *l, const char *address, struct err *err)
{
	l->host = simnet_listen(simnet_here(), address, &l->watch, err);
	if (l->host == NULL)
		return -1;
	const char *colon = strrchr(simnet_host_name(l->host), ':');
	l->port = colon == NULL ? 0 : (int)strtol(colon + 1, NULL, 10);
	return 0;
}

static int
listen_real(struct listener *l, const char *address, bool reuse_port, struct err *err)
{
	struct address a;

	if (address_parse(address, &a, err) != 0)
		return err_wrap(err, "listening on '%s'", address);
	address_print(&a, l->name);
	if (open_listener(l, &a, reuse_port) != 0)
		return conn_fail(err, errno, "listening on", address);
	return 0;
}

struct listener *
net_listen(const char *address, bool reuse_port, struct err *err)
{
	struct listener *l = mem_new(struct listener);

	l->watch = (struct watch){ .fd = -1, .fire = listener_event };
	l->loop = sched_here();
	int rc = l->loop->tick.is_virtual ? listen_virtual(l, address, err)
					  : listen_real(l, address, reuse_port, err);
	if (rc == 0)
		return l;
	free_listener(l);
	return NULL;
}

int
listener_port(const struct listener *l)
{
	return l->port;
}

void
listener_close(struct listener *l)
{
	if (l == NULL)
		return;
	l->closed = true;
	if (l->host != NULL)
		simnet_unlisten(l->host);
	else
		poller_remove(l->loop->poller, &l->watch);
	waitlist_wake_all(&l->comers);
	if (l->inside == 0)
		free_listener(l);
}

/* NULL with errno; EAGAIN when nobody has come. */
static struct conn *
accept_now(struct listener *l, struct err *err)
{
	struct address peer = { .len = sizeof(peer.storage) };
	struct simnet_end *end;

	if (l->host != NULL) {
		end = simnet_accept(l->host);
		errno = EAGAIN;
		return end == NULL ? NULL : conn_from_end(l->loop, end);
	}
	int fd = accept4(
	    l->watch.fd, (struct sockaddr *)&peer.storage, &peer.len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		return NULL;
	return conn_from_fd(l->loop, fd, &peer, err);
}

static int
accept_one(struct ctx *cx, struct listener *l, struct conn **out)
{
	for (;;) {
		if (l->closed)
			return err_set(cx->err, ERR_RETRY, "accepting: the listener was closed");
		*out = accept_now(l, cx->err);
		if (*out != NULL)
			return 0;
		if (errno == EINTR || errno == ECONNABORTED)
			continue;
		if (errno != EAGAIN && errno != EWOULDBLOCK)
			return err_errno(cx->err, errno, "accepting on port %d", l->port);
		if (waitlist_wait(cx, &l->comers) != 0)
			return err_wrap(cx->err, "accepting");
	}
}

int
net_accept(struct ctx *cx, struct listener *l, struct conn **out)
{
	*out = NULL;
	/* listener_close() may come while this waits: the last one inside frees it. */
	l->inside++;
	int rc = sched_breathe(cx);
	if (rc == 0)
		rc = accept_one(cx, l, out);
	if (!l->closed && !mutant("task_one_edge_one_comer"))
		waitlist_wake_one(&l->comers); /* one edge may have meant several comers */
	if (--l->inside == 0 && l->closed)
		free_listener(l);
	return rc;
}
