/*
 * login.h - the client's side of a new connection: greeting, response, authentication.
 */
#ifndef MYSQL_LOGIN_H
#define MYSQL_LOGIN_H

#include "base/secret.h"
#include "mysql/dialect.h"
#include "mysql/packet.h"
#include "task/address.h"
#include "task/tls.h"

/* The client tools' ssl-mode, by its words. */
enum mysql_tls_mode {
	MYSQL_TLS_DISABLED,
	MYSQL_TLS_PREFERRED, /* where the server offers it and is on another machine */
	MYSQL_TLS_REQUIRED,
	MYSQL_TLS_VERIFY_CA,       /* and the certificate is of an authority that we trust */
	MYSQL_TLS_VERIFY_IDENTITY, /* and names the host that we connect to */
};
#define MYSQL_TLS_MODES "DISABLED|PREFERRED|REQUIRED|VERIFY_CA|VERIFY_IDENTITY"

/* How connections to servers are made; context is of the client's side, and checks what the mode says. */
struct mysql_link {
	enum mysql_tls_mode mode;
	struct tls_context *context; /* NULL when DISABLED */
	/* What may compress them, the one that is wanted most first; none: nothing. A server that has none of
	 * them is refused, unless they may be uncompressed. */
	struct compression_choice compression;
	int zstd_level; /* 1 to 22 */
};

struct mysql_params {
	const char *address; /* "127.0.0.1:3306", "unix:/run/x.sock" */
	const char *user;
	const struct secret *password; /* NULL: empty */
	const char *database;          /* NULL: none */
	enum mysql_role role;          /* what the session states of itself */
	bool found_rows;               /* CLIENT_FOUND_ROWS: matched, not changed rows */
	bool local_files;              /* needed for mysql_load_start() */
	bool multi;                    /* CLIENT_MULTI_STATEMENTS */
	/* Added to and taken from ours (caps.h): a relay's two sides must speak the same. */
	uint64_t caps_with, caps_without;
	uint8_t collation;             /* 0: utf8mb4_general_ci */
	const struct mysql_link *link; /* NULL: without TLS and compression */
};

/* What came of it. */
struct login {
	uint64_t caps;                          /* what both sides agreed on */
	enum compression_algorithm compression; /* in which the session goes on */
	uint32_t thread_id;
	char version[64]; /* "10.11.14-MariaDB-0+deb12u2-log", cut to fit */
	const struct dialect *dialect;
};

/* The host of "db1:3306" or "[::1]:3306"; "localhost" of a unix socket. */
struct slice login_host(const char *address);

/* Who answers at an address, before anybody logs in: version and dialect of *out; and our own end of the
 * connection, "10.0.0.7:51234", which is there as soon as there is one. */
int login_meet(
    struct ctx *cx, const char *address, struct login *out, char own[ADDRESS_TEXT_MAX]) MUST_USE;
/* ERR_REFUSED for a server that is no row of dialect.h, or offers not what params want, before it is told a
 * name or a password. Behind it what was agreed compresses. */
int login(struct ctx *cx, struct packets *p, const struct mysql_params *params,
    struct login *out) MUST_USE;

#endif
