/*
 * conn.h - read, write, close.
 *
 * A conn is a byte stream: TCP, a unix socket, or in a virtual loop an
 * in-memory pipe. It belongs to the loop that made it. One task may read while
 * another writes. conn_close() wakes both with ERR_RETRY; memory stays until
 * they have left. What the network does wrong is ERR_RETRY; ERR_TIMEOUT is
 * only the ctx's deadline.
 *
 * A conn_read() or net_wait_readable() that a deadline or a cancellation ends has taken nothing: the conn is
 * as it was. After any other failure the stream stands at an unknown byte, or has broken, and all that can
 * be done with the conn is to close it.
 */
#ifndef TASK_CONN_H
#define TASK_CONN_H

#include "task/task.h"

struct conn;

/* At least one byte, at most len (> 0); *got == 0 is the end of the stream, each time again. One read of
 * the socket. */
int conn_read(struct ctx *cx, struct conn *c, void *out, size_t len, size_t *got) MUST_USE;
/* Exactly len bytes; the end of the stream before that is ERR_RETRY. */
int conn_read_full(struct ctx *cx, struct conn *c, void *out, size_t len) MUST_USE;
/* What is there now without waiting: *got may be 0; *eof says whether the peer has closed and all was
 * read. -1 with ERR_RETRY for a broken connection. Not while a task waits in a read of the same conn: it
 * takes that one's bytes. */
int conn_read_now(
    struct conn *c, void *out, size_t len, size_t *got, bool *eof, struct err *err) MUST_USE;
/* All of it; 0 means that the kernel has it, not that the peer has. data must not change until then. */
int conn_write(struct ctx *cx, struct conn *c, const void *data, size_t len) MUST_USE;
/* What fits without waiting, the rest is dropped: a last word before conn_close().
 * Errors are nobody's business. */
void conn_write_last(struct conn *c, const void *data, size_t len);
/* Until there is something to read (or the end); needs no buffer: for parked clients. */
int net_wait_readable(struct ctx *cx, struct conn *c) MUST_USE;
bool conn_has_input(const struct conn *c); /* bytes already received and not yet read: one peek */
/* The peer has closed it or shut its sending side, as far as events have told; bytes from before may
 * still be unread. */
bool conn_ended(const struct conn *c);
/* Once; whoever closes must not use c again, while tasks that are inside of a call return from it. What
 * was written and not sent yet is sent by the kernel. NULL is fine. */
void conn_close(struct conn *c);
/* "127.0.0.1:51234", "unix:/path", or "unix" for a client's end; valid as long as the conn. */
const char *conn_peer(const struct conn *c);
const char *conn_local(const struct conn *c);
/* The peer is on this machine: 127.0.0.0/8, ::1, a unix socket. A v4 address mapped into v6 does not
 * count. */
bool conn_is_loopback(const struct conn *c);

/* A unix socket: nobody can listen in. */
bool conn_is_private(const struct conn *c);

/* From here on both sides speak TLS (tls.h). A client says what host the certificate is to name; NULL: none.
 * early: what was read of the conn already and belongs to TLS. ERR_REFUSED when they do not agree, or a
 * certificate is not good; after any failure all that can be done with the conn is to close it. Once. */
struct tls_context;
int conn_start_tls(struct ctx *cx, struct conn *c, struct tls_context *context, struct slice early,
    const char *host) MUST_USE;
/* "TLSv1.3", or NULL. */
const char *conn_tls(const struct conn *c);

/* For net.c. */
struct address;
struct simnet_end;
/* Takes fd over, also when it fails. */
struct conn *conn_from_fd(
    struct loop *l, int fd, const struct address *peer, struct err *err) MUST_USE;
struct conn *conn_from_end(struct loop *l, struct simnet_end *end) MUST_USE;
int conn_finish_connect(struct ctx *cx, struct conn *c) MUST_USE;
int conn_fail(struct err *err, int errnum, const char *act, const char *peer); /* -1, err filled */

#endif
