#include "ctl/pause.h"

#include "base/log.h"
#include "base/mutant.h"
#include "base/rand.h"

enum {
	CALL_WITHIN_MS = 2000, /* of one call: a cancellation has to wait for its end */
	TABLE_WITHIN_MS =
	    100, /* and so much for each table: 21 are kept under its lock, and it is checked */
	/* What a client waits for without noticing; and, where that was not enough, twice as long and so
	 * on, as transactions longer than a pause that overlap all the time leave no gap in it. Below a
	 * second, and then from the least again: whoever waits for a transaction that is idle for minutes
	 * holds clients up for nothing. */
	LEAST_MS = 100,
	LENGTHS = 4, /* 100, 200, 400, 800 ms */
	/* Between two pauses, in lengths of the last: they cost clients a tenth of the time at most. Not
	 * always the same, so that they do not keep step with transactions of one length. */
	APART = 9,
	APART_MORE_MS = 600,
	/* Until the tablet is looked at for the first time: long enough for it to have begun. One that needs
	 * room for any request has its first pause then. */
	FIRST_LOOK_MS = 20,
	REOPEN_WITHIN_S = 5, /* after it every gate has ended it by itself long ago */
	TELL_WITHIN_MS = 100,
	/* Gates see a pause later than it is written, and so end it later. Sooner than that a tablet makes no
	 * request any more: one that waits is let go a few milliseconds afterwards. */
	ROOM_LESS_MS = 10,
};

const char *
pause_text(struct arena *a, const struct err *why)
{
	return arena_printf(a, "waiting: %s", why->text);
}

/* The call, beside whoever makes room for it. */
struct call {
	struct workflow seen; /* of its own: the other one is saved meanwhile */
	enum side side;
	pause_work_fn *work;
	bool done;
	struct err err; /* done: how it ended; else what it waits for */
	struct waitlist changed;
};

static usec
call_within(const struct workflow *w)
{
	return (CALL_WITHIN_MS + TABLE_WITHIN_MS * (usec)w->r.tables_count) * MSEC;
}

static void
call_task(void *arg)
{
	struct call *c = arg;
	struct err err = { 0 };

	for (;;) {
		SCOPED(arena) struct arena scratch = ARENA_INIT;
		struct ctx cx = { .deadline = NEVER, .err = &err, .arena = &scratch };
		struct ctx within = ctx_within(&cx, call_within(&c->seen));
		int rc = c->work(&within, &c->seen, c->side);

		c->done = rc == 0 || err.kind != ERR_TIMEOUT;
		c->err = err;
		waitlist_wake_all(&c->changed);
		if (c->done)
			return;
		err_clear(&err);
	}
}

/* False: not yet. */
static bool
wait_done(struct ctx *cx, struct call *c, usec until)
{
	struct ctx within = ctx_until(cx, until);

	while (!c->done) {
		if (waitlist_wait(&within, &c->changed) != 0)
			break;
	}
	return c->done;
}

/* Saved only when the sentence is another one. It has no numbers in it that change with every try, or each
 * try would write the record. */
static int
tell(struct ctx *cx, struct workflow *w, const struct call *c)
{
	const char *text = pause_text(cx->arena, &c->err);

	if (c->err.kind == ERR_NONE || strcmp(w->r.state_text, text) == 0)
		return 0;
	w->r.state_text = arena_strdup(&w->arena, text);
	return workflow_save(cx, w);
}

static int
reopen(struct ctx *cx, struct workflow *w)
{
	struct ctx soon;
	struct err ignored = { 0 };

	TRY(rules_apply(cx, w, RULES_REOPEN));
	soon = ctx_within(cx, TELL_WITHIN_MS * MSEC);
	soon.err = &ignored;
	if (rules_acknowledged(&soon, w) != 0)
		log_info("a gate that cannot be told now ends the pause itself: %s", ignored.text);
	return 0;
}

