#include "gate/digesting.h"

static bool
is_kept(enum statement_kind kind)
{
	switch (kind) {
	case STATEMENT_EMPTY:
	case STATEMENT_BEGIN:
	case STATEMENT_COMMIT:
	case STATEMENT_ROLLBACK:
	case STATEMENT_SAVEPOINT:
	case STATEMENT_USE:
	case STATEMENT_PREPARE: return false;
	case STATEMENT_SELECT:
	case STATEMENT_SELECT_LOCKING:
	case STATEMENT_WRITE:
	case STATEMENT_DDL:
	case STATEMENT_SET:
	case STATEMENT_SHOW:
	case STATEMENT_XA:
	case STATEMENT_LOCK_TABLES:
	case STATEMENT_CALL:
	case STATEMENT_ADMIN:
	case STATEMENT_OTHER: break;
	}
	return true;
}

void
digesting_begin(struct digesting *d, struct session *s, const struct request *q)
{
	struct digest_statement what = { .statement = q->statement,
		.sql = q->sql,
		.keyspace = request_keyspace(s, q),
		.modes = q->prepared != NULL ? q->prepared->modes : session_modes(s),
		.temporary = &s->temporary,
		.prepared = q->prepared != NULL };

	d->kept = s->loop->digests != NULL && is_kept(q->statement->kind);
	if (!d->kept)
		return;
	d->begun = task_now();
	d->digest = digests_begin(s->loop->digests, &s->arena, &what);
	s->rows = 0;
}

void
digesting_end(struct digesting *d, struct session *s, bool failed)
{
	struct digest_outcome outcome = { .rows = s->rows, .failed = failed || s->failed };

	if (!d->kept)
		return;
	outcome.took = task_now() - d->begun;
	digests_done(s->loop->digests, d->digest, &outcome, s->txn != TXN_NONE ? &s->touched : NULL);
}
