/*
 * One call: a curl handle and an epoll descriptor of its own. curl says through
 * socket_wanted() what it wants to hear of, and by timer_wanted() when it wants
 * to be called at the latest; the task waits for that descriptor in the loop's.
 *
 *   run_call()        hands the handle to curl, which connects and says by socket_wanted() and timer_wanted()
 *                     what it waits for
 *   wait_for_curl()   parks until the call's epoll descriptor is readable (which it is when one of its own is
 *                     ready: epoll(7), "Q3") or curl's timer has come
 *   tell_curl()       reports both to curl, which reads, writes, and wants something else
 *   read_outcome()    once curl says that nothing is running any more
 *
 * curl never waits itself: with the multi-socket interface it only asks to be called again.
 *
 * A call that has had its reply is kept, with its connection, for the loop's next one to that address:
 *
 *   call_new() --> in use --- keep() --> kept --- take_kept() --> in use
 *                    |                     |
 *                    +---- call_free() ----+   no reply, cancelled; too old, too many, loop_free()
 *
 * What is kept waits for nothing. Before curl uses a connection again it looks whether the server has closed
 * it, and connects anew if so, or when the server closes it before the first byte of an answer: so a request
 * may come twice, as it does when a caller tries again.
 */
#include "base/check.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/mutant.h"
#include "http/http.h"
#include "http/memory.h"
#include "http/work.h"
#include "task/loop.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum {
	KEPT_MAX = 16, /* both tablets, a dozen gates; what is above connects each time */
	KEPT_FOR_S =
	    20, /* below the 30 s after which our servers close a connection without a request */
};

struct call {
	struct list_node node; /* in the loop's kept ones */
	char *address;
	usec kept_since;
	CURLM *multi;
	CURL *easy;
	struct curl_slist *headers;
	int epoll_fd;
	usec timer; /* absolute; NEVER: none */
	struct http_reply *reply;
	bool too_large;
	char problem[CURL_ERROR_SIZE];
};

static int
socket_wanted(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
	struct call *c = arg;
	struct epoll_event ev = { .data.fd = fd };

	if (what == CURL_POLL_REMOVE) {
		(void)epoll_ctl(
		    c->epoll_fd, EPOLL_CTL_DEL, fd, NULL); /* closed already: gone by itself */
		return 0;
	}
	if ((what & CURL_POLL_IN) != 0)
		ev.events |= EPOLLIN;
	if ((what & CURL_POLL_OUT) != 0)
		ev.events |= EPOLLOUT;
	/* curl does not say whether it had asked before: the commoner case first. */
	if (epoll_ctl(c->epoll_fd, EPOLL_CTL_MOD, fd, &ev) == 0)
		return 0;
	return epoll_ctl(c->epoll_fd, EPOLL_CTL_ADD, fd, &ev);
}

static int
timer_wanted(CURLM *multi, long ms, void *arg)
{
	struct call *c = arg;

	c->timer = ms < 0 ? NEVER : task_now() + ms * MSEC;
	return 0;
}

static size_t
body_came(char *data, size_t size, size_t count, void *arg)
{
	struct call *c = arg;
	size_t len = size * count;

	/* Fewer bytes than came make curl end the call; too_large tells why. */
	if (len > HTTP_BODY_MAX - c->reply->body.len) {
		c->too_large = true;
		return 0;
	}
	buf_add(&c->reply->body, data, len);
	return len;
}

/* curl_easy_setopt() is variadic; what it could refuse here is our own mistake. */
#define SET(easy, option, value) check(curl_easy_setopt((easy), (option), (value)) == CURLE_OK)

static void
set_address(struct call *c, const char *address, const char *path)
{
	SCOPED(buf) struct buf url = BUF_INIT;

	if (slice_starts(slice_str(address), "unix:")) {
		SET(c->easy, CURLOPT_UNIX_SOCKET_PATH, address + strlen("unix:"));
		buf_addf(&url, "http://localhost%s", path);
	} else {
		buf_addf(&url, "http://%s%s", address, path);
	}
	SET(c->easy, CURLOPT_URL, url.data); /* copied */
	SET(c->easy, CURLOPT_PROTOCOLS_STR, "http");
	SET(c->easy, CURLOPT_PROXY, ""); /* whatever the environment says */
	/* A name may have dots, as in /api/x/..: curl must not shorten it. */
	SET(c->easy, CURLOPT_PATH_AS_IS, 1L);
}

