/*
 * sched.h - the inside of a loop: tasks, ready queue, timers, and the one wait.
 *
 * Only files of this floor include this. A task is in one of four states:
 *
 *   READY    on loop->ready; runs when its turn comes.
 *   RUNNING  loop->running. At most one.
 *   PARKED   in sched_wait(). Whoever it waits for holds a pointer to it and
 *            calls sched_wake(); its deadline, if any, is in loop->timers.
 *   ENDED    its function has returned and its stack is given back; what is
 *            left waits for task_join().
 *
 * from      to        by
 * -         READY     sched_spawn()
 * READY     RUNNING   sched_run_ready(), in the order of loop->ready
 * RUNNING   READY     sched_yield_now(), which sched_breathe() calls now and then
 * RUNNING   PARKED    sched_wait(), sched_wait_idle()
 * PARKED    READY     sched_wake(), sched_cancel() or the deadline's timer
 * RUNNING   ENDED     the return of its function
 * ENDED     freed     sched_free_ended(): by task_join(), or at once when it is detached
 *
 * Invariants
 *   (1) All tasks but ENDED ones are on loop->tasks.
 *   (2) A wait ends once: the first of wake, deadline and cancel makes the task
 *       READY and decides what the wait returns; the others come too late.
 *   (3) Nothing here is touched by another thread, except remote.
 *   (4) A PARKED task's stack is not written to, except through pointers that it has handed out
 *       itself (a waiter, a job, an fd_wait): each is taken back before the call that handed it out returns.
 */
#ifndef TASK_SCHED_H
#define TASK_SCHED_H

#include "base/check.h"
#include "base/heap.h"
#include "base/list.h"
#include "base/mutant.h"
#include "base/rand.h"
#include "task/ctx.h"
#include "task/remote.h"
#include "task/stack.h"
#include "task/switch.h"
#include "task/tick.h"

/* fire runs outside of tasks, on the loop's thread, and must not wait. The timer is out of the heap by
 * then and may be set again from inside. It belongs to whoever embeds it, who stops it before it goes
 * away. */
struct timer {
	struct heap_node node;
	void (*fire)(struct timer *t);
};

enum task_state { TASK_READY, TASK_RUNNING, TASK_PARKED, TASK_ENDED };
enum wake_reason { WAKE_EVENT, WAKE_DEADLINE, WAKE_CANCEL };

enum {
	SCHED_NAME_MAX = 64, /* see TASK_NAME_MAX */
	SCHED_BURST = 64,    /* reads or writes that need not wait, before others get a turn */
};

/* What each wait and each turn touches comes first: it is in cold cache lines of its own for each client. */
struct task {
	struct loop *loop;
	struct list_node queued; /* on loop->ready, or while long parked on loop->idle; never on both */
	enum task_state state;
	enum wake_reason reason; /* of the end of its last wait */
	int burst;               /* calls that did not need to wait, since it last left */
	/* shielded: of the present wait, not of the task. detached: freed at its end. */
	bool cancelled, shielded, detached;
	const char *waiting_for; /* "reading": for listings and gdb */
	usec parked_at;          /* the tick of its last wait; kept after it */
	struct context context;
	struct timer deadline;
	struct list_node all; /* on loop->tasks */
	struct stack *stack;
	void (*body)(void *arg);
	void *arg;
	struct task *joiner; /* parked in task_join() for this one */
	char name[SCHED_NAME_MAX];
};

/* What higher modules keep per loop: made when first asked for, freed with the loop, in this order. A
 * loop knows none of their types, so that the modules above can be tested without each other. */
enum loop_slot {
	SLOT_BUFPOOL,
	SLOT_OFFLOAD,
	SLOT_SIMNET,
	SLOT_SIGNALS,
	SLOT_LETTERS,
	SLOT_KEPT, /* loop_keep() */
	SLOT_COUNT
};
struct slot {
	void *what;
	void (*free)(void *what);
};

struct poller;

