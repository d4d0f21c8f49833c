/*
 * simnet.h - the network of a virtual loop: listeners by name, pipes in memory.
 *
 * A link joins two ends and belongs to the host it was made to (the name of
 * the listener), whose faults it shares:
 *
 *   cut      what was sent stays under way, in order, until the host is healed;
 *            connecting waits for that too
 *   reset    both ends of each link fail with ECONNRESET
 *   latency  what is sent arrives that much later
 *
 * Bytes sent and not yet read are bounded by SIMNET_PIPE_MAX for each
 * direction, like a socket's buffers: then sending says EAGAIN. The calls
 * mimic those of sockets (-1 with errno), and an end's watch is fired with
 * EPOLLIN and EPOLLOUT at the same moments.
 */
#ifndef TASK_SIMNET_H
#define TASK_SIMNET_H

#include "task/task.h"
#include "task/watch.h"

#include <sys/types.h>

enum {
	SIMNET_PIPE_MAX = 64 * 1024, /* small, so that tests meet full buffers */
	SIMNET_BACKLOG_MAX = 128,    /* connections that nobody has accepted yet */
	SIMNET_NAME_MAX = 112,
};

struct simnet;
struct simnet_host;
struct simnet_end;

/* The current loop's, made when first asked for. */
struct simnet *simnet_here(void);

/* "name:0" picks a port. w is fired when somebody has connected. */
struct simnet_host *simnet_listen(
    struct simnet *net, const char *address, struct watch *w, struct err *err) MUST_USE;
void simnet_unlisten(struct simnet_host *h); /* resets what was not accepted */
const char *simnet_host_name(const struct simnet_host *h);
struct simnet_end *simnet_accept(struct simnet_host *h); /* NULL: nobody there */
int simnet_connect(
    struct ctx *cx, struct simnet *net, const char *address, struct simnet_end **out) MUST_USE;

void simnet_attach(struct simnet_end *e, struct watch *w);
ssize_t simnet_recv(struct simnet_end *e, void *out, size_t len, bool peek);
ssize_t simnet_send(struct simnet_end *e, const void *data, size_t len);
void simnet_close(struct simnet_end *e);
const char *simnet_name(const struct simnet_end *e); /* of this end; the other's is its peer's */
const char *simnet_peer(const struct simnet_end *e);

void simnet_cut(struct simnet *net, const char *address, bool cut);
void simnet_reset(struct simnet *net, const char *address);
void simnet_latency(struct simnet *net, const char *address, usec one_way);

#endif
