#include "tablet/leaving.h"

#include "base/mutant.h"
#include "sql/quote.h"
#include "tablet/table/routine.h"
#include "tablet/table/view.h"

/* Those of the tables that keep their names, by which views and routines know them. */
static struct table_set
keeping_names(struct arena *a, const struct move_request *q)
{
	const char **tables = arena_array(a, const char *, q->tables_count);
	struct table_set set = { q->from.database, tables, 0 };

	for (size_t i = 0; i < q->tables_count; i++) {
		if (strcmp(q->tables[i].from, q->tables[i].to) == 0)
			tables[set.count++] = q->tables[i].from;
	}
	return set;
}

static int
find_views(struct ctx *cx, struct mysql_client *c, const struct move_request *q,
    const char ***names, size_t *count)
{
	const struct table_set set = keeping_names(cx->arena, q);

	return view_find(cx, c, &set, names, count);
}

/* Whether an event still runs is told by a list of connections, which has no others without PROCESS, and
 * says nothing of that. */
static int
check_events_seen(struct ctx *cx, struct mysql_client *c, const struct routine_list *routines)
{
	struct mysql_rows rows;
	bool events = false;

	for (size_t i = 0; i < routines->count; i++)
		events = events || routines->items[i].of.kind == ROUTINE_EVENT;
	if (!events || mutant("tablet_events_unseen"))
		return 0;
	if (mysql_select(cx, c, slice_str("SELECT 1 FROM information_schema.innodb_trx LIMIT 1"),
		&rows) == 0)
		return 0;
	if (!env_is_denied(cx->err))
		return -1;
	err_set(cx->err, ERR_REFUSED,
	    "events move, and account vt_dba lacks PROCESS ON *.*: when one has ended is not seen");
	return err_hint(cx->err, "vttablet --init prints what its account vt_dba needs");
}

static int
find_routines(struct ctx *cx, struct mysql_client *c, const struct move_request *q,
    struct leaving *l, const char **staying)
{
	const struct routine_scope scope = { keeping_names(cx->arena, q), l->views,
		strcmp(q->from.database, q->to.database) != 0, q->routines_count > 0 };

	TRY(routine_find(cx, c, &scope, &l->routines, staying));
	return check_events_seen(cx, c, &l->routines);
}

/* What names one of them is refused, or is *passed with force: "" when there is none. */
static int
check_mentions(struct ctx *cx, struct mysql_client *c, const struct leaving *l, bool force,
    const char **passed)
{
	struct mentions m;

	TRY(mention_find(cx, c, l, &m));
	*passed = m.text;
	if (m.text[0] == '\0' || force)
		return 0;
	err_set(cx->err, ERR_REFUSED, "%s", m.text);
	return err_hint(cx->err, "%s", m.hint);
}

/* ---- Before a move */

/* Their texts, for the other end. */
static int
read_routines(struct ctx *cx, struct mysql_client *c, const struct move_request *q,
    struct routine_list *routines)
{
	struct move_request those = *q;

	those.routines = arena_array(cx->arena, struct moved_routine, routines->count);
	those.routines_count = routines->count;
	for (size_t i = 0; i < routines->count; i++)
		those.routines[i] = routines->items[i].of;
	return routine_read_all(cx, c, &those, routines);
}

int
leaving_find(struct ctx *cx, struct mysql_client *c, const struct check_from_request *request,
    struct check_from_reply *reply)
{
	const struct move_request *q = &request->move;
	struct leaving l = { .tables = table_set_at(cx->arena, q, MOVE_FROM),
		.views = { .database = q->from.database } };

	reply->staying = "";
	if (request->with_views)
		TRY(find_views(cx, c, q, &reply->views, &reply->views_count));
	l.views.tables = reply->views;
	l.views.count = reply->views_count;
	if (request->with_routines)
		TRY(find_routines(cx, c, q, &l, &reply->staying));
	TRY(check_mentions(cx, c, &l, request->force, &reply->passed));
	TRY(read_routines(cx, c, q, &l.routines));
	reply->routines = l.routines;
	return 0;
}

