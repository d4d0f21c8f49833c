#include "mysql/server.h"

#include "base/check.h"
#include "base/mutant.h"
#include "mysql/command.h"
#include "mysql/flavour.h"
#include "mysql/result.h"

#include <stdio.h>

enum {
	ER_HANDSHAKE_ERROR = 1043,
	ER_ACCESS_DENIED_ERROR = 1045,
	ER_SECURE_TRANSPORT_REQUIRED = 3159,
	ER_WRONG_COMPRESSION_ALGORITHM_CLIENT = 3922,
	ER_WRONG_COMPRESSION_LEVEL_CLIENT = 3923,
	/* Beyond it there is a twentieth less to send, for several times the loop's time. */
	ZSTD_LEVEL_MOST = 9,
	ATTRIBUTES_MAX = 64,    /* pairs looked at; clients send about ten */
	TEXT_LENGTH = 1024 * 4, /* width that a text column of ours claims */
};

static int
send_payload(struct ctx *cx, struct packets *p, const struct buf *payload)
{
	return packets_send(cx, p, buf_slice(payload));
}

int
server_send_ok(struct ctx *cx, struct packets *p, uint64_t caps, const struct ok_packet *ok)
{
	SCOPED(buf) struct buf b = BUF_INIT;

	ok_put(&b, caps, ok);
	return send_payload(cx, p, &b);
}

int
server_send_err(struct ctx *cx, struct packets *p, const struct err *e)
{
	SCOPED(buf) struct buf b = BUF_INIT;

	err_packet_put_err(&b, e);
	return send_payload(cx, p, &b);
}

static int
send_text_columns(struct ctx *cx, struct packets *p, uint64_t caps, const struct server_rows *rows)
{
	SCOPED(buf) struct buf b = BUF_INIT;

	wire_put_lenenc(&b, rows->columns);
	TRY(packets_write(cx, p, buf_slice(&b)));
	for (size_t i = 0; i < rows->columns; i++) {
		struct column_def def = {
			.name = rows->names[i],
			.charset = COLLATION_UTF8MB4_GENERAL_CI,
			.length = TEXT_LENGTH,
			.type = TYPE_VAR_STRING,
		};

		buf_reset(&b);
		column_def_put(&b, caps, &def);
		TRY(packets_write(cx, p, buf_slice(&b)));
	}
	if ((caps & CAP_DEPRECATE_EOF) != 0)
		return 0;
	buf_reset(&b);
	eof_put(&b, caps, rows->status, 0);
	return packets_write(cx, p, buf_slice(&b));
}

int
server_send_rows(struct ctx *cx, struct packets *p, uint64_t caps, const struct server_rows *rows)
{
	SCOPED(buf) struct buf b = BUF_INIT;

	check(rows->columns > 0);
	TRY(send_text_columns(cx, p, caps, rows));
	for (size_t i = 0; i < rows->rows; i++) {
		buf_reset(&b);
		text_row_put(&b, rows->values + i * rows->columns, rows->columns);
		TRY(packets_write(cx, p, buf_slice(&b)));
	}
	buf_reset(&b);
	eof_put(&b, caps, rows->status, 0);
	return send_payload(cx, p, &b);
}

/* Tells the client and returns -1 with the same error. */
static int
refuse(struct ctx *cx, struct packets *p, int code, const char *sqlstate, const char *text)
{
	struct err ignored, *err = cx->err;
	struct ctx telling = *cx;

	err_set(err, ERR_REFUSED, "%s", text);
	err->mysql_errno = code;
	memcpy(err->sqlstate, sqlstate, 6);
	telling.err = &ignored;
	if (server_send_err(&telling, p, err) != 0)
		p->broken = true; /* the client is gone already; it is refused either way */
	return -1;
}

static int
deny(struct ctx *cx, struct packets *p, struct slice user, bool with_password)
{
	char text[256];
	const char *peer = conn_peer(p->conn), *port = strrchr(peer, ':');
	int host_len = port != NULL ? (int)(port - peer) : (int)strlen(peer);

	snprintf(text, sizeof(text), "Access denied for user '%.*s'@'%.*s' (using password: %s)",
	    SLICE_ARG(slice_cut(user, 0, 80)), host_len, peer, with_password ? "YES" : "NO");
	return refuse(cx, p, ER_ACCESS_DENIED_ERROR, "28000", text);
}

/* A plugin that we verify. */
struct verified {
	const char *name;
	bool (*verify)(const struct auth_stored *stored, const uint8_t scramble[SCRAMBLE_LEN],
	    struct slice answer);
	struct slice success; /* what the plugin's client hears ahead of the OK, or nothing */
};

static const struct verified native = { AUTH_NATIVE, auth_native_verify, { 0 } };

static struct verified
plugin_of(struct slice claimed)
{
	if (!slice_eq_str(claimed, AUTH_CACHING_SHA2))
		return native;
	return (struct verified){ AUTH_CACHING_SHA2, auth_caching_sha2_verify, slice_of("\1\3", 2) };
}

