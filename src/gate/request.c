#include "gate/request.h"

#include "mysql/command.h"
#include "mysql/reply_relay.h"

static int
send_begin(struct ctx *cx, struct attempt *a, struct packets *p)
{
	SCOPED(buf)
	struct buf packet = BUF_INIT;
	struct slice sql;

	for (size_t at = 0; session_next_begin(a->s, &at, &sql);) {
		buf_reset(&packet);
		command_put_text(&packet, COM_QUERY, sql);
		packets_begin_command(p);
		TRY(packets_write(cx, p, buf_slice(&packet)));
	}
	return 0;
}

/* ' is doubled; \ is an escape unless the session says otherwise. */
static void
put_literal(struct buf *out, struct slice text, unsigned modes)
{
	buf_add_char(out, '\'');
	for (size_t i = 0; i < text.len; i++) {
		char c = (char)text.ptr[i];

		if (c == '\'' || (c == '\\' && (modes & SQL_NO_BACKSLASH_ESCAPES) == 0))
			buf_add_char(out, c);
		buf_add_char(out, c);
	}
	buf_add_char(out, '\'');
}

/* What a server calls a statement of a client's, where it has to be prepared by a statement of its own: one
 * at a time, for the EXECUTE that follows. */
#define PREPARED_NAME "switchyard_execute"

static bool
must_be_prepared(const struct attempt *a)
{
	return !slice_is_null(a->q->using) &&
	    mysql_dialect(a->s->slots[a->slot]->client)->execute_sql == NULL;
}

/* It could be prepared when the client asked for it: an error is one of those after which nothing of
 * the connection is sure. */
static int
prepare_named(struct ctx *cx, struct attempt *a)
{
	SCOPED(buf)
	struct buf sql = BUF_INIT;

	buf_add_str(&sql, "PREPARE " PREPARED_NAME " FROM ");
	put_literal(&sql, a->plan.text, a->s->modes);
	return mysql_exec(cx, a->s->slots[a->slot]->client, buf_slice(&sql), NULL);
}

/* EXECUTE p USING @a: as one statement where there is one, so that nothing has to be prepared. */
static void
put_execute(struct buf *packet, const struct attempt *a, const struct dialect *d)
{
	SCOPED(buf)
	struct buf sql = BUF_INIT;

	if (d->execute_sql != NULL) {
		buf_add_str(&sql, d->execute_sql);
		put_literal(&sql, a->plan.text, a->s->modes);
	} else {
		buf_add_str(&sql, "EXECUTE " PREPARED_NAME);
	}
	buf_add_str(&sql, " USING ");
	buf_add_slice(&sql, a->q->using);
	command_put_text(packet, COM_QUERY, buf_slice(&sql));
}

static int
send_another(struct ctx *cx, struct attempt *a, struct packets *p)
{
	SCOPED(buf)
	struct buf packet = BUF_INIT;

	if (!slice_is_null(a->q->using))
		put_execute(&packet, a, mysql_dialect(a->s->slots[a->slot]->client));
	else
		command_put_text(&packet, COM_QUERY, a->plan.text);
	return packets_send(cx, p, buf_slice(&packet));
}

static int
send_query(struct ctx *cx, struct attempt *a, struct packets *p)
{
	packets_begin_command(p);
	if (!slice_is_null(a->q->using) || a->plan.rewritten)
		return send_another(cx, a, p);
	return packets_send(cx, p, a->q->packet);
}

static int
send_long_data(struct ctx *cx, struct attempt *a, struct packets *p)
{
	SCOPED(buf)
	struct buf packet = BUF_INIT;
	struct slice chunk;

	for (size_t at = 0; prepared_next_long_data(a->q->prepared, &at, &chunk);) {
		buf_reset(&packet);
		buf_add_slice(&packet, chunk);
		command_set_statement_id((uint8_t *)packet.data, a->remote);
		packets_begin_command(p);
		TRY(packets_write(cx, p, buf_slice(&packet)));
	}
	return 0;
}

static int
send_execute(struct ctx *cx, struct attempt *a, struct packets *p)
{
	struct slice execute;

	if (a->q->prepared->long_data.len > 0)
		TRY(send_long_data(cx, a, p));
	execute = prepared_execute_packet(a->q->prepared, a->q->packet, a->remote, &a->s->arena);
	if (slice_is_null(execute))
		return err_set(
		    cx->err, ERR_CORRUPT, "a COM_STMT_EXECUTE of %zu bytes", a->q->packet.len);
	packets_begin_command(p);
	return packets_send(cx, p, execute);
}

static int
prepare_there(struct ctx *cx, struct attempt *a, struct backend *b, uint64_t hash)
{
	struct packets *p = mysql_packets(b->client);
	struct reply_scan scan;
	SCOPED(buf)
	struct buf packet = BUF_INIT;

	TRY(session_use_keyspace(cx, a->s, a->slot, a->q->prepared->keyspace, a->q->prepared->base));
	command_put_text(&packet, COM_STMT_PREPARE, a->plan.text);
	packets_begin_command(p);
	TRY(packets_send(cx, p, buf_slice(&packet)));
	reply_scan_init(&scan, REPLY_PREPARE, mysql_caps(b->client));
	TRY(packets_drop_reply(cx, p, &scan));
	if (scan.failed)
		return err_from_packet(reply_scan_tail(&scan), cx->err);
	remote_put(b, a->q->prepared->id, hash, scan.statement_id);
	a->remote = scan.statement_id;
	return 0;
}

int
request_prepare(struct ctx *cx, struct attempt *a)
{
	struct backend *b = a->s->slots[a->slot];
	uint64_t hash;

	if (a->q->prepared == NULL)
		return 0;
	hash = prepared_hash(a->q->prepared, a->plan.text);
	return remote_find(b, a->q->prepared->id, hash, &a->remote) ? 0
								    : prepare_there(cx, a, b, hash);
}

int
request_send(struct ctx *cx, struct attempt *a)
{
	struct packets *p = mysql_packets(a->s->slots[a->slot]->client);

	if (must_be_prepared(a))
		TRY(prepare_named(cx, a)); /* before anything whose answer is still to come */
	if (a->begins)
		TRY(send_begin(cx, a, p));
	if (a->q->prepared != NULL)
		TRY(send_execute(cx, a, p));
	else
		TRY(send_query(cx, a, p));
	a->reply_seq = p->seq;
	return 0;
}

/* Servers do not refuse them; if they do, nothing of this connection is sure. */
int
request_read_begun(struct ctx *cx, struct attempt *a)
{
	struct packets *p = mysql_packets(a->s->slots[a->slot]->client);
	struct reply_scan scan;
	struct slice sql;

	for (size_t at = 0; session_next_begin(a->s, &at, &sql);) {
		packets_await_answer(p, 1);
		reply_scan_init(&scan, REPLY_RESULT, mysql_caps(a->s->slots[a->slot]->client));
		TRY(packets_drop_reply(cx, p, &scan));
		if (scan.failed) {
			(void)err_from_packet(reply_scan_tail(&scan), cx->err);
			cx->err->kind = ERR_RETRY;
			return -1;
		}
	}
	packets_await_answer(p, a->reply_seq);
	return 0;
}
