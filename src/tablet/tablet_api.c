#include "tablet/tablet_api.h"

#include "rpc/tablet.h"
#include "sql/quote.h"
#include "tablet/copy/load_signs.h"
#include "tablet/guard/fence.h"
#include "tablet/named_tables.h"
#include "tablet/next_values.h"
#include "tablet/event_calls.h"
#include "tablet/object_calls.h"
#include "tablet/preflight.h"
#include "tablet/read/place.h"
#include "tablet/read/xids.h"
#include "tablet/server/spare.h"
#include "tablet/survey.h"
#include "tablet/tablet_metrics.h"
#include "tablet/trigger_calls.h"
#include "tablet/validate.h"
#include "tablet/vdiff_calls.h"

#include <stdlib.h>

/* Where the caller names none: above any preflight, below people's patience. */
enum { METHOD_TIMEOUT_S = 60 };

/* q and r are the method's own structs (rpc/tablet.h). */
typedef int method_fn(struct ctx *cx, struct tablet_api *api, const void *q, void *r);

/* Of the rows in this server's sidecar database. */
static struct stream_id
id_of(const struct tablet_api *api, const struct move_request *q)
{
	return (struct stream_id){ api->env->sidecar, q->workflow, move_round(q) };
}

/* The tables of the end that this server is. */
static struct fence
fence_of(struct arena *a, struct tablet_api *api, const struct move_request *q)
{
	const char **tables = arena_array(a, const char *, q->tables_count);

	for (size_t i = 0; i < q->tables_count; i++)
		tables[i] = q->side == MOVE_TO ? q->tables[i].to : q->tables[i].from;
	return (struct fence){
		.id = id_of(api, q),
		.move = move_of(&api->moves, q->workflow),
		.database = q->side == MOVE_TO ? q->to.database : q->from.database,
		.tables = tables,
		.tables_count = (int)q->tables_count,
		.stream_user = api->env->accounts->stream.user,
		.attempt = q->attempt,
	};
}

static int
find_stream(
    struct ctx *cx, struct tablet_api *api, const struct move_request *q, struct stream **out)
{
	*out = engine_find(&api->engine, q->workflow, move_round(q));
	if (*out == NULL)
		return err_set(cx->err, ERR_NOT_FOUND,
		    "tablet '%s' has no stream of workflow '%s', round %d", api->env->alias,
		    q->workflow, move_round(q));
	return 0;
}

static int
do_status(struct ctx *cx, struct tablet_api *api, const void *q, void *r)
{
	struct status_reply *reply = r;

	reply->healthy = api->health->healthy;
	reply->reason = api->health->reason;
	return 0;
}

static int
do_validate(struct ctx *cx, struct tablet_api *api, const void *q, void *r)
{
	return validate_server(cx, api->env, q, r);
}

static int
do_check_from(struct ctx *cx, struct tablet_api *api, const void *q, void *r)
{
	return preflight_from(cx, api->env, q, r);
}

static int
do_check_to(struct ctx *cx, struct tablet_api *api, const void *q, void *r)
{
	return preflight_to(cx, api->env, q, r);
}

static int
do_survey(struct ctx *cx, struct tablet_api *api, const void *q, void *r)
{
	const struct survey_request *request = q;

	return request->move.side == MOVE_FROM ? survey_from(cx, api->env, request, r)
					       : survey_to(cx, api->env, request, r);
}

static int
do_stream_create(struct ctx *cx, struct tablet_api *api, const void *q, void *r)
{
	return engine_create(cx, &api->engine, q);
}

static int
do_stream_prepare(struct ctx *cx, struct tablet_api *api, const void *q, void *r)
{
	return engine_prepare(cx, &api->engine, q);
}

static int
do_stream_start(struct ctx *cx, struct tablet_api *api, const void *q, void *r)
{
	const struct move_request *move = q;
	struct stream *s;

	TRY(find_stream(cx, api, move, &s));
	return stream_begin(cx, s, move->attempt);
}

