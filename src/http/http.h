/*
 * http.h - bounded requests and replies between our programs, driven by our loop.
 *
 * Serving: http_serve() listens; each request runs its handler in a task of
 * its own, which may wait; its deadline is the request's timeout. Bodies are
 * bytes (JSON by convention) and bounded. Calling: http_call() sends one
 * request and waits for the whole reply.
 *
 * In a virtual loop (task/sim.h) addresses are names in memory and a call runs
 * the handler of the server registered there in a task of its own.
 */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include "base/buf.h"
#include "task/net.h"

enum {
	HTTP_BODY_MAX = 8 * 1024 * 1024, /* a workflow record of thousands of tables */
	HTTP_PATH_MAX = 512,
};

struct http_request {
	const char *method; /* "GET", "POST" */
	const char *path;   /* "/api/workflow/create" without the query */
	const char *query;  /* "a=b&c=d" or "" */
	struct slice body;
};

/* The handler fills status and body; content_type defaults to application/json. */
struct http_reply {
	int status;
	const char *content_type;
	struct buf body;
};

typedef void http_handler_fn(
    struct ctx *cx, void *arg, const struct http_request *req, struct http_reply *reply);

struct http_server;

/* ERR_REFUSED where others than this machine could connect: until there are tokens and TLS, whoever
 * does may drop tables. Names are not looked up here. */
int http_check_address(const char *address, struct err *err) MUST_USE;
/* address as in net_listen(), and checked so. The server stops with http_stop(), which waits for its
 * handlers. */
int http_serve(const char *address, http_handler_fn *handler, void *arg, struct http_server **out,
    struct err *err) MUST_USE;
/* Where others find it: the address, with the port that was bound when it said 0. Until http_stop(). */
const char *http_address(const struct http_server *s);
void http_stop(struct http_server *s);

/* POST when body is not null, else GET. reply->body is the caller's to buf_done(). A connection
 * that cannot be made or
 * breaks is ERR_RETRY; any HTTP status is a success here. */
int http_call(struct ctx *cx, const char *address, const char *path, struct slice body,
    struct http_reply *reply) MUST_USE;

#endif
