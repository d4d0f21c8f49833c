#include "http/memory.h"

#include "base/check.h"
#include "base/log.h"
#include "base/mem.h"
#include "http/work.h"
#include "task/group.h"

#include <stdlib.h>

enum {
	METHOD_MAX = 16,
	TARGET_MAX = 8 * 1024, /* path and query; a server in the open takes no more either */
	TYPE_MAX = 128,
};

struct memory_server {
	struct listener *listener;
	http_handler_fn *handler;
	void *arg;
	struct group acceptor, handlers;
};

struct visit {
	struct memory_server *server;
	struct conn *conn;
};

/* ---- frames ---- */

static int
read_numbers(struct ctx *cx, struct conn *c, uint32_t *numbers, int count)
{
	return conn_read_full(cx, c, numbers, (size_t)count * sizeof(uint32_t));
}

static int
read_text(struct ctx *cx, struct conn *c, struct buf *out, uint32_t len, uint32_t max)
{
	if (len > max)
		return err_set(cx->err, ERR_CORRUPT, "%u bytes, at most %u", len, max);
	return conn_read_full(cx, c, buf_grow(out, len), len);
}

static int
write_frame(struct ctx *cx, struct conn *c, const struct buf *head, struct slice body)
{
	TRY(conn_write(cx, c, head->data, head->len));
	return conn_write(cx, c, body.ptr, body.len);
}

/* ---- serving ---- */

struct incoming {
	struct buf method, target, body;
	char *query; /* within target */
	uint32_t timeout_ms;
};

static void
incoming_done(struct incoming *in)
{
	buf_done(&in->method);
	buf_done(&in->target);
	buf_done(&in->body);
}

static int
read_request(struct ctx *cx, struct conn *c, struct incoming *in)
{
	uint32_t n[4];

	TRY(read_numbers(cx, c, n, 4));
	in->timeout_ms = n[0];
	TRY(read_text(cx, c, &in->method, n[1], METHOD_MAX));
	TRY(read_text(cx, c, &in->target, n[2], TARGET_MAX));
	TRY(read_text(cx, c, &in->body, n[3], HTTP_BODY_MAX));
	in->query = strchr(in->target.data, '?');
	if (in->query != NULL)
		*in->query++ = '\0';
	return 0;
}

static int
write_reply(struct ctx *cx, struct conn *c, const struct http_reply *reply)
{
	const char *type = reply->content_type != NULL ? reply->content_type : "application/json";
	uint32_t n[3] = { (uint32_t)reply->status, (uint32_t)strlen(type),
		(uint32_t)reply->body.len };
	SCOPED(buf) struct buf head = BUF_INIT;

	buf_add(&head, n, sizeof(n));
	buf_add_str(&head, type);
	return write_frame(cx, c, &head, buf_slice(&reply->body));
}

static int
serve_one(struct ctx *cx, struct visit *v, struct incoming *in, struct http_reply *reply)
{
	TRY(read_request(cx, v->conn, in));
	/* clang-format off */
	struct http_work work = {
		.handler = v->server->handler,
		.arg = v->server->arg,
		.timeout_ms = in->timeout_ms,
		.request = { .method = in->method.data, .path = in->target.data,
		             .query = in->query == NULL ? "" : in->query, .body = buf_slice(&in->body) },
	};
	/* clang-format on */
	if (strlen(work.request.path) > HTTP_PATH_MAX)
		http_fail(reply, 414, "the path is too long");
	else
		http_run_handler(&work, reply);
	struct err err;
	struct ctx last =
	    ctx_shielded(cx, SECOND, &err); /* a cancelled handler's answer goes out too */
	return write_reply(&last, v->conn, reply) == 0 ? 0 : err_copy(cx->err, &err);
}

static void
visit_main(void *arg)
{
	struct visit v = *(struct visit *)arg;
	struct incoming in = { BUF_INIT, BUF_INIT, BUF_INIT, NULL, 0 };
	struct http_reply reply = { .body = BUF_INIT };
	struct err err;
	struct ctx cx = { .deadline = NEVER, .err = &err };

	free(arg);
	if (serve_one(&cx, &v, &in, &reply) != 0)
		log_debug("a caller has gone: %s", err.text);
	conn_close(v.conn);
	incoming_done(&in);
	buf_done(&reply.body);
}

static void
accept_main(void *arg)
{
	struct memory_server *s = arg;
	struct err err;
	struct ctx cx = { .deadline = NEVER, .err = &err };
	struct conn *c;

	while (net_accept(&cx, s->listener, &c) == 0) {
		struct visit *v = mem_new(struct visit);
		*v = (struct visit){ s, c };
		/* One too many is hung up on, which is ERR_RETRY for the caller; a real server says 503. */
		if (s->handlers.children.count < HTTP_HANDLERS_MAX &&
		    group_spawn(&s->handlers, "http request", visit_main, v, &err) == 0)
			continue;
		free(v);
		conn_close(c);
	}
}

struct memory_server *
memory_serve(const char *address, http_handler_fn *handler, void *arg, struct err *err)
{
	struct memory_server *s = mem_new(struct memory_server);

	s->handler = handler;
	s->arg = arg;
	group_init(&s->acceptor);
	group_init(&s->handlers);
	s->listener = net_listen(address, false, err);
	if (s->listener == NULL) {
		free(s);
		return NULL;
	}
	if (group_spawn(&s->acceptor, "http accept", accept_main, s, err) != 0) {
		listener_close(s->listener);
		free(s);
		return NULL;
	}
	return s;
}

int
memory_port(const struct memory_server *s)
{
	return listener_port(s->listener);
}

void
memory_stop(struct memory_server *s)
{
	/* In this order: nobody comes any more, then those inside end. */
	group_done(&s->acceptor);
	listener_close(s->listener);
	group_done(&s->handlers);
	free(s);
}

/* ---- calling ---- */

static int
send_request(struct ctx *cx, struct conn *c, const char *path, struct slice body)
{
	const char *method = slice_is_null(body) ? "GET" : "POST";
	uint32_t n[4] = { (uint32_t)http_timeout_ms(cx), (uint32_t)strlen(method),
		(uint32_t)strlen(path), (uint32_t)body.len };
	SCOPED(buf) struct buf head = BUF_INIT;

	buf_add(&head, n, sizeof(n));
	buf_add_str(&head, method);
	buf_add_str(&head, path);
	return write_frame(cx, c, &head, body);
}

static int
read_reply(struct ctx *cx, struct conn *c, struct http_reply *reply)
{
	uint32_t n[3];
	SCOPED(buf) struct buf type = BUF_INIT;

	TRY(read_numbers(cx, c, n, 3));
	reply->status = (int)n[0];
	TRY(read_text(cx, c, &type, n[1], TYPE_MAX));
	reply->content_type = http_known_type(buf_slice(&type));
	return read_text(cx, c, &reply->body, n[2], HTTP_BODY_MAX);
}

int
memory_call(struct ctx *cx, const char *address, const char *path, struct slice body,
    struct http_reply *reply)
{
	struct conn *c;

	TRY(net_connect(cx, address, &c));
	int rc = send_request(cx, c, path, body);
	if (rc == 0)
		rc = read_reply(cx, c, reply);
	conn_close(c);
	return rc;
}
