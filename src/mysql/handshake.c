#include "mysql/handshake.h"

#include "base/check.h"

/* The second part of the scramble: 12 bytes and a NUL with every plugin in use. */
enum { SCRAMBLE_FIRST = 8, SCRAMBLE_SECOND = 13, FILLER = 6, RESPONSE_FILLER = 19 };

static void
read_scramble(struct wire_reader *r, uint8_t *out, size_t len)
{
	struct slice s = wire_bytes(r, len);

	if (s.len == len)
		memcpy(out, s.ptr, len);
}

int
greeting_read(struct slice packet, struct greeting *out, struct err *err)
{
	struct wire_reader r = wire_reader(packet);
	uint8_t version = wire_u8(&r), scramble_len;
	uint32_t extended;

	*out = (struct greeting){ 0 };
	if (version != 10)
		return err_set(
		    err, ERR_CORRUPT, "greeting: protocol version %u, expected 10", version);
	out->version = wire_nul_str(&r);
	out->thread_id = wire_u32(&r);
	read_scramble(&r, out->scramble, SCRAMBLE_FIRST);
	wire_skip(&r, 1);
	out->caps = wire_u16(&r);
	out->collation = wire_u8(&r);
	out->status = wire_u16(&r);
	out->caps |= (uint64_t)wire_u16(&r) << 16;
	scramble_len = wire_u8(&r);
	wire_skip(&r, FILLER);
	extended = wire_u32(&r);
	if ((out->caps & CAP_LONG_PASSWORD) == 0)
		out->caps |= (uint64_t)extended << 32;
	read_scramble(&r, out->scramble + SCRAMBLE_FIRST, SCRAMBLE_LEN - SCRAMBLE_FIRST);
	wire_skip(&r, scramble_len > SCRAMBLE_LEN + 1 ? (uint64_t)scramble_len - SCRAMBLE_LEN : 1);
	if ((out->caps & CAP_PLUGIN_AUTH) != 0)
		out->plugin = wire_nul_str(&r);
	return wire_done(&r, "greeting", err);
}

void
greeting_put(struct buf *b, const struct greeting *g)
{
	bool mariadb = (g->caps & CAP_LONG_PASSWORD) == 0;

	wire_put_int(b, 10, 1);
	wire_put_nul_str(b, g->version);
	wire_put_int(b, g->thread_id, 4);
	buf_add(b, g->scramble, SCRAMBLE_FIRST);
	wire_put_int(b, 0, 1);
	wire_put_int(b, g->caps & 0xffff, 2);
	wire_put_int(b, g->collation, 1);
	wire_put_int(b, g->status, 2);
	wire_put_int(b, g->caps >> 16 & 0xffff, 2);
	wire_put_int(b, SCRAMBLE_LEN + 1, 1);
	wire_put_int(b, 0, FILLER);
	wire_put_int(b, mariadb ? g->caps >> 32 : 0, 4);
	buf_add(b, g->scramble + SCRAMBLE_FIRST, SCRAMBLE_LEN - SCRAMBLE_FIRST);
	wire_put_int(b, 0, 1);
	if ((g->caps & CAP_PLUGIN_AUTH) != 0)
		wire_put_nul_str(b, g->plugin);
}

static struct slice
read_auth(struct wire_reader *r, uint64_t caps)
{
	if ((caps & CAP_PLUGIN_AUTH_LENENC) != 0)
		return wire_lenenc_str(r);
	if ((caps & CAP_SECURE_CONNECTION) != 0)
		return wire_bytes(r, wire_u8(r));
	return wire_nul_str(r);
}

