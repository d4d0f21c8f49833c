/*
 * work.h - what both kinds of server and of call share: limits, and a handler under its deadline.
 */
#ifndef HTTP_WORK_H
#define HTTP_WORK_H

#include "http/http.h"

enum {
	HTTP_TIMEOUT_MS_DEFAULT = 30 * 1000, /* where the caller names none, as a person with curl */
	HTTP_TIMEOUT_MS_MAX = 15 * 60 * 1000, /* longer than any step of a cutover with its retries */
	HTTP_HANDLERS_MAX = 512,              /* at a time: each has a stack, a socket and a body */
};

/* How a caller tells its deadline. */
#define HTTP_TIMEOUT_HEADER "Request-Timeout-Ms"

/* One request, however it came. request borrows from the connection, which stays until the handler has
 * returned. */
struct http_work {
	http_handler_fn *handler;
	void *arg;
	int64_t timeout_ms; /* <= 0: the default */
	struct http_request request;
};

/* Runs it in this task, waits as the handler does; reply has a status afterwards in any case. The
 * deadline begins here, not when the request came: the two are apart by what the body took, which the
 * caller's own deadline bounds. */
void http_run_handler(const struct http_work *w, struct http_reply *reply);
/* What remains of cx, to send along: 1 to HTTP_TIMEOUT_MS_MAX. */
int64_t http_timeout_ms(const struct ctx *cx);
/* One of the static strings of what we serve; other types become application/octet-stream. */
const char *http_known_type(struct slice type);
/* {"error": text}. text needs no escaping: it is one of ours. Whatever the body was is dropped. */
void http_fail(struct http_reply *reply, int status, const char *text);

#endif
