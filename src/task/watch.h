/*
 * watch.h - who wants to hear of a descriptor's (or an in-memory pipe's) events.
 *
 * fire is called on the loop's thread, outside of any task, with EPOLLIN,
 * EPOLLOUT, ... It wakes tasks and never waits.
 */
#ifndef TASK_WATCH_H
#define TASK_WATCH_H

#include <stdint.h>

struct watch {
	int fd; /* -1 for a pipe in memory */
	void (*fire)(struct watch *w, uint32_t events);
};

#endif
