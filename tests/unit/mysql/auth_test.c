/*
 * auth_test.c - conversations of authentication: as real servers had them, and as none should.
 */
#include "mysql/auth.h"

#include "golden/golden.h"
#include "mysql/crypto.h"
#include "test.h"

#include <stdlib.h>

#define LOGINS "mysql/login.golden"

static struct err err;

/* The payload of an entry's only packet. */
static struct slice
payload(const char *name, struct buf *b)
{
	golden_read(LOGINS, name, b);
	expect_eq(packet_header_len((const uint8_t *)b->data), b->len - PACKET_HEADER);
	return slice_cut(buf_slice(b), PACKET_HEADER, b->len);
}

/* What the server says behind its 0x01. */
static struct slice
more(const char *name, struct buf *b)
{
	struct slice p = payload(name, b);

	expect(p.len > 0 && p.ptr[0] == 1);
	return slice_cut(p, 1, p.len);
}

static const uint8_t some_scramble[] = "0123456789abcdefghijklmnopqrstuv";

static struct auth_talk
begun(const char *plugin, const char *password, enum auth_privacy privacy)
{
	struct auth_talk t = { .password = slice_str(password), .privacy = privacy };
	SCOPED(buf) struct buf answer = BUF_INIT;
	bool long_one = strstr(plugin, "sha") == NULL && strstr(plugin, "native") == NULL;
	struct auth_switch with = {
		.plugin = slice_str(plugin),
		.data = slice_of(some_scramble, long_one ? AUTH_SCRAMBLE_MAX : SCRAMBLE_LEN),
	};

	err_clear(&err);
	expect_ok(auth_begin(&t, &with, &answer, &err), &err);
	expect_str(auth_name(&t), plugin);
	return t;
}

static void
hears(struct auth_talk *t, struct slice said, struct slice want)
{
	SCOPED(buf) struct buf answer = BUF_INIT;
	bool answered;

	expect_ok(auth_more(t, said, &answer, &answered, &err), &err);
	expect_eq(answered, !slice_is_null(want));
	if (answered)
		expect_slice(buf_slice(&answer), want);
}

static void
hears_nonsense(struct auth_talk *t, struct slice said, enum err_kind kind)
{
	SCOPED(buf) struct buf answer = BUF_INIT;
	bool answered;

	err_clear(&err);
	expect(auth_more(t, said, &answer, &answered, &err) != 0);
	expect_eq(err.kind, kind);
	expect(strstr(err.text, "secret-1") == NULL && strstr(err.hint, "secret-1") == NULL);
}

/* ---- caching_sha2_password ---- */

TEST(caching_sha2_answers_as_the_server_accepted)
{
	SCOPED(buf) struct buf g = BUF_INIT, r = BUF_INIT, b = BUF_INIT, answer = BUF_INIT;
	struct auth_talk t = { .password = slice_str("secret-1"), .privacy = AUTH_OPEN };
	struct greeting greeting;
	struct handshake_response response;

	expect_ok(greeting_read(payload("greeting", &g), &greeting, &err), &err);
	expect_ok(handshake_response_read(payload("response", &r), &response, &err), &err);
	expect(auth_greets(greeting.plugin));
	struct auth_switch with = { greeting.plugin, slice_of(greeting.scramble, SCRAMBLE_LEN) };
	expect_ok(auth_begin(&t, &with, &answer, &err), &err);
	expect_slice(buf_slice(&answer), response.auth);
	expect_str(auth_name(&t), "caching_sha2_password");
	hears(&t, more("fast", &b), SLICE_NULL);
	/* And nothing more behind that. */
	hears_nonsense(&t, more("fast", &b), ERR_CORRUPT);
}

TEST(whole_password_only_where_nobody_listens)
{
	SCOPED(buf) struct buf b = BUF_INIT, want = BUF_INIT;
	struct auth_talk t;

	t = begun("caching_sha2_password", "secret-1", AUTH_TLS);
	hears(&t, more("full", &b), slice_of("secret-1", 9));
	t = begun("caching_sha2_password", "secret-1", AUTH_SOCKET);
	hears(&t, more("full", &b), slice_of("secret-1", 9));
	t = begun("caching_sha2_password", "secret-1", AUTH_LOOPBACK);
	hears(&t, more("full", &b), payload("want_key", &want));
	t = begun("caching_sha2_password", "secret-1", AUTH_OPEN);
	hears_nonsense(&t, more("full", &b), ERR_REFUSED);
	expect_str(err.hint, "connect by TLS");
}