static int
do_stream_status(struct ctx *cx, struct tablet_api *api, const void *q, void *r)
{
	struct stream *s;

	TRY(find_stream(cx, api, q, &s));
	stream_status(s, cx->arena, r);
	return 0;
}

static int
do_stream_throttle(struct ctx *cx, struct tablet_api *api, const void *q, void *r)
{
	const struct move_request *move = q;
	struct stream *s;

	TRY(find_stream(cx, api, move, &s));
	return stream_update(cx, s, move);
}

static int
do_throttle_try(struct ctx *cx, struct tablet_api *api, const void *q, void *r)
{
	const struct move_request *move = q;

	TRY(throttle_limits_check(&move->limits, cx->err));
	return load_signs_try(cx, api->env, move->from.server, &move->limits);
}

static int
do_stream_suspend(struct ctx *cx, struct tablet_api *api, const void *q, void *r)
{
	return engine_suspend(cx, &api->engine, q);
}

static int
do_stream_delete(struct ctx *cx, struct tablet_api *api, const void *q, void *r)
{
	const struct stream_delete_request *request = q;

	return engine_delete(cx, &api->engine, &request->move, request->drop);
}

static int
check_arrived(struct ctx *cx, struct tablet_api *api, const struct fence_install_request *request)
{
	const struct move_request *q = &request->move;
	struct stream *s;
	struct definition_hashes hashes;

	TRY(find_stream(cx, api, q, &s));
	TRY(stream_definitions(s, cx->arena, &hashes, cx->err));
	if (stream_request(s)->tables_count != q->tables_count)
		return err_set(cx->err, ERR_REFUSED,
		    "the stream of workflow '%s' has %zu tables, not %zu", q->workflow,
		    stream_request(s)->tables_count, q->tables_count);
	return preflight_attempt_to(cx, api->env, request, &hashes);
}

static int
do_fence_install(struct ctx *cx, struct tablet_api *api, const void *q, void *r)
{
	const struct fence_install_request *request = q;
	const struct move_request *move = &request->move;
	SCOPED(ddl) struct ddl d = { 0 };
	struct fence f = fence_of(cx->arena, api, move);
	struct closure open;

	TRY(ddl_open(cx, api->env, &d));
	d.room = &f.move->room;
	d.needs_room = move->room;
	if (move->side == MOVE_TO) {
		TRY(check_arrived(cx, api, request));
	} else {
		TRY(preflight_attempt(cx, api->env, request, &open));
		TRY(closure_drop_inward(cx, &d, &open));
	}
	if (fence_install(cx, &d, &f, move->side == MOVE_TO) != 0)
		return xids_tell(cx, d.session);
	return spares_fill(cx, api->env, ROLE_DBA, SPARES_HOLD);
}

static int
do_fence_remove(struct ctx *cx, struct tablet_api *api, const void *q, void *r)
{
	const struct move_request *move = q;
	SCOPED(ddl) struct ddl d = { 0 };
	struct fence f = fence_of(cx->arena, api, move);

	lock_release(&api->locks, f.move); /* whatever an attempt has left would keep the DDL off */
	TRY(ddl_open(cx, api->env, &d));
	d.room = &f.move->room;
	d.needs_room = move->room;
	TRY(fence_remove(cx, &d, &f));
	/* Written there by the stream, whose consistency point it was. */
	return move->side == MOVE_FROM ? heartbeat_delete(cx, d.session, f.id) : 0;
}

static int
do_fence_status(struct ctx *cx, struct tablet_api *api, const void *q, void *r)
{
	const struct fence_status_request *request = q;
	struct ddl_room *room = &fence_of(cx->arena, api, &request->move).move->room;

	if (request->room_us > 0)
		room->until = task_now() + request->room_us;
	*(struct fence_status_reply *)r = (struct fence_status_reply){ room->waits, room->asks };
	return 0;
}