static void
set_request(struct call *c, struct slice body, int64_t timeout_ms)
{
	SCOPED(buf) struct buf timeout = BUF_INIT;

	buf_addf(&timeout, HTTP_TIMEOUT_HEADER ": %lld", (long long)timeout_ms);
	if (!mutant("http_deadline_stays_home"))
		c->headers = curl_slist_append(c->headers, timeout.data);
	c->headers =
	    curl_slist_append(c->headers, "Expect:"); /* no round trip before a large body */
	if (!slice_is_null(body)) {
		c->headers = curl_slist_append(c->headers, "Content-Type: application/json");
		SET(c->easy, CURLOPT_POST, 1L);
		SET(c->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len);
		SET(c->easy, CURLOPT_POSTFIELDS, (const char *)body.ptr);
	}
	check(c->headers != NULL);
	SET(c->easy, CURLOPT_HTTPHEADER, c->headers);
}

static void
set_callbacks(struct call *c)
{
	SET(c->easy, CURLOPT_NOSIGNAL, 1L);
	SET(c->easy, CURLOPT_ERRORBUFFER, c->problem);
	SET(c->easy, CURLOPT_WRITEFUNCTION, body_came);
	SET(c->easy, CURLOPT_WRITEDATA, c);
	check(curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, socket_wanted) == CURLM_OK);
	check(curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c) == CURLM_OK);
	check(curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, timer_wanted) == CURLM_OK);
	check(curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c) == CURLM_OK);
}

/* Nothing of the request is left; the connection is. */
static void
call_end(struct call *c)
{
	(void)curl_multi_remove_handle(c->multi, c->easy);
	curl_easy_reset(c->easy);
	curl_slist_free_all(c->headers);
	c->headers = NULL;
	c->reply = NULL;
}

static void
call_free(struct call *c)
{
	call_end(c);
	curl_easy_cleanup(c->easy);
	(void)curl_multi_cleanup(c->multi);
	close(c->epoll_fd);
	free(c->address);
	free(c);
}

static struct call *
call_new(const char *address, struct err *err)
{
	struct call *c;
	int fd = epoll_create1(EPOLL_CLOEXEC);

	if (fd < 0) {
		err_errno(err, errno, "making an epoll descriptor");
		return NULL;
	}
	c = mem_new(struct call);
	*c = (struct call){ .address = mem_strdup(address), .epoll_fd = fd };
	c->multi = curl_multi_init();
	c->easy = curl_easy_init();
	check(c->multi != NULL && c->easy != NULL); /* out of memory */
	return c;
}

/* ---- kept ones: of one loop, the longest first ---- */

static void
drop_first(struct list *kept)
{
	call_free(list_item(list_pop(kept), struct call, node));
}

static void
kept_free(void *arg)
{
	struct list *kept = arg;

	while (!list_empty(kept))
		drop_first(kept);
	free(kept);
}

static struct list *
kept_here(void)
{
	struct list *kept = loop_kept();

	if (kept != NULL)
		return kept;
	kept = mem_new(struct list);
	list_init(kept);
	loop_keep(kept, kept_free);
	return kept;
}

static bool
is_old(struct list_node *n)
{
	return list_item(n, struct call, node)->kept_since + KEPT_FOR_S * SECOND < task_now();
}

static struct call *
take_kept(struct list *kept, const char *address)
{
	while (!list_empty(kept) && is_old(kept->first))
		drop_first(kept);
	for (struct list_node *n = kept->first; n != NULL; n = n->next) {
		struct call *c = list_item(n, struct call, node);

		if (strcmp(c->address, address) != 0)
			continue;
		list_remove(n);
		return c;
	}
	return NULL;
}

static void
keep(struct list *kept, struct call *c)
{
	call_end(c);
	c->kept_since = task_now();
	list_push(kept, &c->node);
	if (kept->count > KEPT_MAX)
		drop_first(kept);
}

