/*
 * tls_options.h - what programs take of certificates, and what they make of it.
 *
 * Towards database servers the options are Vitess's (--db-ssl-mode, --db-ssl-ca, --db-ssl-cert,
 * --db-ssl-key), and the modes are the words of the client tools' ssl-mode; towards clients they are a
 * database server's own (--ssl-cert, --ssl-key, --ssl-ca, --require-secure-transport).
 */
#ifndef CMD_TLS_OPTIONS_H
#define CMD_TLS_OPTIONS_H

#include "mysql/login.h"

/* As the tables of options fill them; NULL for what is not given. */
struct db_ssl_settings {
	int mode; /* enum mysql_tls_mode */
	const char *ca, *cert, *key;
};

struct client_ssl_settings {
	const char *ca, *cert, *key;
	bool required;
};

/* ERR_REFUSED for options that do not belong together, and files that cannot be used. out->context is the
 * caller's. */
int db_ssl_open(const struct db_ssl_settings *s, struct mysql_tls *out, struct err *err) MUST_USE;
/* *out is NULL where no certificate is given. */
int client_ssl_open(
    const struct client_ssl_settings *s, struct tls_context **out, struct err *err) MUST_USE;

#endif
