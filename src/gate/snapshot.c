#include "gate/snapshot.h"

#include "gate/execute.h"

/* Does this keyspace's server serve something that the session's keyspace shows? */
static bool
serves(const struct route *r, struct slice keyspace, const struct route_keyspace *k)
{
	if (slice_is_null(keyspace))
		return true;
	for (size_t i = 0; i < r->rules.count; i++) {
		const struct route_rule *rule = &r->ruled[i];

		if (rule->to != NULL && rule->to->server != NULL &&
		    strcmp(rule->to->server, k->server) == 0 &&
		    slice_eq_str(keyspace, rule->record->from_keyspace))
			return true;
	}
	return false;
}

static bool
has_snapshot(const struct session *s, const char *server)
{
	for (int i = 0; i < SLOTS_MAX; i++) {
		if (s->snapshots[i] && strcmp(s->slots[i]->server, server) == 0)
			return true;
	}
	return false;
}

static int
take_snapshot(struct ctx *cx, struct session *s, const struct route_keyspace *k)
{
	int slot;

	TRY(session_backend(cx, s, k, &slot));
	s->snapshots[slot] = true;
	if (session_side_query(cx, s, slot,
		slice_str("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")) == 0)
		return 0;
	session_drop_backend(s, slot);
	return -1;
}

/* Servers past the number that a session can use, and those that do not answer, have none: their tables are
 * refused when they are named, as those of another server are. One slot is the session's own. */
static void
take_snapshots(struct ctx *cx, struct session *s, const struct route *r)
{
	const struct route_keyspace *home = session_place(s, r);
	int taken = 0;

	if (home == NULL)
		home = route_any(r);
	for (size_t i = 0; home != NULL && home->server != NULL && i < r->keyspaces_count; i++) {
		const struct route_keyspace *k = &r->keyspaces[i];

		if (k->server == NULL || strcmp(k->server, home->server) == 0 ||
		    has_snapshot(s, k->server) || !serves(r, session_keyspace(s), k) ||
		    taken + 1 >= SLOTS_MAX)
			continue;
		taken += take_snapshot(cx, s, k) == 0;
		err_clear(cx->err);
	}
}

int
snapshot_begin(struct ctx *cx, struct session *s, const struct request *q)
{
	struct route *r = route_ref(s->loop->in_flight.route);

	if (attempt_has_snapshots(s) && s->only_slot < 0)
		take_snapshots(cx, s, r);
	route_unref(r);
	TRY(execute(cx, s, q));
	s->txn_shared = s->txn == TXN_OPEN;
	if (s->txn != TXN_OPEN)
		session_end_snapshots(s);
	session_rest(s);
	return 0;
}
