#include "http/work.h"

#include "base/log.h"

void
http_fail(struct http_reply *reply, int status, const char *text)
{
	reply->status = status;
	reply->content_type = "application/json";
	buf_reset(&reply->body);
	buf_addf(&reply->body, "{\"error\":\"%s\"}", text); /* our own sentences: nothing to escape */
}

void
http_run_handler(const struct http_work *w, struct http_reply *reply)
{
	int64_t ms = w->timeout_ms <= 0 ? HTTP_TIMEOUT_MS_DEFAULT : w->timeout_ms;
	struct err err = { 0 };
	struct arena arena = ARENA_INIT;
	struct ctx cx = { .err = &err, .arena = &arena };

	if (ms > HTTP_TIMEOUT_MS_MAX)
		ms = HTTP_TIMEOUT_MS_MAX;
	cx.deadline = task_now() + ms * MSEC;
	w->handler(&cx, w->arg, &w->request, reply);
	arena_done(&arena);
	if (reply->status >= 200 && reply->status <= 599)
		return;
	log_error("handler of %s %s gave no status", w->request.method, w->request.path);
	http_fail(reply, 500, "the request's handler gave no status");
}

int64_t
http_timeout_ms(const struct ctx *cx)
{
	if (cx->deadline == NEVER)
		return HTTP_TIMEOUT_MS_MAX;
	int64_t ms = (cx->deadline - task_now()) / MSEC;
	if (ms < 1)
		return 1;
	return ms > HTTP_TIMEOUT_MS_MAX ? HTTP_TIMEOUT_MS_MAX : ms;
}

const char *
http_known_type(struct slice type)
{
	static const char *const known[] = {
		"application/json",
		"text/plain",
		"text/html",
		"text/css",
		"text/javascript",
		"image/svg+xml",
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (slice_starts_nocase(type, known[i]))
			return known[i];
	return "application/octet-stream";
}
