/*
 * tls.h - OpenSSL over any stream of bytes that does not wait. conn.h is how it is used.
 *
 * A tls_context has one side's certificates, from files. It is shared by all loops. Files that have changed
 * are read again when the next connection begins, so that a renewed certificate needs no restart; where the
 * new ones cannot be used (one of two has been written yet), that is logged once, and the old ones serve on.
 *
 * TLS 1.2 and 1.3, with the system's ciphers (openssl.cnf).
 *
 * A struct tls is one connection's. It takes its bytes from a pipe and gives them to it; as in recv(2) and
 * send(2), -1 with EAGAIN means that the pipe had to wait, for input unless tls_wants_write() says otherwise.
 */
#ifndef TASK_TLS_H
#define TASK_TLS_H

#include "base/err.h"
#include "base/slice.h"

#include <sys/types.h>

enum tls_side { TLS_CLIENT, TLS_SERVER };

/* What is asked of the other side's certificate. */
enum tls_check {
	TLS_CHECK_NOTHING,
	TLS_CHECK_CHAIN, /* one of our certificate authorities has signed it */
	TLS_CHECK_NAME, /* and it names who we wanted to talk to; of a client's: as TLS_CHECK_CHAIN */
};

/* NULL for what is not given. */
struct tls_params {
	enum tls_side side;
	enum tls_check check;
	const char *ca;         /* PEM, one or many; NULL: the system's */
	const char *cert, *key; /* PEM; cert with the certificates between it and the authority's */
};

struct tls_context;
struct tls;

/* ERR_REFUSED with the file's name for what cannot be read or does not belong together. */
struct tls_context *tls_context_new(const struct tls_params *params, struct err *err) MUST_USE;
void tls_context_free(struct tls_context *t); /* when the last connection is over; NULL is fine */

struct tls_pipe {
	ssize_t (*receive)(void *arg, void *out, size_t len);
	ssize_t (*send)(void *arg, const void *data, size_t len);
	void *arg;
};

/* early: what has been read of the pipe already. host: whose certificate it must be, or NULL. */
struct tls *tls_new(
    struct tls_context *context, const struct tls_pipe *pipe, struct slice early, const char *host);
void tls_free(struct tls *t);

/* 1: both sides have agreed; 0: again after a wait; -1: never. */
int tls_handshake(struct tls *t, struct err *err) MUST_USE;
/* As recv(2); 0 is the end. EPROTO: not with this peer, tls_why() says why. */
ssize_t tls_read(struct tls *t, void *out, size_t len);
ssize_t tls_peek(struct tls *t, void *out, size_t len);
/* As send(2). After EAGAIN the same bytes must come again. */
ssize_t tls_write(struct tls *t, const void *data, size_t len);
bool tls_wants_write(const struct tls *t);
/* Has bytes of the pipe that were not yet taken, which may be less than what can be read. */
bool tls_pending(const struct tls *t);
const char *tls_why(const struct tls *t);
/* A last word, as far as it goes without waiting. */
void tls_say_end(struct tls *t);
/* "TLSv1.3" */
const char *tls_version(const struct tls *t);

#endif
