/*
 * task.h - cooperative tasks: one loop per thread, one task running at a time.
 *
 * Rule 1. A function that takes a struct ctx may wait; one that does not, never does.
 * Rule 2. Between two waits a task runs alone: no lock is needed for what this loop owns.
 * Rule 3. After a wait, look again: whatever was true before it may have changed.
 *
 * Everything here belongs to the loop of the calling thread, and only that thread may call it; what comes
 * from another thread comes through a mailbox. sched.h has the states of a task and who moves it.
 *
 * Whoever spawns, joins: use a group. task_spawn() itself is for groups and
 * for main tasks started in cmd/.
 */
#ifndef TASK_TASK_H
#define TASK_TASK_H

#include "task/ctx.h"
#include "task/tick.h"

struct task;
struct loop;
typedef void task_fn(void *arg);

enum { TASK_NAME_MAX = 64 }; /* "client 1042 from 127.0.0.1:51234" with room */

/* A new task on the loop of the caller (or, outside of any task, of this thread's
 * loop), ready to run after those already ready; it has not run when this returns. name is copied and cut
 * to TASK_NAME_MAX - 1 bytes. arg is the caller's and must live until fn has used it. NULL when the
 * stack census is full: then nothing was made, and fn is not called. The task is freed by task_join() or,
 * when detached, at its end. On a loop that is stopping it is born cancelled, but it does run. */
struct task *task_spawn(const char *name, task_fn *fn, void *arg) MUST_USE;
/* Nobody will join t: it is freed at its end, or here when it has ended. From then on only the task itself
 * may use the pointer. Not while somebody joins it. */
void task_detach(struct task *t);
/* Waits for t's end, then frees it: 0. -1 with ERR_TIMEOUT or ERR_CANCELLED: t goes on, is not freed,
 * and still is to be joined or detached. One task joins, and never itself. */
int task_join(struct ctx *cx, struct task *t) MUST_USE;
/* Each of its unshielded waits fails with ERR_CANCELLED from now on, the present one too. There is no way
 * back. Returns before t has noticed. */
void task_cancel(struct task *t);
bool task_cancelled(void);    /* was the running task cancelled? false outside of tasks */
struct task *task_self(void); /* NULL outside of tasks */
/* The running task's: what its log lines begin with, and what gdb lists. */
void task_rename(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
const char *task_name(void); /* of the running task, or "main"; valid until it is renamed or ends */

/* CLOCK_MONOTONIC, read once per round of the loop: it stands still while a task runs. Virtual in sim;
 * read anew on a thread without a loop. */
static inline usec
task_now(void)
{
	return tick_now();
}
/* CLOCK_BOOTTIME, read anew: it counts the time that the machine was suspended, as a lease must. The tick
 * in sim. */
usec task_boottime(void);
/* 0 when the whole duration has passed; -1 on cancel, or when cx's deadline comes first, also then only
 * when it has come: a sleep is never cut short beforehand. A duration of 0 or less yields. */
int task_sleep(struct ctx *cx, usec duration) MUST_USE;
/* Lets all ready tasks run once. -1 when cancelled or late, before or after that. */
int task_yield(struct ctx *cx) MUST_USE;

#endif
