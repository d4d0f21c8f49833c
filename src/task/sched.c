/*
 * How a wait ends once (2), shown with a read that has a deadline one second away. A is the task; times
 * are ticks.
 *
 *   0.000  conn_read() meets EAGAIN and calls sched_wait(): park() makes A PARKED, puts its deadline into the
 *          heap, and leave() goes over to the loop's own stack, into run_task() behind its context_switch()
 *   0.000  nothing else is ready: loop_run() sleeps in epoll_wait(), with an alarm at 1.000
 *   1.000  the peer's bytes come. poller_wait() calls conn_event() -> sched_wake() -> end_wait(): A is
 *          READY, its reason WAKE_EVENT
 *   1.000  the next round reads the clock and fires timers: A's deadline has come too, but
 *          deadline_passed() sees that A is not PARKED, and does nothing
 *   1.000  sched_run_ready() gives A its turn: park() goes on behind leave(), takes its timer out of the
 *          heap (it has fired: a no-op) and returns 0; conn_read() calls recv() again
 *
 * Had the clock said 1.000 before the bytes came, A would have been READY with WAKE_DEADLINE,
 * sched_wake() would have said false, and the bytes would have stayed in the socket for the next read.
 *
 * A task never runs inside of another one's call: to wake is to put on a queue. So whoever wakes needs no
 * care for what the woken one may do to its data before the waker itself waits.
 */
#include "task/sched.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/mutant.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	SLOW_US = 20 * 1000, /* a longer turn keeps every other client of the loop waiting */
	SLOW_LOG_EVERY_US = 1000000, /* one line per second tells enough */
	IDLE_US = 10 * 1000000, /* a client that pauses longer hardly notices two page faults */
	SWEEP_MAX = 64,         /* stacks trimmed at a time: about 0.1 ms */
	SWEEP_PAUSE_US = 1000,
};

void
timer_set(struct loop *l, struct timer *t, usec at)
{
	if (t->node.index != 0)
		heap_remove(&l->timers, &t->node);
	heap_push(&l->timers, &t->node, at);
}

void
timer_stop(struct loop *l, struct timer *t)
{
	heap_remove(&l->timers, &t->node);
}

usec
sched_next_timer(const struct loop *l)
{
	const struct heap_node *n = heap_min(&l->timers);

	return n == NULL ? NEVER : n->key;
}

void
sched_fire_timers(struct loop *l)
{
	struct heap_node *n;

	/* One by one, each out of the heap first: what fires may set and stop any timer, its own too. */
	while ((n = heap_min(&l->timers)) != NULL && n->key <= l->tick.now) {
		struct timer *t = list_item(heap_pop(&l->timers), struct timer, node);
		t->fire(t);
	}
}

/* A simulation's order: a task that gets ready overtakes up to so many others, by the seed. No further,
 * so that inserting into a shuffled queue of thousands stays cheap. */
enum { SHUFFLE_REACH = 64 };

static void
push_ready(struct loop *l, struct task *t)
{
	struct list_node *at = NULL;

	if (l->shuffled) {
		size_t n = l->ready.count < SHUFFLE_REACH ? l->ready.count : SHUFFLE_REACH;
		uint64_t steps = rand_below(&l->shuffle, n + 1);
		for (at = steps == 0 ? NULL : l->ready.last; steps > 1; steps--)
			at = at->prev;
	}
	if (at == NULL)
		list_push(&l->ready, &t->queued);
	else
		list_insert_before(&l->ready, at, &t->queued);
	t->state = TASK_READY;
}

static void
end_wait(struct task *t, enum wake_reason reason)
{
	check(t->state == TASK_PARKED); /* (2) */
	list_remove(&t->queued);        /* from idle */
	t->reason = reason;
	push_ready(t->loop, t);
}

bool
sched_wake(struct task *t)
{
	if (t->state != TASK_PARKED)
		return false;
	end_wait(t, WAKE_EVENT);
	return true;
}

void
sched_cancel(struct task *t)
{
	/* Before the test of the state: a task that is READY or RUNNING finds the flag at its next wait. */
	t->cancelled = true;
	if (t->state == TASK_PARKED && !t->shielded)
		end_wait(t, WAKE_CANCEL);
}

void
sched_cancel_all(struct loop *l)
{
	l->stopping = true;
	list_each(&l->tasks, n)
		sched_cancel(list_item(n, struct task, all));
}

static void
deadline_passed(struct timer *timer)
{
	struct task *t = list_item(timer, struct task, deadline);

	if (t->state == TASK_PARKED)
		end_wait(t, WAKE_DEADLINE);
}

static int
check_still_wanted(struct ctx *cx, struct task *t)
{
	/* The cancellation first: a task that was stopped late was still stopped. */
	if (t->cancelled && !cx->shielded && !mutant("task_cancel_forgotten"))
		return err_set(cx->err, ERR_CANCELLED, "cancelled");
	if (cx->deadline <= t->loop->tick.now)
		return err_set(cx->err, ERR_TIMEOUT, "timed out");
	return 0;
}

