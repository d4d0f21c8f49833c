#include "unit/ctl/fakes.h"

#include <stdio.h>

/* ---- Servers */

void
world_stream(struct world *w)
{
	if (!w->target.stream || w->target.frozen)
		return;
	w->target.rows += w->source.rows - w->target.applied;
	w->target.applied = w->source.rows;
}

/* One write at a server; false: its fence refuses. Waits for the lock. */
bool
world_write_row(struct ctx *cx, struct world *w, struct fake_server *s)
{
	while (s->lock_no != 0)
		if (task_sleep(cx, MSEC) != 0)
			return false;
	if (s->armed)
		return false;
	s->rows++;
	world_stream(w);
	return true;
}

/* ---- Tablets */

typedef int method_fn(
    struct ctx *cx, struct world *w, const struct tablet_request *q, struct tablet_reply *r);

static int
outdated(struct ctx *cx, int attempt, int seen)
{
	return err_set(cx->err, ERR_CONFLICT, "attempt %d is outdated: %d was seen", attempt, seen);
}

static int
do_nothing(struct ctx *cx, struct world *w, const struct tablet_request *q, struct tablet_reply *r)
{
	return 0;
}

static int
do_check_source(
    struct ctx *cx, struct world *w, const struct tablet_request *q, struct tablet_reply *r)
{
	r->tables = arena_new(cx->arena, struct tablet_table_status);
	r->tables_count = 1;
	r->tables[0] = (struct tablet_table_status){ .table = "users",
		.state = "",
		.definition = "CREATE TABLE users",
		.rows_estimate = 5 };
	return 0;
}

static int
do_stream_create(
    struct ctx *cx, struct world *w, const struct tablet_request *q, struct tablet_reply *r)
{
	for (int i = 0; i < GATES; i++) /* the rule is known before the table exists */
		expect(w->gates[i].dead ||
		    rules_find(&w->gates[i].rules, "new_customer", "users") != NULL);
	if (!w->target.stream) {
		w->target.rows = w->target.applied = 0;
		w->target.freeze_no = q->attempt;
	}
	w->target.stream = true;
	world_stream(w);
	return 0;
}

static int
do_stream_status(
    struct ctx *cx, struct world *w, const struct tablet_request *q, struct tablet_reply *r)
{
	if (!w->target.stream)
		return err_set(cx->err, ERR_NOT_FOUND, "no stream");
	r->state = w->target.finished ? "stopped" : w->target.frozen ? "frozen" : "running";
	if (w->target.broken) {
		r->state = "error";
		r->error = "its binlog is gone";
	}
	r->exact = true;
	r->lag_ms = 0;
	return 0;
}

static int
do_stream_delete(
    struct ctx *cx, struct world *w, const struct tablet_request *q, struct tablet_reply *r)
{
	for (int i = 0; i < GATES && w->target.stream; i++) /* nobody reads a table that is dropped */
		expect(w->gates[i].dead || gate_serves_both_from(&w->gates[i], "customer"));
	w->target.stream = w->target.has_fence = w->target.armed = w->target.frozen = false;
	w->target.broken = w->target.finished = false;
	return 0;
}

static struct fake_server *
side(struct world *w, const struct tablet_request *q)
{
	return strcmp(q->on_side, "target") == 0 ? &w->target : &w->source;
}

/* A table that clients never leave alone is free only while the gates make room for it. */
static int
wait_for_room(
    struct ctx *cx, struct world *w, const struct fake_server *s, const struct tablet_request *q)
{
	struct ctx within = ctx_within(cx, q->timeout);
	bool served;

	do {
		bool paused = true;

		served = s->stream == false || s->finished;
		for (int i = 0; i < GATES; i++)
			paused = paused && (w->gates[i].dead || gate_is_left(w, &w->gates[i]));
		if (!w->crowded || !served || (paused && w->pauses > w->crowded_pauses))
			return 0;
	} while (task_sleep(&within, MSEC) == 0);
	return err_set(cx->err, ERR_TIMEOUT, "transactions use it all the time");
}

static int
do_fence_install(
    struct ctx *cx, struct world *w, const struct tablet_request *q, struct tablet_reply *r)
{
	struct fake_server *s = side(w, q);

	if (s == &w->target && !s->stream)
		return err_set(cx->err, ERR_SERVER, "no table");
	if (!s->has_fence)
		TRY(wait_for_room(cx, w, s, q));
	if (!s->has_fence)
		s->armed = s == &w->target || s->row_left;
	s->has_fence = true;
	return 0;
}

static int
do_fence_remove(
    struct ctx *cx, struct world *w, const struct tablet_request *q, struct tablet_reply *r)
{
	struct fake_server *s = side(w, q);

	if (s->has_fence)
		TRY(wait_for_room(cx, w, s, q));
	s->has_fence = s->armed = s->row_left = false;
	return 0;
}

static int
do_lock(struct ctx *cx, struct world *w, const struct tablet_request *q, struct tablet_reply *r)
{
	struct fake_server *s = &w->source;

	if (!s->has_fence || q->attempt < s->fence_no)
		return outdated(cx, q->attempt, s->fence_no);
	s->fence_no = s->lock_no = q->attempt;
	s->armed = true;
	r->position = arena_printf(cx->arena, "0-1-%d", s->rows);
	r->held = true;
	return 0;
}

static int
do_lock_status(
    struct ctx *cx, struct world *w, const struct tablet_request *q, struct tablet_reply *r)
{
	r->held =
	    w->source.lock_no == q->attempt && w->source.armed && w->source.fence_no == q->attempt;
	return 0;
}

static int
do_unlock(struct ctx *cx, struct world *w, const struct tablet_request *q, struct tablet_reply *r)
{
	if (w->source.lock_no <= q->attempt)
		w->source.lock_no = 0;
	return 0;
}

