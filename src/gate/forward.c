#include "gate/forward.h"

#include "base/check.h"
#include "gate/answer_names.h"
#include "gate/beside.h"
#include "gate/catalogue.h"
#include "gate/handler.h"
#include "gate/refuse.h"
#include "gate/unknown.h"
#include "mysql/command.h"
#include "mysql/reply_relay.h"

enum { HEAD_MAX = 16 * 1024 }; /* an ERR, or the head of a prepared statement: 12 bytes */

/* The error of a backend, or that of not getting one: the client's answer unless the backend broke
 * in the middle. */
static int
fail(struct ctx *cx, struct session *s, int slot)
{
	bool open = s->txn == TXN_OPEN;

	if (slot >= 0 && s->slots[slot] != NULL && mysql_broken(s->slots[slot]->client))
		session_drop_backend(s, slot);
	if (s->replied || task_cancelled() || (open && s->txn != TXN_OPEN))
		return -1;
	session_rest(s);
	return session_send_err(cx, s, cx->err);
}

static int
send_command(struct ctx *cx, struct session *s, int slot, struct slice packet)
{
	struct packets *p = mysql_packets(s->slots[slot]->client);

	packets_begin_command(p);
	return packets_send(cx, p, packet);
}

static int
relay(struct ctx *cx, struct session *s, int slot, enum reply_kind kind)
{
	struct packets *p = mysql_packets(s->slots[slot]->client);
	struct reply_scan scan;

	reply_scan_init(&scan, kind, mysql_caps(s->slots[slot]->client));
	s->replied = true;
	TRY(packets_relay_reply(cx, p, &s->client, &scan));
	if (!scan.failed && (scan.status & STATUS_CURSOR_EXISTS) == 0)
		s->cursor = NULL;
	return 0;
}

/* ---- PREPARE ---- */

/* The scan must see the packet that was read; its header is the one it came with. */
static int
feed(struct reply_scan *scan, struct slice packet, uint8_t seq, struct err *err)
{
	SCOPED(buf)
	struct buf raw = BUF_INIT;
	size_t used;

	packet_put(&raw, &seq, packet);
	return reply_scan_feed(scan, buf_slice(&raw), &used, err);
}

/* Must the client hear another error than the server's? Then it is cx->err. */
static bool
is_unknown(struct ctx *cx, struct session *s, const struct prepared *st, int slot,
    const struct reply_scan *scan)
{
	struct unknown_ask ask = { s->loop->in_flight.route, &st->statement, st->text, slot, 0 };
	struct err_packet e;
	struct err instead;

	if (err_packet_read(reply_scan_tail(scan), &e, &instead) != 0)
		return false;
	ask.code = e.code;
	if (!unknown_judge(cx, s, &ask, &instead) || strcmp(instead.sqlstate, "01000") == 0)
		return false;
	*cx->err = instead;
	return true;
}

/* OK of a prepared statement: int<1> 0 | int<4> number | int<2> columns | int<2> parameters | ...
 */
static int
answer_prepare(
    struct ctx *cx, struct session *s, struct prepared *st, int slot, const struct plan *plan)
{
	struct answer_names names;

	struct packets *p = mysql_packets(s->slots[slot]->client);
	struct reply_scan scan;
	struct slice packet;
	SCOPED(buf)
	struct buf ours = BUF_INIT;
	uint8_t seq = p->seq;

	TRY(packets_read(cx, p, HEAD_MAX, &packet));
	reply_scan_init(&scan, REPLY_PREPARE, mysql_caps(s->slots[slot]->client));
	TRY(feed(&scan, packet, seq, cx->err));
	buf_add_slice(&ours, packet);
	if (scan.failed && is_unknown(cx, s, st, slot, &scan))
		return -1;
	s->replied = true;
	if (scan.failed) {
		TRY(packets_send(cx, &s->client, buf_slice(&ours)));
		return err_from_packet(reply_scan_tail(&scan), cx->err);
	}
	remote_put(s->slots[slot], st->id, prepared_hash(st, plan->text), scan.statement_id);
	st->params = scan.params;
	st->columns = scan.columns;
	command_set_statement_id((uint8_t *)ours.data, st->id);
	TRY(packets_write(cx, &s->client, buf_slice(&ours)));
	answer_names_init(&names, s, plan, s->slots[slot], st->keyspace);
	return answer_names_needed(&names) ? answer_names_relay(cx, &names, p, &s->client, &scan)
					   : packets_relay_reply(cx, p, &s->client, &scan);
}

