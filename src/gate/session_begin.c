/*
 * session_begin.c - what a transaction begins with: SET TRANSACTION, BEGIN, savepoints; what it named.
 */
#include "base/check.h"
#include "gate/session.h"

/* Each with its length before it. */
bool
session_begin_with(struct session *s, struct slice sql)
{
	uint32_t len = (uint32_t)sql.len;

	session_check(s);
	/* A BEGIN alone is as long as its client wrote it. */
	if (s->begin.len > 0 && s->begin.len + sql.len > BEGIN_MAX)
		return false;
	buf_add(&s->begin, &len, sizeof len);
	buf_add_slice(&s->begin, sql);
	return true;
}

bool
session_next_begin(const struct session *s, size_t *at, struct slice *sql)
{
	uint32_t len;

	if (*at == s->begin.len)
		return false;
	memcpy(&len, s->begin.data + *at, sizeof len);
	*sql = slice_of(s->begin.data + *at + sizeof len, len);
	*at += sizeof len + len;
	return true;
}

/* With autocommit on the statement is a transaction of its own, without a BEGIN. */
void
session_use_next(struct session *s)
{
	session_check(s);
	check(s->txn == TXN_NONE);
	s->txn = TXN_PENDING;
	buf_swap(&s->begin, &s->next);
	buf_reset(&s->next);
	s->next_used = s->begin.len;
	if (!s->autocommit)
		check(session_begin_with(s, slice_str("START TRANSACTION")));
}

void
session_unuse_next(struct session *s)
{
	if (s->next_used == 0 || s->txn != TXN_PENDING)
		return;
	session_check(s);
	buf_reset(&s->next);
	buf_add(&s->next, s->begin.data, s->next_used);
	session_end_txn(s);
}

enum isolation
session_isolation(const struct session *s)
{
	enum isolation out = s->isolation, of_txn;
	struct slice sql;

	for (size_t at = 0; session_next_begin(s, &at, &sql);) {
		of_txn =
		    slice_starts(sql, "SET TRANSACTION ") ? isolation_read(sql) : ISOLATION_UNKNOWN;
		out = of_txn != ISOLATION_UNKNOWN ? of_txn : out;
	}
	return out;
}

enum completion
session_completion_of(struct slice value)
{
	static const char *const names[][4] = { { "0", "no_chain", "'no_chain'", "\"no_chain\"" },
		{ "1", "chain", "'chain'", "\"chain\"" },
		{ "2", "release", "'release'", "\"release\"" } };

	for (size_t i = 0; i < 4 * COMPLETION_UNKNOWN; i++) {
		if (slice_eq_nocase(value, slice_str(names[i / 4][i % 4])))
			return (enum completion)(i / 4);
	}
	/* DEFAULT is NO_CHAIN: a server that has another one is refused (tablet/preflight.c) */
	return slice_is_null(value) || slice_eq_nocase(value, slice_str("default"))
	    ? COMPLETION_NONE
	    : COMPLETION_UNKNOWN;
}

enum completion
session_completion(const struct session *s)
{
	return session_completion_of(settings_get(&s->settings, "completion_type"));
}

/* Would it have ended if its tables had been on two servers? Then they are noted. */
void
session_note_span(struct session *s)
{
	bool moves;

	if (s->touched.count == 0)
		return;
	moves = s->work.wrote_seq == 0 &&
	    (s->txn_shared || session_isolation(s) == ISOLATION_READ_COMMITTED);

	if (s->loop->digests != NULL && !moves)
		digests_transaction(s->loop->digests, &s->touched);
	else
		touched_forget(&s->touched);
}