static void
leave(struct task *t)
{
	/* Others get their turn now: so what it did without waiting counts from zero. */
	t->burst = 0;
	context_switch(&t->context, &t->loop->context, t->state == TASK_ENDED);
}

static int
park(struct ctx *cx, struct task *t, const char *what)
{
	t->state = TASK_PARKED;
	t->shielded = cx->shielded;
	t->waiting_for = what;
	t->parked_at = t->loop->tick.now;
	if (cx->deadline != NEVER)
		timer_set(t->loop, &t->deadline, cx->deadline);
	leave(t);
	if (cx->deadline != NEVER)
		timer_stop(t->loop, &t->deadline);
	switch (t->reason) {
	case WAKE_EVENT: return 0;
	case WAKE_DEADLINE: return err_set(cx->err, ERR_TIMEOUT, "timed out");
	case WAKE_CANCEL: return err_set(cx->err, ERR_CANCELLED, "cancelled");
	}
	unreachable();
}

int
sched_wait(struct ctx *cx, const char *what)
{
	struct task *t = sched_running();

	check(t != NULL); /* only tasks wait */
	TRY(check_still_wanted(cx, t));
	return park(cx, t, what);
}

int
sched_wait_idle(struct ctx *cx, const char *what)
{
	struct task *t = sched_running();

	check(t != NULL);
	TRY(check_still_wanted(cx, t));
	struct loop *l = t->loop;
	list_push(&l->idle, &t->queued);
	/* One timer for all: armed by the first to come, and by sweep_idle() while there are more. In a
	 * virtual loop it would make time jump, and a world that has come to rest would go on for 10 s. */
	if (l->idle.count == 1 && !l->tick.is_virtual && l->sweep.node.index == 0)
		timer_set(l, &l->sweep, l->tick.now + l->idle_after);
	return park(cx, t, what);
}

/* The idle list is in the order of parking: who is old enough is at its front. */
static void
sweep_idle(struct timer *timer)
{
	struct loop *l = list_item(timer, struct loop, sweep);
	struct list_node *n;

	for (int i = 0; i < SWEEP_MAX && (n = l->idle.first) != NULL; i++) {
		struct task *t = list_item(n, struct task, queued);
		if (t->parked_at + l->idle_after > l->tick.now)
			break;
		list_remove(n);
		stack_trim(t->stack, t->context.sp);
	}
	if (l->idle.first == NULL)
		return;
	usec due = list_item(l->idle.first, struct task, queued)->parked_at + l->idle_after;
	usec soonest = l->tick.now + SWEEP_PAUSE_US;
	timer_set(l, timer, due > soonest ? due : soonest);
}

int
sched_yield_now(struct ctx *cx)
{
	struct task *t = sched_running();

	check(t != NULL);
	TRY(check_still_wanted(cx, t));
	t->state = TASK_READY;
	list_push(&t->loop->ready, &t->queued); /* at the end, shuffled or not: all others first */
	leave(t);
	/* Again: it may have been cancelled while the others ran, and a loop of yields has no other place
	 * to hear of it. */
	return check_still_wanted(cx, t);
}

static void
task_main(void *arg)
{
	struct task *t = arg;

	t->body(t->arg);
	t->state = TASK_ENDED;
	leave(t);
	unreachable();
}

struct task *
sched_spawn(const char *name, void (*fn)(void *arg), void *arg)
{
	struct loop *l = sched_here();
	struct stack *s = stack_take(&l->stacks);

	if (s == NULL)
		return NULL;
	struct task *t = mem_new(struct task);
	t->loop = l;
	t->stack = s;
	t->body = fn;
	t->arg = arg;
	t->deadline.fire = deadline_passed;
	t->cancelled = l->stopping;
	snprintf(t->name, sizeof(t->name), "%s", name);
	context_init(&t->context, s->bottom, s->size, task_main, t);
	list_push(&l->tasks, &t->all);
	push_ready(l, t);
	return t;
}

void
sched_free_ended(struct task *t)
{
	check(t->state == TASK_ENDED);
	free(t);
}

static void
give_stack(struct loop *l, struct task *t)
{
	if (l->check_stacks && stack_depth(t->stack) > STACK_DEPTH_MAX) {
		log_error("task '%s' used %zu bytes of stack, more than %d", t->name,
		    stack_depth(t->stack), STACK_DEPTH_MAX);
		check(stack_depth(t->stack) <= STACK_DEPTH_MAX);
	}
	stack_give(&l->stacks, t->stack);
	t->stack = NULL;
}