static int
do_next_values(struct ctx *cx, struct tablet_api *api, const void *q, void *r)
{
	return next_values_read(cx, api->env, q, r);
}

static int
do_set_next_values(struct ctx *cx, struct tablet_api *api, const void *q, void *r)
{
	const struct set_next_values_request *request = q;
	const struct move_request *move = &request->move;
	struct stream *s;
	struct next_values v = { request->values, request->values_count, false };

	TRY(find_stream(cx, api, move, &s));
	v.exact = stream_reached(s) == STREAM_FROZEN;
	return next_values_set(cx, api->env, move, &v);
}

/* At the to side: nobody changes from now on what is to be served. */
static int
lock_to(struct ctx *cx, struct tablet_api *api, const struct move_request *q)
{
	struct stream *s;

	TRY(find_stream(cx, api, q, &s));
	return stream_lock(cx, s, q->attempt);
}

static int
do_lock_prepare(struct ctx *cx, struct tablet_api *api, const void *q, void *r)
{
	struct fence f = fence_of(cx->arena, api, q);

	return lock_prepare(cx, &api->locks, &f);
}

static int
do_lock(struct ctx *cx, struct tablet_api *api, const void *q, void *r)
{
	const struct move_request *move = q;
	struct lock_reply *reply = r;
	struct fence f = fence_of(cx->arena, api, move);
	const struct lock_values *v;

	reply->position = "";
	if (move->side == MOVE_TO)
		return lock_to(cx, api, move);
	TRY(lock_take(cx, &api->locks, &f, &v));
	reply->position = arena_strdup(cx->arena, position_gtid(&v->p));
	reply->tables = auto_next_of(cx->arena, v->next, move->tables_count);
	reply->tables_count = move->tables_count;
	return 0;
}

static int
do_arm(struct ctx *cx, struct tablet_api *api, const void *q, void *r)
{
	struct fence f = fence_of(cx->arena, api, q);

	return lock_arm(cx, &api->locks, &f);
}

static int
do_lock_status(struct ctx *cx, struct tablet_api *api, const void *q, void *r)
{
	const struct move_request *move = q;
	struct lock_status_reply *reply = r;
	struct fence f = fence_of(cx->arena, api, move);
	struct stream *s;

	if (move->side == MOVE_FROM)
		return lock_held(cx, &api->locks, &f, &reply->held);
	TRY(find_stream(cx, api, move, &s));
	reply->held = stream_locked(cx, s, move->attempt);
	return 0;
}

static int
do_unlock(struct ctx *cx, struct tablet_api *api, const void *q, void *r)
{
	const struct move_request *move = q;

	lock_release(&api->locks, move_of(&api->moves, move->workflow));
	return 0;
}

static int
do_disarm(struct ctx *cx, struct tablet_api *api, const void *q, void *r)
{
	const struct move_request *move = q;
	struct fence f = fence_of(cx->arena, api, move);
	SCOPED(spare) struct spare c = { 0 };
	struct stream *s;

	TRY(lock_wait_outdated(cx, &api->locks, f.move));
	TRY(spare_take(cx, api->env, ROLE_DBA, &c));
	TRY(fence_disarm(cx, c.client, &f));
	s = engine_find(
	    &api->engine, move->workflow, move_round(move)); /* it may have gone meanwhile */
	if (s != NULL && move->side == MOVE_TO)
		stream_serve(s, move->attempt);
	return 0;
}

static int
do_triggers_read(struct ctx *cx, struct tablet_api *api, const void *q, void *r)
{
	return trigger_calls_read(cx, api->env, q, r);
}

static int
do_triggers_try(struct ctx *cx, struct tablet_api *api, const void *q, void *r)
{
	return trigger_calls_try(cx, api->env, q);
}

static int
do_triggers_drop(struct ctx *cx, struct tablet_api *api, const void *q, void *r)
{
	return trigger_calls_drop(cx, api->env, q);
}

