#include "mysql/auth.h"

#include "base/check.h"
#include "base/mutant.h"
#include "base/rand.h"
#include "mysql/crypto.h"

/* A password and its NUL: with room for all of it, adding never moves it and leaves a copy behind. */
enum { CLEAR_MAX = SECRET_MAX + 2 };

struct auth_plugin {
	const char *name;
	size_t scramble_len;
	bool greets; /* answers a greeting: that of a server whose plugin it is by default */
	int (*begin)(struct auth_talk *t, struct buf *answer, struct err *err);
	/* NULL: nothing is said between scramble and OK. */
	int (*more)(struct auth_talk *t, struct slice said, struct buf *answer, bool *answered,
	    struct err *err);
};

static int
unexpected(const struct auth_talk *t, struct slice said, struct err *err)
{
	return err_set(err, ERR_CORRUPT, "%s: the server says something unexpected (%zu bytes)",
	    t->plugin->name, said.len);
}

void
auth_wipe(struct buf *answer)
{
	if (answer->cap > 0 && !mutant("mysql_password_left"))
		explicit_bzero(answer->data, answer->cap);
	buf_done(answer);
}

static void
xor_into(uint8_t *bytes, const uint8_t *with, size_t len)
{
	for (size_t i = 0; i < len; i++)
		bytes[i] ^= with[i];
}

/* ---- mysql_native_password ---- */

/* SHA1(scramble, stage2), with which both sides XOR SHA1(password). */
static void
native_mask(const uint8_t *scramble, const uint8_t *stage2, uint8_t out[AUTH_HASH_LEN])
{
	uint8_t both[SCRAMBLE_LEN + AUTH_HASH_LEN];

	memcpy(both, scramble, SCRAMBLE_LEN);
	memcpy(both + SCRAMBLE_LEN, stage2, AUTH_HASH_LEN);
	crypto_sha1(slice_of(both, sizeof(both)), out);
}

static int
native_begin(struct auth_talk *t, struct buf *answer, struct err *err)
{
	uint8_t stage1[AUTH_HASH_LEN], stage2[AUTH_HASH_LEN], mask[AUTH_HASH_LEN];

	if (t->password.len == 0)
		return 0;
	crypto_sha1(t->password, stage1);
	crypto_sha1(slice_of(stage1, sizeof(stage1)), stage2);
	native_mask(t->scramble, stage2, mask);
	xor_into(mask, stage1, sizeof(mask));
	buf_add(answer, mask, sizeof(mask));
	explicit_bzero(stage1, sizeof(stage1));
	return 0;
}

/* ---- the password itself, of caching_sha2_password and sha256_password ---- */

/* What was said last: a hash, a request for the server's key, the password. */
enum { SHA2_SAID_HASH, SHA2_SAID_WANT_KEY, SHA2_SAID_ALL };

/* The password and a NUL. */
static void
put_clear(const struct auth_talk *t, struct buf *out)
{
	buf_reserve(out, CLEAR_MAX);
	buf_add_slice(out, t->password);
	buf_add(out, "", 1);
}

static void
show_clear(struct auth_talk *t, struct buf *answer)
{
	put_clear(t, answer);
	t->step = SHA2_SAID_ALL;
}

/* Asks for the server's key, by the byte with which the plugin does. */
static int
want_key(struct auth_talk *t, uint8_t byte, struct buf *answer, struct err *err)
{
	if (t->privacy == AUTH_OPEN && !mutant("mysql_any_key")) {
		err_set(err, ERR_REFUSED,
		    "%s: the server wants the password itself, and the connection is neither by TLS "
		    "nor on this machine",
		    t->plugin->name);
		return err_hint(err, "connect by TLS");
	}
	buf_add(answer, &byte, 1);
	t->step = SHA2_SAID_WANT_KEY;
	return 0;
}

static int
show_encrypted(struct auth_talk *t, struct slice pem, struct buf *answer, struct err *err)
{
	struct buf clear = BUF_INIT;
	int rc;

	put_clear(t, &clear);
	for (size_t at = 0; at < clear.len; at++)
		clear.data[at] = (char)(clear.data[at] ^ (char)t->scramble[at % SCRAMBLE_LEN]);
	rc = crypto_rsa_encrypt(pem, buf_slice(&clear), answer, err);
	auth_wipe(&clear);
	t->step = SHA2_SAID_ALL;
	if (rc != 0 && err->kind == ERR_REFUSED)
		return err_hint(err, "connect by TLS or a unix socket");
	return rc;
}

/* ---- caching_sha2_password ---- */

/* SHA256(stage2, scramble), with which both sides XOR SHA256(password). */
static void
caching_mask(const uint8_t *scramble, const uint8_t *stage2, uint8_t out[SHA256_LEN])
{
	uint8_t both[SHA256_LEN + SCRAMBLE_LEN];

	memcpy(both, stage2, SHA256_LEN);
	memcpy(both + SHA256_LEN, scramble, SCRAMBLE_LEN);
	crypto_sha256(slice_of(both, sizeof(both)), out);
}

