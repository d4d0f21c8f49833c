#include "ctl/workflow.h"

#include "base/check.h"
#include "base/mem.h"
#include "base/mutant.h"

#include <stdlib.h>

/* The fences of a thousand took 450 s on a machine with much else to do. What is cut off begins anew, or has
 * failed. */
enum { TABLE_WITHIN_MS = 500 };
enum { REPLY_LATER_MS = 500 }; /* a call waits so much longer than what it asked for may take */

/* Where a side is, as the topology says. */
struct known_side {
	struct tablet_record tablet;
	struct keyspace_record keyspace;
};

struct known_sides {
	struct arena arena;
	bool old; /* a call has failed since: it may be elsewhere */
	struct known_side of[2];
};

usec
workflow_longer(const struct workflow *w, usec within)
{
	return within + TABLE_WITHIN_MS * (usec)w->r.tables_count * MSEC;
}

const char *
side_keyspace(const struct workflow *w, enum side s)
{
	return s == SIDE_SOURCE ? w->r.source_keyspace : w->r.target_keyspace;
}

const char *
side_table(const struct workflow *w, enum side s, size_t i)
{
	return s == SIDE_SOURCE ? w->r.tables[i].source_table : w->r.tables[i].target_table;
}

size_t
workflow_names(const struct workflow *w)
{
	return workflow_tables_and_views(w) + w->r.routines_count;
}

size_t
workflow_tables_and_views(const struct workflow *w)
{
	return w->r.tables_count + w->r.views_count;
}

const char *
side_name(const struct workflow *w, enum side s, size_t i)
{
	if (i < w->r.tables_count)
		return side_table(w, s, i);
	i -= w->r.tables_count;
	return i < w->r.views_count ? w->r.views[i] : w->r.routines[i - w->r.views_count].rule;
}

bool
workflow_name_is_both(const struct workflow *w, size_t i)
{
	size_t routines = workflow_tables_and_views(w);

	return i >= routines && w->r.routines[i - routines].both;
}

static const char *
side_alias(const struct workflow *w, enum side s)
{
	check(w->r.streams_count == 1); /* keyspaces have one shard */
	return s == SIDE_SOURCE ? w->r.streams[0].source_tablet : w->r.streams[0].target_tablet;
}

static int
find_side(struct ctx *cx, const struct workflow *w, enum side s, struct known_side *out)
{
	if (w->known != NULL && !w->known->old) {
		*out = w->known->of[s];
		return 0;
	}
	TRY(cluster_tablet(cx, w->ctl, side_alias(w, s), &out->tablet));
	return cluster_keyspace(cx, w->ctl, side_keyspace(w, s), &out->keyspace);
}

int
workflow_know_sides(struct ctx *cx, struct workflow *w)
{
	struct known_sides *k = mem_new(struct known_sides);
	struct ctx inner = *cx;

	workflow_forget_sides(w);
	inner.arena = &k->arena;
	int rc = find_side(&inner, w, SIDE_SOURCE, &k->of[SIDE_SOURCE]);
	if (rc == 0)
		rc = find_side(&inner, w, SIDE_TARGET, &k->of[SIDE_TARGET]);
	w->known = k;
	if (rc != 0)
		workflow_forget_sides(w);
	return rc;
}

void
workflow_forget_sides(struct workflow *w)
{
	if (w->known != NULL)
		arena_done(&w->known->arena);
	free(w->known);
	w->known = NULL;
}

static int
fill_end(struct ctx *cx, const struct workflow *w, enum side s, struct move_end *out)
{
	struct known_side side;

	TRY(find_side(cx, w, s, &side));
	*out = (struct move_end){ .server = side.tablet.server,
		.database = side.keyspace.database,
		.sidecar = side.tablet.sidecar };
	return 0;
}

int
round_request(
    struct ctx *cx, const struct workflow *w, int round, enum side s, struct move_request *out)
{
	enum side from = round_from(round), to = round_from(round + 1);

	*out = (struct move_request){
		.workflow = w->id,
		.round = round,
		.attempt = w->r.attempt,
		.side = s == from ? MOVE_FROM : MOVE_TO,
		.tables = arena_array(cx->arena, struct moved_names, w->r.tables_count),
		.tables_count = w->r.tables_count,
		.views = w->r.views,
		.views_count = w->r.views_count,
		.routines = w->r.routines,
		.routines_count = w->r.routines_count,
		.room = w->makes_room,
		.limits = w->r.options.limits,
		.on_ddl = w->r.options.on_ddl,
	};
	TRY(fill_end(cx, w, from, &out->from));
	TRY(fill_end(cx, w, to, &out->to));
	for (size_t i = 0; i < w->r.tables_count; i++)
		out->tables[i] = (struct moved_names){ .from = side_table(w, from, i),
			.to = side_table(w, to, i) };
	return 0;
}

int
side_request(struct ctx *cx, const struct workflow *w, enum side s, struct move_request *out)
{
	return round_request(cx, w, w->r.round, s, out);
}

static bool
is_served(const struct rules_record *r, const char *keyspace, const char *table)
{
	for (size_t i = 0; i < r->count; i++) {
		if (strcmp(r->rules[i].to_keyspace, keyspace) == 0 &&
		    strcmp(r->rules[i].to_table, table) == 0)
			return true;
	}
	return false;
}

