/*
 * notice.h - how the processes that share a file tell each other that they have changed it.
 *
 * Who has committed calls notice_give(), which sets the file's times: everybody who waits
 * in notice_wait() gets an inotify event. SQLite's own writes would not do for that: in WAL
 * mode the last thing that makes a commit visible is a store into shared memory, of which
 * the kernel tells nobody.
 *
 * A notice may be missed (its giver was killed between the commit and the notice, or could not set
 * the file's times): so a wait ends by itself when its caller says, and whoever waited looks in any
 * case. Where the system has no inotify instance left, waits are short.
 *
 *   writer   COMMIT; notice_give(): utimensat()
 *   waiter   its inotify descriptor is readable; takes all events; looks (a read transaction of SQLite's). A
 *            change that comes during the look gives an event that is still there at the next wait
 */
#ifndef TOPO_NOTICE_H
#define TOPO_NOTICE_H

#include "task/ctx.h"

struct notice {
	int fd;    /* of inotify; -1: there is none, and waits are short */
	usec last; /* when the last wait ended, on task_now() */
	bool told; /* it ended because of a change, or where nobody can tell */
};

/* Never fails: without inotify it polls. The file must exist. */
void notice_open(struct notice *n, const char *path);
void notice_close(struct notice *n);
/* Until the file was changed by anybody, or for as long as within. -1 only when the task is cancelled
 * or cx has ended. */
int notice_wait(struct ctx *cx, struct notice *n, usec within) MUST_USE;
/* Blocks for as long as a write to the file's inode takes: on helper threads only. */
void notice_give(const char *path);

#endif
