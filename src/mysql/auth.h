/*
 * auth.h - authentication plugins, both sides.
 *
 * A plugin is a row: its name, and how it answers a server's scramble. A plugin that
 * needs more round trips than one answer (caching_sha2_password's full exchange) has
 * its second step here too; such rows come with MySQL.
 *
 * mysql_native_password: the server knows stage2 = SHA1(SHA1(password)) and sends 20
 * random bytes; the client answers SHA1(password) XOR SHA1(random, stage2). An empty
 * password is an empty answer.
 */
#ifndef MYSQL_AUTH_H
#define MYSQL_AUTH_H

#include "base/err.h"
#include "base/secret.h"
#include "mysql/handshake.h"

enum { AUTH_HASH_LEN = 20, AUTH_ANSWER_MAX = 64 }; /* SHA-1; room for a SHA-256 and more */

#define AUTH_NATIVE "mysql_native_password"

/* What a server keeps of a password. */
struct auth_stored {
	bool empty; /* no password */
	uint8_t stage2[AUTH_HASH_LEN];
};

struct auth_plugin {
	const char *name;
	/* Writes the answer to a scramble, at most AUTH_ANSWER_MAX bytes; returns its length. */
	size_t (*answer)(struct slice password, const uint8_t scramble[SCRAMBLE_LEN], uint8_t *out);
};

/* NULL for a plugin we do not speak. An empty name is the default plugin. */
const struct auth_plugin *auth_plugin_find(struct slice name);
void auth_store(struct slice password, struct auth_stored *out);
/* Is answer right for what is stored? Takes the same time for any wrong answer of the right length. */
bool auth_native_verify(
    const struct auth_stored *stored, const uint8_t scramble[SCRAMBLE_LEN], struct slice answer);
/* Random bytes without NUL and '$', which some clients cut at. */
void auth_scramble(uint8_t out[SCRAMBLE_LEN]);

#endif
