/*
 * net.h - listen, accept, connect. What comes out is a conn (conn.h).
 *
 * Addresses are "host:port" or "unix:/path". TCP_NODELAY is on. A name that is
 * not a number is resolved by a helper thread, which a deadline cannot stop.
 */
#ifndef TASK_NET_H
#define TASK_NET_H

#include "task/conn.h"

struct listener;

/* "127.0.0.1:0" binds a free port; reuse_port lets several loops share one. A
 * unix socket whose listener has died is replaced. */
struct listener *net_listen(const char *address, bool reuse_port, struct err *err) MUST_USE;
int listener_port(const struct listener *l);
void listener_close(struct listener *l); /* NULL is fine; net_accept() ends with ERR_RETRY */

int net_accept(struct ctx *cx, struct listener *l, struct conn **out) MUST_USE;
int net_connect(struct ctx *cx, const char *address, struct conn **out) MUST_USE;

#endif
