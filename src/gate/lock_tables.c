#include "gate/lock_tables.h"

#include "base/check.h"
#include "gate/refuse.h"
#include "mysql/command.h"

#include <stdlib.h>

/* One table of the list, with what is said about it. */
struct item {
	const char *server;
	struct slice text;
	size_t at; /* in the list */
};

static int
by_server(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	int order = strcmp(x->server, y->server);

	return order != 0 ? order : (x->at > y->at) - (x->at < y->at);
}

/* "t AS a READ, " without what separates it from the next. */
static struct slice
item_text(const struct request *q, size_t i)
{
	const struct statement *st = q->statement;
	size_t end = i + 1 < st->tables_count ? st->tables[i + 1].start : q->sql.len;

	while (end > st->tables[i].end &&
	    (q->sql.ptr[end - 1] <= ' ' || q->sql.ptr[end - 1] == ',' || q->sql.ptr[end - 1] == ';'))
		end--;
	return slice_cut(q->sql, st->tables[i].start, end);
}

/* NULL: it has none, and plan_make() will refuse it. */
static const char *
server_of(const struct session *s, const struct table_ref *t)
{
	const struct route *route = s->loop->in_flight.route;
	struct slice keyspace = t->database;
	const struct route_rule *rule;
	const struct route_keyspace *where;

	if (slice_is_null(keyspace))
		keyspace = session_keyspace(s);
	if (slice_is_null(keyspace))
		return NULL;
	rule = route_rule(route, keyspace, t->table);
	where = rule != NULL ? rule->to : route_keyspace(route, keyspace);
	if (rule == NULL && where == NULL)
		where = route_base(route, session_base(s));
	return where == NULL ? NULL : where->server;
}

/* The tables by their servers; false: all are on one, or it is not known of one. */
static bool
split(struct session *s, const struct request *q, struct item **out)
{
	size_t n = q->statement->tables_count;
	struct item *items = arena_array(&s->arena, struct item, n + 1);

	if (!q->statement->understood)
		return false;
	for (size_t i = 0; i < n; i++) {
		const char *server = server_of(s, &q->statement->tables[i]);

		if (server == NULL)
			return false;
		/* The route may go while this waits. */
		items[i] = (struct item){ arena_strdup(&s->arena, server), item_text(q, i), i };
	}
	qsort(items, n, sizeof *items, by_server);
	*out = items;
	return n > 0 && strcmp(items[0].server, items[n - 1].server) != 0;
}

/* LOCK TABLES of the items up to the next server; how many. */
static int
lock_part(struct ctx *cx, struct session *s, const struct item *items, size_t n, size_t *taken)
{
	struct statement *st = arena_new(&s->arena, struct statement);
	struct request part = { .com = COM_QUERY, .statement = st };
	SCOPED(buf)
	struct buf sql = BUF_INIT;
	SCOPED(buf)
	struct buf packet = BUF_INIT;

	for (*taken = 0; *taken < n && strcmp(items[*taken].server, items[0].server) == 0; ++*taken) {
		buf_add_str(&sql, *taken == 0 ? "LOCK TABLES " : ", ");
		buf_add_slice(&sql, items[*taken].text);
	}
	part.sql = arena_dup(&s->arena, buf_slice(&sql));
	part.quiet = *taken < n; /* the last answer is the client's */
	command_put_text(&packet, COM_QUERY, part.sql);
	part.packet = arena_dup(&s->arena, buf_slice(&packet));
	if (statement_read(&s->arena, part.sql, session_modes(s), st, cx->err) != 0)
		return session_send_err(cx, s, cx->err);
	return execute(cx, s, &part);
}

int
lock_tables_run(struct ctx *cx, struct session *s, const struct request *q)
{
	struct item *items;
	size_t n = q->statement->tables_count, taken;
	bool several;

	if (!q->statement->changes_session) { /* UNLOCK TABLES */
		if (session_locked_count(s) < 2)
			return execute(cx, s, q);
		return execute_commit(cx, s) == 0 ? session_send_ok(cx, s) : -1;
	}
	several = split(s, q, &items);
	if (!several && session_locked_count(s) < 2)
		return execute(cx, s, q);
	/* As a server does: what is open and locked ends first. */
	TRY(execute_commit(cx, s));
	if (!several)
		return execute(cx, s, q);
	for (size_t i = 0; i < n; i += taken) {
		TRY(lock_part(cx, s, items + i, n - i, &taken));
		if (s->failed)
			return execute_commit(cx, s);
	}
	return 0;
}
