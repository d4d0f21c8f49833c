#include "gate/database.h"

#include "gate/refuse.h"
#include "sql/quote.h"

static int
refuse_unknown(struct ctx *cx, struct slice name)
{
	return refuse(cx->err, ER_BAD_DB_ERROR, "Unknown database '%.*s'",
	    SLICE_ARG(slice_cut(name, 0, 200)));
}

/* The server of this keyspace knows whether there is one. One that the gate's account may not use counts as
 * none. */
static int
use_at(struct ctx *cx, struct session *s, const struct route_keyspace *k, struct slice name)
{
	int slot = -1;

	TRY(session_backend(cx, s, k, &slot));
	if (session_use(cx, s, slot, arena_slice_str(&s->arena, name)) == 0)
		return 0;
	if (cx->err->kind != ERR_SERVER)
		session_drop_backend(s, slot);
	return cx->err->mysql_errno == ER_DBACCESS_DENIED_ERROR ? refuse_unknown(cx, name) : -1;
}

int
database_is_there(struct ctx *cx, struct session *s, int slot, struct slice name, bool *there)
{
	struct mysql_rows rows;
	struct ctx inner = *cx;
	SCOPED(buf)
	struct buf sql = BUF_INIT;

	inner.arena = &s->arena;
	buf_add_str(&sql, "SELECT 1 FROM information_schema.schemata WHERE schema_name = ");
	quote_anywhere(&sql, name);
	TRY(mysql_selectf(&inner, s->slots[slot]->client, &rows, "%s", sql.data));
	*there = rows.rows > 0;
	return 0;
}

/* The only server that has it; each is asked. */
static int
search(struct ctx *cx, struct session *s, struct route *r, struct slice name,
    const struct route_keyspace **out)
{
	bool there;
	int slot;

	*out = NULL;
	for (size_t i = 0; i < r->keyspaces_count; i++) {
		const struct route_keyspace *k = &r->keyspaces[i];

		if (k->server == NULL || route_keyspace_at(r, k->server) != k)
			continue;
		TRY(session_backend(cx, s, k, &slot));
		if (database_is_there(cx, s, slot, name, &there) != 0) {
			session_drop_backend(s, slot);
			return -1;
		}
		if (!there)
			continue;
		if (*out != NULL)
			return refuse(cx->err, ER_NOT_SUPPORTED_YET,
			    "database '%.*s', which is no keyspace and is at the servers of the "
			    "keyspaces '%s' and '%s', in a session that has used neither yet",
			    SLICE_ARG(name), (*out)->name, k->name);
		*out = k;
	}
	return *out != NULL ? 0 : refuse_unknown(cx, name);
}

static int
use_other(struct ctx *cx, struct session *s, struct route *r, struct slice name)
{
	const struct route_keyspace *base = route_base(r, session_base(s));

	if (route_is_hidden(r, name))
		return refuse_unknown(cx, name);
	if (base == NULL && route_is_system(name))
		base = route_any(r);
	if (base != NULL)
		return base->server != NULL ? use_at(cx, s, base, name) : refuse_unknown(cx, name);
	TRY(search(cx, s, r, name, &base));
	TRY(use_at(cx, s, base, name));
	session_set_keyspace(s, slice_str(base->name)); /* the base from now on */
	return 0;
}

int
database_use(struct ctx *cx, struct session *s, struct slice name)
{
	struct route *r = route_ref(s->loop->in_flight.route);
	int rc = 0;

	if (route_keyspace(r, name) == NULL &&
	    !slice_eq_nocase(name, slice_str("information_schema")))
		rc = use_other(cx, s, r, name);
	route_unref(r);
	if (rc == 0)
		session_set_keyspace(s, name);
	return rc;
}
