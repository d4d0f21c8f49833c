/*
 * link_options.h - what programs take of certificates and compression, and what they make of it.
 *
 * Towards database servers the options are Vitess's (--db-ssl-mode, --db-ssl-ca, --db-ssl-cert,
 * --db-ssl-key) and the client tools' (--compression-algorithms, --zstd-compression-level, with the same
 * db- before them), with their words; towards clients they are a database server's own (--ssl-cert,
 * --ssl-key, --ssl-ca, --require-secure-transport, --protocol-compression-algorithms).
 */
#ifndef CMD_LINK_OPTIONS_H
#define CMD_LINK_OPTIONS_H

#include "base/arena.h"
#include "mysql/login.h"
#include "mysql/server.h"

#include <stddef.h>

/* As the tables of options fill them; NULL for what is not given. */
struct db_link_settings {
	int mode; /* enum mysql_tls_mode */
	const char *ca, *cert, *key;
	const char *compression; /* words of COMPRESSION_WORDS */
	int64_t zstd_level;
};

struct client_link_settings {
	const char *ca, *cert, *key;
	bool required;
	const char *compression; /* words of COMPRESSION_WORDS */
};

/* Their rows in a table of options for a struct settings that has them as db_link, and as client_link. */
/* clang-format off */
#define DB_LINK_OPTIONS                                                                            \
	{ "db-ssl-mode", OPT_ENUM, offsetof(struct settings, db_link.mode), "PREFERRED", 0, 0,     \
	    MYSQL_TLS_MODES, NULL,                                                                 \
	    "TLS to the database servers; PREFERRED: to those on other hosts that offer it" },     \
	{ "db-ssl-ca", OPT_STRING, offsetof(struct settings, db_link.ca), NULL, 0, 0, NULL,        \
	    "FILE", "authorities of the servers' certificates; the system's if not given" },       \
	{ "db-ssl-cert", OPT_STRING, offsetof(struct settings, db_link.cert), NULL, 0, 0, NULL,    \
	    "FILE", "certificate to show to the servers" },                                        \
	{ "db-ssl-key", OPT_STRING, offsetof(struct settings, db_link.key), NULL, 0, 0, NULL,      \
	    "FILE", "its private key" },                                                           \
	{ "db-compression-algorithms", OPT_STRING, offsetof(struct settings, db_link.compression), \
	    "uncompressed", 0, 0, NULL, "LIST",                                                    \
	    "compression towards the database servers: the first of zlib, zstd that is listed and "\
	    "offered; uncompressed: also without" },                                               \
	{ "compression-algorithms", OPT_STRING, offsetof(struct settings, db_link.compression),    \
	    "uncompressed", 0, 0, NULL, "LIST", NULL },                                            \
	{ "db-zstd-compression-level", OPT_INT, offsetof(struct settings, db_link.zstd_level),     \
	    "3", 1, PACK_ZSTD_LEVEL_MAX, NULL, "N", "of zstd there" },                             \
	{ "zstd-compression-level", OPT_INT, offsetof(struct settings, db_link.zstd_level),        \
	    "3", 1, PACK_ZSTD_LEVEL_MAX, NULL, "N", NULL }
#define CLIENT_LINK_OPTIONS                                                                        \
	{ "ssl-cert", OPT_STRING, offsetof(struct settings, client_link.cert), NULL, 0, 0, NULL,   \
	    "FILE", "certificate for clients, who may use TLS then" },                             \
	{ "ssl-key", OPT_STRING, offsetof(struct settings, client_link.key), NULL, 0, 0, NULL,     \
	    "FILE", "its private key" },                                                           \
	{ "ssl-ca", OPT_STRING, offsetof(struct settings, client_link.ca), NULL, 0, 0, NULL,       \
	    "FILE", "authorities: a client that uses TLS must show a certificate of theirs" },     \
	{ "require-secure-transport", OPT_BOOL, offsetof(struct settings, client_link.required),   \
	    NULL, 0, 0, NULL, NULL, "refuse clients that use neither TLS nor a unix socket (3159)" },\
	{ "protocol-compression-algorithms", OPT_STRING,                                           \
	    offsetof(struct settings, client_link.compression), COMPRESSION_WORDS, 0, 0, NULL,     \
	    "LIST", "what clients may compress with; without uncompressed they must" }
/* clang-format on */

/* ERR_REFUSED for options that do not belong together, and files that cannot be used. out->context is the
 * caller's. */
int db_link_open(const struct db_link_settings *s, struct mysql_link *out, struct err *err) MUST_USE;
/* out->tls is the caller's; NULL where no certificate is given. */
int client_link_open(
    const struct client_link_settings *s, struct server_link *out, struct err *err) MUST_USE;

/* For a program that hands them on to others: what they are typed as, "--db-ssl-mode=REQUIRED",
 * NULL-terminated, in the arena. ERR_REFUSED as above. */
int db_link_words(struct arena *a, const struct db_link_settings *s, const char *const **out,
    struct err *err) MUST_USE;
/* Those of both. */
int gate_link_words(struct arena *a, const struct db_link_settings *db,
    const struct client_link_settings *s, const char *const **out, struct err *err) MUST_USE;

#endif
