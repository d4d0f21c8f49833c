#include "gate/trigger.h"

#include "gate/catalogue_ship.h"
#include "mysql/command.h"
#include "sql/quote.h"

static const struct table_ref *
name_of(const struct request *q)
{
	return &q->statement->tables[0];
}

static struct slice
keyspace_of(struct session *s, const struct request *q)
{
	struct attempt a = { .s = s, .q = q };

	return slice_is_null(name_of(q)->database) ? attempt_keyspace(&a) : name_of(q)->database;
}

bool
trigger_is_dropped(const struct session *s, const struct request *q)
{
	const struct statement *st = q->statement;

	return st->kind == STATEMENT_DDL && st->understood && !st->multiple &&
	    st->tables_count == 1 && name_of(q)->role == TABLE_TRIGGER &&
	    s->loop->in_flight.route->rules.count > 0;
}

/* The names there of the keyspace's tables: 'a', 'b'; nothing when all of that database are its own. */
static void
put_tables(const struct route *route, struct slice keyspace, const struct route_keyspace *at,
    struct buf *sql)
{
	const char *before = " AND event_object_table IN (";

	for (size_t i = 0; i < route->rules.count; i++) {
		if (route->ruled[i].to != at ||
		    !slice_eq_str(keyspace, route->rules.rules[i].from_keyspace))
			continue;
		buf_add_str(sql, before);
		quote_string(sql, slice_str(route->rules.rules[i].to_table));
		before = ", ";
	}
	buf_add_char(sql, ')');
}

/* -1, or 1 when it is. */
static int
is_there(struct ctx *cx, struct session *s, const struct request *q, const struct route *route,
    const struct route_keyspace *at)
{
	struct slice keyspace = keyspace_of(s, q);
	struct mysql_rows rows;
	SCOPED(buf)
	struct buf sql = BUF_INIT;

	buf_add_str(&sql, "SELECT 1 FROM information_schema.triggers WHERE trigger_schema=");
	quote_string(&sql, slice_str(at->database));
	buf_add_str(&sql, " AND trigger_name=");
	quote_string(&sql, name_of(q)->table);
	if (!slice_eq_str(keyspace, at->name))
		put_tables(route, keyspace, at, &sql);
	TRY(catalogue_select(cx, s, at->server, buf_slice(&sql), &rows));
	return rows.rows > 0;
}

/* NULL: its own keyspace's server. */
static int
find(struct ctx *cx, struct session *s, const struct request *q, const struct route *route,
    const struct route_keyspace **at)
{
	struct slice keyspace = keyspace_of(s, q);
	const struct route_keyspace *own =
	    slice_is_null(keyspace) ? NULL : route_keyspace(route, keyspace);
	int found;

	*at = NULL;
	if (own == NULL || own->server == NULL)
		return 0;
	found = is_there(cx, s, q, route, own);
	if (found != 0)
		return found < 0 ? -1 : 0;
	for (size_t i = 0; found == 0 && i < route->rules.count; i++) {
		const struct route_keyspace *to = route->ruled[i].to;

		if (to == NULL || to->server == NULL || to == own ||
		    !slice_eq_str(keyspace, route->rules.rules[i].from_keyspace))
			continue;
		found = is_there(cx, s, q, route, to);
		*at = to;
	}
	if (found != 1)
		*at = NULL;
	return found < 0 ? -1 : 0;
}

/* With the name that the trigger has there. */
static int
put_request(struct ctx *cx, struct session *s, const struct request *q,
    const struct route_keyspace *at, struct request *out)
{
	struct statement *st = arena_new(&s->arena, struct statement);
	SCOPED(buf)
	struct buf sql = BUF_INIT;
	SCOPED(buf)
	struct buf packet = BUF_INIT;

	buf_add_slice(&sql, slice_cut(q->sql, 0, name_of(q)->start));
	quote_table(&sql, slice_str(at->name), name_of(q)->table);
	buf_add_slice(&sql, slice_cut(q->sql, name_of(q)->end, q->sql.len));
	out->sql = arena_dup(&s->arena, buf_slice(&sql));
	command_put_text(&packet, COM_QUERY, out->sql);
	out->packet = arena_dup(&s->arena, buf_slice(&packet));
	out->statement = st;
	return statement_read(&s->arena, out->sql, session_modes(s), st, cx->err);
}

int
trigger_find(struct ctx *cx, struct session *s, const struct request *q, struct request *out)
{
	struct route *route = route_ref(s->loop->in_flight.route);
	const struct route_keyspace *at;
	int rc = find(cx, s, q, route, &at);

	*out = *q;
	if (rc == 0 && at != NULL)
		rc = put_request(cx, s, q, at, out);
	route_unref(route);
	return rc;
}
