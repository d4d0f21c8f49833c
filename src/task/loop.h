/*
 * loop.h - epoll, timers, ready queue: one per thread.
 *
 * A round: read the clock, fire what timers are due, run each task that is ready once, wait for
 * descriptors until the next timer. So an event that epoll reports in the same round as a deadline comes
 * first.
 *
 * loop_run() returns when every task has ended or loop_stop() was called. A
 * round that keeps one task running for longer than 20 ms logs its name (at level debug, once a second).
 * A virtual loop (sim.h) has no descriptors and jumps from timer to timer.
 */
#ifndef TASK_LOOP_H
#define TASK_LOOP_H

#include "task/task.h"

struct loop;

/* Becomes this thread's loop, which must have none. NULL on error: no descriptor is to be had. */
struct loop *loop_new(struct err *err) MUST_USE;
/* On its own thread, when all its tasks have ended: it lists those that have not, and ends the program.
 * NULL is fine. */
void loop_free(struct loop *l);
/* Turns that kept all other tasks waiting for more than 20 ms are counted there; it outlives the loop. */
void loop_count_slow(struct loop *l, _Atomic uint64_t *turns);
/* On the thread that made it, outside of tasks. May be called again: a loop that was stopped takes new
 * tasks. */
void loop_run(struct loop *l);
/* Cancels all tasks, and those spawned until they have ended; loop_run() returns then. A task that is
 * shielded, or does not heed its cancellation, delays that without bound. From the loop's own thread:
 * others post to a mailbox. */
void loop_stop(struct loop *l);
struct loop *loop_current(void); /* this thread's, or NULL */
bool loop_is_virtual(void);      /* this thread's is one of sim.h */

/* One thing that a module above keeps for this thread's loop: the loop's from loop_keep() on (once), freed by
 * free_fn in loop_free(). NULL: nothing is kept yet. */
void loop_keep(void *what, void (*free_fn)(void *what));
void *loop_kept(void);

/* Waits for a descriptor that is not a conn (libcurl's, libmicrohttpd's, signalfd, pidfd).
 * events and the result are EPOLLIN, EPOLLOUT, ..., level-triggered: what is ready already ends the wait.
 * 0 fills *got, -1 (deadline, cancel, or an errno of epoll's) leaves 0 or what came too late. The
 * descriptor stays the caller's; several tasks may wait for one. Not in a virtual loop. */
int loop_wait_fd(struct ctx *cx, int fd, uint32_t events, uint32_t *got) MUST_USE;

/* Blocks sigs for this thread and those that it starts from now on, so it is called before any thread is,
 * and spawns on_signal in a detached task for each that arrives. Once for a loop; lasts until
 * loop_free(). What arrives while no stack is to be had is logged and lost. */
int loop_on_signals(const int *sigs, int count, void (*on_signal)(int sig, void *arg), void *arg,
    struct err *err) MUST_USE;

#endif