/* Asks for an answer to scramble. answer is borrowed from the packet. */
static int
switch_plugin(struct ctx *cx, struct packets *p, const char *plugin, const uint8_t *scramble,
    struct slice *answer)
{
	SCOPED(buf) struct buf b = BUF_INIT;
	uint8_t data[SCRAMBLE_LEN + 1] = { 0 };

	memcpy(data, scramble, SCRAMBLE_LEN);
	auth_switch_put(&b,
	    &(struct auth_switch){
		.plugin = slice_str(plugin), .data = slice_of(data, sizeof(data)) });
	TRY(send_payload(cx, p, &b));
	TRY(packets_read(cx, p, HANDSHAKE_MAX, answer));
	/* Some plugins say an empty password by its NUL. */
	if (answer->len == 1 && answer->ptr[0] == 0)
		answer->len = 0;
	return 0;
}

static const char *
program_name(struct arena *a, struct slice attributes)
{
	struct slice key, value;

	for (int i = 0; i < ATTRIBUTES_MAX && attribute_next(&attributes, &key, &value); i++) {
		if (slice_eq_str(key, "program_name"))
			return arena_slice_str(a, slice_cut(value, 0, 64));
	}
	return "";
}

/* What a client claims, from either packet. */
struct claim {
	struct slice user, auth, database, plugin, attributes;
	uint8_t collation;
	uint8_t scramble[SCRAMBLE_LEN]; /* for which auth is the answer */
};

/* Verifies the claim. The packet that it was read from may be gone after a wait, so what is kept is copied
 * first. */
static int
admit(struct ctx *cx, struct packets *p, const struct server_params *params,
    const struct claim *claim, struct server_client *out)
{
	struct auth_stored stored = { 0 };
	struct slice answer = claim->auth;
	struct verified plugin = plugin_of(claim->plugin);
	bool known = params->lookup(params->arg, claim->user, &stored);
	const char *user = arena_slice_str(cx->arena, claim->user);

	out->database = claim->database.len > 0 ? arena_slice_str(cx->arena, claim->database) : NULL;
	out->program = program_name(cx->arena, claim->attributes);
	out->collation = claim->collation;
	out->user = user;
	if ((out->caps & CAP_PLUGIN_AUTH) != 0 && claim->plugin.len > 0 &&
	    !slice_eq_str(claim->plugin, AUTH_NATIVE))
		TRY(switch_plugin(cx, p, plugin.name, claim->scramble, &answer));
	if (!plugin.verify(&stored, claim->scramble, answer) || !known)
		return deny(cx, p, slice_str(user), answer.len > 0);
	if (answer.len > 0 && plugin.success.len > 0)
		TRY(packets_write(cx, p, plugin.success));
	return 0;
}

static uint64_t
offered_caps(const struct server_params *params)
{
	const struct compression_choice *c = &params->link.compression;

	return params->caps | (params->link.tls != NULL ? CAP_SSL : 0) |
	    (compression_permits(c, COMPRESSION_ZLIB) ? CAP_COMPRESS : 0) |
	    (compression_permits(c, COMPRESSION_ZSTD) ? CAP_ZSTD : 0);
}

static int
send_greeting(
    struct ctx *cx, struct packets *p, const struct server_params *params, uint8_t *scramble)
{
	SCOPED(buf) struct buf b = BUF_INIT, version = BUF_INIT;
	struct greeting g = {
		.thread_id = params->thread_id,
		.caps = offered_caps(params),
		.collation = COLLATION_UTF8MB4_GENERAL_CI,
		.status = STATUS_AUTOCOMMIT,
		.plugin = slice_str(AUTH_NATIVE),
	};

	buf_addf(&version, "%s%s", flavour_greeting_prefix(params->version), params->version);
	g.version = buf_slice(&version);
	auth_scramble(scramble);
	memcpy(g.scramble, scramble, SCRAMBLE_LEN);
	greeting_put(&b, &g);
	p->seq = 0;
	return send_payload(cx, p, &b);
}

static bool
asks_for_tls(struct slice packet)
{
	struct wire_reader r = wire_reader(packet);

	return (wire_u32(&r) & CAP_SSL) != 0;
}

/* A client that goes on in TLS or compressed, which was not offered, would wait for ever for an answer. */
static int
check_offer(struct ctx *cx, struct packets *p, uint64_t offered, struct slice packet)
{
	struct wire_reader r = wire_reader(packet);
	uint64_t asked = wire_u32(&r), compression = asked & (CAP_COMPRESS | CAP_ZSTD);

	if (packet.len == SSL_REQUEST_LEN && (asked & ~offered & CAP_SSL) != 0)
		return refuse(cx, p, ER_HANDSHAKE_ERROR, "08S01",
		    "Bad handshake: TLS was asked for and is not offered; connect without it");
	if (compression != 0 && (compression & offered) == 0)
		return refuse(cx, p, ER_HANDSHAKE_ERROR, "08S01",
		    "Bad handshake: a compression was asked for that is not offered; connect without it");
	return 0;
}

