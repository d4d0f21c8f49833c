#include "mysql/handshake.h"

#include "golden/golden.h"
#include "mysql/auth.h"
#include "mysql/reply.h"
#include "test.h"

#define FILE_10_11 "mysql/mariadb-10.11.golden"

/* The payload of an entry's only packet. */
static struct slice
payload(const char *name, struct buf *b)
{
	golden_read(FILE_10_11, name, b);
	expect_eq(packet_header_len((const uint8_t *)b->data), b->len - PACKET_HEADER);
	return slice_cut(buf_slice(b), PACKET_HEADER, b->len);
}

TEST(greeting_of_mariadb_both_ways)
{
	SCOPED(buf) struct buf b = BUF_INIT, s = BUF_INIT, again = BUF_INIT;
	struct err err = { 0 };
	struct greeting g;

	golden_read(FILE_10_11, "scramble", &s);
	expect_ok(greeting_read(payload("greeting", &b), &g, &err), &err);
	expect_slice(g.version, slice_str("5.5.5-10.11.19-MariaDB-0+deb12u1-log"));
	expect_slice(g.plugin, slice_str(AUTH_NATIVE));
	expect_slice(slice_of(g.scramble, SCRAMBLE_LEN), buf_slice(&s));
	expect((g.caps & CAP_LONG_PASSWORD) == 0);
	expect((g.caps & CAP_DEPRECATE_EOF) != 0 && (g.caps & CAP_MARIADB_STMT_BULK) != 0);
	expect_eq(g.status, STATUS_AUTOCOMMIT);
	greeting_put(&again, &g);
	expect_slice(buf_slice(&again), slice_cut(buf_slice(&b), PACKET_HEADER, b.len));
}

TEST(greeting_cut_anywhere_is_an_error)
{
	SCOPED(buf) struct buf b = BUF_INIT;
	struct slice whole = payload("greeting", &b);
	struct greeting g;

	for (size_t cut = 0; cut < whole.len; cut++) {
		struct err err = { 0 };

		expect(greeting_read(slice_cut(whole, 0, cut), &g, &err) != 0);
		expect_eq(err.kind, ERR_CORRUPT);
	}
}

TEST(response_both_ways)
{
	SCOPED(buf) struct buf b = BUF_INIT, again = BUF_INIT;
	struct err err = { 0 };
	struct handshake_response r;

	golden_read(FILE_10_11, "response", &b);
	expect_ok(handshake_response_read(buf_slice(&b), &r, &err), &err);
	expect_slice(r.user, slice_str("app"));
	expect_slice(r.database, slice_str("t"));
	expect_slice(r.plugin, slice_str(AUTH_NATIVE));
	expect_eq(r.auth.len, 20);
	expect_eq(r.collation, COLLATION_UTF8MB4_GENERAL_CI);
	handshake_response_put(&again, &r);
	expect_slice(buf_slice(&again), buf_slice(&b));
}

TEST(response_with_a_level_of_zstd)
{
	struct handshake_response r = {
		.caps = CAP_PROTOCOL_41 | CAP_SECURE_CONNECTION | CAP_PLUGIN_AUTH |
		    CAP_CONNECT_ATTRS | CAP_ZSTD,
		.user = slice_str("app"),
		.plugin = slice_str(AUTH_NATIVE),
		.attributes = slice_of("\1a\1b", 4),
		.zstd_level = 22,
	};
	SCOPED(buf) struct buf b = BUF_INIT;
	struct handshake_response again;
	struct err err = { 0 };

	handshake_response_put(&b, &r);
	expect_eq(b.data[b.len - 1], 22);
	expect_ok(handshake_response_read(buf_slice(&b), &again, &err), &err);
	expect_eq(again.zstd_level, 22);
	expect_slice(again.attributes, r.attributes);
	/* One that says none is for who greets to refuse. */
	expect_ok(
	    handshake_response_read(slice_cut(buf_slice(&b), 0, b.len - 1), &again, &err), &err);
	expect_eq(again.zstd_level, 0);
}

