/*
 * poller.h - epoll.
 *
 * Events are handed out right after epoll_wait(), before any task runs: so no
 * watch can vanish between its event and its fire().
 */
#ifndef TASK_POLLER_H
#define TASK_POLLER_H

#include "base/err.h"
#include "base/parse.h"
#include "task/watch.h"

struct poller;

struct poller *poller_new(struct err *err) MUST_USE;
void poller_free(struct poller *p);
/* -1 leaves errno: EEXIST when the descriptor is watched already. */
int poller_add(struct poller *p, struct watch *w, uint32_t events) MUST_USE;
void poller_remove(struct poller *p, struct watch *w); /* before the descriptor is closed */
/* Until something happens, or the monotonic clock has come to that; 0: only what has happened. May return
 * earlier, without anything. */
void poller_wait(struct poller *p, usec until);

#endif