static int
do_freeze(struct ctx *cx, struct tablet_api *api, const void *q, void *r)
{
	const struct freeze_request *request = q;
	struct freeze_reply *reply = r;
	SCOPED(position) struct position here = { 0 };
	struct stream *s;

	TRY(find_stream(cx, api, &request->move, &s));
	TRY(stream_freeze(cx, s, request->position, request->move.attempt));
	const struct next_values v = { request->values, request->values_count, true };
	if (v.count > 0)
		TRY(next_values_set(cx, api->env, &request->move, &v));
	TRY(trigger_calls_make(cx, api->env, move_of(&api->moves, request->move.workflow), request));
	/* Behind the freeze and the last DDL here, and before anybody else may write: a way back may
	 * begin at any position in between. */
	TRY(place_here(cx, api->env, &here));
	reply->place = (struct place_of){ .position = arena_strdup(cx->arena, position_gtid(&here)),
		.file = arena_strdup(cx->arena, here.file),
		.offset = (int64_t)here.offset };
	return 0;
}

static int
do_thaw(struct ctx *cx, struct tablet_api *api, const void *q, void *r)
{
	const struct move_request *move = q;
	struct stream *s;

	TRY(find_stream(cx, api, move, &s));
	stream_unlock(s, move->attempt); /* it would keep DDL waiting */
	TRY(trigger_calls_undo(cx, api->env, move_of(&api->moves, move->workflow), move));
	return stream_thaw(cx, s, move->attempt);
}

static int
do_finish(struct ctx *cx, struct tablet_api *api, const void *q, void *r)
{
	const struct move_request *move = q;
	struct stream *s;

	TRY(find_stream(cx, api, move, &s));
	return stream_finish(cx, s, move->attempt);
}

/* ---- Comparisons */

static int
with_stream(struct ctx *cx, struct tablet_api *api, vdiff_fn *fn, const void *q, void *r)
{
	struct vdiff_call c = { .env = api->env, .id = id_of(api, q), .q = q };
	struct stream *s;

	TRY(find_stream(cx, api, q, &s));
	c.stream = s;
	c.over = stream_reached(s) == STREAM_STOPPED;
	return fn(cx, &c, r);
}

/* ---- Tables, of whatever workflow */

static int
do_table_drop(struct ctx *cx, struct tablet_api *api, const void *q, void *r)
{
	return named_tables_drop(cx, api->env, q);
}

static int
do_table_rename(struct ctx *cx, struct tablet_api *api, const void *q, void *r)
{
	return named_tables_rename(cx, api->env, q);
}

static int
do_table_find(struct ctx *cx, struct tablet_api *api, const void *q, void *r)
{
	return named_tables_find(cx, api->env, q, r);
}

static int
do_table_sizes(struct ctx *cx, struct tablet_api *api, const void *q, void *r)
{
	return named_tables_sizes(cx, api->env, q, r);
}

static int
do_table_list(struct ctx *cx, struct tablet_api *api, const void *q, void *r)
{
	return named_tables_list(cx, api->env, q, r);
}

/* Of a call that is outdated (move.h). */
enum late {
	LATE_IS_HEARD, /* it changes nothing, or is about no move */
	LATE_IS_DONE,  /* nothing is left to be done, which is what its caller wants to hear */
	LATE_IS_REFUSED,
	LATE_IN_TURN, /* refused; and one at a time of a move */
};

