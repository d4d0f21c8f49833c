#include "task/tls.h"

#include "base/check.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/mutant.h"

#include <errno.h>
#include <limits.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { FILES = 3, WHY_MAX = 200 };

/* When a file was what it is. */
struct stamp {
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec changed;
};

struct tls_context {
	enum tls_side side;
	enum tls_check check;
	char *ca, *cert, *key;
	BIO_METHOD *pipe;
	pthread_mutex_t lock; /* of what follows: connections begin in all loops */
	SSL_CTX *now;
	struct stamp stamps[FILES];
};

struct tls {
	SSL *ssl;
	struct tls_pipe pipe;
	enum tls_side side;
	char *early; /* what the pipe's reader had read before, and what is left of it */
	size_t early_at, early_len;
	int wants;  /* SSL_ERROR_WANT_READ or _WRITE, of the last call */
	int errnum; /* of the pipe's last failure, or 0 */
	bool piped_out, done, dead;
	char why[WHY_MAX];
};

/* ---- the pipe, as OpenSSL sees it ---- */

static ssize_t
take_early(struct tls *t, char *out, size_t len)
{
	size_t left = t->early_len - t->early_at, n = len < left ? len : left;

	memcpy(out, t->early + t->early_at, n);
	t->early_at += n;
	if (t->early_at == t->early_len) {
		free(t->early);
		t->early = NULL;
	}
	return (ssize_t)n;
}

static void
note_failure(struct tls *t, BIO *bio, int flag)
{
	if (errno == EAGAIN || errno == EWOULDBLOCK)
		BIO_set_flags(bio, flag | BIO_FLAGS_SHOULD_RETRY);
	else
		t->errnum = errno;
}

static int
pipe_read(BIO *bio, char *out, int len)
{
	struct tls *t = BIO_get_data(bio);
	ssize_t n;

	BIO_clear_retry_flags(bio);
	if (t->early != NULL)
		return (int)take_early(t, out, (size_t)len);
	n = t->pipe.receive(t->pipe.arg, out, (size_t)len);
	if (n < 0)
		note_failure(t, bio, BIO_FLAGS_READ);
	t->piped_out = n == 0;
	return (int)n;
}

static int
pipe_write(BIO *bio, const char *data, int len)
{
	struct tls *t = BIO_get_data(bio);
	ssize_t n;

	BIO_clear_retry_flags(bio);
	n = t->pipe.send(t->pipe.arg, data, (size_t)len);
	if (n < 0)
		note_failure(t, bio, BIO_FLAGS_WRITE);
	return (int)n;
}

static long
pipe_ctrl(BIO *bio, int cmd, long num, void *ptr)
{
	struct tls *t = BIO_get_data(bio);

	if (cmd == BIO_CTRL_EOF)
		return t->piped_out;
	return cmd == BIO_CTRL_FLUSH;
}

static BIO_METHOD *
pipe_method(void)
{
	BIO_METHOD *m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "pipe");

	check(m != NULL && BIO_meth_set_read(m, pipe_read) == 1 &&
	    BIO_meth_set_write(m, pipe_write) == 1 && BIO_meth_set_ctrl(m, pipe_ctrl) == 1);
	return m;
}

/* ---- certificates ---- */

static int
refuse_file(struct err *err, const char *what, const char *path)
{
	/* The first one says most. */
	const char *reason = ERR_reason_error_string(ERR_peek_error());

	err_set(err, ERR_REFUSED, "reading the %s of '%s': %s", what, path,
	    reason == NULL ? "it is none" : reason);
	ERR_clear_error();
	return -1;
}

/* OpenSSL would ask on the terminal. */
static int
no_passphrase(char *buf, int size, int writing, void *arg)
{
	return -1;
}

static int
load_own(const struct tls_context *t, SSL_CTX *ctx, struct err *err)
{
	if (t->cert == NULL)
		return 0;
	SSL_CTX_set_default_passwd_cb(ctx, no_passphrase);
	if (SSL_CTX_use_certificate_chain_file(ctx, t->cert) != 1)
		return refuse_file(err, "certificate", t->cert);
	if (SSL_CTX_use_PrivateKey_file(ctx, t->key, SSL_FILETYPE_PEM) != 1)
		return refuse_file(err, "private key", t->key);
	return 0;
}