TEST(password_is_encrypted_with_the_servers_key)
{
	SCOPED(buf) struct buf b = BUF_INIT, key = BUF_INIT, answer = BUF_INIT, again = BUF_INIT;
	struct auth_talk t = begun("caching_sha2_password", "secret-1", AUTH_LOOPBACK);
	bool answered;

	hears(&t, more("full", &b), slice_of("\x02", 1));
	expect_ok(auth_more(&t, more("key", &key), &answer, &answered, &err), &err);
	expect(answered);
	expect_eq(answer.len, payload("encrypted", &b).len);
	expect(memmem(answer.data, answer.len, "secret", 6) == NULL);
	/* Another one each time: it is padded at random. */
	t.step--;
	expect_ok(auth_more(&t, more("key", &key), &again, &answered, &err), &err);
	expect_eq(again.len, answer.len);
	expect(memcmp(again.data, answer.data, answer.len) != 0);
	hears_nonsense(&t, slice_of("\x03", 1), ERR_CORRUPT);
}

static const char encrypted_key[] = "-----BEGIN PUBLIC KEY-----\n"
				    "Proc-Type: 4,ENCRYPTED\n"
				    "DEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\n"
				    "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n"
				    "-----END PUBLIC KEY-----\n",
		  ed25519_key[] = "-----BEGIN PUBLIC KEY-----\n"
				  "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n"
				  "-----END PUBLIC KEY-----\n";

TEST(other_keys_are_refused)
{
	SCOPED(buf) struct buf key = BUF_INIT;
	struct slice pem = more("key", &key);
	struct slice keys[] = {
		slice_of("", 0),
		slice_str("x"),
		slice_str(encrypted_key),
		slice_str(ed25519_key),
		slice_cut(pem, 0, pem.len / 2),
		slice_cut(pem, 1, pem.len),
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct auth_talk t = begun("caching_sha2_password", "secret-1", AUTH_LOOPBACK);

		hears(&t, slice_of("\x04", 1), slice_of("\x02", 1));
		hears_nonsense(&t, keys[i], ERR_CORRUPT);
	}
}

TEST(password_may_be_too_long_for_a_key)
{
	SCOPED(buf) struct buf key = BUF_INIT, answer = BUF_INIT;
	char password[256] = { 0 };

	/* 256 bytes less padding of 42 and the password's NUL. */
	for (size_t len = 213; len < sizeof(password); len++) {
		memset(password, 'p', len);
		struct auth_talk t = begun("caching_sha2_password", password, AUTH_LOOPBACK);
		bool answered;

		hears(&t, slice_of("\x04", 1), slice_of("\x02", 1));
		if (len == 213) {
			expect_ok(auth_more(&t, more("key", &key), &answer, &answered, &err), &err);
			continue;
		}
		hears_nonsense(&t, more("key", &key), ERR_REFUSED);
		expect(strstr(err.text, "2048 bits") != NULL);
		expect_str(err.hint, "connect by TLS or a unix socket");
	}
}

TEST(caching_sha2_hears_nonsense)
{
	SCOPED(buf) struct buf key = BUF_INIT;
	struct slice said[] = { slice_of("", 0), slice_of("\x02", 1), slice_of("\x05", 1),
		slice_of("\x04\x04", 2), slice_of("\x03\x00", 2), more("key", &key) };

	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		for (enum auth_privacy p = AUTH_TLS; p <= AUTH_OPEN; p++) {
			struct auth_talk t = begun("caching_sha2_password", "secret-1", p);

			hears_nonsense(&t, said[i], ERR_CORRUPT);
		}
	}
	/* Asked twice. */
	struct auth_talk t = begun("caching_sha2_password", "secret-1", AUTH_SOCKET);
	hears(&t, slice_of("\x04", 1), slice_of("secret-1", 9));
	hears_nonsense(&t, slice_of("\x04", 1), ERR_CORRUPT);
}