static const struct method {
	method_fn *run;
	enum late late;
	vdiff_fn *vdiff;   /* in the place of run: about a comparison */
	object_fn *object; /* the same: about views and routines */
} methods[TABLET_METHODS] = {
	[TABLET_STATUS] = { .run = do_status, .late = LATE_IS_HEARD },
	[TABLET_VALIDATE] = { .run = do_validate, .late = LATE_IS_HEARD },
	[TABLET_CHECK_FROM] = { .run = do_check_from, .late = LATE_IS_HEARD },
	[TABLET_CHECK_TO] = { .run = do_check_to, .late = LATE_IS_HEARD },
	[TABLET_SURVEY] = { .run = do_survey, .late = LATE_IS_HEARD },
	[TABLET_STREAM_CREATE] = { .run = do_stream_create, .late = LATE_IN_TURN },
	[TABLET_STREAM_PREPARE] = { .run = do_stream_prepare, .late = LATE_IN_TURN },
	[TABLET_STREAM_START] = { .run = do_stream_start, .late = LATE_IN_TURN },
	[TABLET_STREAM_STATUS] = { .run = do_stream_status, .late = LATE_IS_HEARD },
	[TABLET_STREAM_THROTTLE] = { .run = do_stream_throttle, .late = LATE_IN_TURN },
	[TABLET_THROTTLE_TRY] = { .run = do_throttle_try, .late = LATE_IS_HEARD },
	[TABLET_STREAM_SUSPEND] = { .run = do_stream_suspend, .late = LATE_IN_TURN },
	[TABLET_STREAM_DELETE] = { .run = do_stream_delete, .late = LATE_IN_TURN },
	[TABLET_FENCE_INSTALL] = { .run = do_fence_install, .late = LATE_IN_TURN },
	[TABLET_FENCE_REMOVE] = { .run = do_fence_remove, .late = LATE_IN_TURN },
	[TABLET_FENCE_STATUS] = { .run = do_fence_status, .late = LATE_IS_HEARD },
	[TABLET_OBJECTS_READ] = { .object = object_calls_read, .late = LATE_IS_HEARD },
	[TABLET_OBJECTS_MAKE] = { .object = object_calls_make, .late = LATE_IN_TURN },
	[TABLET_OBJECTS_DROP] = { .object = object_calls_drop, .late = LATE_IN_TURN },
	[TABLET_EVENTS_OFF] = { .object = event_calls_off, .late = LATE_IN_TURN },
	[TABLET_EVENTS_ON] = { .object = event_calls_on, .late = LATE_IN_TURN },
	[TABLET_TRIGGERS_READ] = { .run = do_triggers_read, .late = LATE_IS_HEARD },
	[TABLET_TRIGGERS_TRY] = { .run = do_triggers_try, .late = LATE_IS_HEARD },
	[TABLET_TRIGGERS_DROP] = { .run = do_triggers_drop, .late = LATE_IN_TURN },
	[TABLET_NEXT_VALUES] = { .run = do_next_values, .late = LATE_IS_HEARD },
	[TABLET_SET_NEXT_VALUES] = { .run = do_set_next_values, .late = LATE_IS_REFUSED },
	[TABLET_LOCK_PREPARE] = { .run = do_lock_prepare, .late = LATE_IN_TURN },
	[TABLET_LOCK] = { .run = do_lock, .late = LATE_IS_REFUSED },
	[TABLET_ARM] = { .run = do_arm, .late = LATE_IS_REFUSED },
	[TABLET_LOCK_STATUS] = { .run = do_lock_status, .late = LATE_IS_HEARD },
	[TABLET_UNLOCK] = { .run = do_unlock, .late = LATE_IS_DONE },
	[TABLET_DISARM] = { .run = do_disarm, .late = LATE_IS_DONE },
	[TABLET_FREEZE] = { .run = do_freeze, .late = LATE_IS_REFUSED },
	[TABLET_THAW] = { .run = do_thaw, .late = LATE_IS_REFUSED },
	[TABLET_FINISH] = { .run = do_finish, .late = LATE_IS_REFUSED },
	[TABLET_VDIFF_CREATE] = { .vdiff = vdiff_create, .late = LATE_IS_HEARD },
	[TABLET_VDIFF_SHOW] = { .vdiff = vdiff_show, .late = LATE_IS_HEARD },
	[TABLET_VDIFF_STOP] = { .vdiff = vdiff_stop, .late = LATE_IS_HEARD },
	[TABLET_VDIFF_RESUME] = { .vdiff = vdiff_resume, .late = LATE_IS_HEARD },
	[TABLET_VDIFF_DELETE] = { .vdiff = vdiff_delete, .late = LATE_IS_HEARD },
	[TABLET_TABLE_FIND] = { .run = do_table_find, .late = LATE_IS_HEARD },
	[TABLET_TABLE_LIST] = { .run = do_table_list, .late = LATE_IS_HEARD },
	[TABLET_TABLE_SIZES] = { .run = do_table_sizes, .late = LATE_IS_HEARD },
	[TABLET_TABLE_DROP] = { .run = do_table_drop, .late = LATE_IS_HEARD },
	[TABLET_TABLE_RENAME] = { .run = do_table_rename, .late = LATE_IS_HEARD },
};