int
handshake_response_read(struct slice packet, struct handshake_response *out, struct err *err)
{
	struct wire_reader r = wire_reader(packet);
	uint32_t extended;

	*out = (struct handshake_response){ 0 };
	out->caps = wire_u32(&r);
	if (!r.failed && (out->caps & CAP_PROTOCOL_41) == 0)
		return err_set(
		    err, ERR_REFUSED, "handshake: the client speaks a protocol older than 4.1");
	out->packet_max = wire_u32(&r);
	out->collation = wire_u8(&r);
	wire_skip(&r, RESPONSE_FILLER);
	extended = wire_u32(&r);
	if ((out->caps & CAP_LONG_PASSWORD) == 0)
		out->caps |= (uint64_t)extended << 32;
	out->user = wire_nul_str(&r);
	out->auth = read_auth(&r, out->caps);
	/* Some clients leave out what follows although they announce it: an absent field is an empty one. */
	if ((out->caps & CAP_CONNECT_WITH_DB) != 0 && wire_left(&r) > 0)
		out->database = wire_nul_str(&r);
	if ((out->caps & CAP_PLUGIN_AUTH) != 0 && wire_left(&r) > 0)
		out->plugin = wire_nul_str(&r);
	if ((out->caps & CAP_CONNECT_ATTRS) != 0 && wire_left(&r) > 0)
		out->attributes = wire_lenenc_str(&r);
	if ((out->caps & CAP_ZSTD) != 0 && wire_left(&r) > 0)
		out->zstd_level = wire_u8(&r);
	return wire_done(&r, "handshake response", err);
}

static void
put_auth(struct buf *b, const struct handshake_response *r)
{
	if ((r->caps & CAP_PLUGIN_AUTH_LENENC) != 0) {
		wire_put_lenenc_str(b, r->auth);
	} else if ((r->caps & CAP_SECURE_CONNECTION) != 0) {
		check(r->auth.len < 256);
		wire_put_int(b, r->auth.len, 1);
		buf_add_slice(b, r->auth);
	} else {
		wire_put_nul_str(b, r->auth);
	}
}

static void
put_fixed(struct buf *b, const struct handshake_response *r)
{
	check((r->caps & CAP_PROTOCOL_41) != 0);
	wire_put_int(b, r->caps & UINT32_MAX, 4);
	wire_put_int(b, r->packet_max, 4);
	wire_put_int(b, r->collation, 1);
	memset(buf_grow(b, RESPONSE_FILLER), 0, RESPONSE_FILLER);
	wire_put_int(b, (r->caps & CAP_LONG_PASSWORD) == 0 ? r->caps >> 32 : 0, 4);
}

void
ssl_request_put(struct buf *b, const struct handshake_response *r)
{
	check((r->caps & CAP_SSL) != 0);
	put_fixed(b, r);
}

void
handshake_response_put(struct buf *b, const struct handshake_response *r)
{
	put_fixed(b, r);
	wire_put_nul_str(b, r->user);
	put_auth(b, r);
	if ((r->caps & CAP_CONNECT_WITH_DB) != 0)
		wire_put_nul_str(b, r->database);
	if ((r->caps & CAP_PLUGIN_AUTH) != 0)
		wire_put_nul_str(b, r->plugin);
	if ((r->caps & CAP_CONNECT_ATTRS) != 0)
		wire_put_lenenc_str(b, r->attributes);
	if ((r->caps & CAP_ZSTD) != 0)
		wire_put_int(b, r->zstd_level, 1);
}

int
auth_switch_read(struct slice packet, struct auth_switch *out, struct err *err)
{
	struct wire_reader r = wire_reader(packet);
	uint8_t head = wire_u8(&r);

	*out = (struct auth_switch){ 0 };
	if (!r.failed && head != 0xfe)
		return err_set(err, ERR_CORRUPT,
		    "auth switch request: begins with 0x%02x, expected 0xfe", head);
	if (wire_left(&r) == 0)
		return err_set(err, ERR_REFUSED, "the server asks for a password of before 4.1");
	out->plugin = wire_nul_str(&r);
	out->data = wire_rest(&r);
	return wire_done(&r, "auth switch request", err);
}

void
auth_switch_put(struct buf *b, const struct auth_switch *s)
{
	wire_put_int(b, 0xfe, 1);
	wire_put_nul_str(b, s->plugin);
	buf_add_slice(b, s->data);
}

bool
attribute_next(struct slice *attributes, struct slice *key, struct slice *value)
{
	struct wire_reader r = wire_reader(*attributes);

	*key = wire_lenenc_str(&r);
	*value = wire_lenenc_str(&r);
	*attributes = slice_of(r.pos, wire_left(&r));
	return !r.failed;
}
