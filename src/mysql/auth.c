#include "mysql/auth.h"

#include "base/check.h"
#include "base/rand.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

static void
sha1(struct slice in, uint8_t out[AUTH_HASH_LEN])
{
	check(SHA1(in.ptr, in.len, out) != NULL);
}

/* SHA1(scramble, stage2), with which both sides XOR SHA1(password). */
static void
native_mask(const uint8_t *scramble, const uint8_t *stage2, uint8_t out[AUTH_HASH_LEN])
{
	uint8_t both[SCRAMBLE_LEN + AUTH_HASH_LEN];

	memcpy(both, scramble, SCRAMBLE_LEN);
	memcpy(both + SCRAMBLE_LEN, stage2, AUTH_HASH_LEN);
	sha1(slice_of(both, sizeof(both)), out);
}

static size_t
native_answer(struct slice password, const uint8_t scramble[SCRAMBLE_LEN], uint8_t *out)
{
	uint8_t stage1[AUTH_HASH_LEN], stage2[AUTH_HASH_LEN], mask[AUTH_HASH_LEN];

	if (password.len == 0)
		return 0;
	sha1(password, stage1);
	sha1(slice_of(stage1, sizeof(stage1)), stage2);
	native_mask(scramble, stage2, mask);
	for (int i = 0; i < AUTH_HASH_LEN; i++)
		out[i] = stage1[i] ^ mask[i];
	OPENSSL_cleanse(stage1, sizeof(stage1));
	return AUTH_HASH_LEN;
}

static const struct auth_plugin plugins[] = {
	{ AUTH_NATIVE, native_answer },
	/* caching_sha2_password: the default of MySQL 8 and 9. */
};

const struct auth_plugin *
auth_plugin_find(struct slice name)
{
	if (name.len == 0)
		return &plugins[0];
	for (size_t i = 0; i < sizeof(plugins) / sizeof(plugins[0]); i++) {
		if (slice_eq_str(name, plugins[i].name))
			return &plugins[i];
	}
	return NULL;
}

void
auth_store(struct slice password, struct auth_stored *out)
{
	uint8_t stage1[AUTH_HASH_LEN];

	*out = (struct auth_stored){ .empty = password.len == 0 };
	if (out->empty)
		return;
	sha1(password, stage1);
	sha1(slice_of(stage1, sizeof(stage1)), out->stage2);
	OPENSSL_cleanse(stage1, sizeof(stage1));
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
	sha1(slice_of(stage1, sizeof(stage1)), hash);
	return CRYPTO_memcmp(hash, stored->stage2, AUTH_HASH_LEN) == 0;
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
