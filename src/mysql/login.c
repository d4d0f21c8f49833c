#include "mysql/login.h"

#include "base/check.h"
#include "base/mutant.h"
#include "mysql/auth.h"
#include "mysql/flavour.h"
#include "task/net.h"

#include <stdio.h>

enum {
	PACKET_MAX = 1 << 30, /* the servers' largest max_allowed_packet */
	/* three plugins of one account, each with what it says: no honest server needs more */
	AUTH_STEPS = 12,
};

static const uint64_t base_caps = CAP_LONG_FLAG | CAP_PROTOCOL_41 | CAP_TRANSACTIONS |
    CAP_SECURE_CONNECTION | CAP_MULTI_RESULTS | CAP_PS_MULTI_RESULTS | CAP_PLUGIN_AUTH |
    CAP_PLUGIN_AUTH_LENENC | CAP_DEPRECATE_EOF;

static void
take_greeting(struct login *out, const struct greeting *g)
{
	out->thread_id = g->thread_id;
	snprintf(out->version, sizeof(out->version), "%.*s",
	    SLICE_ARG(slice_starts(g->version, GREETING_PREFIX)
		    ? slice_cut(g->version, strlen(GREETING_PREFIX), SIZE_MAX)
		    : g->version));
}

static uint64_t
wanted_caps(const struct mysql_params *params)
{
	uint64_t caps = base_caps;

	if (params->database != NULL)
		caps |= CAP_CONNECT_WITH_DB;
	if (params->found_rows)
		caps |= CAP_FOUND_ROWS;
	if (params->local_files)
		caps |= CAP_LOCAL_FILES;
	if (params->multi)
		caps |= CAP_MULTI_STATEMENTS;
	return (caps | params->caps_with) & ~params->caps_without;
}

static struct slice
password_of(const struct mysql_params *params)
{
	return params->password == NULL ? slice_of("", 0) : secret_reveal(params->password);
}

static enum auth_privacy
privacy_of(const struct conn *conn)
{
	if (conn_tls(conn) != NULL)
		return AUTH_TLS;
	if (conn_is_private(conn))
		return AUTH_SOCKET;
	return conn_is_loopback(conn) ? AUTH_LOOPBACK : AUTH_OPEN;
}

static struct handshake_response
response_of(const struct mysql_params *params, uint64_t caps)
{
	return (struct handshake_response){
		.caps = caps,
		.packet_max = PACKET_MAX,
		.collation =
		    params->collation != 0 ? params->collation : COLLATION_UTF8MB4_GENERAL_CI,
		.user = slice_str(params->user),
		.database = slice_str(params->database != NULL ? params->database : ""),
	};
}

struct slice
login_host(const char *address)
{
	struct slice all = slice_str(address);
	const char *colon = strrchr(address, ':');

	if (slice_starts(all, "unix:") || colon == NULL)
		return slice_str("localhost");
	all = slice_cut(all, 0, (size_t)(colon - address));
	if (all.len >= 2 && all.ptr[0] == '[' && all.ptr[all.len - 1] == ']')
		return slice_cut(all, 1, all.len - 1);
	return all;
}

/* Nobody else hears what stays on this machine, and TLS would cost there what it costs anywhere. */
static bool
wants_tls(const struct mysql_params *params, const struct conn *conn)
{
	if (params->link == NULL || params->link->mode == MYSQL_TLS_DISABLED)
		return false;
	return params->link->mode != MYSQL_TLS_PREFERRED ||
	    (!conn_is_loopback(conn) && !conn_is_private(conn));
}

/* What a server says before TLS must not be taken for what it says in it. */
static int
begin_tls(struct ctx *cx, struct packets *p, const struct mysql_params *params)
{
	struct slice name = login_host(params->address);
	char host[256];

	if (packets_buffered(p) && !mutant("mysql_words_before_tls"))
		return err_set(cx->err, ERR_CORRUPT, "the server goes on before it was answered");
	snprintf(host, sizeof(host), "%.*s", SLICE_ARG(name));
	return conn_start_tls(cx, p->conn, params->link->context, SLICE_NULL, host);
}