static int
load_authorities(const struct tls_context *t, SSL_CTX *ctx, struct err *err)
{
	STACK_OF(X509_NAME) * names;

	if (t->check == TLS_CHECK_NOTHING)
		return 0;
	if (t->ca == NULL) {
		check(SSL_CTX_set_default_verify_paths(ctx) == 1);
	} else {
		if (SSL_CTX_load_verify_locations(ctx, t->ca, NULL) != 1)
			return refuse_file(err, "certificate authorities", t->ca);
		if (t->side == TLS_SERVER) {
			names = SSL_load_client_CA_file(t->ca);
			if (names == NULL)
				return refuse_file(err, "certificate authorities", t->ca);
			SSL_CTX_set_client_CA_list(ctx, names);
		}
	}
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	return 0;
}

/* OpenSSL's own word for a file that is not there is not its name. */
static int
check_readable(const char *path, struct err *err)
{
	FILE *f;

	if (path == NULL)
		return 0;
	f = fopen(path, "re");
	if (f == NULL)
		return err_set(err, ERR_REFUSED, "reading '%s': %s", path, strerror(errno));
	fclose(f);
	return 0;
}

static SSL_CTX *
load(const struct tls_context *t, struct err *err)
{
	SSL_CTX *ctx;

	if (check_readable(t->ca, err) != 0 || check_readable(t->cert, err) != 0 ||
	    check_readable(t->key, err) != 0)
		return NULL;
	ctx = SSL_CTX_new(t->side == TLS_SERVER ? TLS_server_method() : TLS_client_method());
	/* The system's openssl.cnf may want more, and is the reason where this fails. */
	if (ctx == NULL ||
	    (SSL_CTX_get_min_proto_version(ctx) < TLS1_2_VERSION &&
		SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1)) {
		SSL_CTX_free(ctx);
		(void)refuse_file(err, "settings", "openssl.cnf");
		return NULL;
	}
	/* The database protocol says where its packets end: an end without TLS's own word cuts nothing. */
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
	/* A short write is told and the rest may lie elsewhere; a connection that is idle has no buffers. */
	SSL_CTX_set_mode(ctx,
	    SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
		SSL_MODE_RELEASE_BUFFERS);
	/* Headers and what follows them come with one read of the pipe. */
	SSL_CTX_set_read_ahead(ctx, 1);
	/* Without it OpenSSL resumes no session of a client that showed a certificate. */
	check(SSL_CTX_set_session_id_context(ctx, (const unsigned char *)"switchyard", 10) == 1);
	if (load_own(t, ctx, err) != 0 || load_authorities(t, ctx, err) != 0) {
		SSL_CTX_free(ctx);
		return NULL;
	}
	return ctx;
}

/* Of a file that is not there: all zero. */
static struct stamp
stamp_of(const char *path)
{
	struct stat st;

	if (path == NULL || stat(path, &st) != 0)
		return (struct stamp){ 0 };
	return (struct stamp){
		.dev = st.st_dev, .ino = st.st_ino, .size = st.st_size, .changed = st.st_mtim
	};
}

