/*
 * login.h - the client's side of a new connection: greeting, response, authentication.
 */
#ifndef MYSQL_LOGIN_H
#define MYSQL_LOGIN_H

#include "base/secret.h"
#include "mysql/dialect.h"
#include "mysql/packet.h"

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
	uint8_t collation; /* 0: utf8mb4_general_ci */
};

/* What came of it. */
struct login {
	uint64_t caps; /* what both sides agreed on */
	uint32_t thread_id;
	char version[64]; /* "10.11.14-MariaDB-0+deb12u2-log", cut to fit */
	const struct dialect *dialect;
};

/* ERR_REFUSED for a server that is no row of dialect.h, before it is told a name or a password. */
int login(struct ctx *cx, struct packets *p, const struct mysql_params *params,
    struct login *out) MUST_USE;
/* login() to whoever it is: out->dialect is NULL. */
int login_any(struct ctx *cx, struct packets *p, const struct mysql_params *params,
    struct login *out) MUST_USE;

#endif