struct loop {
	struct tick tick;         /* first: the current tick is the current loop */
	struct list tasks, ready; /* (1); and those READY, the next to run first */
	struct list idle;         /* parked in sched_wait_idle(), longest first */
	struct heap timers;
	struct task *running;
	struct context context; /* of the thread */
	struct stack_pool stacks;
	struct timer sweep; /* takes pages from idle stacks */
	struct remote remote;
	struct poller *poller; /* NULL in a virtual loop */
	struct slot slots[SLOT_COUNT];
	struct rand shuffle; /* virtual: of the seed that sim_start() was given */
	bool shuffled;       /* virtual: the seed decides who is next */
	bool stopping;       /* new tasks are born cancelled */
	bool check_stacks;   /* $SWITCHYARD_CHECK_STACKS is set: a deep stack ends the program */
	uint64_t switches; /* turns given to tasks since the beginning; sim.c finds endless ones by it */
	char ended[SCHED_NAME_MAX];   /* the name of the last task that has ended */
	usec slow_logged;             /* when a slow turn was logged last, on the coarse clock */
	_Atomic uint64_t *slow_turns; /* counts them; NULL: nobody does */
	usec idle_after;              /* parked for so long: its stack is trimmed */
};

struct loop *sched_loop_new(
    bool is_virtual, struct err *err) MUST_USE; /* the current one from now on */
void sched_loop_free(struct loop *l);

/* This thread's; check-fails when there is none. */
static inline struct loop *
sched_here(void)
{
	struct tick *t = tick_current();

	check(t != NULL);
	return (struct loop *)t;
}

/* NULL outside of tasks. */
static inline struct task *
sched_running(void)
{
	struct tick *t = tick_current();

	return t == NULL ? NULL : ((struct loop *)t)->running;
}

/* As task_spawn(). NULL: census full. */
struct task *sched_spawn(const char *name, void (*fn)(void *arg), void *arg);
/* Runs nobody: the task is READY when it was parked unshielded, and else finds the flag at its next wait. */
void sched_cancel(struct task *t);
void sched_cancel_all(struct loop *l); /* and whoever is spawned until the loop has ended */
void sched_free_ended(struct task *t);

/* The one wait. Parks the running task until sched_wake(): 0; its deadline or
 * cancellation: -1, with ERR_TIMEOUT or ERR_CANCELLED; at once when either has come already. what is a
 * verb in -ing, static: listings and gdb read it at any time. Nothing but that and a timer is kept, so a
 * wait cannot fail for want of memory. Whoever is to wake it was told of the task before. */
int sched_wait(struct ctx *cx, const char *what) MUST_USE;
/* The same for waits that often are long: after 10 s their stack gives its pages back, and is
 * as it was but for the two page faults when the task goes on. */
int sched_wait_idle(struct ctx *cx, const char *what) MUST_USE;
/* false when t was not parked (any more): whoever wakes one of several tries the next. */
bool sched_wake(struct task *t);
/* To the end of the ready queue and back: all others that are ready run once. -1 as sched_wait(), looked
 * at on both sides. */
int sched_yield_now(struct ctx *cx) MUST_USE;
/* Called by what did not need to wait: yields when that went on for SCHED_BURST times. */
static inline int MUST_USE
sched_breathe(struct ctx *cx)
{
	struct task *t = sched_running();

	check(t != NULL);
	if (++t->burst < SCHED_BURST || mutant("task_never_breathes"))
		return 0;
	return sched_yield_now(cx);
}

/* at is a tick; one in the past fires in the next round. Timers of one instant fire in the order in which
 * they were set. */
void timer_set(struct loop *l, struct timer *t, usec at); /* again: moves it */
void timer_stop(struct loop *l, struct timer *t);         /* no-op when it is not set */

/* One round, in this order. */
void sched_fire_timers(struct loop *l);
void sched_run_ready(struct loop *l); /* those that are ready now, each once */
usec sched_next_timer(const struct loop *l);
void sched_log_tasks(struct loop *l);

/* NULL: not made yet. */
static inline void *
slot_get(struct loop *l, enum loop_slot slot)
{
	return l->slots[slot].what;
}

/* Once for a slot (check-fails); what is the loop's from now on, freed by free_fn in sched_loop_free(). */
void slot_set(struct loop *l, enum loop_slot slot, void *what, void (*free_fn)(void *what));

#endif