static int
caching_begin(struct auth_talk *t, struct buf *answer, struct err *err)
{
	uint8_t stage1[SHA256_LEN], stage2[SHA256_LEN], mask[SHA256_LEN];

	if (t->password.len == 0)
		return 0;
	crypto_sha256(t->password, stage1);
	crypto_sha256(slice_of(stage1, sizeof(stage1)), stage2);
	caching_mask(t->scramble, stage2, mask);
	xor_into(mask, stage1, sizeof(mask));
	buf_add(answer, mask, sizeof(mask));
	explicit_bzero(stage1, sizeof(stage1));
	return 0;
}

static int
caching_more(
    struct auth_talk *t, struct slice said, struct buf *answer, bool *answered, struct err *err)
{
	enum { FAST = 3, FULL = 4, WANT_KEY = 2 };
	int first = said.len == 1 ? said.ptr[0] : -1;

	*answered = true;
	if (t->step == SHA2_SAID_WANT_KEY)
		return show_encrypted(t, said, answer, err);
	/* An empty password is known without a cache: nobody asks for it in full. */
	if (t->step != SHA2_SAID_HASH || t->password.len == 0 || (first != FAST && first != FULL))
		return unexpected(t, said, err);
	if (first == FULL && t->privacy != AUTH_TLS && t->privacy != AUTH_SOCKET)
		return want_key(t, WANT_KEY, answer, err);
	if (first == FULL)
		show_clear(t, answer);
	else
		*answered = false;
	t->step = SHA2_SAID_ALL;
	return 0;
}

/* ---- sha256_password ---- */

static int
sha256_begin(struct auth_talk *t, struct buf *answer, struct err *err)
{
	enum { WANT_KEY = 1 };

	if (t->password.len == 0) {
		buf_add(answer, "", 1);
		t->step = SHA2_SAID_ALL;
		return 0;
	}
	if (t->privacy != AUTH_TLS)
		return want_key(t, WANT_KEY, answer, err);
	show_clear(t, answer);
	return 0;
}

static int
sha256_more(
    struct auth_talk *t, struct slice said, struct buf *answer, bool *answered, struct err *err)
{
	*answered = true;
	return t->step == SHA2_SAID_WANT_KEY ? show_encrypted(t, said, answer, err)
					     : unexpected(t, said, err);
}

/* ---- client_ed25519 ---- */

static int
ed25519_begin(struct auth_talk *t, struct buf *answer, struct err *err)
{
	crypto_ed25519_sign_by_password(t->password, slice_of(t->scramble, AUTH_SCRAMBLE_MAX),
	    (uint8_t *)buf_grow(answer, ED25519_SIGNATURE_LEN));
	return 0;
}

/* ---- parsec ---- */

enum {
	PARSEC_SALT_LEN = 18,
	PARSEC_FACTOR_MAX = 3, /* 8192 iterations take milliseconds; more would hold a loop up */
	PARSEC_ITERATIONS = 1024,
};
enum { PARSEC_WANTS_SALT, PARSEC_SAID_ALL };

static int
parsec_begin(struct auth_talk *t, struct buf *answer, struct err *err)
{
	return 0;
}

static void
parsec_sign(struct auth_talk *t, int iterations, struct slice salt, struct buf *answer)
{
	uint8_t key[ED25519_KEY_LEN], both[2 * AUTH_SCRAMBLE_MAX], signature[ED25519_SIGNATURE_LEN];

	memcpy(both, t->scramble, AUTH_SCRAMBLE_MAX);
	rand_secret(both + AUTH_SCRAMBLE_MAX, AUTH_SCRAMBLE_MAX);
	crypto_pbkdf2(t->password, salt, iterations, key, sizeof(key));
	crypto_ed25519_sign(key, slice_of(both, sizeof(both)), signature);
	buf_add(answer, both + AUTH_SCRAMBLE_MAX, AUTH_SCRAMBLE_MAX);
	buf_add(answer, signature, sizeof(signature));
	explicit_bzero(key, sizeof(key));
}

static int
parsec_more(
    struct auth_talk *t, struct slice said, struct buf *answer, bool *answered, struct err *err)
{
	if (t->step != PARSEC_WANTS_SALT || said.len != 2 + PARSEC_SALT_LEN || said.ptr[0] != 'P' ||
	    said.ptr[1] > PARSEC_FACTOR_MAX)
		return unexpected(t, said, err);
	parsec_sign(t, PARSEC_ITERATIONS << said.ptr[1], slice_cut(said, 2, said.len), answer);
	*answered = true;
	t->step = PARSEC_SAID_ALL;
	return 0;
}

/* ---- all of them ---- */