/* For how long the gates keep clients away. */
static void
tell_room(struct ctx *cx, const struct workflow *w, enum side s)
{
	struct fence_status_request q = { .room_us =
					      cx->deadline - task_now() - ROOM_LESS_MS * MSEC };
	struct fence_status_reply r;

	if (q.room_us > 0 &&
	    (side_request(cx, w, s, &q.move) != 0 ||
		side_call(cx, w, TABLET_FENCE_STATUS, &q, &r) != 0))
		log_debug("telling the tablet of a pause: %s", cx->err->text);
}

static int
pause_once(struct ctx *cx, struct workflow *w, struct call *c)
{
	struct ctx within, undo;
	struct err ignored = { 0 };

	TRY(rules_apply(cx, w, mutant("ctl_no_pause") ? RULES_REOPEN : RULES_PAUSE));
	within = ctx_within(cx, w->pause);
	within.err = &ignored;
	TRY(workflow_pass(cx, w, "workflow.pause"));
	/* The server itself says whether anybody is left on the table. */
	if (rules_acknowledged(&within, w) != 0)
		log_debug("pausing: %s", ignored.text);
	else
		tell_room(&within, w, c->side);
	wait_done(&within, c, within.deadline);
	undo = ctx_shielded(cx, REOPEN_WITHIN_S * SECOND, cx->err);
	undo.arena = cx->arena;
	return reopen(&undo, w);
}

/* Is it clients that the tablet waits for? It may as well be at work: it looks at each of a thousand tables.
 * Where nobody can say, nobody is held up. At first only one is believed that cannot do without. */
static bool
is_kept_waiting(struct ctx *cx, const struct workflow *w, enum side s, bool first)
{
	struct ctx within = ctx_within(cx, LEAST_MS * MSEC);
	struct err ignored = { 0 };
	struct fence_status_request q = { .room_us = 0 };
	struct fence_status_reply r = { false };

	within.err = &ignored;
	return mutant("ctl_pause_unasked") ||
	    (side_request(&within, w, s, &q.move) == 0 &&
		side_call(&within, w, TABLET_FENCE_STATUS, &q, &r) == 0 &&
		(first ? r.asks : r.waits));
}

static int
make_room(struct ctx *cx, struct workflow *w, struct call *c)
{
	struct rand jitter;

	rand_seed(&jitter, (uint64_t)w->revision);
	w->pause = LEAST_MS * MSEC;
	bool first = !mutant("ctl_room_late");
	for (int n = 0;; first = false) {
		SCOPED(arena) struct arena scratch = ARENA_INIT;
		struct ctx inner = *cx;
		usec apart = first
		    ? FIRST_LOOK_MS * MSEC
		    : APART * w->pause + (int64_t)rand_below(&jitter, APART_MORE_MS) * MSEC;

		inner.arena = &scratch;
		if (wait_done(&inner, c, task_now() + apart))
			return c->err.kind == ERR_NONE ? 0 : err_copy(cx->err, &c->err);
		if (cx->err->kind != ERR_TIMEOUT)
			return -1;
		if (task_now() >= cx->deadline)
			return c->err.kind == ERR_NONE ? -1 : err_copy(cx->err, &c->err);
		err_clear(cx->err);
		TRY(tell(&inner, w, c));
		if (!is_kept_waiting(&inner, w, c->side, first))
			continue;
		if (!mutant("ctl_pause_of_one_length"))
			w->pause = (LEAST_MS << n++ % LENGTHS) * MSEC;
		TRY(pause_once(&inner, w, c));
	}
}

int
pause_for(struct ctx *cx, struct workflow *w, enum side s, pause_work_fn *work)
{
	struct call *c = arena_new(cx->arena, struct call); /* for the stack it is large */
	struct group g;

	*c = (struct call){ .side = s, .work = work };
	workflow_init(&c->seen, w->ctl, w->id);
	c->seen.makes_room = true;
	group_init(&g);
	int rc = workflow_load(cx, &c->seen);
	if (rc == 0)
		rc = group_spawn(&g, "asking a tablet", call_task, c, cx->err);
	if (rc == 0)
		rc = make_room(cx, w, c);
	group_done(&g);
	workflow_done(&c->seen);
	return rc;
}