/* Until a socket is ready or curl's timer has come; only the caller's own deadline is an error. */
static int
wait_for_curl(struct ctx *cx, struct call *c)
{
	struct err err;
	struct ctx step = ctx_until(cx, c->timer);
	uint32_t got;

	step.err = &err;
	if (loop_wait_fd(&step, c->epoll_fd, EPOLLIN, &got) == 0)
		return 0;
	if (err.kind == ERR_TIMEOUT && c->timer < cx->deadline)
		return 0;
	return err_copy(cx->err, &err);
}

static void
tell_curl(struct call *c, int *running)
{
	struct epoll_event events[8];
	int n = epoll_wait(c->epoll_fd, events, 8, 0);

	for (int i = 0; i < n; i++) {
		uint32_t e = events[i].events;
		int mask = 0;
		mask |= (e & EPOLLIN) != 0 ? CURL_CSELECT_IN : 0;
		mask |= (e & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0;
		mask |= (e & (EPOLLERR | EPOLLHUP)) != 0 ? CURL_CSELECT_ERR : 0;
		(void)curl_multi_socket_action(c->multi, events[i].data.fd, mask, running);
	}
	if (c->timer <= task_now()) {
		c->timer = NEVER;
		(void)curl_multi_socket_action(c->multi, CURL_SOCKET_TIMEOUT, 0, running);
	}
}

static int
read_outcome(struct call *c, struct err *err)
{
	int left;
	long status;
	const char *type = NULL;
	CURLMsg *m = curl_multi_info_read(c->multi, &left);

	/* One handle, which is not running any more: there is exactly one message. */
	check(m != NULL && m->msg == CURLMSG_DONE);
	if (c->too_large)
		return err_set(err, ERR_CORRUPT, "the reply has more than %d bytes", HTTP_BODY_MAX);
	/* An address that is none stays one: to try again would not help, so it is no ERR_RETRY. */
	if (m->data.result == CURLE_URL_MALFORMAT)
		return err_set(err, ERR_REFUSED, "%s", curl_easy_strerror(m->data.result));
	if (m->data.result != CURLE_OK)
		return err_set(err, ERR_RETRY, "%s",
		    c->problem[0] != '\0' ? c->problem : curl_easy_strerror(m->data.result));
	check(curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK);
	check(curl_easy_getinfo(c->easy, CURLINFO_CONTENT_TYPE, &type) == CURLE_OK);
	c->reply->status = (int)status;
	c->reply->content_type = http_known_type(slice_str(type == NULL ? "" : type));
	return 0;
}

static int
run_call(struct ctx *cx, struct call *c)
{
	int running = 1;

	check(curl_multi_add_handle(c->multi, c->easy) == CURLM_OK);
	(void)curl_multi_socket_action(c->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	while (running > 0) {
		TRY(wait_for_curl(cx, c));
		tell_curl(c, &running);
	}
	return read_outcome(c, cx->err);
}

static int
real_call(struct ctx *cx, const char *address, const char *path, struct slice body,
    struct http_reply *reply)
{
	struct list *kept = kept_here();
	struct call *c = take_kept(kept, address);

	if (c == NULL)
		c = call_new(address, cx->err);
	if (c == NULL)
		return -1;
	c->reply = reply;
	c->timer = NEVER;
	c->too_large = false;
	c->problem[0] = '\0';
	set_callbacks(c);
	set_address(c, address, path);
	set_request(c, body, http_timeout_ms(cx));
	int rc = run_call(cx, c);
	if (rc == 0)
		keep(kept, c);
	else
		call_free(c);
	return rc;
}

int
http_call(struct ctx *cx, const char *address, const char *path, struct slice body,
    struct http_reply *reply)
{
	*reply = (struct http_reply){ .body = BUF_INIT };
	if (body.len > HTTP_BODY_MAX)
		return err_set(cx->err, ERR_REFUSED,
		    "calling '%s%s': a body of %zu bytes, at most %d", address, path, body.len,
		    HTTP_BODY_MAX);
	int rc = loop_is_virtual() ? memory_call(cx, address, path, body, reply)
				   : real_call(cx, address, path, body, reply);
	if (rc == 0)
		return 0;
	buf_done(&reply->body);
	return err_wrap(cx->err, "calling '%s%s'", address, path);
}