/* Prepares it there and closes it. */
static int
prepare_and_close(struct ctx *cx, struct session *s, int slot, struct slice text, unsigned *params)
{
	struct mysql_client *c = s->slots[slot]->client;
	struct reply_scan scan;
	SCOPED(buf)
	struct buf packet = BUF_INIT;

	command_put_text(&packet, COM_STMT_PREPARE, text);
	TRY(send_command(cx, s, slot, buf_slice(&packet)));
	reply_scan_init(&scan, REPLY_PREPARE, mysql_caps(c));
	TRY(packets_drop_reply(cx, mysql_packets(c), &scan));
	if (scan.failed)
		return err_from_packet(reply_scan_tail(&scan), cx->err);
	*params = scan.params;
	buf_reset(&packet);
	wire_put_int(&packet, COM_STMT_CLOSE, 1);
	wire_put_int(&packet, scan.statement_id, 4);
	return send_command(cx, s, slot, buf_slice(&packet));
}

/* A server reports a syntax error before any other, so its answer is asked for first. */
void
forward_judge(struct ctx *cx, struct session *s, const struct statement *st, struct slice text)
{
	const struct route_keyspace *any = route_any(s->loop->in_flight.route);
	struct err refused;
	unsigned params;
	int slot = s->txn_slot;

	if (st->understood || cx->err->kind != ERR_REFUSED)
		return;
	(void)err_copy(&refused, cx->err);
	err_clear(cx->err);
	if ((s->txn == TXN_OPEN || (any != NULL && session_backend(cx, s, any, &slot) == 0)) &&
	    prepare_and_close(cx, s, slot, text, &params) != 0 && cx->err->kind == ERR_SERVER &&
	    cx->err->mysql_errno == ER_PARSE_ERROR)
		return;
	err_clear(cx->err);
	(void)err_copy(cx->err, &refused);
}

/* A statement whose names must be routed first (beside.h) is prepared when it is executed. Until then another
 * one is prepared in its place, which has neither parameters nor columns either. */
static bool
is_prepared_later(const struct session *s, const struct plan_input *in, struct plan *plan)
{
	bool later = beside_is_needed(s, in->statement, in->keyspace) &&
	    memchr(in->sql.ptr, '?', in->sql.len) == NULL;

	if (later)
		*plan = (struct plan){ .text = slice_str("DO 0") };
	return later;
}

int
forward_prepare(struct ctx *cx, struct session *s, struct prepared *st)
{
	struct route *route = route_ref(s->loop->in_flight.route);
	const struct route_keyspace *where;
	struct plan plan;
	struct plan_input in = { .route = route,
		.statement = handler_read(s, &st->statement),
		.sql = st->text,
		.keyspace = session_keyspace(s),
		.base = session_base(s),
		.temporary = &s->temporary,
		.ascii_only = !s->charset.utf8,
		.modes = st->modes };
	SCOPED(buf)
	struct buf packet = BUF_INIT;
	int slot = -1, rc = -1;

	s->replied = false;
	if (is_prepared_later(s, &in, &plan) || catalogue_plan(cx, s, &in, &plan) == 0) {
		where = plan.place != NULL ? plan.place : route_any(route);
		command_put_text(&packet, COM_STMT_PREPARE, plan.text);
		if (where == NULL)
			refuse(cx->err, ER_BAD_DB_ERROR,
			    "there is no keyspace with a primary tablet yet");
		else if (session_backend(cx, s, where, &slot) == 0 &&
		    send_command(cx, s, slot, buf_slice(&packet)) == 0)
			rc = answer_prepare(cx, s, st, slot, &plan);
	} else {
		forward_judge(cx, s, &st->statement, st->text);
	}
	route_unref(route);
	if (rc == 0) {
		prepared_put(&s->statements, st);
		s->prepared_last = st->id;
		session_rest(s);
		return 0;
	}
	prepared_free(st);
	if (cx->err->kind != ERR_SERVER || !s->replied)
		return fail(cx, s, slot);
	session_last(s, slot); /* the client has the server's own error */
	session_rest(s);
	return 0;
}

static int
try_prepare(struct ctx *cx, struct session *s, const struct route *route, struct slice text,
    unsigned *params)
{
	struct statement st;
	struct plan plan;
	const struct route_keyspace *where;
	int slot = -1;
	/* clang-format off */
	struct plan_input            in = {
			       .route = route, .statement = &st, .sql = text, .keyspace = session_keyspace(s),
			   .base = session_base(s),
			   .temporary = &s->temporary,
		.ascii_only = !s->charset.utf8
	};
	/* clang-format on */

	if (statement_read(&s->arena, text, session_modes(s), &st, cx->err) != 0) {
		cx->err->mysql_errno = ER_PARSE_ERROR;
		return -1;
	}
	if (!is_prepared_later(s, &in, &plan))
		TRY(plan_make(&s->arena, &in, &plan, cx->err));
	where = plan.place != NULL ? plan.place : route_any(route);
	if (where == NULL)
		return refuse(
		    cx->err, ER_BAD_DB_ERROR, "there is no keyspace with a primary tablet yet");
	if (session_backend(cx, s, where, &slot) == 0 &&
	    prepare_and_close(cx, s, slot, plan.text, params) == 0)
		return 0;
	if (slot >= 0 && s->slots[slot] != NULL && mysql_broken(s->slots[slot]->client))
		session_drop_backend(s, slot);
	return -1;
}