/* Whoever asks for both gets zlib, as at a server. */
static int
choose_compression(struct ctx *cx, struct packets *p, const struct server_params *params,
    const struct handshake_response *r, struct server_client *out)
{
	const struct compression_choice *c = &params->link.compression;
	uint64_t asked = r->caps & offered_caps(params);

	out->compression = (asked & CAP_COMPRESS) != 0 ? COMPRESSION_ZLIB
	    : (asked & CAP_ZSTD) != 0                  ? COMPRESSION_ZSTD
						       : COMPRESSION_NONE;
	if (out->compression == COMPRESSION_NONE && c->count > 0 &&
	    !compression_permits(c, COMPRESSION_NONE))
		return refuse(cx, p, ER_WRONG_COMPRESSION_ALGORITHM_CLIENT, "HY000",
		    "Invalid compression algorithm 'uncompressed'.");
	if (out->compression != COMPRESSION_ZSTD)
		return 0;
	if (r->zstd_level < 1 || r->zstd_level > PACK_ZSTD_LEVEL_MAX)
		return refuse(cx, p, ER_WRONG_COMPRESSION_LEVEL_CLIENT, "HY000",
		    "Invalid zstd compression level for algorithm 'zstd'.");
	out->zstd_level = r->zstd_level < ZSTD_LEVEL_MOST ? r->zstd_level : ZSTD_LEVEL_MOST;
	return 0;
}

/* The response, in TLS where the client asks for it. */
static int
read_response(struct ctx *cx, struct packets *p, const struct server_params *params,
    struct handshake_response *r)
{
	struct slice packet;

	TRY(packets_read(cx, p, HANDSHAKE_MAX, &packet));
	TRY(check_offer(cx, p, offered_caps(params), packet));
	if (packet.len == SSL_REQUEST_LEN && asks_for_tls(packet)) {
		/* Some clients begin without a breath after their request. */
		TRY(conn_start_tls(cx, p->conn, params->link.tls, packets_take_all(p), NULL));
		TRY(packets_read(cx, p, HANDSHAKE_MAX, &packet));
	}
	if (handshake_response_read(packet, r, cx->err) != 0)
		return refuse(cx, p, ER_HANDSHAKE_ERROR, "08S01", "Bad handshake");
	if (params->link.require_tls && !mutant("mysql_tls_optional") &&
	    conn_tls(p->conn) == NULL && !conn_is_private(p->conn))
		return refuse(cx, p, ER_SECURE_TRANSPORT_REQUIRED, "HY000",
		    "Connections using insecure transport are prohibited while "
		    "--require_secure_transport=ON.");
	return 0;
}

int
server_greet(struct ctx *cx, struct packets *p, const struct server_params *params,
    struct server_client *out)
{
	struct handshake_response r;
	struct claim claim = { 0 };

	check(cx->arena != NULL);
	*out = (struct server_client){ 0 };
	TRY(send_greeting(cx, p, params, claim.scramble));
	TRY(read_response(cx, p, params, &r));
	TRY(choose_compression(cx, p, params, &r, out));
	out->caps = r.caps & params->caps;
	claim.user = r.user;
	claim.auth = r.auth;
	claim.database = r.database;
	claim.plugin = r.plugin;
	claim.attributes = r.attributes;
	claim.collation = r.collation;
	return admit(cx, p, params, &claim, out);
}

int
server_change_user(struct ctx *cx, struct packets *p, const struct server_params *params,
    struct slice payload, struct server_client *client)
{
	struct change_user c;
	struct claim claim;

	if (change_user_read(payload, client->caps, &c, cx->err) != 0)
		return refuse(cx, p, ER_HANDSHAKE_ERROR, "08S01", "Bad handshake");
	/* The client's answer was made with the greeting's scramble, which nobody keeps: unless it is
	 * empty, the client is asked again, in its own plugin if we verify that. */
	claim = (struct claim){
		.user = c.user,
		.auth = c.auth,
		.database = c.database,
		.plugin = slice_str(
		    slice_eq_str(c.plugin, AUTH_CACHING_SHA2) ? AUTH_CACHING_SHA2 : "again"),
		.attributes = c.attributes,
		.collation = (uint8_t)(c.collation & 0xff),
	};
	auth_scramble(claim.scramble);
	client->compression = COMPRESSION_NONE; /* what there is goes on */
	if (c.auth.len == 0)
		claim.plugin = slice_of("", 0);
	return admit(cx, p, params, &claim, client);
}

int
server_welcome(struct ctx *cx, struct packets *p, const struct server_client *client)
{
	struct ok_packet ok = { .status = STATUS_AUTOCOMMIT };

	TRY(server_send_ok(cx, p, client->caps, &ok));
	if (client->compression != COMPRESSION_NONE)
		packets_compress(p, client->compression, client->zstd_level);
	return 0;
}
