/* Both sides of http.h in one process: over TCP, and in a virtual loop. */
#include "http/http.h"
#include "http/work.h"
#include "task/group.h"
#include "task/loop.h"
#include "task/sim.h"
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct stage {
	struct http_server *server;
	char address[64];
	/* what handlers have seen */
	int handled, cancelled, timed_out;
	usec time_given;
	struct waitlist news;
	bool has_news;
};

typedef void story_fn(struct ctx *cx, struct stage *s);

static struct ctx
forever(struct err *err)
{
	return (struct ctx){ .deadline = NEVER, .err = err };
}

static void
echo(const struct http_request *req, struct http_reply *reply)
{
	reply->status = 200;
	reply->content_type = "text/plain";
	buf_addf(&reply->body, "%s %s?%s ", req->method, req->path, req->query);
	buf_add_slice(&reply->body, req->body);
}

/* A long poll: until there is news, or the request's deadline. */
static void
poll_news(struct ctx *cx, struct stage *s, struct http_reply *reply)
{
	while (!s->has_news) {
		if (waitlist_wait(cx, &s->news) == 0)
			continue;
		s->cancelled += cx->err->kind == ERR_CANCELLED;
		s->timed_out += cx->err->kind == ERR_TIMEOUT;
		reply->status = 503;
		buf_add_str(&reply->body, cx->err->text);
		return;
	}
	reply->status = 200;
	buf_add_str(&reply->body, "news");
}

static void
handler(struct ctx *cx, void *arg, const struct http_request *req, struct http_reply *reply)
{
	struct stage *s = arg;

	s->handled++;
	s->time_given = cx->deadline - task_now();
	if (strcmp(req->path, "/echo") == 0) {
		echo(req, reply);
	} else if (strcmp(req->path, "/news") == 0) {
		poll_news(cx, s, reply);
	} else if (strcmp(req->path, "/large") == 0) {
		reply->status = 200;
		memset(buf_grow(&reply->body, HTTP_BODY_MAX), 'x', HTTP_BODY_MAX);
	} else if (strcmp(req->path, "/too-large") == 0) {
		reply->status = 200;
		memset(buf_grow(&reply->body, HTTP_BODY_MAX + 1), 'x', HTTP_BODY_MAX + 1);
	} else if (strcmp(req->path, "/arena") == 0) {
		reply->status = 200;
		buf_add_str(&reply->body, arena_printf(cx->arena, "from the arena"));
	} else if (strcmp(req->path, "/silent") != 0) {
		reply->status = 404;
		buf_add_str(&reply->body, "{}");
	}
}

struct play {
	story_fn *story;
	bool ended;
};

static void
tell(void *arg)
{
	struct play *play = arg;
	struct stage s = { 0 };
	struct err err;
	struct ctx cx = forever(&err);

	expect_ok(http_serve("127.0.0.1:0", handler, &s, &s.server, &err), &err);
	snprintf(s.address, sizeof(s.address), "%s", http_address(s.server));
	expect(strncmp(s.address, "127.0.0.1:", 10) == 0 && strcmp(s.address, "127.0.0.1:0") != 0);
	play->story(&cx, &s);
	http_stop(s.server);
	play->ended = true;
}

static void
in_world(bool is_virtual, story_fn *story)
{
	struct play play = { .story = story };
	struct err err;
	struct loop *l = NULL;

	if (is_virtual)
		sim_start(test_seed());
	else
		l = loop_new(&err);
	struct task *t = task_spawn("test", tell, &play);
	if (is_virtual)
		sim_run();
	else
		loop_run(l);
	task_detach(t);
	expect(play.ended);
	if (is_virtual)
		sim_stop();
	else
		loop_free(l);
}

static void
in_both_worlds(story_fn *story)
{
	in_world(false, story);
	in_world(true, story);
}

static void
call(struct stage *s, const char *path, struct slice body, int status, const char *text)
{
	struct err err;
	struct ctx cx = forever(&err);
	struct http_reply reply;

	expect_ok(http_call(&cx, s->address, path, body, &reply), &err);
	expect_eq(reply.status, status);
	expect_slice(buf_slice(&reply.body), slice_str(text));
	buf_done(&reply.body);
}