TEST(empty_password_is_not_asked_for_in_full)
{
	struct auth_talk t = begun("caching_sha2_password", "", AUTH_SOCKET);

	hears_nonsense(&t, slice_of("\x04", 1), ERR_CORRUPT);
}

/* ---- sha256_password ---- */

/* The answer to the scramble. */
static void
begins(const char *plugin, const char *password, enum auth_privacy privacy, struct slice want)
{
	struct auth_talk t = { .password = slice_str(password), .privacy = privacy };
	SCOPED(buf) struct buf answer = BUF_INIT;
	struct auth_switch with = { slice_str(plugin), slice_of(some_scramble, SCRAMBLE_LEN) };

	expect_ok(auth_begin(&t, &with, &answer, &err), &err);
	expect_slice(buf_slice(&answer), want);
}

TEST(sha256_password_takes_a_socket_for_a_network)
{
	struct auth_switch with = { slice_str("sha256_password"),
		slice_of(some_scramble, SCRAMBLE_LEN) };
	struct auth_talk t = { .password = slice_str("secret-1"), .privacy = AUTH_OPEN };
	SCOPED(buf) struct buf key = BUF_INIT, answer = BUF_INIT;
	bool answered;

	begins("sha256_password", "secret-1", AUTH_TLS, slice_of("secret-1", 9));
	begins("sha256_password", "secret-1", AUTH_SOCKET, slice_of("\x01", 1));
	begins("sha256_password", "secret-1", AUTH_LOOPBACK, slice_of("\x01", 1));
	begins("sha256_password", "", AUTH_OPEN, slice_of("", 1));
	expect(auth_begin(&t, &with, &answer, &err) != 0 && err.kind == ERR_REFUSED);
	t = begun("sha256_password", "secret-1", AUTH_LOOPBACK);
	expect_ok(auth_more(&t, more("key", &key), &answer, &answered, &err), &err);
	expect(answered && answer.len == 256);
	t = begun("sha256_password", "secret-1", AUTH_TLS);
	hears_nonsense(&t, more("key", &key), ERR_CORRUPT);
}

/* ---- client_ed25519 and parsec ---- */

TEST(ed25519_signs_with_any_password)
{
	uint8_t first[ED25519_SIGNATURE_LEN], second[ED25519_SIGNATURE_LEN];
	SCOPED(buf) struct buf s = BUF_INIT, want = BUF_INIT, answer = BUF_INIT;
	struct auth_talk t = { .password = slice_str("secret-1") };
	struct auth_switch with;

	/* It verifies what it signs; the sign of the public key's x is one or the other by the password. */
	for (int i = 0; i < 40; i++) {
		struct slice password = slice_cut(slice_of(some_scramble, 32), 0, (size_t)i);

		crypto_ed25519_sign_by_password(password, slice_str("message"), first);
		crypto_ed25519_sign_by_password(password, slice_str("message"), second);
		expect(memcmp(first, second, sizeof(first)) != 0);
	}
	expect_ok(auth_switch_read(payload("ed25519_switch", &s), &with, &err), &err);
	expect(!auth_greets(with.plugin));
	expect_ok(auth_begin(&t, &with, &answer, &err), &err);
	expect_eq(answer.len, payload("ed25519_answer", &want).len);
	hears_nonsense(&t, slice_str("more"), ERR_CORRUPT);
}