static int
do_disarm(struct ctx *cx, struct world *w, const struct tablet_request *q, struct tablet_reply *r)
{
	struct fake_server *s = side(w, q);

	if (q->attempt < s->fence_no)
		return 0;
	s->fence_no = q->attempt;
	s->armed = false;
	return 0;
}

static int
do_auto_increment(
    struct ctx *cx, struct world *w, const struct tablet_request *q, struct tablet_reply *r)
{
	if (side(w, q) == &w->target) {
		int given = (int)q->tables[0].auto_increment;

		/* Not to the number while the stream goes on, which would be outdated at once. */
		if (w->target.frozen || given > w->target.next)
			w->target.next = given;
		return 0;
	}
	r->tables = arena_new(cx->arena, struct tablet_table_status);
	r->tables_count = 1;
	r->tables[0] = (struct tablet_table_status){ .table = "users",
		.state = "", .definition = "", .auto_increment = (uint64_t)w->source.rows + 1 };
	return 0;
}

static int
do_freeze(struct ctx *cx, struct world *w, const struct tablet_request *q, struct tablet_reply *r)
{
	int p;

	expect(sscanf(q->position, "0-1-%d", &p) == 1);
	if (q->attempt < w->target.freeze_no)
		return outdated(cx, q->attempt, w->target.freeze_no);
	world_stream(w);
	expect(w->target.applied <= p); /* never beyond P */
	w->target.freeze_no = q->attempt;
	w->target.frozen = true;
	r->position = q->position;
	return 0;
}

static int
do_thaw(struct ctx *cx, struct world *w, const struct tablet_request *q, struct tablet_reply *r)
{
	if (q->attempt < w->target.freeze_no)
		return outdated(cx, q->attempt, w->target.freeze_no);
	w->target.freeze_no = q->attempt;
	w->target.frozen = false;
	world_stream(w);
	return 0;
}

static int
do_finish(struct ctx *cx, struct world *w, const struct tablet_request *q, struct tablet_reply *r)
{
	expect(w->target.frozen);
	expect_eq(w->target.next, w->source.rows + 1);
	w->target.finished = true;
	return 0;
}

static int
do_table_find(struct ctx *cx, struct world *w, const struct tablet_request *q, struct tablet_reply *r)
{
	const char *name = arena_printf(cx->arena, "%s.%s", q->source_database, q->tables[0].source_table);

	r->tables = arena_array(cx->arena, struct tablet_table_status, 1);
	r->tables_count = 1;
	r->tables[0] = (struct tablet_table_status){ .table = name, .state = "", .definition = "" };
	w->looks += w->naming_until != 0 && task_now() >= w->naming_until;
	if (w->there_after > 0) {
		w->there_after--;
		return 0;
	}
	for (int i = 0; i < 2; i++)
		r->tables[0].exists |= w->there[i] != NULL && strcmp(w->there[i], name) == 0;
	return 0;
}

/* What the tablets' calls.h does. */
static int
check_turn(struct ctx *cx, struct world *w, const char *name, const struct tablet_request *q)
{
	struct fake_server *s = side(w, q);

	if (strncmp(name, "fence_", 6) != 0 && strcmp(name, "stream_create") != 0 &&
	    strcmp(name, "stream_delete") != 0)
		return 0;
	if (q->attempt < s->seen)
		return outdated(cx, q->attempt, s->seen);
	s->seen = q->attempt;
	return 0;
}

static const struct {
	const char *name;
	method_fn *run;
} methods[] = {
	{ "status", do_nothing },
	{ "check_source", do_check_source },
	{ "check_target", do_nothing },
	{ "stream_create", do_stream_create },
	{ "stream_status", do_stream_status },
	{ "stream_delete", do_stream_delete },
	{ "fence_install", do_fence_install },
	{ "fence_remove", do_fence_remove },
	{ "auto_increment", do_auto_increment },
	{ "lock", do_lock },
	{ "lock_status", do_lock_status },
	{ "unlock", do_unlock },
	{ "disarm", do_disarm },
	{ "freeze", do_freeze },
	{ "thaw", do_thaw },
	{ "finish", do_finish },
	{ "table_find", do_table_find },
	{ NULL, NULL },
};

static int
run_method(struct ctx *cx, struct world *w, const struct http_request *req, struct tablet_reply *r)
{
	const char *name = req->path + strlen("/tablet/");
	struct tablet_request q;
	enum trouble t;
	int i = 0;

	TRY(tablet_request_read(cx->arena, req->body, &q, cx->err));
	t = world_trouble(w, arena_printf(cx->arena, "%s at %s", name, q.on_side));
	TRY(world_before_act(cx, t));
	while (methods[i].name != NULL && strcmp(methods[i].name, name) != 0)
		i++;
	expect(methods[i].name != NULL);
	TRY(check_turn(cx, w, name, &q));
	TRY(methods[i].run(cx, w, &q, r));
	world_check(w);
	return t == LATE ? world_lost(cx) : 0;
}

void
fake_tablet_handle(
    struct ctx *cx, void *arg, const struct http_request *req, struct http_reply *reply)
{
	SCOPED(arena) struct arena arena = ARENA_INIT;
	struct err err = { 0 };
	struct ctx inner = { .deadline = NEVER, .err = &err, .arena = &arena };
	struct tablet_reply r = {
		.state = "", .error = "", .hint = "", .position = "", .lag_ms = -1
	};

	if (run_method(&inner, arg, req, &r) != 0) {
		rpc_reply_error(reply, &err);
		return;
	}
	reply->status = 200;
	tablet_reply_write(&reply->body, &r);
}
