#include "gate/relay.h"

#include "base/mutant.h"
#include "gate/answer_names.h"
#include "sql/show.h"

static uint16_t
mended_status(const void *arg, uint16_t told)
{
	const struct attempt *a = arg;
	unsigned missing = a->begins ? 0 : session_status_elsewhere(a->s, a->slot, told);

	return (uint16_t)(told | missing | (a->s->more ? STATUS_MORE_RESULTS : 0));
}

/* Would the client believe something that is not so, or lose count of the packets? */
static bool
must_mend(const struct attempt *a)
{
	const struct session *s = a->s;

	return s->more || s->client.seq != a->reply_seq ||
	    (!a->begins && s->txn != TXN_NONE && session_status_elsewhere(s, a->slot, 0) != 0);
}

/* Where names stand in an answer, beyond its columns. */
static int
find_names(struct ctx *cx, const struct attempt *a, struct answer_names *out)
{
	struct session *s = a->s;
	struct show show;

	answer_names_init(out, s, &a->plan, s->slots[a->slot], attempt_keyspace(a));
	out->modes = session_modes(s);
	out->binary = a->q->prepared != NULL;
	if (a->plan.names_count == 0 ||
	    (a->q->statement->kind != STATEMENT_SHOW && a->q->statement->kind != STATEMENT_ADMIN))
		return 0;
	TRY(show_read(&s->arena, a->q->sql, out->modes, &show, cx->err));
	out->defined = show.kind == SHOW_CREATE_TABLE;
	out->in_rows = out->defined || show.kind == SHOW_INDEX || show.kind == SHOW_MAINTENANCE;
	return 0;
}

/* A file takes the statement's place in the client's buffer. */
static void
forget_text(struct session *s)
{
	if (!mutant("gate_file_shown"))
		s->sql = SLICE_NULL;
}

static int
relay_mended(struct ctx *cx, struct attempt *a, struct packets *p, const struct reply_mend *mend)
{
	struct packets *client = &a->s->client;

	TRY(packets_relay_mended(cx, p, client, &a->scan, mend));
	while (a->scan.state == REPLY_AT_FILE) {
		forget_text(a->s);
		TRY(packets_relay_file_mended(cx, client, p));
		reply_scan_file_sent(&a->scan);
		TRY(packets_relay_mended(cx, p, client, &a->scan, mend));
	}
	return 0;
}

/* What may have several results needs its definitions changed to the end. */
static bool
must_extend_all(const struct attempt *a, const struct answer_names *names)
{
	return names->extends && a->q->statement->kind != STATEMENT_SELECT;
}

/* Packet by packet as far as there is something to mend. */
static int
relay_named(struct ctx *cx, struct attempt *a, struct packets *p)
{
	struct answer_names names;
	struct reply_mend mend = { .status = mended_status, .arg = a };

	TRY(find_names(cx, a, &names));
	if (answer_names_needed(&names)) {
		mend.names = &names;
		mend.definition = answer_names_definition;
		mend.row = names.in_rows ? answer_names_row : NULL;
	}
	if (a->q->before_told == NULL &&
	    (must_mend(a) || names.in_rows || must_extend_all(a, &names)))
		return relay_mended(cx, a, p, &mend);
	return packets_relay_head(cx, p, &a->s->client, &a->scan, &mend);
}

static bool
has_names(const struct attempt *a)
{
	return a->plan.names_count > 0 || answer_names_extends(a->s, a->s->slots[a->slot]);
}

int
relay_answer(struct ctx *cx, struct attempt *a, bool rows)
{
	struct packets *p = mysql_packets(a->s->slots[a->slot]->client), *client = &a->s->client;

	a->s->replied = true;
	if (must_mend(a) || (rows && has_names(a)) || a->q->before_told != NULL)
		TRY(relay_named(cx, a, p));
	if (reply_scan_ended(&a->scan))
		return a->scan.failed || a->q->before_told != NULL ? 0 : packets_flush(cx, client);
	TRY(packets_relay_to_err(cx, p, client, &a->scan));
	while (a->scan.state == REPLY_AT_FILE) {
		forget_text(a->s);
		TRY(packets_relay_file(cx, client, p));
		reply_scan_file_sent(&a->scan);
		TRY(packets_relay_to_err(cx, p, client, &a->scan));
	}
	return 0;
}

int
relay_error(struct ctx *cx, const struct attempt *a, struct slice packet)
{
	struct packets *client = &a->s->client;
	struct err_packet e;
	struct err err;
	SCOPED(buf)
	struct buf text = BUF_INIT, mended = BUF_INIT;

	if (a->plan.names_count > 0 && err_packet_read(packet, &e, &err) == 0) {
		answer_names_text(&a->plan, e.text, &text);
		e.text = buf_slice(&text);
		err_packet_put(&mended, &e);
		packet = buf_slice(&mended);
	}
	return packets_send(cx, client, packet);
}
