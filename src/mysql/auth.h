/*
 * auth.h - authentication plugins, both sides.
 *
 * Towards a server a plugin is a conversation (struct auth_talk): the answer to a scramble, and with some
 * plugins answers to what the server says then. The talk takes payloads and gives payloads; login.h sends
 * them. A server may begin another one at any time, by an auth switch request: some accounts have several
 * plugins, and each is tried.
 *
 * mysql_native_password: the server knows stage2 = SHA1(SHA1(password)) and sends 20
 * random bytes; the client answers SHA1(password) XOR SHA1(random, stage2). An empty
 * password is an empty answer.
 *
 * caching_sha2_password: the same with SHA-256, and the hash's two parts the other way round. A server that
 * has the password's hash in its cache says so; another one, that has been started since or has never seen
 * the account, must be shown the password itself:
 *
 *   scramble (20)                  ------>
 *                                  <------    answer (32), or nothing for an empty password
 *   03, then OK: it was right      ------>
 *
 *   04: the whole password         ------>
 *                                  <------    by TLS or a unix socket: password, NUL
 *                                  <------    else: 02, may I have your key?
 *   key in PEM                     ------>
 *                                  <------    RSA-OAEP of (password, NUL) XOR scramble
 *   OK                             ------>
 *
 * A key that came over the network may be anybody's who sits between, and then the password is theirs. So the
 * key is asked for on loopback only; to another host the whole password goes by TLS, or not at all. (MySQL's
 * own client does neither unless it is given the key or told to trust the network.)
 *
 * sha256_password: the whole password at once, and 01 asks for the key. MySQL says this name, or another one,
 * to whoever is unknown to it, so that nobody learns which accounts there are.
 *
 * client_ed25519: the answer is the scramble (32) signed with Ed25519, the key being the password (crypto.h).
 *
 * parsec: the answer is empty; the server says 'P', a factor and a salt; then 32 random bytes of ours and the
 * signature of both sides' with the key PBKDF2(password, salt, 1024 << factor).
 */
#ifndef MYSQL_AUTH_H
#define MYSQL_AUTH_H

#include "base/buf.h"
#include "base/err.h"
#include "base/secret.h"
#include "mysql/handshake.h"

enum {
	AUTH_HASH_LEN = 20, /* SHA-1 */
	AUTH_SCRAMBLE_MAX = 32,
};

#define AUTH_NATIVE       "mysql_native_password"
#define AUTH_CACHING_SHA2 "caching_sha2_password"

/* Who may listen to what is said to the server. */
enum auth_privacy {
	AUTH_TLS, /* nobody; who the server is, the mode's check of its certificate has said, or nobody */
	AUTH_SOCKET,   /* nobody; but sha256_password's server takes a unix socket for a network */
	AUTH_LOOPBACK, /* who may do so on this machine may do more */
	AUTH_OPEN,     /* the network */
};

struct auth_plugin;

/* One client's side; all zero but for password and privacy is one that has not begun. */
struct auth_talk {
	struct slice password; /* borrowed */
	enum auth_privacy privacy;
	const struct auth_plugin *plugin;
	uint8_t scramble[AUTH_SCRAMBLE_MAX];
	int step; /* the plugin's own */
};

/* Can the plugin answer the scramble of a greeting? An empty name is the default plugin. */
bool auth_greets(struct slice plugin);
/* The answer to a scramble with or without a final NUL, which begins the talk anew. ERR_REFUSED, by name,
 * with a hint, for a plugin that is not spoken. */
int auth_begin(struct auth_talk *t, const struct auth_switch *with, struct buf *answer,
    struct err *err) MUST_USE;
/* To what the server says between its scramble and its OK, without the 0x01 in front. *answered: answer is to
 * be sent, as it is. It may hold the password: auth_wipe() it. */
int auth_more(struct auth_talk *t, struct slice said, struct buf *answer, bool *answered,
    struct err *err) MUST_USE;
const char *auth_name(const struct auth_talk *t);
/* buf_done() of what nobody may find in memory. */
void auth_wipe(struct buf *answer);

/* ---- a server's side, which verifies AUTH_NATIVE and AUTH_CACHING_SHA2 ----
 *
 * It knows the passwords, so that nobody has to show one: of caching_sha2_password it has the fast way only.
 */

/* What a server keeps of a password. */
struct auth_stored {
	bool empty; /* no password */
	uint8_t stage2[AUTH_HASH_LEN];
	uint8_t sha256_stage2[AUTH_SCRAMBLE_MAX];
};

void auth_store(struct slice password, struct auth_stored *out);
/* Is answer right for what is stored? Takes the same time for any wrong answer of the right length. */
bool auth_native_verify(
    const struct auth_stored *stored, const uint8_t scramble[SCRAMBLE_LEN], struct slice answer);
bool auth_caching_sha2_verify(
    const struct auth_stored *stored, const uint8_t scramble[SCRAMBLE_LEN], struct slice answer);
/* Random bytes without NUL and '$', which some clients cut at. */
void auth_scramble(uint8_t out[SCRAMBLE_LEN]);

#endif