static void
bury(struct loop *l, struct task *t)
{
	memcpy(l->ended, t->name, sizeof(l->ended));
	/* On the loop's stack: a task cannot give back the stack that it stands on. */
	context_done(&t->context);
	give_stack(l, t);
	list_remove(&t->all);
	if (t->detached)
		sched_free_ended(t);
	else if (t->joiner != NULL)
		/* false: its deadline or a cancellation was first. It returns with that, and t stays to
		 * be joined. */
		(void)sched_wake(t->joiner);
}

/* Its name, or a copy of it when it has ended: then it may be gone. */
static const char *
run_task(struct loop *l, struct task *t)
{
	check(t->state == TASK_READY && l->running == NULL);
	t->state = TASK_RUNNING;
	l->running = t;
	l->switches++;
	context_switch(&l->context, &t->context, false);
	l->running = NULL;
	if (t->state != TASK_ENDED)
		return t->name;
	bury(l, t);
	return l->ended;
}

#ifdef WITH_SANITIZER
enum { WATCH_SLOW = 0 };
#else
enum { WATCH_SLOW = 1 };
#endif

/* The clock is read at each turn, and a tick more or less makes no turn slow: the coarse one does. */
static usec
watch_slow(struct loop *l, const char *name, usec began)
{
	usec now = clock_coarse();

	if (now - began <= SLOW_US)
		return now;
	if (l->slow_turns != NULL)
		atomic_fetch_add_explicit(l->slow_turns, 1, memory_order_relaxed);
	if (now - l->slow_logged > SLOW_LOG_EVERY_US) {
		l->slow_logged = now;
		log_debug(
		    "task '%s' ran for %d ms without waiting", name, (int)((now - began) / MSEC));
	}
	return now;
}

void
sched_run_ready(struct loop *l)
{
	bool watch = WATCH_SLOW && !l->tick.is_virtual;
	usec began = watch ? clock_coarse() : 0;
	/* Only those that are ready now: two tasks that wake each other must not keep descriptors and
	 * timers from their turn. */
	size_t left = l->ready.count;

	while (left-- > 0 && !list_empty(&l->ready)) {
		struct task *t = list_item(list_pop(&l->ready), struct task, queued);
		const char *name = run_task(l, t);
		if (watch)
			began = watch_slow(l, name, began);
	}
}

static const char *
state_name(enum task_state state)
{
	switch (state) {
	case TASK_READY: return "ready";
	case TASK_RUNNING: return "running";
	case TASK_PARKED: return "parked";
	case TASK_ENDED: return "ended";
	}
	return "?";
}

void
sched_log_tasks(struct loop *l)
{
	list_each(&l->tasks, n) {
		const struct task *t = list_item(n, struct task, all);
		log_error("task '%s' is %s%s%s since %.6f s%s", t->name, state_name(t->state),
		    t->state == TASK_PARKED ? ", " : "",
		    t->state == TASK_PARKED ? t->waiting_for : "", (double)t->parked_at / 1e6,
		    t->cancelled ? ", cancelled" : "");
	}
}

void
slot_set(struct loop *l, enum loop_slot slot, void *what, void (*free_fn)(void *what))
{
	check(l->slots[slot].what == NULL);
	l->slots[slot] = (struct slot){ what, free_fn };
}

static const char *
running_name(void)
{
	const struct task *t = sched_running();

	return t == NULL ? NULL : t->name;
}

struct loop *
sched_loop_new(bool is_virtual, struct err *err)
{
	check(tick_current() == NULL); /* one loop per thread */
	struct loop *l = mem_new(struct loop);

	if (remote_init(&l->remote, !is_virtual, err) != 0) {
		free(l);
		return NULL;
	}
	l->tick = (struct tick){ .now = is_virtual ? 0 : clock_mono(), .is_virtual = is_virtual };
	list_init(&l->tasks);
	list_init(&l->ready);
	list_init(&l->idle);
	heap_init(&l->timers);
	stack_pool_init(&l->stacks);
	context_init_thread(&l->context);
	l->sweep.fire = sweep_idle;
	l->idle_after = IDLE_US;
	l->check_stacks = getenv("SWITCHYARD_CHECK_STACKS") != NULL;
	tick_set_current(&l->tick);
	log_set_who(running_name);
	return l;
}

void
sched_loop_free(struct loop *l)
{
	check(tick_current() == &l->tick && l->running == NULL);
	if (!list_empty(&l->tasks))
		sched_log_tasks(l);
	check(list_empty(&l->tasks));
	/* While this loop still stands: simnet stops its timers, and offload's threads post until they
	 * are joined. */
	for (int i = 0; i < SLOT_COUNT; i++)
		if (l->slots[i].what != NULL)
			l->slots[i].free(l->slots[i].what);
	tick_set_current(NULL);
	log_set_who(NULL);
	remote_done(&l->remote);
	stack_pool_done(&l->stacks);
	heap_done(&l->timers);
	free(l);
}