static int
secure(struct ctx *cx, struct packets *p, const struct mysql_params *params,
    const struct greeting *g, struct handshake_response *r)
{
	SCOPED(buf) struct buf out = BUF_INIT;

	if (!wants_tls(params, p->conn))
		return 0;
	if ((g->caps & CAP_SSL) == 0) {
		if (params->link->mode == MYSQL_TLS_PREFERRED)
			return 0;
		err_set(cx->err, ERR_REFUSED, "the server does not offer TLS, which is required");
		return err_hint(cx->err, "give the server a certificate (ssl_cert, ssl_key)");
	}
	r->caps |= CAP_SSL;
	ssl_request_put(&out, r);
	TRY(packets_write(cx, p, buf_slice(&out)));
	TRY(packets_flush(cx, p));
	return begin_tls(cx, p, params);
}

static int
send_response(struct ctx *cx, struct packets *p, struct handshake_response *r,
    const struct greeting *g, struct auth_talk *talk)
{
	SCOPED(buf) struct buf out = BUF_INIT, answer = BUF_INIT;
	struct auth_switch with = { .data = slice_of(g->scramble, SCRAMBLE_LEN) };

	/* When we do not speak the server's default plugin, we offer ours; the server switches to the
	 * account's own. */
	if (auth_greets(g->plugin))
		with.plugin = g->plugin;
	TRY(auth_begin(talk, &with, &answer, cx->err));
	r->auth = buf_slice(&answer);
	r->plugin = slice_str(auth_name(talk));
	handshake_response_put(&out, r);
	TRY(packets_write(cx, p, buf_slice(&out)));
	return packets_flush(cx, p);
}

/* Without a copy in a buffer that others will have: the payload may be the password. */
static int
send_answer(struct ctx *cx, struct packets *p, struct slice payload)
{
	struct buf raw = BUF_INIT;
	int rc;

	buf_reserve(&raw, PACKET_HEADER + payload.len + 1);
	packet_put(&raw, &p->seq, payload);
	rc = packets_write_raw(cx, p, buf_slice(&raw));
	auth_wipe(&raw);
	return rc == 0 ? packets_flush(cx, p) : rc;
}

/* An auth switch request, or 0x01 and what the plugin's other side says. */
static int
go_on(struct auth_talk *talk, struct slice packet, struct buf *answer, bool *answered,
    struct err *err)
{
	int first = packet.len > 0 ? packet.ptr[0] : -1;
	struct auth_switch with;

	*answered = true;
	if (first == 0x01)
		return auth_more(talk, slice_cut(packet, 1, packet.len), answer, answered, err);
	if (first != 0xfe)
		return err_set(
		    err, ERR_CORRUPT, "authentication: a packet that begins with %d", first);
	TRY(auth_switch_read(packet, &with, err));
	return auth_begin(talk, &with, answer, err);
}

static int
answer_next(struct ctx *cx, struct packets *p, struct auth_talk *talk, struct slice packet)
{
	struct buf answer = BUF_INIT;
	bool answered;
	int rc = go_on(talk, packet, &answer, &answered, cx->err);

	if (rc == 0 && answered)
		rc = send_answer(cx, p, buf_slice(&answer));
	auth_wipe(&answer);
	return rc;
}

static int
authenticate(struct ctx *cx, struct packets *p, struct auth_talk *talk)
{
	for (int i = 0; i < AUTH_STEPS; i++) {
		struct slice packet;

		TRY(packets_read(cx, p, HANDSHAKE_MAX, &packet));
		if (reply_is_ok(packet))
			return 0;
		if (reply_is_err(packet))
			return err_from_packet(packet, cx->err);
		TRY(answer_next(cx, p, talk, packet));
	}
	return err_set(cx->err, ERR_CORRUPT, "authentication does not come to an end");
}

