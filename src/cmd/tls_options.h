/*
 * tls_options.h - what programs take of certificates, and what they make of it.
 *
 * Towards database servers the options are Vitess's (--db-ssl-mode, --db-ssl-ca, --db-ssl-cert,
 * --db-ssl-key), and the modes are the words of the client tools' ssl-mode; towards clients they are a
 * database server's own (--ssl-cert, --ssl-key, --ssl-ca, --require-secure-transport).
 */
#ifndef CMD_TLS_OPTIONS_H
#define CMD_TLS_OPTIONS_H

#include "base/arena.h"
#include "mysql/login.h"

#include <stddef.h>

/* As the tables of options fill them; NULL for what is not given. */
struct db_ssl_settings {
	int mode; /* enum mysql_tls_mode */
	const char *ca, *cert, *key;
};

struct client_ssl_settings {
	const char *ca, *cert, *key;
	bool required;
};

/* Their rows in a table of options for a struct settings that has them as db_ssl, and as ssl. */
/* clang-format off */
#define DB_SSL_OPTIONS                                                                             \
	{ "db-ssl-mode", OPT_ENUM, offsetof(struct settings, db_ssl.mode), "PREFERRED", 0, 0,      \
	    MYSQL_TLS_MODES, NULL,                                                                 \
	    "TLS to the database servers; PREFERRED: to those on other hosts that offer it" },     \
	{ "db-ssl-ca", OPT_STRING, offsetof(struct settings, db_ssl.ca), NULL, 0, 0, NULL, "FILE", \
	    "authorities of the servers' certificates; the system's if not given" },               \
	{ "db-ssl-cert", OPT_STRING, offsetof(struct settings, db_ssl.cert), NULL, 0, 0, NULL,     \
	    "FILE", "certificate to show to the servers" },                                        \
	{ "db-ssl-key", OPT_STRING, offsetof(struct settings, db_ssl.key), NULL, 0, 0, NULL,       \
	    "FILE", "its private key" }
#define CLIENT_SSL_OPTIONS                                                                         \
	{ "ssl-cert", OPT_STRING, offsetof(struct settings, ssl.cert), NULL, 0, 0, NULL, "FILE",   \
	    "certificate for clients, who may use TLS then" },                                     \
	{ "ssl-key", OPT_STRING, offsetof(struct settings, ssl.key), NULL, 0, 0, NULL, "FILE",     \
	    "its private key" },                                                                   \
	{ "ssl-ca", OPT_STRING, offsetof(struct settings, ssl.ca), NULL, 0, 0, NULL, "FILE",       \
	    "authorities: a client that uses TLS must show a certificate of theirs" },             \
	{ "require-secure-transport", OPT_BOOL, offsetof(struct settings, ssl.required), NULL, 0,  \
	    0, NULL, NULL, "refuse clients that use neither TLS nor a unix socket (3159)" }
/* clang-format on */

/* ERR_REFUSED for options that do not belong together, and files that cannot be used. out->context is the
 * caller's. */
int db_ssl_open(const struct db_ssl_settings *s, struct mysql_tls *out, struct err *err) MUST_USE;
/* *out is NULL where no certificate is given. */
int client_ssl_open(
    const struct client_ssl_settings *s, struct tls_context **out, struct err *err) MUST_USE;

/* For a program that hands them on to others: what they are typed as, "--db-ssl-mode=REQUIRED",
 * NULL-terminated, in the arena. ERR_REFUSED as above. */
int db_ssl_words(struct arena *a, const struct db_ssl_settings *s, const char *const **out,
    struct err *err) MUST_USE;
/* Those of both. */
int gate_ssl_words(struct arena *a, const struct db_ssl_settings *db,
    const struct client_ssl_settings *s, const char *const **out, struct err *err) MUST_USE;

#endif
