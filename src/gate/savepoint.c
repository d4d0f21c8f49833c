#include "gate/savepoint.h"

#include "base/check.h"
#include "gate/execute.h"
#include "gate/refuse.h"
#include "sql/quote.h"

/* SAVEPOINT where no server knows of the transaction yet: it is kept for the one that will. */
static int
pending_savepoint(struct ctx *cx, struct session *s, struct slice name)
{
	SCOPED(buf)
	struct buf sql = BUF_INIT;

	buf_add_str(&sql, "SAVEPOINT ");
	quote_ident(&sql, name);
	if (session_begin_with(s, buf_slice(&sql)))
		return session_send_ok(cx, s);
	(void)refuse(cx->err, ER_NOT_SUPPORTED_YET,
	    "more than %d bytes of savepoints before a transaction's first table", BEGIN_MAX);
	return session_send_err(cx, s, cx->err);
}

int
savepoint_run(struct ctx *cx, struct session *s, const struct request *q)
{
	enum { SAVEPOINT_NAME_MAX = 64 }; /* longer ones the server may refuse, and is asked */
	struct slice name = q->statement->savepoint;
	bool sure = name.len > 0 && name.len <= SAVEPOINT_NAME_MAX;

	if (s->txn == TXN_NONE && !s->autocommit && sure) {
		s->txn = TXN_PENDING;
		check(session_begin_with(s, slice_str("START TRANSACTION")));
	}
	if (s->txn == TXN_PENDING && sure)
		return pending_savepoint(cx, s, name);
	TRY(execute(cx, s, q));
	if (s->failed || s->txn != TXN_OPEN || s->work.wrote_seq != 0)
		return 0;
	/* Nothing was written yet: should it go on elsewhere, its savepoints go with it. */
	if (s->begin.len == 0)
		check(session_begin_with(s, slice_str("START TRANSACTION")));
	s->begin_cut = !session_begin_with(s, q->sql) || s->begin_cut;
	return 0;
}