/* ---- Before an attempt */

/* Do the views that were to move still name nothing else? */
static int
check_views(struct ctx *cx, struct mysql_client *c, const struct move_request *q)
{
	struct table_set movable = { .database = q->from.database };
	const char **names;

	if (q->views_count == 0)
		return 0;
	TRY(find_views(cx, c, q, &names, &movable.count));
	movable.tables = names;
	for (size_t i = 0; i < q->views_count; i++) {
		if (table_set_find(&movable, q->from.database, q->views[i]) >= 0)
			continue;
		err_set(cx->err, ERR_REFUSED,
		    "view '%s.%s' is gone, or names more by now than the tables that move",
		    q->from.database, q->views[i]);
		return err_hint(cx->err, "make it as it was, or move anew");
	}
	return 0;
}

static const struct moved_routine *
find_movable(const struct routine_list *movable, const struct moved_routine *r)
{
	for (size_t i = 0; i < movable->count; i++) {
		const struct moved_routine *m = &movable->items[i].of;

		if (m->kind == r->kind && strcmp(m->name, r->name) == 0)
			return m;
	}
	return NULL;
}

/* One that is gone is no hindrance: it goes at the other end too. A rule says whether one stands at both. */
static int
check_routines(
    struct ctx *cx, struct mysql_client *c, const struct move_request *q, struct leaving *l)
{
	struct routine_list there;
	const char *staying;

	if (q->routines_count == 0)
		return 0;
	TRY(find_routines(cx, c, q, l, &staying));
	TRY(routine_read_all(cx, c, q, &there));
	for (size_t i = 0; i < there.count; i++) {
		const struct moved_routine *r = &there.items[i].of;
		const struct moved_routine *m = find_movable(&l->routines, r);

		if ((m != NULL && (m->both || !r->both)) || mutant("tablet_routine_changed_since"))
			continue;
		err_set(cx->err, ERR_REFUSED,
		    "%s '%s.%s' names or calls more by now than what it did, or than what moves",
		    routine_kind_names[r->kind], q->from.database, r->name);
		return err_hint(cx->err, "make it as it was, or drop it");
	}
	l->routines = there;
	return 0;
}

int
leaving_check(struct ctx *cx, struct mysql_client *c, const struct move_request *q, bool force)
{
	struct leaving l = { .tables = table_set_at(cx->arena, q, MOVE_FROM),
		.views = { q->from.database, q->views, q->views_count } };
	const char *passed;

	TRY(check_views(cx, c, q));
	TRY(check_routines(cx, c, q, &l));
	return check_mentions(cx, c, &l, force, &passed);
}

/* ---- At the other end */

/* One that is there is not replaced: it may be another one. */
static int
check_views_there(struct ctx *cx, struct mysql_client *c, const struct move_request *q)
{
	for (size_t i = 0; i < q->views_count; i++) {
		SCOPED(buf) struct buf sql = BUF_INIT;
		struct mysql_rows rows;

		buf_add_str(&sql, "SELECT 1 FROM information_schema.tables WHERE table_schema=");
		quote_string(&sql, slice_str(q->to.database));
		buf_add_str(&sql, " AND BINARY table_name=");
		quote_string(&sql, slice_str(q->views[i]));
		TRY(mysql_select(cx, c, buf_slice(&sql), &rows));
		if (rows.rows == 0)
			continue;
		err_set(cx->err, ERR_REFUSED,
		    "'%s.%s' exists at the target, and view '%s.%s' would move there",
		    q->to.database, q->views[i], q->from.database, q->views[i]);
		return err_hint(cx->err, "drop it at the target, or move without --with-views");
	}
	return 0;
}

int
leaving_check_there(struct ctx *cx, struct mysql_client *c, const struct check_to_request *request,
    struct check_to_reply *reply)
{
	const struct move_request *q = &request->move;

	TRY(check_views_there(cx, c, q));
	TRY(check_events_seen(cx, c, &request->routines));
	return routine_try(cx, c, q->to.database, &request->routines, reply);
}
