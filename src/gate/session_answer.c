/* What a session tells its client by itself: OK with its true flags, and errors. */
#include "gate/session.h"

#include "base/log.h"
#include "base/mem.h"
#include "mysql/server.h"
#include "sql/fingerprint.h"
#include "sql/quote.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	FINGERPRINT_OF = 4096, /* bytes of a statement that are read for a line of the log */
	FINGERPRINT_MAX = 300, /* of the line that are the statement */
};

static unsigned
txn_status(const struct session *s)
{
	return STATUS_IN_TRANS | (s->txn_read_only ? STATUS_IN_TRANS_READONLY : 0);
}

uint16_t
session_status(const struct session *s)
{
	unsigned status = s->autocommit ? STATUS_AUTOCOMMIT : 0;

	if (s->txn != TXN_NONE)
		status |= txn_status(s);
	if ((s->modes & SQL_NO_BACKSLASH_ESCAPES) != 0)
		status |= STATUS_NO_BACKSLASH_ESCAPES;
	if ((s->modes & SQL_ANSI_QUOTES) != 0)
		status |= STATUS_ANSI_QUOTES;
	return (uint16_t)(status | (s->more ? STATUS_MORE_RESULTS : 0));
}

uint16_t
session_status_elsewhere(const struct session *s, int slot, uint16_t told)
{
	/* Switching autocommit on commits whatever is open. */
	bool on = (told & STATUS_AUTOCOMMIT) != 0 && !s->autocommit;

	if (on || s->txn == TXN_NONE || (s->txn == TXN_OPEN && s->txn_slot == slot))
		return 0;
	return (uint16_t)txn_status(s);
}

int
session_send_ok(struct ctx *cx, struct session *s)
{
	struct ok_packet ok = { .status = session_status(s) };

	session_check(s);
	return server_send_ok(cx, &s->client, s->caps, &ok);
}

/* Which statement was refused, without its values. */
static void
log_complaint(const struct session *s, const struct err *e, const char *cause, uint64_t times)
{
	SCOPED(buf)
	struct buf text = BUF_INIT, print = BUF_INIT;
	struct err unread;

	complaint_print_cause(&text, cause);
	if (s->sql.ptr != NULL &&
	    fingerprint_add(
		&print, slice_cut(s->sql, 0, FINGERPRINT_OF), session_modes(s), &unread) != 0)
		buf_reset(&print);
	log_info("refused with %d, %ju times: %s; keyspace=%s statement=%.*s%s%s", e->mysql_errno,
	    (uintmax_t)times, text.len > 0 ? text.data : "", s->keyspace != NULL ? s->keyspace : "",
	    (int)(print.len < FINGERPRINT_MAX ? print.len : FINGERPRINT_MAX),
	    print.len > 0 ? print.data : "", e->kind == ERR_REFUSED ? "" : "; ",
	    e->kind == ERR_REFUSED ? "" : e->text);
}

void
session_last(struct session *s, int slot)
{
	s->last = slot; /* of which no invariant speaks */
	s->last_serial = s->slots[slot]->serial;
	s->answered = false;
}

void
session_answered(struct session *s, const struct err *e)
{
	SCOPED(buf)
	struct buf sql = BUF_INIT;

	session_check(s);
	free(s->signal);
	s->signal = NULL;
	s->answered = true;
	if (e == NULL)
		return;
	buf_addf(&sql, "SIGNAL SQLSTATE '%.5s' SET MYSQL_ERRNO = %d, MESSAGE_TEXT = ",
	    e->sqlstate[0] != '\0' ? e->sqlstate : "HY000", e->mysql_errno);
	quote_anywhere(&sql, slice_str(e->text));
	s->signal = mem_strdup(sql.data);
}

void
session_complain(struct session *s, const struct err *e)
{
	bool own = e->kind != ERR_SERVER;
	const char *cause = !own ? COMPLAINT_OF_SERVER
	    : e->cause != NULL   ? e->cause
				 : err_kind_name(e->kind);
	struct complaint *c = complaints_add(&s->loop->counts.complaints, e->mysql_errno, cause);
	uint64_t times;

	count(&s->loop->counts.errors, 1);
	if (own && complaint_is_due(c, task_now(), &times))
		log_complaint(s, e, cause, times);
}

int
session_send_err(struct ctx *cx, struct session *s, const struct err *e)
{
	struct err told = *e;

	session_complain(s, e);
	s->failed = true;
	/* The log has the servers' addresses; clients are not told. */
	if (e->kind == ERR_RETRY || e->kind == ERR_TIMEOUT)
		(void)snprintf(told.text, sizeof told.text,
		    "The database server does not answer, or vtgate has lost its connection to it");
	session_answered(s, &told);
	return server_send_err(cx, &s->client, &told);
}

int
session_send_diagnostic(struct ctx *cx, struct session *s, const struct err *e)
{
	struct ok_packet ok = { .status = session_status(s), .warnings = 1 };

	session_check(s);
	if (strcmp(e->sqlstate, "01000") != 0)
		return session_send_err(cx, s, e);
	session_answered(s, e);
	return server_send_ok(cx, &s->client, s->caps, &ok);
}