int
forward_try_prepare(struct ctx *cx, struct session *s, struct slice text, unsigned *params)
{
	struct route *route = route_ref(s->loop->in_flight.route);
	int rc = try_prepare(cx, s, route, text, params);

	route_unref(route);
	session_rest(s);
	return rc;
}

/* ---- cursors ---- */

int
forward_cursor(struct ctx *cx, struct session *s, struct prepared *st, struct slice packet,
    enum reply_kind kind)
{
	SCOPED(buf)
	struct buf ours = BUF_INIT;
	int slot = s->bound;
	uint32_t remote;

	s->replied = false;
	if (s->cursor != st || slot < 0 || !remote_known(s->slots[slot], st->id, &remote)) {
		(void)refuse(cx->err, ER_STMT_HAS_NO_OPEN_CURSOR,
		    "The statement (%u) has no open cursor", st->id);
		return fail(cx, s, -1);
	}
	buf_add_slice(&ours, packet);
	command_set_statement_id((uint8_t *)ours.data, remote);
	if (send_command(cx, s, slot, buf_slice(&ours)) != 0 || relay(cx, s, slot, kind) != 0)
		return fail(cx, s, slot);
	session_rest(s);
	return 0;
}

void
forward_close(struct ctx *cx, struct session *s, uint32_t id)
{
	for (int i = 0; i < SLOTS_MAX; i++) {
		struct backend *b = s->slots[i];
		SCOPED(buf)
		struct buf packet = BUF_INIT;
		bool parked = b != NULL && b->state == BACKEND_PARKED;
		uint32_t remote;

		if (b == NULL || !remote_take(b, id, &remote))
			continue;
		wire_put_int(&packet, COM_STMT_CLOSE, 1);
		wire_put_int(&packet, remote, 4);
		if (parked)
			pool_unpark(&s->loop->pool, b);
		/* Nobody waits for an answer; a connection that breaks is closed. */
		if (send_command(cx, s, i, buf_slice(&packet)) == 0 && parked)
			pool_park(&s->loop->pool, b, &s->slots[i]);
		else if (mysql_broken(b->client))
			session_drop_backend(s, i);
	}
}

/* ---- COM_FIELD_LIST ---- */

/* Of a table that has a rule, under the name that the client knows. */
static int
relay_fields(struct ctx *cx, struct session *s, int slot, const struct route_rule *rule)
{
	struct packets *p = mysql_packets(s->slots[slot]->client);
	struct plan_name name;
	struct answer_names names;
	struct reply_scan scan;

	answer_names_none(&names, s, s->slots[slot]);
	if (rule != NULL && rule->to != NULL) {
		name = (struct plan_name){ slice_str(rule->to->database),
			slice_str(rule->record->to_table), slice_str(rule->record->from_keyspace),
			slice_str(rule->record->from_table) };
		names.names = &name;
		names.count = 1;
	}
	if (!answer_names_needed(&names))
		return relay(cx, s, slot, REPLY_FIELDS);
	reply_scan_init(&scan, REPLY_FIELDS, names.caps);
	s->replied = true;
	TRY(answer_names_relay(cx, &names, p, &s->client, &scan));
	if (!scan.failed)
		return 0;
	return packets_send(cx, &s->client, reply_scan_tail(&scan));
}

int
forward_field_list(struct ctx *cx, struct session *s, struct slice rest)
{
	struct slice table;
	struct slice wildcard = slice_split(rest, '\0', &table);
	struct route *route = route_ref(s->loop->in_flight.route);
	const struct route_rule *rule =
	    s->keyspace == NULL ? NULL : route_rule(route, session_keyspace(s), table);
	const struct route_keyspace *where = session_place(s, route);
	SCOPED(buf)
	struct buf packet = BUF_INIT;
	int slot = -1, rc = -1;
	const char *database = NULL; /* another than the session's */

	s->replied = false;
	if (rule != NULL && rule->to != NULL) {
		where = rule->to;
		database = where->database;
		table = slice_str(rule->record->to_table);
	}
	wire_put_int(&packet, COM_FIELD_LIST, 1);
	wire_put_nul_str(&packet, table);
	buf_add_slice(&packet, wildcard);
	if (where == NULL || where->server == NULL)
		refuse(cx->err, ER_NO_DB_ERROR, "No database selected");
	else if (session_backend(cx, s, where, &slot) == 0 &&
	    (database == NULL || session_use(cx, s, slot, database) == 0) &&
	    send_command(cx, s, slot, buf_slice(&packet)) == 0)
		rc = relay_fields(cx, s, slot, rule);
	route_unref(route);
	if (rc != 0)
		return fail(cx, s, slot);
	session_rest(s);
	return 0;
}