static void
ask_and_answer(struct ctx *cx, struct stage *s)
{
	struct http_reply reply;

	call(s, "/echo", SLICE_NULL, 200, "GET /echo? ");
	call(s, "/echo?a=b&c=%20d", SLICE_NULL, 200, "GET /echo?a=b&c=%20d ");
	call(s, "/echo", slice_str("{\"a\":1}"), 200, "POST /echo? {\"a\":1}");
	call(s, "/echo", slice_str(""), 200, "POST /echo? ");
	call(s, "/nowhere", SLICE_NULL, 404, "{}");
	call(s, "/arena", SLICE_NULL, 200, "from the arena");
	expect_ok(http_call(cx, s->address, "/echo", SLICE_NULL, &reply), cx->err);
	expect_str(reply.content_type, "text/plain");
	buf_done(&reply.body);
	expect_ok(http_call(cx, s->address, "/silent", SLICE_NULL, &reply), cx->err);
	expect_eq(reply.status, 500);
	expect_str(reply.content_type, "application/json");
	buf_done(&reply.body);
}

TEST(requests_have_replies)
{
	in_both_worlds(ask_and_answer);
}

static void
bounds(struct ctx *cx, struct stage *s)
{
	struct http_reply reply;
	SCOPED(buf) struct buf body = BUF_INIT;
	char path[HTTP_PATH_MAX + 8];

	memset(buf_grow(&body, HTTP_BODY_MAX + 1), 'y', HTTP_BODY_MAX + 1);
	struct slice most = slice_of(body.data, HTTP_BODY_MAX - 12);
	expect_ok(http_call(cx, s->address, "/echo?", most, &reply), cx->err);
	expect_eq(reply.status, 200);
	expect_eq(reply.body.len, HTTP_BODY_MAX); /* "POST /echo? " comes before the body */
	buf_done(&reply.body);
	expect_eq(http_call(cx, s->address, "/echo", buf_slice(&body), &reply), -1);
	expect_eq(cx->err->kind, ERR_REFUSED);
	expect_ok(http_call(cx, s->address, "/large", SLICE_NULL, &reply), cx->err);
	expect_eq(reply.body.len, HTTP_BODY_MAX);
	buf_done(&reply.body);
	expect_eq(http_call(cx, s->address, "/too-large", SLICE_NULL, &reply), -1);
	expect_eq(cx->err->kind, ERR_CORRUPT);
	memset(path, 'p', sizeof(path));
	path[0] = '/';
	path[HTTP_PATH_MAX] = '\0';
	call(s, path, SLICE_NULL, 404, "{}");
	path[HTTP_PATH_MAX] = 'p';
	path[HTTP_PATH_MAX + 1] = '\0';
	int before = s->handled;
	call(s, path, SLICE_NULL, 414, "{\"error\":\"the path is too long\"}");
	expect_eq(s->handled, before);
}

TEST(bodies_and_paths_are_bounded)
{
	in_both_worlds(bounds);
}

/* ---- waiting handlers ---- */

static void
wait_for_news(void *arg)
{
	call(arg, "/news", SLICE_NULL, 200, "news");
}

static void
long_poll(struct ctx *cx, struct stage *s)
{
	struct group g;

	group_init(&g);
	for (int i = 0; i < 50; i++)
		expect_ok(group_spawn(&g, "caller", wait_for_news, s, cx->err), cx->err);
	while (s->handled < 50)
		expect_ok(task_sleep(cx, MSEC), cx->err);
	call(s, "/echo", SLICE_NULL, 200, "GET /echo? "); /* others are served meanwhile */
	s->has_news = true;
	waitlist_wake_all(&s->news);
	expect_ok(group_wait(cx, &g), cx->err);
}

TEST(handlers_may_wait)
{
	in_both_worlds(long_poll);
}

static void
deadlines(struct ctx *cx, struct stage *s)
{
	struct http_reply reply;

	struct ctx soon = ctx_within(cx, 500 * MSEC);
	expect_eq(http_call(&soon, s->address, "/news", SLICE_NULL, &reply), -1);
	expect_eq(cx->err->kind, ERR_TIMEOUT);
	expect(s->time_given > 0 && s->time_given <= 500 * MSEC); /* the deadline travels along */
	while (s->timed_out == 0)
		expect_ok(task_sleep(cx, MSEC), cx->err);
	call(s, "/echo", SLICE_NULL, 200, "GET /echo? ");
	expect_eq(s->time_given, HTTP_TIMEOUT_MS_MAX * MSEC);
}

TEST(the_callers_deadline_is_the_handlers)
{
	in_both_worlds(deadlines);
}

struct caller {
	struct stage *stage;
	enum err_kind kind;
	int status;
};

static void
call_news(void *arg)
{
	struct caller *c = arg;
	struct err err = { 0 };
	struct ctx cx = forever(&err);
	struct http_reply reply;

	if (http_call(&cx, c->stage->address, "/news", SLICE_NULL, &reply) == 0) {
		c->status = reply.status;
		buf_done(&reply.body);
	}
	c->kind = err.kind;
}

