/*
 * The life of a request, all in the loop's thread:
 *
 *   begin()    MHD has read the request line: an exchange is made
 *   serve()    called with each piece of the body, then once with none: the
 *              handler's task is started and the connection suspended
 *   handle()   the task runs the handler and resumes the connection
 *   serve()    called again: the reply is queued
 *   complete() sent, or the client has gone: the exchange is freed
 *
 * A suspended connection cannot complete, so an exchange outlives its task.
 * MHD runs in one task, drive(). Without threads of its own MHD cannot tell
 * that a connection was resumed, so drive() waits for an epoll descriptor that
 * holds MHD's and an eventfd, poke, which handle() writes to.
 *
 *   progress    from                by
 *   READING     begin()             look_at_head(), then a piece of the body at a time
 *   HANDLING    start()             the handler's task; the connection is suspended
 *   ANSWERING   handle(), refuse()  MHD sends; complete() frees
 *
 * MHD calls serve() at least twice for a request without a body: once for the head, once for its end.
 * What is refused by its head is answered before the body is read.
 */
#include "base/check.h"
#include "base/mem.h"
#include "http/http.h"
#include "http/memory.h"
#include "http/work.h"
#include "task/address.h"
#include "task/group.h"
#include "task/loop.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	IDLE_S = 30, /* a keep-alive connection without a request, and a request without progress */
	BACKLOG = 256,       /* connections that come while a handler computes */
	CLOSING_ROUNDS = 10, /* each sends what the sockets take; who reads slower loses the rest */
};

struct http_server {
	struct memory_server *memory; /* in a virtual loop; then nothing else is used */
	struct MHD_Daemon *daemon;
	http_handler_fn *handler;
	void *arg;
	struct group driver, handlers;
	int port, epoll_fd, poke;
	char address[300]; /* a host of 255 bytes, brackets, a port */
};

enum progress { READING, HANDLING, ANSWERING };

struct exchange {
	struct http_server *server;
	struct MHD_Connection *connection;
	enum progress progress;
	bool begun;
	char *target; /* as it came, with the query */
	struct buf body;
	struct http_work work;
	struct http_reply reply;
};

/* ---- one request ---- */

static void *
begin(void *arg, const char *target, struct MHD_Connection *connection)
{
	struct exchange *x = mem_new(struct exchange);

	x->server = arg;
	x->connection = connection;
	x->target = mem_strdup(target);
	buf_init(&x->body);
	buf_init(&x->reply.body);
	return x;
}

static void
complete(void *arg, struct MHD_Connection *connection, void **exchange,
    enum MHD_RequestTerminationCode why)
{
	struct exchange *x = *exchange;

	if (x == NULL)
		return;
	check(x->progress != HANDLING);
	free(x->target);
	buf_done(&x->body);
	buf_done(&x->reply.body);
	free(x);
	*exchange = NULL;
}

static enum MHD_Result
answer(struct exchange *x)
{
	const char *type = x->reply.content_type;
	struct MHD_Response *r;

	x->progress = ANSWERING;
	if (type == NULL)
		type = "application/json";
	/* The body is not copied: the exchange has it until complete(). */
	r = MHD_create_response_from_buffer(
	    x->reply.body.len, x->reply.body.data, MHD_RESPMEM_PERSISTENT);
	if (r == NULL)
		return MHD_NO;
	enum MHD_Result rc = MHD_add_response_header(r, "Content-Type", type);
	/* Answers are of a moment: a browser that shows an old one would show another cluster. */
	if (rc == MHD_YES)
		rc = MHD_add_response_header(r, "Cache-Control", "no-store");
	if (rc == MHD_YES)
		rc = MHD_queue_response(x->connection, (unsigned)x->reply.status, r);
	MHD_destroy_response(r);
	return rc;
}

static void
handle(void *arg)
{
	struct exchange *x = arg;

	http_run_handler(&x->work, &x->reply);
	x->progress = ANSWERING;
	/* MHD looks at resumed connections only when it is run: drive() may be parked on a quiet epoll
	 * descriptor. */

	MHD_resume_connection(x->connection);
	check(eventfd_write(x->server->poke, 1) == 0);
}

