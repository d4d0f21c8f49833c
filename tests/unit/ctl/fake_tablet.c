#include "rpc/tablet.h"
#include "unit/ctl/fakes.h"

#include <stdio.h>

/* ---- Servers */

/* Rows go to that server. */
static bool
flows(const struct fake_server *to)
{
	return to->stream && !to->prepared && !to->frozen && !to->finished;
}

static void
carry(struct fake_server *to, const struct fake_server *from)
{
	if (!flows(to))
		return;
	expect(!to->trigger); /* it would fire again */
	to->rows += from->rows - to->applied;
	to->applied = from->rows;
}

void
world_stream(struct world *w)
{
	expect(!(flows(&w->source) && flows(&w->target))); /* they would echo */
	carry(&w->target, &w->source);
	carry(&w->source, &w->target);
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

/* q and r are the method's own structs (rpc/tablet.h). */
typedef int method_fn(struct ctx *cx, struct world *w, const struct move_request *q, void *r);

static int
outdated(struct ctx *cx, int attempt, int seen)
{
	return err_set(cx->err, ERR_CONFLICT, "attempt %d is outdated: %d was seen", attempt, seen);
}

static int
do_nothing(struct ctx *cx, struct world *w, const struct move_request *q, void *r)
{
	return 0;
}

static int
do_check_from(struct ctx *cx, struct world *w, const struct move_request *q, void *r)
{
	struct check_from_reply *reply = r;

	reply->tables = arena_new(cx->arena, struct table_facts);
	reply->tables_count = 1;
	reply->tables[0] =
	    (struct table_facts){ .definition = "CREATE TABLE users", .rows_estimate = 5 };
	return 0;
}

static struct fake_server *
end_of(struct world *w, const struct move_request *q, enum move_side end)
{
	return (q->round % 2 == 1) == (end == MOVE_TO) ? &w->target : &w->source;
}

static struct fake_server *
side(struct world *w, const struct move_request *q)
{
	return end_of(w, q, q->side);
}

/* At the other end of the move. */
static struct fake_server *
other(struct world *w, const struct move_request *q)
{
	return end_of(w, q, q->side == MOVE_TO ? MOVE_FROM : MOVE_TO);
}

static int
do_stream_create(struct ctx *cx, struct world *w, const struct move_request *q, void *r)
{
	struct fake_server *s = &w->target;

	expect_eq(q->round, 1);         /* no other one copies */
	for (int i = 0; i < GATES; i++) /* the rule is known before the table exists */
		expect(w->gates[i].dead ||
		    rules_find(&w->gates[i].rules, "new_customer", "users") != NULL);
	if (!s->stream) {
		s->rows = s->applied = 0;
		s->trigger = false; /* the table is made anew */
		s->freeze_no = q->attempt;
		s->bare = true;
	}
	s->stream = true;
	s->round = 1;
	s->gone = s->prepared = s->suspended = false;
	world_stream(w);
	return 0;
}

static int
do_stream_prepare(struct ctx *cx, struct world *w, const struct move_request *q, void *r)
{
	const struct stream_prepare_request *request = (const void *)q;
	struct fake_server *s = side(w, q), *from = other(w, q);

	if (q->attempt < s->freeze_no)
		return outdated(cx, q->attempt, s->freeze_no);
	/* Nobody but us writes at either side: both are equal, and Q is where both are so. */
	expect(s->lock_no == q->attempt && from->frozen);
	expect_eq(s->rows, from->rows);
	expect(!s->stream || s->round < q->round || s->prepared);
	s->freeze_no = q->attempt;
	s->stream = s->prepared = true;
	s->frozen = s->finished = false;
	s->round = q->round;
	s->applied = from->rows;
	expect_str(request->start.position, arena_printf(cx->arena, "0-2-%d", from->rows));
	return 0;
}

static int
do_stream_start(struct ctx *cx, struct world *w, const struct move_request *q, void *r)
{
	struct fake_server *s = side(w, q);

	if (!s->stream || s->round != q->round)
		return err_set(cx->err, ERR_NOT_FOUND, "no stream");
	s->prepared = false;
	expect(!s->trigger);
	world_stream(w);
	return 0;
}

static int
do_stream_status(struct ctx *cx, struct world *w, const struct move_request *q, void *r)
{
	struct stream_status_reply *reply = r;
	const struct fake_server *s = side(w, q);

	if (!s->stream || s->round != q->round)
		return err_set(cx->err, ERR_NOT_FOUND, "no stream");
	reply->phase = s->finished ? STREAM_STOPPED
	    : s->frozen            ? STREAM_FROZEN
	    : s->prepared          ? STREAM_STARTING
				   : STREAM_RUNNING;
	if (s->broken) {
		reply->phase = STREAM_ERROR;
		reply->error = "its binlog is gone";
	}
	if (s->suspended)
		reply->phase = STREAM_SUSPENDED;
	reply->closed = s->closed ? "TRUNCATE TABLE users was found" : "";
	reply->exact = !s->prepared;
	reply->lag_ms = 0;
	return 0;
}

static int
do_stream_suspend(struct ctx *cx, struct world *w, const struct move_request *q, void *r)
{
	struct fake_server *s = side(w, q);

	s->suspended = s->stream;
	return 0;
}

static int
do_stream_delete(struct ctx *cx, struct world *w, const struct move_request *q, void *r)
{
	bool drop = ((const struct stream_delete_request *)(const void *)q)->drop;
	struct fake_server *s = side(w, q);

	if (!s->stream || s->round != q->round)
		return 0;
	for (int i = 0; i < GATES && drop; i++) /* nobody reads a table that is dropped */
		expect(w->gates[i].dead || gate_serves_both_from(&w->gates[i], "customer"));
	s->stream = s->frozen = s->broken = s->finished = s->prepared = s->closed = false;
	if (drop) {
		s->has_fence = s->armed = s->bare = false;
		s->gone = true;
	}
	return 0;
}

/* A table that clients never leave alone is free only while the gates make room for it. */
static int
wait_for_room(struct ctx *cx, struct world *w, struct fake_server *s, const struct move_request *q)
{
	struct ctx within = ctx_within(cx, q->head.timeout);
	bool served;

	do {
		bool paused = true;

		served = gate_routes_to(&w->gates[0], s == &w->source ? "customer" : "new_customer");
		for (int i = 0; i < GATES; i++)
			paused = paused && (w->gates[i].dead || gate_is_left(w, &w->gates[i]));
		s->refused = w->crowded && served && !(paused && w->pauses > w->crowded_pauses);
		if (!s->refused)
			return 0;
	} while (task_sleep(&within, MSEC) == 0);
	return err_set(cx->err, ERR_TIMEOUT, "transactions use it all the time");
}

static int
do_fence_install(struct ctx *cx, struct world *w, const struct move_request *q, void *r)
{
	struct fake_server *s = side(w, q);

	if (s->gone)
		return err_set(cx->err, ERR_SERVER, "no table");
	TRY(task_sleep(cx, s->fence_takes));
	if (!s->has_fence)
		TRY(wait_for_room(cx, w, s, q));
	if (!s->has_fence)
		s->armed = q->side == MOVE_TO || s->row_left;
	s->has_fence = true;
	return 0;
}

static int
do_fence_remove(struct ctx *cx, struct world *w, const struct move_request *q, void *r)
{
	struct fake_server *s = side(w, q);

	if (s->has_fence)
		TRY(wait_for_room(cx, w, s, q));
	s->has_fence = s->armed = s->row_left = false;
	return 0;
}

static int
do_fence_status(struct ctx *cx, struct world *w, const struct move_request *q, void *r)
{
	bool refused = side(w, q)->refused;

	*(struct fence_status_reply *)r = (struct fence_status_reply){ refused, refused && w->asks };
	return 0;
}

static struct auto_next *
next_values(struct arena *a, const struct fake_server *s)
{
	struct auto_next *next = arena_new(a, struct auto_next);

	next->next = (uint64_t)s->rows + 1;
	return next;
}

static int
lock_to(struct ctx *cx, struct fake_server *s, const struct move_request *q)
{
	if (!s->frozen || q->attempt != s->freeze_no)
		return outdated(cx, q->attempt, s->freeze_no);
	if (s->closed)
		return err_set(cx->err, ERR_REFUSED, "TRUNCATE TABLE users was found");
	s->to_locked = true;
	return 0;
}

static int
do_lock_prepare(struct ctx *cx, struct world *w, const struct move_request *q, void *r)
{
	struct fake_server *s = side(w, q);

	if (!s->has_fence)
		return err_set(cx->err, ERR_RETRY, "there is no fence");
	s->counted_no = q->attempt;
	return 0;
}

static int
do_lock(struct ctx *cx, struct world *w, const struct move_request *q, void *r)
{
	struct fake_server *s = side(w, q);
	struct lock_reply *reply = r;

	reply->position = "";
	if (q->side == MOVE_TO)
		return lock_to(cx, s, q);
	if (!s->has_fence || q->attempt < s->fence_no)
		return outdated(cx, q->attempt, s->fence_no);
	expect_eq(s->counted_no, q->attempt);
	s->counted_no = 0;
	s->lock_no = q->attempt;
	reply->position = arena_printf(cx->arena, "0-1-%d", s->rows);
	reply->tables = next_values(cx->arena, s);
	reply->tables_count = 1;
	return 0;
}

static int
do_arm(struct ctx *cx, struct world *w, const struct move_request *q, void *r)
{
	struct fake_server *s = side(w, q);

	if (q->attempt < s->fence_no)
		return outdated(cx, q->attempt, s->fence_no);
	if (s->lock_no != q->attempt)
		return err_set(cx->err, ERR_RETRY, "there is no lock");
	s->fence_no = q->attempt;
	s->armed = true;
	return 0;
}

static int
do_lock_status(struct ctx *cx, struct world *w, const struct move_request *q, void *r)
{
	const struct fake_server *s = side(w, q);

	((struct lock_status_reply *)r)->held = q->side == MOVE_TO
	    ? s->to_locked
	    : s->lock_no == q->attempt && s->armed && s->fence_no == q->attempt;
	return 0;
}

static int
do_unlock(struct ctx *cx, struct world *w, const struct move_request *q, void *r)
{
	struct fake_server *s = side(w, q);

	if (s->lock_no <= q->attempt)
		s->lock_no = 0;
	if (s->counted_no <= q->attempt)
		s->counted_no = 0;
	return 0;
}

static int
do_disarm(struct ctx *cx, struct world *w, const struct move_request *q, void *r)
{
	struct fake_server *s = side(w, q);

	if (q->attempt < s->fence_no)
		return 0;
	s->fence_no = q->attempt;
	s->armed = s->to_locked = false;
	return 0;
}

static int
do_next_values(struct ctx *cx, struct world *w, const struct move_request *q, void *r)
{
	struct next_values_reply *reply = r;

	reply->tables = next_values(cx->arena, side(w, q));
	reply->tables_count = 1;
	return 0;
}

static int
do_set_next_values(struct ctx *cx, struct world *w, const struct move_request *q, void *r)
{
	const struct set_next_values_request *request = (const void *)q;
	struct fake_server *s = side(w, q);
	int given = (int)request->values[0].next;

	expect(!s->to_locked); /* it is an ALTER */
	/* Not to the number while the stream goes on, which would be outdated at once. */
	if (s->frozen || given > s->next)
		s->next = given;
	return 0;
}

static int
do_freeze(struct ctx *cx, struct world *w, const struct move_request *q, void *r)
{
	const struct freeze_request *request = (const void *)q;
	struct fake_server *s = side(w, q);
	int p;

	expect(sscanf(request->position, "0-1-%d", &p) == 1);
	if (q->attempt < s->freeze_no)
		return outdated(cx, q->attempt, s->freeze_no);
	world_stream(w);
	expect(s->applied <= p); /* never beyond P */
	s->freeze_no = q->attempt;
	s->frozen = true;
	expect(!s->to_locked); /* it is an ALTER */
	if (request->values_count > 0)
		s->next = (int)request->values[0].next;
	s->trigger = request->triggers.count > 0;
	((struct freeze_reply *)r)->place =
	    (struct place_of){ arena_printf(cx->arena, "0-2-%d", s->rows), "binlog.000001", 4 };
	return 0;
}

static int
do_thaw(struct ctx *cx, struct world *w, const struct move_request *q, void *r)
{
	struct fake_server *s = side(w, q);

	if (q->attempt < s->freeze_no)
		return outdated(cx, q->attempt, s->freeze_no);
	s->freeze_no = q->attempt;
	s->frozen = s->to_locked = s->trigger = false;
	world_stream(w);
	return 0;
}

static int
do_finish(struct ctx *cx, struct world *w, const struct move_request *q, void *r)
{
	struct fake_server *s = side(w, q);

	expect(s->frozen);
	expect(s->trigger);
	if (!s->finished)
		expect_eq(s->next, other(w, q)->rows + 1);
	s->finished = true;
	s->bare = false;
	return 0;
}

static int
do_triggers_read(struct ctx *cx, struct world *w, const struct move_request *q, void *r)
{
	struct triggers_read_reply *reply = r;

	if (!side(w, q)->trigger)
		return 0;
	reply->triggers.items = arena_new(cx->arena, struct trigger_definition);
	reply->triggers.count = 1;
	reply->triggers.items[0] = (struct trigger_definition){ "t", "users", "BEFORE INSERT",
		"`root`@`%`", "SET NEW.id = 1", "", "utf8mb4", "utf8mb4_bin", "utf8mb4_bin" };
	return 0;
}

static int
do_triggers_drop(struct ctx *cx, struct world *w, const struct move_request *q, void *r)
{
	side(w, q)->trigger = false;
	return 0;
}

static const struct {
	method_fn *run;
	bool one_at_a_time; /* what the tablets' calls.h does */
} methods[TABLET_METHODS] = {
	[TABLET_STATUS] = { .run = do_nothing },
	[TABLET_CHECK_FROM] = { .run = do_check_from },
	[TABLET_SURVEY] = { .run = do_nothing },
	[TABLET_CHECK_TO] = { .run = do_nothing },
	[TABLET_STREAM_CREATE] = { .run = do_stream_create, .one_at_a_time = true },
	[TABLET_STREAM_PREPARE] = { .run = do_stream_prepare, .one_at_a_time = true },
	[TABLET_STREAM_START] = { .run = do_stream_start, .one_at_a_time = true },
	[TABLET_STREAM_STATUS] = { .run = do_stream_status },
	[TABLET_STREAM_SUSPEND] = { .run = do_stream_suspend, .one_at_a_time = true },
	[TABLET_STREAM_DELETE] = { .run = do_stream_delete, .one_at_a_time = true },
	[TABLET_FENCE_INSTALL] = { .run = do_fence_install, .one_at_a_time = true },
	[TABLET_FENCE_REMOVE] = { .run = do_fence_remove, .one_at_a_time = true },
	[TABLET_FENCE_STATUS] = { .run = do_fence_status },
	[TABLET_TRIGGERS_READ] = { .run = do_triggers_read },
	[TABLET_TRIGGERS_TRY] = { .run = do_nothing },
	[TABLET_TRIGGERS_DROP] = { .run = do_triggers_drop, .one_at_a_time = true },
	[TABLET_NEXT_VALUES] = { .run = do_next_values },
	[TABLET_SET_NEXT_VALUES] = { .run = do_set_next_values },
	[TABLET_LOCK_PREPARE] = { .run = do_lock_prepare, .one_at_a_time = true },
	[TABLET_LOCK] = { .run = do_lock },
	[TABLET_ARM] = { .run = do_arm },
	[TABLET_LOCK_STATUS] = { .run = do_lock_status },
	[TABLET_UNLOCK] = { .run = do_unlock },
	[TABLET_DISARM] = { .run = do_disarm },
	[TABLET_FREEZE] = { .run = do_freeze },
	[TABLET_THAW] = { .run = do_thaw },
	[TABLET_FINISH] = { .run = do_finish },
	[TABLET_TABLE_FIND] = { .run = fake_table_find },
	[TABLET_TABLE_LIST] = { .run = fake_table_list },
	[TABLET_TABLE_DROP] = { .run = fake_table_drop },
	[TABLET_TABLE_RENAME] = { .run = fake_table_rename },
};

static int
check_outdated(struct ctx *cx, struct world *w, enum tablet_method m, const struct move_request *q)
{
	struct fake_server *s;

	if (!methods[m].one_at_a_time)
		return 0;
	s = side(w, q);
	if (q->attempt < s->seen)
		return outdated(cx, q->attempt, s->seen);
	s->seen = q->attempt;
	return 0;
}

static enum tablet_method
find_method(const char *path)
{
	int m = 0;

	while (m < TABLET_METHODS && strcmp(tablet_calls[m].name, path + strlen("/tablet/")) != 0)
		m++;
	expect(m < TABLET_METHODS && methods[m].run != NULL);
	return (enum tablet_method)m;
}

/* As the tests name it: those about a server are of either. */
static const char *
name_call(struct arena *a, struct world *w, enum tablet_method m, const struct move_request *q)
{
	bool at_target = tablet_calls[m].request->size >= sizeof(struct move_request) &&
	    side(w, q) == &w->target;

	return arena_printf(a, "%s at %s", tablet_calls[m].name, at_target ? "target" : "source");
}

static int
run_method(struct ctx *cx, struct world *w, const struct http_request *req, struct buf *out)
{
	enum tablet_method m = find_method(req->path);
	void *q = arena_zalloc(cx->arena, tablet_calls[m].request->size);
	void *r = arena_zalloc(cx->arena, tablet_calls[m].reply->size);
	enum trouble t;

	TRY(message_read(cx->arena, tablet_calls[m].request, req->body, q, cx->err));
	t = world_trouble(w, name_call(cx->arena, w, m, q));
	TRY(world_before_act(cx, t));
	TRY(check_outdated(cx, w, m, q));
	TRY(methods[m].run(cx, w, q, r));
	message_write(out, tablet_calls[m].reply, r);
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

	if (run_method(&inner, arg, req, &reply->body) != 0) {
		buf_truncate(&reply->body, 0);
		rpc_reply_error(reply, &err);
		return;
	}
	reply->status = 200;
}