static bool
is_same(const struct stamp *a, const struct stamp *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
	    a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

/* Have they changed since the last call? Asked before they are read: what changes meanwhile is seen next
 * time. */
static bool
take_stamps(struct tls_context *t)
{
	const char *paths[FILES] = { t->ca, t->cert, t->key };
	bool same = true;

	for (int i = 0; i < FILES; i++) {
		struct stamp now = stamp_of(paths[i]);

		same = same && is_same(&now, &t->stamps[i]);
		t->stamps[i] = now;
	}
	return !same;
}

static void
renew(struct tls_context *t)
{
	struct err err = { 0 };
	SSL_CTX *ctx;

	if (!take_stamps(t) || mutant("task_tls_never_renewed"))
		return;
	ctx = load(t, &err);
	if (ctx == NULL) {
		log_warn(
		    "TLS: the files have changed, and the certificates of before stay in use: %s",
		    err.text);
		return;
	}
	SSL_CTX_free(t->now);
	t->now = ctx;
	log_info("TLS: the files have changed and are in use");
}

static char *
copy_of(const char *text)
{
	return text == NULL ? NULL : mem_strdup(text);
}

struct tls_context *
tls_context_new(const struct tls_params *params, struct err *err)
{
	struct tls_context *t = mem_new(struct tls_context);

	check((params->cert == NULL) == (params->key == NULL));
	check(params->side == TLS_CLIENT || params->cert != NULL);
	t->side = params->side;
	t->check = params->check;
	t->ca = copy_of(params->ca);
	t->cert = copy_of(params->cert);
	t->key = copy_of(params->key);
	t->pipe = pipe_method();
	check(pthread_mutex_init(&t->lock, NULL) == 0);
	(void)take_stamps(t);
	t->now = load(t, err);
	if (t->now != NULL)
		return t;
	tls_context_free(t);
	return NULL;
}

void
tls_context_free(struct tls_context *t)
{
	if (t == NULL)
		return;
	SSL_CTX_free(t->now);
	check(pthread_mutex_destroy(&t->lock) == 0);
	BIO_meth_free(t->pipe);
	free(t->ca);
	free(t->cert);
	free(t->key);
	free(t);
}

/* ---- a connection ---- */

static SSL *
begin(struct tls_context *context)
{
	SSL *ssl;

	check(pthread_mutex_lock(&context->lock) == 0);
	renew(context);
	ssl = SSL_new(context->now);
	check(pthread_mutex_unlock(&context->lock) == 0);
	check(ssl != NULL);
	return ssl;
}

static bool
is_number(const char *host)
{
	ASN1_OCTET_STRING *ip = a2i_IPADDRESS(host);
	bool is = ip != NULL;

	ASN1_OCTET_STRING_free(ip);
	ERR_clear_error();
	return is;
}

/* An address in numbers stands in a certificate as such, and is no name to ask for. */
static void
expect_host(SSL *ssl, const char *host, bool check_name)
{
	X509_VERIFY_PARAM *p = SSL_get0_param(ssl);
	char *name;

	if (is_number(host)) {
		check(!check_name || X509_VERIFY_PARAM_set1_ip_asc(p, host) == 1);
		return;
	}
	X509_VERIFY_PARAM_set_hostflags(p, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	check(!check_name || X509_VERIFY_PARAM_set1_host(p, host, 0) == 1);
	name = mem_strdup(host);                   /* that it is only read is not in its type */
	(void)SSL_set_tlsext_host_name(ssl, name); /* what is too long for it needs no asking */
	free(name);
	ERR_clear_error();
}

struct tls *
tls_new(
    struct tls_context *context, const struct tls_pipe *pipe, struct slice early, const char *host)
{
	struct tls *t = mem_new(struct tls);
	BIO *bio = BIO_new(context->pipe);

	check(bio != NULL);
	t->ssl = begin(context);
	t->pipe = *pipe;
	t->side = context->side;
	if (early.len > 0 && !mutant("task_tls_early_lost")) {
		t->early = mem_alloc(early.len);
		memcpy(t->early, early.ptr, early.len);
		t->early_len = early.len;
	}
	BIO_set_data(bio, t);
	BIO_set_init(bio, 1);
	SSL_set_bio(t->ssl, bio, bio);
	if (context->side == TLS_SERVER)
		SSL_set_accept_state(t->ssl);
	else
		SSL_set_connect_state(t->ssl);
	if (host != NULL)
		expect_host(
		    t->ssl, host, context->check == TLS_CHECK_NAME && !mutant("task_tls_any_name"));
	return t;
}

void
tls_free(struct tls *t)
{
	if (t == NULL)
		return;
	SSL_free(t->ssl);
	free(t->early);
	free(t);
}

/* Whatever another one has left in this thread's queue would be taken for our error. It is mostly empty, and
 * to look costs a tenth of clearing it. */
static void
forget_errors(void)
{
	if (ERR_peek_error() != 0)
		ERR_clear_error();
}

/* What a call that did not succeed means, as recv(2) would say it. */
static ssize_t
give_up(struct tls *t, int rc)
{
	int error = SSL_get_error(t->ssl, rc);
	const char *reason;

	if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
		t->wants = error;
		errno = EAGAIN;
		return -1;
	}
	if (error == SSL_ERROR_ZERO_RETURN)
		return 0;
	t->dead = true;
	reason = ERR_reason_error_string(ERR_peek_error());
	ERR_clear_error();
	errno = t->errnum != 0 ? t->errnum : EPROTO;
	snprintf(t->why, sizeof(t->why), "%s",
	    t->errnum != 0       ? strerror(t->errnum)
		: reason == NULL ? "connection closed by the other side"
				 : reason);
	return -1;
}

static int
refuse_certificate(const struct tls *t, long code, struct err *err)
{
	err_set(err, ERR_REFUSED, "the %s's certificate is refused: %s",
	    t->side == TLS_CLIENT ? "server" : "client", X509_verify_cert_error_string(code));
	if (t->side == TLS_SERVER)
		return -1;
	if (code == X509_V_ERR_HOSTNAME_MISMATCH || code == X509_V_ERR_IP_ADDRESS_MISMATCH)
		return err_hint(err, "connect by a name or an address that is in the certificate");
	if (code == X509_V_ERR_CERT_HAS_EXPIRED || code == X509_V_ERR_CERT_NOT_YET_VALID)
		return err_hint(err, "renew it, or look at the clocks");
	return err_hint(err, "give the certificate of the authority that signed it");
}

int
tls_handshake(struct tls *t, struct err *err)
{
	int rc;
	long code;

	forget_errors();
	rc = SSL_do_handshake(t->ssl);
	if (rc == 1) {
		t->done = true;
		return 1;
	}
	if (give_up(t, rc) == 0)
		snprintf(t->why, sizeof(t->why), "connection closed by the other side");
	else if (errno == EAGAIN)
		return 0;
	code = SSL_get_verify_result(t->ssl);
	if (code != X509_V_OK)
		return refuse_certificate(t, code, err);
	if (t->piped_out || t->errnum != 0)
		return err_set(err, ERR_RETRY, "%s", t->why);
	return err_set(err, ERR_REFUSED, "%s", t->why);
}

static int
int_len(size_t len)
{
	return len > INT_MAX ? INT_MAX : (int)len;
}

ssize_t
tls_read(struct tls *t, void *out, size_t len)
{
	int n;

	forget_errors();
	n = SSL_read(t->ssl, out, int_len(len));
	return n > 0 ? n : give_up(t, n);
}

ssize_t
tls_peek(struct tls *t, void *out, size_t len)
{
	int n;

	forget_errors();
	n = SSL_peek(t->ssl, out, int_len(len));
	return n > 0 ? n : give_up(t, n);
}

ssize_t
tls_write(struct tls *t, const void *data, size_t len)
{
	int n;

	forget_errors();
	n = SSL_write(t->ssl, data, int_len(len));
	if (n > 0)
		return n;
	n = (int)give_up(t, n);
	if (n == 0)
		errno = EPIPE; /* the other side has said its end; nothing can follow */
	return -1;
}

bool
tls_wants_write(const struct tls *t)
{
	return t->wants == SSL_ERROR_WANT_WRITE;
}

bool
tls_pending(const struct tls *t)
{
	return t->early != NULL || SSL_has_pending(t->ssl) == 1;
}

const char *
tls_why(const struct tls *t)
{
	return t->why;
}

void
tls_say_end(struct tls *t)
{
	if (!t->done || t->dead)
		return;
	forget_errors();
	(void)SSL_shutdown(t->ssl);
	forget_errors();
}

const char *
tls_version(const struct tls *t)
{
	return SSL_get_version(t->ssl);
}