static enum MHD_Result
refuse(struct exchange *x, int status, const char *why)
{
	http_fail(&x->reply, status, why);
	return answer(x);
}

static int64_t
number_header(struct exchange *x, const char *name)
{
	const char *text = MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND, name);
	int64_t value = 0;
	struct err err;

	return text == NULL || parse_i64(slice_str(text), &value, &err) != 0 ? 0 : value;
}

/* url lives as long as the request; so does the method. */
static enum MHD_Result
start(struct exchange *x, const char *url, const char *method)
{
	const char *query = strchr(x->target, '?');
	struct err err;

	x->work = (struct http_work){
		.handler = x->server->handler,
		.arg = x->server->arg,
		.timeout_ms = number_header(x, HTTP_TIMEOUT_HEADER),
		.request = { .method = method,
		    .path = url,
		    .query = query == NULL ? "" : query + 1,
		    .body = buf_slice(&x->body) },
	};
	if (x->server->handlers.children.count >= HTTP_HANDLERS_MAX)
		return refuse(x, 503, "too many requests at a time");
	if (group_spawn(&x->server->handlers, "http request", handle, x, &err) != 0)
		return refuse(x, 503, "no task to be had, or this server is stopping");
	x->progress = HANDLING;
	MHD_suspend_connection(x->connection);
	return MHD_YES;
}

/* MHD calls this before the body is read: what is refused here is not read at all. */
static enum MHD_Result
look_at_head(struct exchange *x, const char *url)
{
	x->begun = true;
	if (strlen(url) > HTTP_PATH_MAX)
		return refuse(x, 414, "the path is too long");
	if (number_header(x, "Content-Length") > HTTP_BODY_MAX)
		return refuse(x, 413, "the body is too large");
	return MHD_YES;
}

static enum MHD_Result
serve(void *arg, struct MHD_Connection *connection, const char *url, const char *method,
    const char *version, const char *data, size_t *len, void **exchange)
{
	struct exchange *x = *exchange;

	if (x->progress == ANSWERING)
		return answer(x);
	if (!x->begun)
		return look_at_head(x, url);
	if (*len == 0)
		return start(x, url, method);
	if (*len > HTTP_BODY_MAX - x->body.len)
		return MHD_NO; /* a chunked body without end: hang up */
	buf_add(&x->body, data, *len);
	*len = 0;
	return MHD_YES;
}

/* ---- the server ---- */

static int
wait_for_mhd(struct ctx *cx, struct http_server *s)
{
	MHD_UNSIGNED_LONG_LONG ms;
	struct err err;
	struct ctx step = *cx;
	uint32_t got;

	if (MHD_get_timeout(s->daemon, &ms) == MHD_YES)
		step = ctx_within(cx, ms > INT32_MAX ? INT32_MAX * MSEC : (usec)ms * MSEC);
	step.err = &err;
	if (loop_wait_fd(&step, s->epoll_fd, EPOLLIN, &got) == 0 || err.kind == ERR_TIMEOUT)
		return 0;
	return err_copy(cx->err, &err);
}

static void
drive(void *arg)
{
	struct http_server *s = arg;
	struct err err;
	struct ctx cx = { .deadline = NEVER, .err = &err };
	eventfd_t pokes;

	while (wait_for_mhd(&cx, s) == 0) {
		(void)eventfd_read(s->poke, &pokes); /* EAGAIN: it was MHD's own descriptor */
		check(MHD_run(s->daemon) == MHD_YES);
	}
}

static int
open_epoll(struct http_server *s, struct err *err)
{
	/* MHD's own descriptor is an epoll one too, and becomes readable when a connection of its is. */
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	struct epoll_event ev = { .events = EPOLLIN };

	check(info != NULL);
	s->poke = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	s->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (s->poke < 0 || s->epoll_fd < 0 ||
	    epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, s->poke, &ev) != 0 ||
	    epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, info->epoll_fd, &ev) != 0)
		return err_errno(err, errno, "making the HTTP server's descriptors");
	return 0;
}