/* The server says who it is. */
static int
meet(struct ctx *cx, struct packets *p, struct greeting *g, struct login *out)
{
	struct slice packet;

	TRY(packets_read(cx, p, HANDSHAKE_MAX, &packet));
	if (reply_is_err(packet))
		return err_from_packet(packet, cx->err); /* too many connections, host blocked */
	TRY(greeting_read(packet, g, cx->err));
	if ((g->caps & CAP_PROTOCOL_41) == 0 || (g->caps & CAP_PLUGIN_AUTH) == 0)
		return err_set(cx->err, ERR_REFUSED, "the server is older than MySQL 5.5");
	*out = (struct login){ 0 };
	take_greeting(out, g);
	return flavour_find(out->version, &out->dialect, cx->err);
}

static int
read_greeting(struct ctx *cx, struct packets *p, struct login *out)
{
	struct greeting g;

	TRY(meet(cx, p, &g, out));
	return flavour_find(out->version, &out->dialect, cx->err);
}

int
login_meet(struct ctx *cx, const char *address, struct login *out, char own[ADDRESS_TEXT_MAX])
{
	struct packets packets;
	struct conn *conn;

	if (net_connect(cx, address, &conn) != 0)
		return err_wrap(cx->err, "connecting to '%s'", address);
	snprintf(own, ADDRESS_TEXT_MAX, "%s", conn_local(conn));
	packets_init(&packets, conn);
	int rc = read_greeting(cx, &packets, out);

	packets_done(&packets);
	conn_close(conn);
	return rc == 0 ? 0 : err_wrap(cx->err, "server '%s'", address);
}

/* By the greeting. */
static bool
is_offered(enum compression_algorithm algorithm, uint64_t caps)
{
	if (algorithm == COMPRESSION_NONE)
		return false;
	return (caps & (algorithm == COMPRESSION_ZLIB ? CAP_COMPRESS : CAP_ZSTD)) != 0;
}

static int
refuse_compression(const struct greeting *g, struct err *err)
{
	bool zlib = is_offered(COMPRESSION_ZLIB, g->caps),
	     zstd = is_offered(COMPRESSION_ZSTD, g->caps);

	err_set(err, ERR_REFUSED,
	    "wrongly configured compression algorithm: the server offers %s, and not what is asked for",
	    zlib && zstd ? "zlib and zstd"
		: zlib   ? "zlib"
		: zstd   ? "zstd"
			 : "none");
	return err_hint(
	    err, "add one that it offers to --db-compression-algorithms, or 'uncompressed'");
}

/* The first that the server has too; uncompressed only where there is none. */
static int
choose_compression(const struct mysql_params *params, const struct greeting *g,
    struct handshake_response *r, struct login *out, struct err *err)
{
	static const struct mysql_link none;
	const struct mysql_link *link = params->link != NULL ? params->link : &none;
	const struct compression_choice *c = &link->compression;

	for (int i = 0; i < c->count && out->compression == COMPRESSION_NONE; i++)
		if (is_offered(c->order[i], g->caps))
			out->compression = c->order[i];
	if (out->compression == COMPRESSION_NONE) {
		if (c->count > 0 && !compression_permits(c, COMPRESSION_NONE))
			return refuse_compression(g, err);
		return 0;
	}
	r->caps |= out->compression == COMPRESSION_ZLIB ? CAP_COMPRESS : CAP_ZSTD;
	r->zstd_level = (uint8_t)link->zstd_level;
	return 0;
}

int
login(struct ctx *cx, struct packets *p, const struct mysql_params *params, struct login *out)
{
	struct auth_talk talk = { .password = password_of(params) };
	struct handshake_response r;
	struct greeting g;

	TRY(meet(cx, p, &g, out));
	out->caps = wanted_caps(params) & g.caps;
	r = response_of(params, out->caps);
	TRY(choose_compression(params, &g, &r, out, cx->err));
	TRY(secure(cx, p, params, &g, &r));
	talk.privacy = privacy_of(p->conn);
	TRY(send_response(cx, p, &r, &g, &talk));
	TRY(authenticate(cx, p, &talk));
	if (out->compression != COMPRESSION_NONE)
		packets_compress(p, out->compression, params->link->zstd_level);
	return 0;
}