TEST(response_with_attributes)
{
	SCOPED(buf) struct buf b = BUF_INIT, attributes = BUF_INIT;
	struct err err = { 0 };
	struct slice left, key, value;
	/* clang-format off */
	struct handshake_response got, r = {
		.caps = CAP_PROTOCOL_41 | CAP_PLUGIN_AUTH | CAP_PLUGIN_AUTH_LENENC | CAP_CONNECT_ATTRS,
		.user = slice_str("u"), .auth = slice_str("12345678901234567890"),
		    .plugin = slice_str("p"),
	};
	/* clang-format on */

	wire_put_lenenc_str(&attributes, slice_str("_os"));
	wire_put_lenenc_str(&attributes, slice_str("Linux"));
	r.attributes = buf_slice(&attributes);
	handshake_response_put(&b, &r);
	expect_ok(handshake_response_read(buf_slice(&b), &got, &err), &err);
	left = got.attributes;
	expect(attribute_next(&left, &key, &value));
	expect_slice(key, slice_str("_os"));
	expect_slice(value, slice_str("Linux"));
	expect(!attribute_next(&left, &key, &value));
}

static void
native_answer(const char *password, const uint8_t *scramble, struct buf *out)
{
	struct auth_talk t = { .password = slice_str(password), .privacy = AUTH_OPEN };
	struct auth_switch with = { slice_str(AUTH_NATIVE), slice_of(scramble, SCRAMBLE_LEN) };
	struct err err = { 0 };

	expect_ok(auth_begin(&t, &with, out, &err), &err);
}

TEST(native_password_answers_as_the_server_accepted)
{
	/* The response's answer was accepted by the real server for the password secret-1. */
	SCOPED(buf) struct buf b = BUF_INIT, s = BUF_INIT, answer = BUF_INIT;
	struct err err = { 0 };
	struct handshake_response r;
	struct auth_stored stored;
	const uint8_t *scramble;

	golden_read(FILE_10_11, "response", &b);
	golden_read(FILE_10_11, "scramble", &s);
	scramble = (const uint8_t *)s.data;
	expect_ok(handshake_response_read(buf_slice(&b), &r, &err), &err);
	native_answer("secret-1", scramble, &answer);
	expect_slice(buf_slice(&answer), r.auth);
	auth_store(slice_str("secret-1"), &stored);
	expect(auth_native_verify(&stored, scramble, r.auth));
	answer.data[7] ^= 1;
	expect(!auth_native_verify(&stored, scramble, buf_slice(&answer)));
	expect(!auth_native_verify(&stored, scramble, slice_of("", 0)));
}

TEST(empty_password_is_an_empty_answer_only)
{
	struct auth_stored stored;
	SCOPED(buf) struct buf answer = BUF_INIT;
	uint8_t scramble[SCRAMBLE_LEN];

	auth_scramble(scramble);
	for (int i = 0; i < SCRAMBLE_LEN; i++)
		expect(scramble[i] != 0 && scramble[i] < 0x80);
	auth_store(slice_of("", 0), &stored);
	native_answer("", scramble, &answer);
	expect_eq(answer.len, 0);
	expect(auth_native_verify(&stored, scramble, slice_of("", 0)));
	expect(!auth_native_verify(&stored, scramble, slice_str("12345678901234567890")));
}

TEST(auth_switch_of_mariadb)
{
	SCOPED(buf) struct buf b = BUF_INIT, again = BUF_INIT;
	struct err err = { 0 };
	struct auth_switch sw;
	struct slice p = payload("auth_switch", &b);

	expect_ok(auth_switch_read(p, &sw, &err), &err);
	expect_slice(sw.plugin, slice_str(AUTH_NATIVE));
	expect_eq(sw.data.len, SCRAMBLE_LEN + 1);
	auth_switch_put(&again, &sw);
	expect_slice(buf_slice(&again), p);
}

TEST(denial_becomes_the_servers_error)
{
	SCOPED(buf) struct buf b = BUF_INIT;
	struct err err = { 0 };

	expect(err_from_packet(payload("denied", &b), &err) == -1);
	expect_eq(err.kind, ERR_SERVER);
	expect_eq(err.mysql_errno, 1045);
	expect_str(err.sqlstate, "28000");
	expect_str(err.text, "Access denied for user 'app'@'localhost' (using password: YES)");
}
