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
 * Invariants
 *   (1) All tasks but ENDED ones are on loop->tasks.
 *   (2) A wait ends once: the first of wake, deadline and cancel makes the task
 *       READY and decides what the wait returns; the others come too late.
 *   (3) Nothing here is touched by another thread, except remote.
 */
#ifndef TASK_SCHED_H
#define TASK_SCHED_H

#include "base/heap.h"
#include "base/list.h"
#include "base/rand.h"
#include "task/ctx.h"
#include "task/remote.h"
#include "task/stack.h"
#include "task/switch.h"
#include "task/tick.h"

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

struct task {
	struct loop *loop;
	struct list_node all;    /* on loop->tasks */
	struct list_node queued; /* on loop->ready, or while long parked on loop->idle */
	struct timer deadline;
	struct context context;
	struct stack *stack;
	void (*body)(void *arg);
	void *arg;
	struct task *joiner;     /* parked in task_join() for this one */
	const char *waiting_for; /* "reading": for listings and gdb */
	usec parked_at;
	enum task_state state;
	enum wake_reason reason;
	int burst;
	bool cancelled, shielded, detached;
	char name[SCHED_NAME_MAX];
};

/* What higher modules keep per loop. */
enum loop_slot { SLOT_BUFPOOL, SLOT_OFFLOAD, SLOT_SIMNET, SLOT_SIGNALS, SLOT_LETTERS, SLOT_COUNT };
struct slot {
	void *what;
	void (*free)(void *what);
};

struct poller;

struct loop {
	struct tick tick; /* first: the current tick is the current loop */
	struct list tasks, ready;
	struct list idle; /* parked in sched_wait_idle(), longest first */
	struct heap timers;
	struct task *running;
	struct context context; /* of the thread */
	struct stack_pool stacks;
	struct timer sweep; /* takes pages from idle stacks */
	struct remote remote;
	struct poller *poller; /* NULL in a virtual loop */
	struct slot slots[SLOT_COUNT];
	struct rand shuffle;
	bool shuffled; /* virtual: the seed decides who is next */
	bool stopping; /* new tasks are born cancelled */
	bool check_stacks;
	uint64_t switches;
	usec slow_logged;
	_Atomic uint64_t *slow_turns; /* counts them; NULL: nobody does */
	usec idle_after;              /* parked for so long: its stack is trimmed */
};

struct loop *sched_loop_new(
    bool is_virtual, struct err *err) MUST_USE; /* the current one from now on */
void sched_loop_free(struct loop *l);
struct loop *sched_here(void);    /* this thread's; check-fails when there is none */
struct task *sched_running(void); /* NULL outside of tasks */

struct task *sched_spawn(const char *name, void (*fn)(void *arg), void *arg); /* NULL: census full */
void sched_cancel(struct task *t);
void sched_cancel_all(struct loop *l);
void sched_free_ended(struct task *t);

/* The one wait. Parks the running task until sched_wake(): 0; its deadline or
 * cancellation: -1. what is a verb in -ing, static. */
int sched_wait(struct ctx *cx, const char *what) MUST_USE;
/* The same for waits that often are long: their stack gives its pages back. */
int sched_wait_idle(struct ctx *cx, const char *what) MUST_USE;
/* false when t was not parked (any more): whoever wakes one of several tries the next. */
bool sched_wake(struct task *t);
/* To the end of the ready queue and back. */
int sched_yield_now(struct ctx *cx) MUST_USE;
/* Called by what did not need to wait: yields when that went on for SCHED_BURST times. */
int sched_breathe(struct ctx *cx) MUST_USE;

void timer_set(struct loop *l, struct timer *t, usec at); /* again: moves it */
void timer_stop(struct loop *l, struct timer *t);

/* One round, in this order. */
void sched_fire_timers(struct loop *l);
void sched_run_ready(struct loop *l); /* those that are ready now, each once */
usec sched_next_timer(const struct loop *l);
void sched_log_tasks(struct loop *l);

void *slot_get(struct loop *l, enum loop_slot slot);
void slot_set(struct loop *l, enum loop_slot slot, void *what, void (*free_fn)(void *what));

#endif
