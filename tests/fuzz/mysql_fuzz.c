/*
 * Packets of either side. What was read and can be written must read back the same.
 */
#include "base/buf.h"
#include "base/check.h"
#include "fuzz/fuzz.h"
#include "mysql/auth.h"
#include "mysql/caps.h"
#include "mysql/compression.h"
#include "mysql/handshake.h"
#include "mysql/reply.h"
#include "mysql/result.h"

#include <string.h>

enum { COLUMNS = 7 };

static void
greeting(struct slice packet)
{
	struct err err = { 0 };
	struct greeting g, again;
	SCOPED(buf) struct buf b = BUF_INIT;

	if (greeting_read(packet, &g, &err) != 0)
		return;
	greeting_put(&b, &g);
	check(greeting_read(buf_slice(&b), &again, &err) == 0);
	check(slice_eq(g.version, again.version) && g.thread_id == again.thread_id);
}

static void
response(struct slice packet)
{
	struct err err = { 0 };
	struct handshake_response r, again;
	struct slice key, value, attributes;
	SCOPED(buf) struct buf b = BUF_INIT;

	if (handshake_response_read(packet, &r, &err) != 0)
		return;
	attributes = r.attributes;
	while (attribute_next(&attributes, &key, &value))
		check(key.len + value.len <= packet.len);
	handshake_response_put(&b, &r);
	check(handshake_response_read(buf_slice(&b), &again, &err) == 0);
	check(slice_eq(r.user, again.user));
}

static void
row(struct slice packet)
{
	struct err err = { 0 };
	struct slice values[COLUMNS], again[COLUMNS];
	SCOPED(buf) struct buf b = BUF_INIT;

	if (text_row_read(packet, values, COLUMNS, &err) != 0)
		return;
	text_row_put(&b, values, COLUMNS);
	check(text_row_read(buf_slice(&b), again, COLUMNS, &err) == 0);
	for (int i = 0; i < COLUMNS; i++)
		check(slice_eq(values[i], again[i]) &&
		    slice_is_null(values[i]) == slice_is_null(again[i]));
}

static void
column(struct slice packet, uint64_t caps)
{
	struct err err = { 0 };
	struct column_def c, again;
	SCOPED(buf) struct buf b = BUF_INIT;

	if (column_def_read(packet, caps, &c, &err) != 0)
		return;
	column_def_put(&b, caps, &c);
	check(column_def_read(buf_slice(&b), caps, &again, &err) == 0);
	check(slice_eq(c.name, again.name) && c.type == again.type && c.length == again.length);
}

static void
ok(struct slice packet, uint64_t caps)
{
	struct err err = { 0 };
	struct ok_packet o;
	struct slice data;
	uint8_t type;

	if (ok_read(packet, caps, &o, &err) == 0)
		while (reply_session_next(&o.session, &type, &data))
			check(data.len <= packet.len);
	(void)!eof_read(packet, caps, &o, &err);
}

/* The end of a reply is found at the same byte however the bytes arrive. */
static void
scan(struct slice bytes, enum reply_kind kind, uint64_t caps)
{
	static struct reply_scan whole, single;
	struct err err = { 0 };
	size_t used = 0, sum = 0;
	int rc, rc_single = 0;

	reply_scan_init(&whole, kind, caps);
	reply_scan_init(&single, kind, caps);
	rc = reply_scan_feed(&whole, bytes, &used, &err);
	for (size_t i = 0; i < bytes.len && rc_single == 0; i++) {
		size_t one = 0;

		if (reply_scan_ended(&single) || single.state == REPLY_AT_FILE)
			break;
		rc_single = reply_scan_feed(&single, slice_of(bytes.ptr + i, 1), &one, &err);
		sum += one;
	}
	check(rc == rc_single);
	check(rc != 0 || (used == sum && reply_scan_ended(&whole) == reply_scan_ended(&single)));
	check(!reply_scan_ended(&whole) ||
	    slice_eq(reply_scan_tail(&whole), reply_scan_tail(&single)));
}

