/*
 * loop.h - epoll, timers, ready queue: one per thread.
 *
 * loop_run() returns when every task has ended or loop_stop() was called. A
 * round that keeps one task running for longer than 20 ms logs its name.
 * A virtual loop (sim.h) has no descriptors and jumps from timer to timer.
 */
#ifndef TASK_LOOP_H
#define TASK_LOOP_H

#include "task/task.h"

struct loop;

struct loop *loop_new(struct err *err) MUST_USE; /* becomes this thread's loop; NULL on error */
void loop_free(struct loop *l);
/* Turns that kept all other tasks waiting for more than 20 ms are counted there; it outlives the loop. */
void loop_count_slow(struct loop *l, _Atomic uint64_t *turns);
void loop_run(struct loop *l);
void loop_stop(struct loop *l);  /* cancels all tasks; run returns when they have ended */
struct loop *loop_current(void); /* this thread's, or NULL */
bool loop_is_virtual(void);      /* this thread's is one of sim.h */

/* Waits for a descriptor that is not a conn (libcurl's, libmicrohttpd's, signalfd, pidfd).
 * events and the result are EPOLLIN, EPOLLOUT, ... 0 fills *got. */
int loop_wait_fd(struct ctx *cx, int fd, uint32_t events, uint32_t *got) MUST_USE;

/* Blocks sigs for the process and spawns on_signal in a detached task for each that arrives. */
int loop_on_signals(const int *sigs, int count, void (*on_signal)(int sig, void *arg), void *arg,
    struct err *err) MUST_USE;

#endif
