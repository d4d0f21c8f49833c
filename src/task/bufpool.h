/*
 * bufpool.h - the loop's packet buffers.
 *
 * A buffer is borrowed while a packet is in flight and given back before the
 * task parks, so that an idle client costs no buffer. Whoever forgets that loses only memory: a buffer
 * that is never given back is not missed by the pool, which makes another one.
 */
#ifndef TASK_BUFPOOL_H
#define TASK_BUFPOOL_H

#include "base/buf.h"

enum { BUFPOOL_BUF = 16 * 1024 }; /* one read of a socket; most packets fit */

struct buf *bufpool_take(void); /* empty, at least BUFPOOL_BUF of room; of the current loop */
/* Freed instead of kept when it has grown past 64 kB. NULL is fine. */
void bufpool_give(struct buf *b);

#endif