static void
cancelled_call(struct ctx *cx, struct stage *s)
{
	struct caller c = { .stage = s };

	struct task *t = task_spawn("caller", call_news, &c);
	while (s->handled == 0)
		expect_ok(task_sleep(cx, MSEC), cx->err);
	task_cancel(t);
	expect_ok(task_join(cx, t), cx->err);
	expect_eq(c.kind, ERR_CANCELLED);
	s->has_news = true;
	waitlist_wake_all(&s->news);
	call(s, "/news", SLICE_NULL, 200, "news");
}

TEST(a_call_can_be_cancelled)
{
	in_both_worlds(cancelled_call);
}

/* Stopping the server cancels its handlers; what they answer still reaches the caller. */
static void
stop_while_handling(struct ctx *cx, struct stage *s)
{
	struct caller c = { .stage = s };

	struct task *t = task_spawn("caller", call_news, &c);
	while (s->handled == 0)
		expect_ok(task_sleep(cx, MSEC), cx->err);
	http_stop(s->server);
	s->server = NULL;
	expect_eq(s->cancelled, 1);
	expect_ok(task_join(cx, t), cx->err);
	expect_eq(c.status, 503);
}

TEST(stopping_ends_the_handlers)
{
	in_both_worlds(stop_while_handling);
}

static void
nobody_there(struct ctx *cx, struct stage *s)
{
	struct http_reply reply;
	struct http_server *second;

	expect_eq(http_serve(s->address, handler, s, &second, cx->err), -1);
	expect(second == NULL);
	expect_eq(cx->err->kind, ERR_RETRY);
	http_stop(s->server);
	s->server = NULL;
	expect_eq(http_call(cx, s->address, "/echo", SLICE_NULL, &reply), -1);
	expect_eq(cx->err->kind, ERR_RETRY);
	expect(strstr(cx->err->text, s->address) != NULL);
}

TEST(nobody_listens)
{
	in_both_worlds(nobody_there);
}

/* ---- real only: what a stranger may send ---- */

static void
raw(struct ctx *cx, struct stage *s, const char *request, const char *status)
{
	struct conn *c;
	char text[64] = "";
	size_t got;

	expect_ok(net_connect(cx, s->address, &c), cx->err);
	expect_ok(conn_write(cx, c, request, strlen(request)), cx->err);
	expect_ok(conn_read(cx, c, text, sizeof(text) - 1, &got), cx->err);
	expect_slice(slice_cut(slice_of(text, got), 0, strlen(status)), slice_str(status));
	conn_close(c);
}

static void
strangers(struct ctx *cx, struct stage *s)
{
	struct conn *c;

	raw(cx, s, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 8388609\r\n\r\n",
	    "HTTP/1.1 413");
	raw(cx, s, "GET /silent HTTP/1.0\r\n\r\n", "HTTP/1.1 500");
	raw(cx, s, "nonsense\r\n\r\n", ""); /* hung up on */
	expect_ok(net_connect(cx, s->address, &c), cx->err);
	expect_ok(conn_write(cx, c, "POST /echo HTTP/1.1\r\nContent-Le", 31), cx->err);
	conn_close(c); /* gone in the middle of a head */
	expect_ok(net_connect(cx, s->address, &c), cx->err);
	const char *half = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf";
	expect_ok(conn_write(cx, c, half, strlen(half)), cx->err);
	expect_ok(task_sleep(cx, 5 * MSEC), cx->err);
	conn_close(c); /* and in the middle of a body */
	call(s, "/echo", SLICE_NULL, 200, "GET /echo? ");
}

TEST(strangers_do_no_harm)
{
	in_world(false, strangers);
}

/* A client that hangs up during a long poll does not disturb its handler. */
static void
hang_up(struct ctx *cx, struct stage *s)
{
	struct conn *c;
	const char *request = "GET /news HTTP/1.1\r\nHost: x\r\n\r\n";

	expect_ok(net_connect(cx, s->address, &c), cx->err);
	expect_ok(conn_write(cx, c, request, strlen(request)), cx->err);
	while (s->handled == 0)
		expect_ok(task_sleep(cx, MSEC), cx->err);
	conn_close(c);
	s->has_news = true;
	waitlist_wake_all(&s->news);
	call(s, "/news", SLICE_NULL, 200, "news");
}

TEST(a_client_may_hang_up)
{
	in_world(false, hang_up);
}

/* ---- real only: connections that are kept ---- */

/* A server that counts its connections and answers each request with how many there were; it closes one after
 * so many answers. */
struct counting {
	struct listener *listener;
	int connections, answers_each;
};