int
side_check_request(struct ctx *cx, const struct workflow *w, enum side s, struct move_request *out)
{
	const char *keyspace = side_keyspace(w, s);
	struct routing routing;
	const struct rules_record *r = &routing.view;

	TRY(side_request(cx, w, s, out));
	TRY(routing_load(cx, w->ctl->topo, &routing));
	out->away = arena_array(cx->arena, const char *, r->count);
	for (size_t i = 0; i < r->count; i++) {
		if (strcmp(r->rules[i].from_keyspace, keyspace) == 0 &&
		    !is_served(r, keyspace, r->rules[i].from_table))
			out->away[out->away_count++] = r->rules[i].from_table;
	}
	return 0;
}

int
side_call(struct ctx *cx, const struct workflow *w, enum tablet_method method, void *q, void *reply)
{
	struct move_request *request = q;
	enum side s = round_from(request->side == MOVE_FROM ? request->round : request->round + 1);
	struct known_side side;
	struct ctx later = *cx;

	/* The tablet gives up first, so that its sentence arrives, which says what was waited for. */
	if (cx->deadline != NEVER) {
		request->head.timeout = cx->deadline - task_now();
		later.deadline = cx->deadline + REPLY_LATER_MS * MSEC;
	}
	TRY(find_side(cx, w, s, &side));
	if (cx->deadline != NEVER && request->head.timeout <= 0)
		return err_set(
		    cx->err, ERR_TIMEOUT, "no time was left to ask tablet '%s'", side.tablet.alias);
	if (rpc_tablet(&later, side.tablet.http, method, q, reply) == 0)
		return 0;
	if (w->known != NULL && !mutant("ctl_known_for_ever"))
		w->known->old = true;
	if (cx->err->kind == ERR_REFUSED || cx->err->kind == ERR_CANCELLED)
		return -1;
	return err_wrap(cx->err, "tablet '%s'", side.tablet.alias);
}

int
side_do(
    struct ctx *cx, const struct workflow *w, enum side s, enum tablet_method method, int attempt)
{
	struct move_request q;

	TRY(side_request(cx, w, s, &q));
	q.attempt = attempt;
	return side_call(cx, w, method, &q, NULL);
}

int
side_ask(struct ctx *cx, const struct workflow *w, enum side s)
{
	struct tablet_request q = { .timeout = cx->deadline - task_now() };
	struct tablet_record tablet;
	struct status_reply r;

	TRY(cluster_tablet(cx, w->ctl, side_alias(w, s), &tablet));
	if (rpc_tablet(cx, tablet.http, TABLET_STATUS, &q, &r) == 0)
		return 0;
	return err_wrap(cx->err, "tablet '%s'", tablet.alias);
}

int
side_objects_read(struct ctx *cx, const struct workflow *w, struct objects_read_reply *out)
{
	struct move_request q;

	*out = (struct objects_read_reply){ .views_count = 0 };
	if (w->r.views_count + w->r.routines_count == 0)
		return 0;
	TRY(side_request(cx, w, workflow_from(w), &q));
	return side_call(cx, w, TABLET_OBJECTS_READ, &q, out);
}

int
side_objects_make(struct ctx *cx, const struct workflow *w, const struct objects_read_reply *from)
{
	struct objects_make_request make = {
		.views = from->views, .views_count = from->views_count, .routines = from->routines
	};

	if (w->r.views_count + w->r.routines_count == 0)
		return 0;
	TRY(side_request(cx, w, workflow_to(w), &make.move));
	return side_call(cx, w, TABLET_OBJECTS_MAKE, &make, NULL);
}

int
side_objects_carry(struct ctx *cx, const struct workflow *w)
{
	struct objects_read_reply r;

	TRY(side_objects_read(cx, w, &r));
	return side_objects_make(cx, w, &r);
}

int
side_fence_install(struct ctx *cx, const struct workflow *w, enum side s)
{
	struct fence_install_request q = { .force = w->r.options.force,
		.drop_foreign_keys = w->r.options.drop_foreign_keys,
		.way_back = w->r.options.reverse };

	TRY(side_check_request(cx, w, s, &q.move));
	return side_call(cx, w, TABLET_FENCE_INSTALL, &q, NULL);
}

int
side_fence_remove(struct ctx *cx, const struct workflow *w, enum side s)
{
	return side_do(cx, w, s, TABLET_FENCE_REMOVE, w->r.attempt);
}

int
round_stream_delete(struct ctx *cx, const struct workflow *w, int round, bool drop)
{
	struct stream_delete_request q = { .drop = drop };

	TRY(round_request(cx, w, round, round_from(round + 1), &q.move));
	return side_call(cx, w, TABLET_STREAM_DELETE, &q, NULL);
}

int
round_do(struct ctx *cx, const struct workflow *w, int round, enum side s, enum tablet_method method)
{
	struct move_request q;

	TRY(round_request(cx, w, round, s, &q));
	return side_call(cx, w, method, &q, NULL);
}

int
side_events_on(struct ctx *cx, const struct workflow *w, enum side s)
{
	if (w->r.routines_count == 0 || side_do(cx, w, s, TABLET_EVENTS_ON, w->r.attempt) == 0)
		return 0;
	/* Never in vain: no other call brings them back. */
	if (cx->err->kind == ERR_REFUSED || cx->err->kind == ERR_NOT_FOUND)
		cx->err->kind = ERR_RETRY;
	return -1;
}
