/*
 * task.h - cooperative tasks: one loop per thread, one task running at a time.
 *
 * Rule 1. A function that takes a struct ctx may wait; one that does not, never does.
 * Rule 2. Between two waits a task runs alone: no lock is needed for what this loop owns.
 * Rule 3. After a wait, look again: whatever was true before it may have changed.
 *
 * Whoever spawns, joins: use a group. task_spawn() itself is for groups and
 * for main tasks started in cmd/.
 */
#ifndef TASK_TASK_H
#define TASK_TASK_H

#include "task/ctx.h"

struct task;
struct loop;
typedef void task_fn(void *arg);

enum { TASK_NAME_MAX = 64 }; /* "client 1042 from 127.0.0.1:51234" with room */

/* A new task on the loop of the caller (or, outside of any task, of this thread's
 * loop), ready to run after those already ready. name is copied. NULL when the
 * stack census is full. The task is freed by task_join() or, when detached, at its end. */
struct task *task_spawn(const char *name, task_fn *fn, void *arg) MUST_USE;
void task_detach(struct task *t);
int task_join(struct ctx *cx, struct task *t) MUST_USE; /* waits for its end, then frees it */
void task_cancel(struct task *t); /* its present or next unshielded wait fails */
bool task_cancelled(void);        /* was the running task cancelled? */
struct task *task_self(void);     /* NULL outside of tasks */
void task_rename(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
const char *task_name(void); /* of the running task, or "main" */

/* monotonic, read once per round of the loop; virtual in sim */
usec task_now(void);
usec task_boottime(void); /* CLOCK_BOOTTIME, read anew; virtual in sim */
/* 0, or -1 on cancel or deadline before that */
int task_sleep(struct ctx *cx, usec duration) MUST_USE;
int task_yield(struct ctx *cx) MUST_USE; /* lets all ready tasks run once */

#endif
