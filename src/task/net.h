/*
 * net.h - listen, accept, connect. What comes out is a conn (conn.h).
 *
 * Addresses are "host:port" or "unix:/path". TCP_NODELAY is on. A name that is
 * not a number is resolved by a helper thread, which a deadline cannot stop.
 *
 * Listeners and conns belong to the loop that made them. In a virtual loop the addresses are names in
 * memory (simnet.h).
 */
#ifndef TASK_NET_H
#define TASK_NET_H

#include "task/conn.h"

struct listener;

/* "127.0.0.1:0" binds a free port; reuse_port lets several loops share one (the kernel deals the
 * connections out). A unix socket whose listener has died is replaced; its file is removed by
 * listener_close(). NULL with ERR_NOT_FOUND for a name (names are not resolved here: it may not wait),
 * ERR_REFUSED for what is no address, else the errno's kind. */
struct listener *net_listen(const char *address, bool reuse_port, struct err *err) MUST_USE;
int listener_port(const struct listener *l); /* the one that was bound; 0 for a unix socket */
void listener_close(struct listener *l);     /* NULL is fine; net_accept() ends with ERR_RETRY */

/* The next client, whose conn is the caller's to close. -1: *out is NULL. ERR_RETRY once the listener was
 * closed; the errors of accept(2) that concern one client (ECONNABORTED) are passed over, others (EMFILE)
 * are returned, and the next call may succeed. Several tasks may accept. */
int net_accept(struct ctx *cx, struct listener *l, struct conn **out) MUST_USE;
/* Tries the addresses of a name in the resolver's order, at most ADDRESS_FOUND_MAX, until one answers;
 * cx's deadline is for all of them, and the error is the last one's. -1: *out is NULL. ERR_RETRY when
 * nobody listens or no such name is known; ERR_NOT_FOUND for a unix socket whose file is missing. */
int net_connect(struct ctx *cx, const char *address, struct conn **out) MUST_USE;

#endif