/* A greeting is the server's and not the account's: no password is shown for it. */
static const struct auth_plugin plugins[] = {
	{ AUTH_NATIVE, SCRAMBLE_LEN, true, native_begin, NULL },
	{ AUTH_CACHING_SHA2, SCRAMBLE_LEN, true, caching_begin, caching_more },
	{ "sha256_password", SCRAMBLE_LEN, false, sha256_begin, sha256_more },
	{ "client_ed25519", AUTH_SCRAMBLE_MAX, false, ed25519_begin, NULL },
	{ "parsec", AUTH_SCRAMBLE_MAX, false, parsec_begin, parsec_more },
};

static const struct auth_plugin *
find(struct slice name)
{
	if (name.len == 0)
		return &plugins[0];
	for (size_t i = 0; i < sizeof(plugins) / sizeof(plugins[0]); i++) {
		if (slice_eq_str(name, plugins[i].name))
			return &plugins[i];
	}
	return NULL;
}

bool
auth_greets(struct slice plugin)
{
	const struct auth_plugin *found = find(plugin);

	return found != NULL && found->greets;
}

const char *
auth_name(const struct auth_talk *t)
{
	return t->plugin->name;
}

int
auth_begin(struct auth_talk *t, const struct auth_switch *with, struct buf *answer, struct err *err)
{
	const struct auth_plugin *plugin = find(with->plugin);
	struct slice data = with->data;

	if (plugin == NULL) {
		err_set(err, ERR_REFUSED, "the authentication plugin '%.*s' is not spoken here",
		    SLICE_ARG(slice_cut(with->plugin, 0, 64)));
		return err_hint(err,
		    "give the account another one: " AUTH_NATIVE ", " AUTH_CACHING_SHA2
		    ", ed25519 or parsec");
	}
	if (data.len == plugin->scramble_len + 1 && data.ptr[plugin->scramble_len] == 0)
		data.len--;
	if (data.len != plugin->scramble_len)
		return err_set(
		    err, ERR_CORRUPT, "%s: a scramble of %zu bytes", plugin->name, with->data.len);
	t->plugin = plugin;
	t->step = 0;
	memcpy(t->scramble, data.ptr, data.len);
	return plugin->begin(t, answer, err);
}

int
auth_more(
    struct auth_talk *t, struct slice said, struct buf *answer, bool *answered, struct err *err)
{
	*answered = false;
	if (t->plugin->more == NULL)
		return unexpected(t, said, err);
	return t->plugin->more(t, said, answer, answered, err);
}

/* ---- a server's side ---- */

void
auth_store(struct slice password, struct auth_stored *out)
{
	uint8_t stage1[SHA256_LEN];

	*out = (struct auth_stored){ .empty = password.len == 0 };
	if (out->empty)
		return;
	crypto_sha1(password, stage1);
	crypto_sha1(slice_of(stage1, SHA1_LEN), out->stage2);
	crypto_sha256(password, stage1);
	crypto_sha256(slice_of(stage1, SHA256_LEN), out->sha256_stage2);
	explicit_bzero(stage1, sizeof(stage1));
}

bool
auth_native_verify(
    const struct auth_stored *stored, const uint8_t scramble[SCRAMBLE_LEN], struct slice answer)
{
	uint8_t stage1[AUTH_HASH_LEN], hash[AUTH_HASH_LEN], mask[AUTH_HASH_LEN];

	if (stored->empty)
		return answer.len == 0;
	if (answer.len != AUTH_HASH_LEN)
		return false;
	native_mask(scramble, stored->stage2, mask);
	for (int i = 0; i < AUTH_HASH_LEN; i++)
		stage1[i] = answer.ptr[i] ^ mask[i];
	crypto_sha1(slice_of(stage1, sizeof(stage1)), hash);
	return crypto_equal(hash, stored->stage2, AUTH_HASH_LEN);
}

bool
auth_caching_sha2_verify(
    const struct auth_stored *stored, const uint8_t scramble[SCRAMBLE_LEN], struct slice answer)
{
	uint8_t stage1[SHA256_LEN], hash[SHA256_LEN];

	if (stored->empty)
		return answer.len == 0;
	if (answer.len != SHA256_LEN)
		return false;
	caching_mask(scramble, stored->sha256_stage2, stage1);
	xor_into(stage1, answer.ptr, SHA256_LEN);
	crypto_sha256(slice_of(stage1, SHA256_LEN), hash);
	explicit_bzero(stage1, sizeof(stage1));
	return crypto_equal(hash, stored->sha256_stage2, SHA256_LEN);
}

void
auth_scramble(uint8_t out[SCRAMBLE_LEN])
{
	rand_secret(out, SCRAMBLE_LEN);
	for (int i = 0; i < SCRAMBLE_LEN; i++) {
		out[i] &= 0x7f;
		if (out[i] == 0 || out[i] == '$')
			out[i]++;
	}
}
