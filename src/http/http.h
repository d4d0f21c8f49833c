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
 *
 * A call and its request, with a deadline 5 s away and a network that takes 1 ms:
 *
 *   caller   0.000  http_call(): a connection is made; Request-Timeout-Ms: 5000 goes along
 *   server   0.002  the handler's task begins, with a deadline of its own clock, 5 s from here
 *            3.000  it waits for something to happen, and answers: the reply goes out
 *   caller   3.001  0, and the status; the connection is closed
 *
 * Had nothing happened, the handler's waits would have ended at 5.002 by ERR_TIMEOUT, and the caller's
 * call at 5.000 by the same: nobody works on for a caller that has given up. What the handler had done by
 * then stays done, so a request that changes something is made so that it can be sent again.
 */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include "base/buf.h"
#include "task/net.h"

enum {
	HTTP_BODY_MAX = 8 * 1024 * 1024, /* a workflow record of thousands of tables */
	HTTP_PATH_MAX = 512,
};

/* All of it is valid while the handler runs. method and query are as the caller wrote them; body is whole. */
struct http_request {
	const char *method; /* "GET", "POST" */
	const char *path;   /* "/api/workflow/create" without the query */
	const char *query;  /* "a=b&c=d" or "" */
	struct slice body;
};

/* The handler fills status (200 to 599; none is answered as 500) and body, which starts empty;
 * content_type defaults to application/json and must be a constant. Of a call: content_type is one of a
 * few constants too. */
struct http_reply {
	int status;
	const char *content_type;
	struct buf body;
};

/* In a task of its own, with an arena that ends with the request. cx->err is for its own use: what the
 * caller is to know it writes into the reply. */
typedef void http_handler_fn(
    struct ctx *cx, void *arg, const struct http_request *req, struct http_reply *reply);

struct http_server;

/* ERR_REFUSED where others than this machine could connect: until there are tokens and TLS, whoever
 * does may drop tables. Names are not looked up here. */
int http_check_address(const char *address, struct err *err) MUST_USE;
/* address as in net_listen(), and checked so; "unix:/path" is not removed at the end. handler and arg
 * must live until http_stop(). -1: nothing listens. The server stops with http_stop(), which waits for
 * its handlers. */
int http_serve(const char *address, http_handler_fn *handler, void *arg, struct http_server **out,
    struct err *err) MUST_USE;
/* Where others find it: the address, with the port that was bound when it said 0. Until http_stop(). */
const char *http_address(const struct http_server *s);
/* From a task. No new request is taken, handlers are cancelled and waited for, and what they answer is
 * still sent. NULL is fine. */
void http_stop(struct http_server *s);

/* POST when body is not null, else GET. path may have a query. reply->body is the caller's to buf_done()
 * when this is 0, and empty when it is -1. ERR_RETRY: a connection cannot be made or breaks, and whether
 * the request was acted upon is not known; ERR_CORRUPT: a reply of more than HTTP_BODY_MAX; ERR_REFUSED:
 * a body of more than that, or no address: nothing was sent. Any HTTP status is a success here. Nothing
 * is left behind, however it ends: no connection is kept for the next call. */
int http_call(struct ctx *cx, const char *address, const char *path, struct slice body,
    struct http_reply *reply) MUST_USE;

#endif
