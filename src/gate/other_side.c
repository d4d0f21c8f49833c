#include "gate/other_side.h"

enum {
	WITHIN_MS = 20, /* by then the hold may be over */
};

static bool
has_nothing(const struct session *s)
{
	return s->txn == TXN_NONE && s->bound < 0 && s->lock_slot < 0 && s->only_slot < 0 &&
	    !session_keeps_any(s);
}

/* A statement that needs a connection now goes first. */
static bool
has_room(const struct pool *p)
{
	return p->count < p->max;
}

void
other_side_connect(struct ctx *cx, struct session *s, const struct route_rule *rule)
{
	struct err ignored = { 0 };
	struct ctx within = ctx_within(cx, WITHIN_MS * MSEC);
	int slot;

	if (rule->record->phase != RULE_HOLD || rule->other == NULL ||
	    rule->other->server == NULL || !has_nothing(s) || !has_room(&s->loop->pool))
		return;
	within.err = &ignored;
	if (session_backend(&within, s, rule->other, &slot) == 0)
		session_rest(s);
}
