/*
 * mailbox.h - bounded queue of pointers between loops (threads).
 *
 * Any thread may post; tasks of one loop take. The only thing, with atomics of
 * immutable snapshots, that crosses loops.
 *
 * A message is a pointer that changes hands: the poster gives it up when mailbox_post() says true, the
 * taker owns it from then on. Messages come out in the order in which they were put in. Each is taken once.
 */
#ifndef TASK_MAILBOX_H
#define TASK_MAILBOX_H

#include "task/task.h"

struct mailbox;

/* Owned by the current loop, whose tasks take. max, in messages, is the bound that its posters meet; 0 is
 * ERR_REFUSED, and NULL the result. */
struct mailbox *mailbox_new(size_t max, struct err *err) MUST_USE;
/* On the loop's thread, when nobody posts any more and nobody takes (check-fails). Messages still inside
 * are not freed: their type is not known here, so the owner takes them first. NULL is fine. */
void mailbox_free(struct mailbox *m);
/* From any thread, also one without a loop. Never waits but for a lock held for a few instructions. false
 * when full: the message is still the caller's. */
bool mailbox_post(struct mailbox *m, void *message) MUST_USE;
/* The oldest message, when there is one. -1 with ERR_TIMEOUT or ERR_CANCELLED, and *message as it was. */
int mailbox_take(struct ctx *cx, struct mailbox *m, void **message) MUST_USE;

#endif
