/*
 * remote.h - a loop's letter box: work posted to it by other threads.
 *
 * A post is embedded in whatever has something to tell (a mailbox, a finished
 * offload). Posting one that is already in the box does nothing. The loop's
 * thread runs the posts; fd becomes readable when there are some.
 *
 * To post is to say "look": how often something happened, and what, is in the struct that embeds the
 * post, under that one's own lock. The post must stay until it was opened or cancelled. A loop has one
 * box, freed with it, so whoever posts must have ended before the loop does.
 */
#ifndef TASK_REMOTE_H
#define TASK_REMOTE_H

#include "base/err.h"
#include "base/list.h"

#include <pthread.h>

struct post {
	struct list_node node;
	void (*opened)(struct post *p); /* on the loop's thread */
};

struct remote {
	pthread_mutex_t lock; /* guards posts */
	struct list posts;
	int fd; /* eventfd, or -1 in a virtual loop, which looks by itself */
};

int remote_init(struct remote *r, bool with_fd, struct err *err) MUST_USE;
void remote_done(struct remote *r);
void remote_post(struct remote *r, struct post *p); /* from any thread; never waits for the loop */
/* On the loop's thread, before p goes away: p is in the box no more, and opened is not under way. */
void remote_cancel(struct remote *r, struct post *p);
bool remote_run(struct remote *r); /* true when there was something */

#endif