static int
find_method(const char *path)
{
	static const char prefix[] = "/tablet/";

	if (strncmp(path, prefix, sizeof(prefix) - 1) != 0)
		return -1;
	for (int i = 0; i < TABLET_METHODS; i++) {
		if (strcmp(path + sizeof(prefix) - 1, tablet_calls[i].name) == 0)
			return i;
	}
	return -1;
}

static int
run(struct ctx *cx, struct tablet_api *api, const struct method *m, const void *q, void *r)
{
	return m->object != NULL ? m->object(cx, api->env, q, r) : m->run(cx, api, q, r);
}

static int
run_method(struct ctx *cx, struct tablet_api *api, const struct method *m, const void *q, void *r)
{
	const struct move_request *request = q;
	struct move *move;

	if (m->vdiff != NULL)
		return with_stream(cx, api, m->vdiff, q, r);
	if (m->late == LATE_IS_HEARD)
		return run(cx, api, m, q, r);
	move = move_of(&api->moves, request->workflow);
	if (m->late == LATE_IS_DONE && move_outdates(move, request->attempt))
		return 0;
	if (m->late != LATE_IN_TURN) {
		TRY(move_admit(move, request->attempt, cx->err));
		return run(cx, api, m, q, r);
	}
	TRY(move_begin(cx, move, request->attempt));
	int rc = run(cx, api, m, q, r);
	move_end(move);
	return rc;
}

static int
handle(struct ctx *cx, struct tablet_api *api, const struct http_request *req,
    struct http_reply *reply)
{
	int i = find_method(req->path);

	if (i < 0)
		return err_set(cx->err, ERR_NOT_FOUND, "no method '%s'", req->path);
	const struct tablet_call *call = &tablet_calls[i];
	void *q = arena_zalloc(cx->arena, call->request->size);
	void *r = arena_zalloc(cx->arena, call->reply->size);
	TRY(message_read(cx->arena, call->request, req->body, q, cx->err));
	usec timeout = ((const struct tablet_request *)q)->timeout;
	struct ctx within = ctx_within(cx, timeout > 0 ? timeout : METHOD_TIMEOUT_S * SECOND);
	TRY(run_method(&within, api, &methods[i], q, r));
	reply->status = 200;
	message_write(&reply->body, call->reply, r);
	return 0;
}

void
tablet_api_handle(
    struct ctx *cx, void *arg, const struct http_request *req, struct http_reply *reply)
{
	SCOPED(arena) struct arena arena = ARENA_INIT;
	struct err err = { 0 };
	struct ctx inner = *cx;

	inner.arena = &arena;
	inner.err = &err;
	if (strcmp(req->path, "/healthz") == 0) {
		reply->status = 200;
		buf_add_str(&reply->body, "{\"ok\":true}\n");
		return;
	}
	if (strcmp(req->path, "/metrics") == 0) {
		const struct tablet_api *api = arg;

		reply->status = 200;
		reply->content_type = "text/plain; version=0.0.4";
		tablet_metrics_print(&reply->body, &api->engine, api->health);
		return;
	}
	if (handle(&inner, arg, req, reply) != 0)
		rpc_reply_error(reply, &err);
}
