#include "gate/relay.h"

static uint16_t
mended_status(const void *arg, uint16_t told)
{
	const struct attempt *a = arg;
	unsigned              missing = a->begins ? 0 : session_status_elsewhere(a->s, a->slot, told);

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

static int
relay_mended(struct ctx *cx, struct attempt *a, struct packets *p)
{
	struct packets         *client = &a->s->client;
	const struct reply_mend mend = { mended_status, a };

	TRY(packets_relay_mended(cx, p, client, &a->scan, &mend));
	while (a->scan.state == REPLY_AT_FILE) {
		TRY(packets_relay_file_mended(cx, client, p));
		reply_scan_file_sent(&a->scan);
		TRY(packets_relay_mended(cx, p, client, &a->scan, &mend));
	}
	return 0;
}

int
relay_answer(struct ctx *cx, struct attempt *a)
{
	struct packets *p = mysql_packets(a->s->slots[a->slot]->client), *client = &a->s->client;

	a->s->replied = true;
	if (must_mend(a))
		return relay_mended(cx, a, p);
	TRY(packets_relay_to_err(cx, p, client, &a->scan));
	while (a->scan.state == REPLY_AT_FILE) {
		TRY(packets_relay_file(cx, client, p));
		reply_scan_file_sent(&a->scan);
		TRY(packets_relay_to_err(cx, p, client, &a->scan));
	}
	return 0;
}
