/*
 * mailbox.h - bounded queue of pointers between loops (threads).
 *
 * Any thread may post; one loop's task takes. The only thing, with atomics of
 * immutable snapshots, that crosses loops.
 */
#ifndef TASK_MAILBOX_H
#define TASK_MAILBOX_H

#include "task/task.h"

struct mailbox;

struct mailbox *mailbox_new(size_t max, struct err *err) MUST_USE; /* owned by the current loop */
void mailbox_free(struct mailbox *m);
bool mailbox_post(struct mailbox *m, void *message) MUST_USE; /* false when full; never waits */
int mailbox_take(struct ctx *cx, struct mailbox *m, void **message) MUST_USE;

#endif
