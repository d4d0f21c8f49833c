/*
 * ddl.h - DDL and table locks whose wait is bounded.
 *
 * A statement that waits for an exclusive metadata lock stops every reader
 * that comes behind it. So it waits for a few tens of milliseconds at most, is
 * killed, and is tried again after a pause, until the caller's deadline:
 * readers see short delays, never a queue.
 */
#ifndef TABLET_DDL_H
#define TABLET_DDL_H

#include "tablet/env.h"

/* A session and another one to kill it from. Made by ddl_open(); the session may be taken out (set
 * to NULL). */
struct ddl {
	struct mysql_client *session, *killer;
};

enum {
	DDL_WAIT_MS = 50, /* below what people notice; above the length of ordinary transactions */
	DDL_PAUSE_MS =
	    100, /* twice the wait, so that readers have two thirds of the time to themselves */
};

int  ddl_open(struct ctx *cx, const struct tablet_env *env, struct ddl *out) MUST_USE;
void ddl_done(struct ddl *d);
/* Runs sql, tried again while it is the lock wait that ends it. Any other error is the caller's. */
int ddl_run(struct ctx *cx, struct ddl *d, struct slice sql, int wait_ms) MUST_USE;
int ddl_runf(struct ctx *cx, struct ddl *d, const char *fmt, ...) MUST_USE
    __attribute__((format(printf, 3, 4)));

#endif