TEST(parsec_signs_as_the_server_accepted)
{
	SCOPED(buf)
	struct buf s = BUF_INIT, salt = BUF_INIT, a = BUF_INIT, both = BUF_INIT, answer = BUF_INIT;
	uint8_t key[ED25519_KEY_LEN], signature[ED25519_SIGNATURE_LEN];
	struct auth_talk t = { .password = slice_str("secret-1") };
	struct slice said, accepted;
	struct auth_switch with;
	bool answered;

	expect_ok(auth_switch_read(payload("parsec_switch", &s), &with, &err), &err);
	said = more("parsec_salt", &salt);
	accepted = payload("parsec_answer", &a);
	crypto_pbkdf2(slice_str("secret-1"), slice_cut(said, 2, said.len), 1024, key, sizeof(key));
	buf_add_slice(&both, with.data);
	buf_add_slice(&both, slice_cut(accepted, 0, 32));
	crypto_ed25519_sign(key, buf_slice(&both), signature);
	expect_slice(slice_of(signature, sizeof(signature)), slice_cut(accepted, 32, accepted.len));
	expect_ok(auth_begin(&t, &with, &answer, &err), &err);
	expect_eq(answer.len, 0);
	expect_ok(auth_more(&t, said, &answer, &answered, &err), &err);
	expect(answered);
	expect_eq(answer.len, accepted.len);
	hears_nonsense(&t, said, ERR_CORRUPT);
}

TEST(parsec_hears_nonsense)
{
	static const char *const said[] = { "", "P", "Q0aaaaaaaaaaaaaaaaaa",
		"P\x04"
		"aaaaaaaaaaaaaaaaaa",
		"P\xff"
		"aaaaaaaaaaaaaaaaaa",
		"P\x01"
		"aaaaaaaaaaaaaaaaa",
		"P\x01"
		"aaaaaaaaaaaaaaaaaaa" };

	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		struct auth_talk t = begun("parsec", "secret-1", AUTH_TLS);

		hears_nonsense(&t, slice_str(said[i]), ERR_CORRUPT);
	}
}

/* ---- all of them ---- */

TEST(no_password_is_shown_for_a_greeting)
{
	expect(auth_greets(slice_of("", 0)) && auth_greets(slice_str(AUTH_NATIVE)));
	expect(auth_greets(slice_str("caching_sha2_password")));
	expect(!auth_greets(slice_str("sha256_password")) && !auth_greets(slice_str("parsec")));
	expect(!auth_greets(slice_str("client_ed25519")) && !auth_greets(slice_str("dialog")));
}

TEST(scrambles_of_any_other_length_are_refused)
{
	static const struct {
		const char *plugin;
		size_t len;
	} all[] = { { "", 20 }, { AUTH_NATIVE, 20 }, { "caching_sha2_password", 20 },
		{ "sha256_password", 20 }, { "client_ed25519", 32 }, { "parsec", 32 } };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		for (size_t len = 0; len < 60; len++) {
			struct auth_talk t = { .password = slice_str("p"), .privacy = AUTH_TLS };
			SCOPED(buf) struct buf answer = BUF_INIT;
			uint8_t data[60] = { 0 };
			struct auth_switch with = { slice_str(all[i].plugin), slice_of(data, len) };
			int rc = auth_begin(&t, &with, &answer, &err);

			expect_eq(rc, len == all[i].len || len == all[i].len + 1 ? 0 : -1);
			data[len] = 1; /* no NUL behind it */
			with.data.len = len + 1;
			expect(len != all[i].len || auth_begin(&t, &with, &answer, &err) != 0);
		}
	}
}

TEST(other_plugins_are_refused_by_name)
{
	static const char *const names[] = { "mysql_clear_password", "dialog", "mysql_old_password",
		"authentication_webauthn_client" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct auth_talk t = { .password = slice_str("secret-1"), .privacy = AUTH_TLS };
		SCOPED(buf) struct buf answer = BUF_INIT;
		struct auth_switch with = { slice_str(names[i]),
			slice_of(some_scramble, SCRAMBLE_LEN) };

		expect(auth_begin(&t, &with, &answer, &err) != 0 && err.kind == ERR_REFUSED);
		expect(strstr(err.text, names[i]) != NULL && err.hint[0] != 0);
		expect_eq(answer.len, 0);
	}
}

TEST(wiped_memory_holds_nothing)
{
	struct auth_talk t = begun("caching_sha2_password", "secret-1", AUTH_SOCKET);
	struct buf answer = BUF_INIT;
	bool answered;

	expect_ok(auth_more(&t, slice_of("\x04", 1), &answer, &answered, &err), &err);
	/* All of it fits at once, so that growing leaves no copy behind. */
	expect(answer.cap > SECRET_MAX);
	auth_wipe(&answer);
	expect_eq(answer.cap, 0);
}