/* A server's side of an authentication: a switch request, then what it says, each with a byte of length. */
static void
conversation(struct slice bytes, enum auth_privacy privacy)
{
	struct wire_reader r = wire_reader(bytes);
	struct auth_talk t = { .password = slice_str("secret-1"), .privacy = privacy };
	struct buf answer = BUF_INIT;
	struct err err = { 0 };
	struct auth_switch with;
	bool answered;
	int rc = auth_switch_read(wire_bytes(&r, wire_u8(&r)), &with, &err);

	if (rc == 0)
		rc = auth_begin(&t, &with, &answer, &err);
	while (rc == 0 && wire_left(&r) > 0) {
		auth_wipe(&answer);
		rc = auth_more(&t, wire_bytes(&r, wire_u8(&r)), &answer, &answered, &err);
		/* The password itself is shown where nobody listens, and nowhere else. */
		check(privacy <= AUTH_SOCKET || answer.len < 8 ||
		    memmem(answer.data, answer.len, "secret-1", 8) == NULL);
	}
	check(rc == 0 || err.kind == ERR_REFUSED || err.kind == ERR_CORRUPT);
	auth_wipe(&answer);
}

enum { UNPACKED_MAX = 1 << 20 }; /* a small input may hold very much: looked at as far as this */

/* Frames that come by pieces, read into rooms. -1: they are none. */
static int
unpack_by(enum compression_algorithm algorithm, struct slice frames, size_t piece, size_t room,
    struct buf *out)
{
	struct compression *c = compression_new(algorithm, 1);
	struct err err = { 0 };
	int rc = 0;

	compression_command_in(c);
	while (rc == 0 && frames.len > 0 && out->len < UNPACKED_MAX) {
		struct slice some = slice_cut(frames, 0, piece);
		struct room to = { 0 };

		frames = slice_cut(frames, some.len, frames.len);
		do {
			to = (struct room){ buf_grow(out, room), room };
			rc = compression_read(c, &some, &to, &err);
			buf_truncate(out, out->len - to.left);
		} while (rc == 0 && to.left < room && out->len < UNPACKED_MAX);
	}
	check(rc == 0 || (err.kind == ERR_CORRUPT && err.mysql_errno != 0));
	compression_number(c, out->data, out->len);
	compression_free(c);
	return rc;
}

/* What was written comes back, in one piece and in many. */
static void
there_and_back(struct slice bytes, enum compression_algorithm algorithm)
{
	SCOPED(buf) struct buf raw = BUF_INIT, back = BUF_INIT, again = BUF_INIT;
	struct compression *c = compression_new(algorithm, 1);

	compression_command_out(c);
	compression_write(c, bytes, &raw);
	check(unpack_by(algorithm, buf_slice(&raw), 100, 1000, &back) == 0);
	check(unpack_by(algorithm, buf_slice(&raw), SIZE_MAX, 1 << 16, &again) == 0);
	check((back.len == bytes.len && again.len == bytes.len) || bytes.len > UNPACKED_MAX);
	compression_free(c);
}

/* They hold the same however they come. libzstd (1.5.4) compares what a frame says of its size with what it
 * holds sooner when it has all of the frame at once: then it refuses one that it otherwise begins to read. */
static void
frames(struct slice bytes, enum compression_algorithm algorithm)
{
	SCOPED(buf) struct buf whole = BUF_INIT, single = BUF_INIT;
	int rc = unpack_by(algorithm, bytes, SIZE_MAX, 1 << 16, &whole),
	    rc_single = unpack_by(algorithm, bytes, 1, 7, &single);
	size_t least = whole.len < single.len ? whole.len : single.len;

	check(memcmp(whole.data, single.data, least) == 0);
	bool same = rc == rc_single && (rc != 0 || whole.len == single.len);
	check(least >= UNPACKED_MAX || same || (algorithm == COMPRESSION_ZSTD && rc != 0));
	there_and_back(bytes, algorithm);
}

void
fuzz_one(struct slice input)
{
	unsigned char choice = fuzz_choice(&input);
	uint64_t caps = (choice & 0x40) ? CAP_DEPRECATE_EOF : 0;
	struct err err = { 0 };
	struct err_packet e;
	struct auth_switch s;

	if (choice & 0x80)
		caps |= CAP_SESSION_TRACK;
	switch (choice & 0x0f) {
	case 0: greeting(input); break;
	case 1: response(input); break;
	case 2: (void)!auth_switch_read(input, &s, &err); break;
	case 3:
		column(input, 0);
		column(input, CAP_MARIADB_EXTENDED_METADATA);
		break;
	case 4: row(input); break;
	case 5: ok(input, caps); break;
	case 6: (void)!err_packet_read(input, &e, &err); break;
	case 7: (void)err_from_packet(input, &err); break;
	case 8: conversation(input, (enum auth_privacy)(choice >> 4 & 3)); break;
	case 9: frames(input, choice & 0x10 ? COMPRESSION_ZSTD : COMPRESSION_ZLIB); break;
	default: scan(input, (enum reply_kind)(choice % 6), caps); break;
	}
}