static void
close_all(struct http_server *s)
{
	MHD_stop_daemon(s->daemon);
	if (s->poke >= 0)
		close(s->poke);
	if (s->epoll_fd >= 0)
		close(s->epoll_fd);
}

int
http_check_address(const char *address, struct err *err)
{
	struct address a;

	if (address_parse(address, &a, err) != 0)
		return err_wrap(err, "serving HTTP at '%s'", address);
	if (address_is_loopback(&a))
		return 0;
	return err_set(err, ERR_REFUSED,
	    "serving HTTP at '%s': only a loopback address, like 127.0.0.1 or [::1], until there are "
	    "tokens and TLS",
	    address);
}

static int
open_socket(const char *address, int *port, struct err *err)
{
	struct address a;
	socklen_t len = sizeof(a.storage);
	int one = 1;

	TRY(http_check_address(address, err));
	TRY(address_parse(address, &a, err));
	int fd = socket(a.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_errno(err, errno, "making a socket for '%s'", address);
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0 &&
	    bind(fd, (const struct sockaddr *)&a.storage, a.len) == 0 && listen(fd, BACKLOG) == 0 &&
	    getsockname(fd, (struct sockaddr *)&a.storage, &len) == 0) {
		*port = address_port(&a);
		return fd;
	}
	err_errno(err, errno, "listening on '%s'", address);
	close(fd);
	return -1;
}

static int
start_daemon(struct http_server *s, const char *address, struct err *err)
{
	int fd = open_socket(address, &s->port, err);

	if (fd < 0)
		return -1;
	/* Twice as many connections as handlers: those above are told 503, where MHD would hang up
	 * without a word. */
	s->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, serve,
	    s, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_URI_LOG_CALLBACK, begin, s,
	    MHD_OPTION_NOTIFY_COMPLETED, complete, s, MHD_OPTION_CONNECTION_TIMEOUT,
	    (unsigned)IDLE_S, MHD_OPTION_CONNECTION_LIMIT, (unsigned)(2 * HTTP_HANDLERS_MAX),
	    MHD_OPTION_END);
	if (s->daemon == NULL) {
		close(fd);
		return err_set(err, ERR_RETRY, "starting the HTTP server on '%s'", address);
	}
	if (open_epoll(s, err) == 0 && group_spawn(&s->driver, "http server", drive, s, err) == 0)
		return 0;
	close_all(s);
	return -1;
}

int
http_serve(const char *address, http_handler_fn *handler, void *arg, struct http_server **out,
    struct err *err)
{
	struct http_server *s = mem_new(struct http_server);

	s->poke = s->epoll_fd = -1;
	s->handler = handler;
	s->arg = arg;
	group_init(&s->driver);
	group_init(&s->handlers);
	*out = NULL;
	int rc = 0;
	if (!loop_is_virtual())
		rc = start_daemon(s, address, err);
	else if ((s->memory = memory_serve(address, handler, arg, err)) == NULL)
		rc = -1;
	if (rc != 0) {
		free(s);
		return -1;
	}
	print_hostport(s->address, sizeof(s->address), address,
	    s->memory != NULL ? memory_port(s->memory) : s->port);
	*out = s;
	return 0;
}

const char *
http_address(const struct http_server *s)
{
	return s->address;
}

/* Handlers are cancelled, but their answers still go out: for those MHD runs a few rounds more. */
static void
stop_daemon(struct http_server *s)
{
	int fd = MHD_quiesce_daemon(s->daemon);

	if (fd >= 0)
		close(fd);
	group_done(&s->handlers);
	group_done(&s->driver);
	for (int i = 0; i < CLOSING_ROUNDS; i++)
		check(MHD_run(s->daemon) == MHD_YES);
	close_all(s);
}

void
http_stop(struct http_server *s)
{
	if (s == NULL)
		return;
	if (s->memory != NULL)
		memory_stop(s->memory);
	else
		stop_daemon(s);
	free(s);
}