static void
counting_task(void *arg)
{
	struct counting *s = arg;
	struct err err;
	struct ctx cx = forever(&err);
	struct conn *c;

	while (net_accept(&cx, s->listener, &c) == 0) {
		char text[512], reply[64];
		size_t got;

		s->connections++;
		for (int i = 0; i < s->answers_each &&
		     conn_read(&cx, c, text, sizeof(text), &got) == 0 && got > 0;
		     i++) {
			snprintf(reply, sizeof(reply),
			    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n%d", s->connections);
			expect_ok(conn_write(&cx, c, reply, strlen(reply)), &err);
		}
		conn_close(c);
	}
}

static void
count_connections(struct ctx *cx, struct stage *stage, int answers_each, const char *expected)
{
	struct counting s = { .answers_each = answers_each };

	s.listener = net_listen("127.0.0.1:0", false, cx->err);
	expect(s.listener != NULL);
	snprintf(stage->address, sizeof(stage->address), "127.0.0.1:%d", listener_port(s.listener));
	struct task *t = task_spawn("counting", counting_task, &s);
	for (; *expected != '\0'; expected++) {
		call(stage, "/", SLICE_NULL, 200, (char[]){ *expected, '\0' });
		expect_ok(task_sleep(cx, 5 * MSEC), cx->err); /* for the server to close it */
	}
	task_cancel(t);
	expect_ok(task_join(cx, t), cx->err);
	listener_close(s.listener);
}

static void
kept(struct ctx *cx, struct stage *s)
{
	count_connections(cx, s, 100, "1111");
}

TEST(a_connection_is_used_again)
{
	in_world(false, kept);
}

static void
closed_meanwhile(struct ctx *cx, struct stage *s)
{
	count_connections(cx, s, 2, "112233");
}

TEST(a_kept_connection_that_the_server_has_closed_is_replaced)
{
	in_world(false, closed_meanwhile);
}

static void
many_addresses(struct ctx *cx, struct stage *s)
{
	struct http_server *servers[40];

	for (int i = 0; i < 40; i++) {
		expect_ok(http_serve("127.0.0.1:0", handler, s, &servers[i], cx->err), cx->err);
		snprintf(s->address, sizeof(s->address), "%s", http_address(servers[i]));
		call(s, "/nowhere", SLICE_NULL, 404, "{}");
	}
	for (int i = 0; i < 40; i++) {
		snprintf(s->address, sizeof(s->address), "%s", http_address(servers[i]));
		call(s, "/nowhere", SLICE_NULL, 404, "{}");
		http_stop(servers[i]);
	}
}

TEST(more_addresses_than_are_kept)
{
	in_world(false, many_addresses);
}

/* ---- virtual only: the network's faults ---- */

static void
faults(struct ctx *cx, struct stage *s)
{
	struct http_reply reply;

	sim_latency(s->address, 2 * MSEC);
	usec before = task_now();
	call(s, "/echo", SLICE_NULL, 200, "GET /echo? ");
	expect_eq(task_now() - before, 8 * MSEC); /* connect, ask, answer */
	sim_cut(s->address);
	struct ctx soon = ctx_within(cx, SECOND);
	expect_eq(http_call(&soon, s->address, "/echo", SLICE_NULL, &reply), -1);
	expect_eq(cx->err->kind, ERR_TIMEOUT);
	sim_heal(s->address);
	call(s, "/echo", SLICE_NULL, 200, "GET /echo? ");
	struct caller c = { .stage = s };
	struct task *t = task_spawn("caller", call_news, &c);
	expect_ok(task_sleep(cx, SECOND), cx->err);
	sim_reset(s->address);
	expect_ok(task_join(cx, t), cx->err);
	expect_eq(c.kind, ERR_RETRY);
}

TEST(a_simulated_network_fails_calls)
{
	in_world(true, faults);
}

/* Whoever may call it may drop tables. */
TEST(only_this_machine_is_served)
{
	static const char *const refused[] = { "0.0.0.0:0", "[::]:0", "192.0.2.1:80",
		"[::ffff:127.0.0.1]:0" };
	static const char *const served[] = { "127.0.0.1:0", "127.1.2.3:0", "[::1]:0" };
	struct http_server *server;
	struct err err = { 0 };

	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		expect_eq(http_check_address(refused[i], &err), -1);
		expect_eq(err.kind, ERR_REFUSED);
		expect(strstr(err.text, refused[i]) != NULL && strstr(err.text, "loopback") != NULL);
		expect_eq(http_serve(refused[i], NULL, NULL, &server, &err), -1);
	}
	for (size_t i = 0; i < sizeof served / sizeof *served; i++)
		expect_ok(http_check_address(served[i], &err), &err);
}
