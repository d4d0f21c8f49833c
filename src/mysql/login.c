#include "mysql/login.h"

#include "base/check.h"
#include "mysql/auth.h"
#include "mysql/flavour.h"

#include <stdio.h>

enum {
	PACKET_MAX = 1 << 30, /* the servers' largest max_allowed_packet */
	AUTH_STEPS = 4,       /* a switch, an answer, more data: no honest server needs more */
};

static const uint64_t base_caps = CAP_LONG_FLAG | CAP_PROTOCOL_41 | CAP_TRANSACTIONS |
    CAP_SECURE_CONNECTION | CAP_MULTI_RESULTS | CAP_PS_MULTI_RESULTS | CAP_PLUGIN_AUTH |
    CAP_PLUGIN_AUTH_LENENC | CAP_DEPRECATE_EOF;

static int
take_greeting(struct login *out, const struct greeting *g, struct err *err)
{
	out->thread_id = g->thread_id;
	snprintf(out->version, sizeof(out->version), "%.*s",
	    SLICE_ARG(slice_starts(g->version, GREETING_PREFIX)
		    ? slice_cut(g->version, strlen(GREETING_PREFIX), SIZE_MAX)
		    : g->version));
	return flavour_find(out->version, &out->dialect, err);
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

static int
send_response(struct ctx *cx, struct packets *p, const struct mysql_params *params, uint64_t caps,
    const struct greeting *g)
{
	uint8_t answer[AUTH_ANSWER_MAX];
	const struct auth_plugin *plugin = auth_plugin_find(g->plugin);
	struct handshake_response r = {
		.caps = caps,
		.packet_max = PACKET_MAX,
		.collation =
		    params->collation != 0 ? params->collation : COLLATION_UTF8MB4_GENERAL_CI,
		.user = slice_str(params->user),
		.database = slice_str(params->database != NULL ? params->database : ""),
	};
	SCOPED(buf) struct buf out = BUF_INIT;

	/* When we do not speak the server's default plugin, we offer ours; the server switches to the
	 * account's own. */
	if (plugin == NULL)
		plugin = auth_plugin_find(slice_of("", 0));
	r.auth = slice_of(answer, plugin->answer(password_of(params), g->scramble, answer));
	r.plugin = slice_str(plugin->name);
	handshake_response_put(&out, &r);
	TRY(packets_write(cx, p, buf_slice(&out)));
	return packets_flush(cx, p);
}

static int
answer_switch(
    struct ctx *cx, struct packets *p, const struct mysql_params *params, struct slice packet)
{
	uint8_t answer[AUTH_ANSWER_MAX];
	struct auth_switch sw;
	const struct auth_plugin *plugin;
	size_t len;

	TRY(auth_switch_read(packet, &sw, cx->err));
	plugin = auth_plugin_find(sw.plugin);
	if (plugin == NULL) {
		err_set(cx->err, ERR_REFUSED,
		    "account '%s' uses the authentication plugin '%.*s', which is not spoken here",
		    params->user, SLICE_ARG(slice_cut(sw.plugin, 0, 64)));
		return err_hint(cx->err, "give the account an " AUTH_NATIVE " password");
	}
	if (sw.data.len != SCRAMBLE_LEN)
		return err_set(cx->err, ERR_CORRUPT, "auth switch request: a scramble of %zu bytes",
		    sw.data.len);
	len = plugin->answer(password_of(params), sw.data.ptr, answer);
	TRY(packets_write(cx, p, slice_of(answer, len)));
	return packets_flush(cx, p);
}

static int
authenticate(struct ctx *cx, struct packets *p, const struct mysql_params *params)
{
	for (int i = 0; i < AUTH_STEPS; i++) {
		struct slice packet;

		TRY(packets_read(cx, p, HANDSHAKE_MAX, &packet));
		if (reply_is_ok(packet))
			return 0;
		if (reply_is_err(packet))
			return err_from_packet(packet, cx->err);
		TRY(answer_switch(cx, p, params, packet));
	}
	return err_set(cx->err, ERR_CORRUPT, "authentication does not come to an end");
}

int
login(struct ctx *cx, struct packets *p, const struct mysql_params *params, struct login *out)
{
	struct slice packet;
	struct greeting g;

	TRY(packets_read(cx, p, HANDSHAKE_MAX, &packet));
	if (reply_is_err(packet))
		return err_from_packet(packet, cx->err); /* too many connections, host blocked */
	TRY(greeting_read(packet, &g, cx->err));
	if ((g.caps & CAP_PROTOCOL_41) == 0 || (g.caps & CAP_PLUGIN_AUTH) == 0)
		return err_set(cx->err, ERR_REFUSED, "the server is older than MySQL 5.5");
	TRY(take_greeting(out, &g, cx->err));
	out->caps = wanted_caps(params) & g.caps;
	TRY(send_response(cx, p, params, out->caps, &g));
	return authenticate(cx, p, params);
}
