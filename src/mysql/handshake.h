/*
 * handshake.h - greeting and response, both directions.
 *
 *   server                                    client
 *   greeting (version 10)          ------>
 *                                  <------    response (protocol 4.1)
 *   auth switch request, optional  ------>
 *                                  <------    the plugin's bytes
 *   OK or ERR                      ------>
 *
 * greeting
 *   int<1> 10 | str<NUL> server version | int<4> thread id | str[8] scramble, first part | int<1> 0
 *   int<2> capabilities 0-15 | int<1> collation | int<2> status | int<2> capabilities 16-31
 *   int<1> length of the scramble with its NUL | str[6] 0 | int<4> MariaDB's capabilities, else 0
 *   str[max(13, length - 8)] scramble, second part, NUL | str<NUL> plugin
 *
 * response
 *   int<4> capabilities 0-31 | int<4> max packet | int<1> collation | str[19] 0
 *   int<4> MariaDB's capabilities, else 0 | str<NUL> user
 *   auth: str<lenenc>, or int<1> length and bytes, or str<NUL>, by capability
 *   str<NUL> database, if CONNECT_WITH_DB | str<NUL> plugin, if PLUGIN_AUTH
 *   str<lenenc> attributes, each two str<lenenc>, if CONNECT_ATTRS
 *   int<1> level, if ZSTD
 *
 * request for TLS: the response up to its user, with SSL among its capabilities; the whole of it comes in TLS
 *
 * auth switch request: int<1> 0xfe | str<NUL> plugin | str<EOF> scramble, with most plugins NUL
 */
#ifndef MYSQL_HANDSHAKE_H
#define MYSQL_HANDSHAKE_H

#include "mysql/caps.h"
#include "mysql/wire.h"

enum {
	SCRAMBLE_LEN = 20,
	/* a response: attributes may reach 64 kB, the servers' own bound */
	HANDSHAKE_MAX = 64 * 1024,
	SSL_REQUEST_LEN = 32, /* a response that ends before the user asks for TLS */
};

/* Slices are borrowed from the packet. */
struct greeting {
	struct slice version;
	uint32_t thread_id;
	uint64_t caps;
	uint8_t collation;
	uint16_t status;
	uint8_t scramble[SCRAMBLE_LEN];
	struct slice plugin; /* empty when the server names none */
};

struct handshake_response {
	uint64_t caps;
	uint32_t packet_max;
	uint8_t collation;
	struct slice user, auth, database, plugin, attributes;
	uint8_t zstd_level; /* 0: none said */
};

struct auth_switch {
	struct slice plugin;
	struct slice data; /* a scramble; of most plugins with a final NUL */
};

int greeting_read(struct slice packet, struct greeting *out, struct err *err) MUST_USE;
void greeting_put(struct buf *b, const struct greeting *g);
int handshake_response_read(
    struct slice packet, struct handshake_response *out, struct err *err) MUST_USE;
void handshake_response_put(struct buf *b, const struct handshake_response *r);
/* The beginning of r that asks for TLS. */
void ssl_request_put(struct buf *b, const struct handshake_response *r);
int auth_switch_read(struct slice packet, struct auth_switch *out, struct err *err) MUST_USE;
void auth_switch_put(struct buf *b, const struct auth_switch *s);
/* The next pair of attributes; false at the end or when the rest is not a pair. */
bool attribute_next(struct slice *attributes, struct slice *key, struct slice *value);

#endif
