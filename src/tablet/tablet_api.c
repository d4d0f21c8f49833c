#include "tablet/tablet_api.h"

#include "sql/quote.h"
#include "tablet/guard/fence.h"
#include "tablet/preflight.h"
#include "tablet/read/place.h"
#include "tablet/table/auto_increment.h"
#include "tablet/tablet_metrics.h"

#include <stdlib.h>

enum {
	METHOD_TIMEOUT_S =
	    60, /* where the caller names none: above any preflight, below people's patience */
};

typedef int method_fn(
    struct ctx *cx, struct tablet_api *api, const struct tablet_request *q, struct tablet_reply *r);

/* Of the rows in this server's sidecar database. */
static struct stream_id
id_of(const struct tablet_api *api, const struct tablet_request *q)
{
	return (struct stream_id){ api->env->sidecar, q->workflow };
}

/* The tables of the side that this server is. */
static struct fence
fence_of(struct arena *a, const struct tablet_api *api, const struct tablet_request *q)
{
	bool         target = strcmp(q->on_side, "target") == 0;
	const char **tables = arena_array(a, const char *, q->tables_count);

	for (size_t i = 0; i < q->tables_count; i++)
		tables[i] = target ? q->tables[i].target_table : q->tables[i].source_table;
	return (struct fence){
		.id = id_of(api, q),
		.database = target ? q->target_database : q->source_database,
		.tables = tables,
		.tables_count = (int)q->tables_count,
		.stream_user = api->env->accounts->stream.user,
		.attempt = q->attempt,
	};
}

static int
find_stream(
    struct ctx *cx, struct tablet_api *api, const struct tablet_request *q, struct stream **out)
{
	*out = engine_find(&api->engine, q->workflow);
	if (*out == NULL)
		return err_set(cx->err, ERR_NOT_FOUND, "tablet '%s' has no stream of workflow '%s'",
		    api->env->alias, q->workflow);
	return 0;
}

static int
do_status(
    struct ctx *cx, struct tablet_api *api, const struct tablet_request *q, struct tablet_reply *r)
{
	r->state = api->health->healthy ? "healthy" : "not healthy";
	r->error = api->health->reason;
	return 0;
}

static int
do_check_source(
    struct ctx *cx, struct tablet_api *api, const struct tablet_request *q, struct tablet_reply *r)
{
	return preflight_source(cx, api->env, q, r);
}

static int
do_check_target(
    struct ctx *cx, struct tablet_api *api, const struct tablet_request *q, struct tablet_reply *r)
{
	return preflight_target(cx, api->env, q, r);
}

static int
do_stream_create(
    struct ctx *cx, struct tablet_api *api, const struct tablet_request *q, struct tablet_reply *r)
{
	return engine_create(cx, &api->engine, q);
}

static int
do_stream_status(
    struct ctx *cx, struct tablet_api *api, const struct tablet_request *q, struct tablet_reply *r)
{
	struct stream *s;

	TRY(find_stream(cx, api, q, &s));
	stream_status(s, cx->arena, r);
	return 0;
}

static int
do_stream_delete(
    struct ctx *cx, struct tablet_api *api, const struct tablet_request *q, struct tablet_reply *r)
{
	return engine_delete(cx, &api->engine, q, strcmp(q->position, "drop") == 0);
}

/* A prepared transaction may hold rows of the table and end at any time. */
static int
check_no_xa(struct ctx *cx, struct mysql_client *c)
{
	struct mysql_rows rows;

	TRY(mysql_select(cx, c, slice_str("XA RECOVER"), &rows));
	if (rows.rows == 0)
		return 0;
	err_set(cx->err, ERR_RETRY, "%zu XA transactions are prepared at the source", rows.rows);
	return err_hint(cx->err, "XA RECOVER lists them; XA COMMIT or XA ROLLBACK ends them");
}

static int
check_arrived(struct ctx *cx, struct tablet_api *api, const struct tablet_request *q)
{
	struct stream *s;
	const char   **hashes;

	TRY(find_stream(cx, api, q, &s));
	TRY(stream_definitions(s, cx->arena, &hashes, cx->err));
	if (stream_request(s)->tables_count != q->tables_count)
		return err_set(cx->err, ERR_REFUSED, "the stream of workflow '%s' has %zu tables, not %zu",
		    q->workflow, stream_request(s)->tables_count, q->tables_count);
	return preflight_attempt_target(cx, api->env, q, hashes);
}

static int
do_fence_install(
    struct ctx *cx, struct tablet_api *api, const struct tablet_request *q, struct tablet_reply *r)
{
	SCOPED(ddl) struct ddl d = { 0 };
	struct fence           f = fence_of(cx->arena, api, q);

	bool target = strcmp(q->on_side, "target") == 0;

	TRY(ddl_open(cx, api->env, &d));
	if (target) {
		TRY(check_arrived(cx, api, q));
	} else {
		TRY(preflight_attempt(cx, api->env, q));
		TRY(check_no_xa(cx, d.session));
	}
	return fence_install(cx, &d, &f, target);
}

static int
do_fence_remove(
    struct ctx *cx, struct tablet_api *api, const struct tablet_request *q, struct tablet_reply *r)
{
	SCOPED(ddl) struct ddl d = { 0 };
	struct fence           f = fence_of(cx->arena, api, q);

	TRY(ddl_open(cx, api->env, &d));
	TRY(fence_remove(cx, &d, &f));
	/* Written there by the stream, whose consistency point it was. */
	return strcmp(q->on_side, "source") == 0 ? heartbeat_delete(cx, d.session, id_of(api, q)) : 0;
}

/* The source's next values, so that they can be carried. */
static int
list_auto_increment(
    struct ctx *cx, struct tablet_api *api, const struct tablet_request *q, struct tablet_reply *r)
{
	SCOPED(client) struct mysql_client *dba = NULL;

	TRY(env_dba(cx, api->env, &dba));
	r->tables = arena_array(cx->arena, struct tablet_table_status, q->tables_count);
	r->tables_count = q->tables_count;
	for (size_t i = 0; i < q->tables_count; i++) {
		struct tablet_table_status *t = &r->tables[i];

		*t = (struct tablet_table_status){ .table = q->tables[i].source_table,
			.state = "", .definition = "", .exists = true };
		TRY(auto_increment_read(
		    cx, dba, q->source_database, t->table, &t->auto_increment));
	}
	return 0;
}

static int
do_auto_increment(
    struct ctx *cx, struct tablet_api *api, const struct tablet_request *q, struct tablet_reply *r)
{
	SCOPED(ddl) struct ddl d = { 0 };
	struct stream         *s;

	if (strcmp(q->on_side, "source") == 0)
		return list_auto_increment(cx, api, q, r);
	TRY(find_stream(cx, api, q, &s));
	TRY(ddl_open(cx, api->env, &d));
	for (size_t i = 0; i < q->tables_count; i++) {
		struct auto_increment wanted = {
			.database = q->target_database,
			.table = q->tables[i].target_table,
			.next = q->tables[i].auto_increment,
			.exact = stream_reached(s) == STREAM_FROZEN,
		};

		TRY(auto_increment_set(cx, &d, &wanted));
	}
	return 0;
}

static int
do_lock(
    struct ctx *cx, struct tablet_api *api, const struct tablet_request *q, struct tablet_reply *r)
{
	struct fence        f = fence_of(cx->arena, api, q);
	SCOPED(position) struct position p = { 0 };
	struct lock_request request = {
		.id = f.id,
		.database = f.database,
		.tables = f.tables,
		.tables_count = f.tables_count,
		.attempt = q->attempt,
	};

	TRY(lock_take(cx, &api->locks, &request, &p));
	r->position = arena_strdup(cx->arena, position_gtid(&p));
	r->held = true;
	return 0;
}

static int
do_lock_status(
    struct ctx *cx, struct tablet_api *api, const struct tablet_request *q, struct tablet_reply *r)
{
	return lock_held(cx, &api->locks, q->workflow, q->attempt, &r->held);
}

static int
do_unlock(
    struct ctx *cx, struct tablet_api *api, const struct tablet_request *q, struct tablet_reply *r)
{
	lock_release(&api->locks, q->workflow, q->attempt);
	return 0;
}

static int
do_disarm(
    struct ctx *cx, struct tablet_api *api, const struct tablet_request *q, struct tablet_reply *r)
{
	SCOPED(client) struct mysql_client *c = NULL;

	TRY(lock_forbid(cx, &api->locks, q->workflow, q->attempt));
	TRY(env_dba(cx, api->env, &c));
	return fence_disarm(cx, c, id_of(api, q), q->attempt);
}

static int
do_freeze(
    struct ctx *cx, struct tablet_api *api, const struct tablet_request *q, struct tablet_reply *r)
{
	SCOPED(client) struct mysql_client *c = NULL;
	struct stream                      *s;
	SCOPED(position) struct position    p = { 0 };

	TRY(find_stream(cx, api, q, &s));
	TRY(stream_freeze(cx, s, q->position, q->attempt));
	TRY(env_dba(cx, api->env, &c));
	struct place_reader reader = place_reader(api->env, api->env->server);
	TRY(place_now(cx, c, &reader, &p));
	r->position = arena_strdup(cx->arena, position_gtid(&p));
	return 0;
}

static int
do_thaw(
    struct ctx *cx, struct tablet_api *api, const struct tablet_request *q, struct tablet_reply *r)
{
	struct stream *s;

	TRY(find_stream(cx, api, q, &s));
	return stream_thaw(cx, s, q->attempt);
}

static int
do_finish(
    struct ctx *cx, struct tablet_api *api, const struct tablet_request *q, struct tablet_reply *r)
{
	struct stream *s;

	TRY(find_stream(cx, api, q, &s));
	return stream_finish(cx, s, q->attempt);
}

/* Its triggers go with the table; the fence's rows after it, so that no write slips between. Of a table
 * that is not there they go too: the first try may have ended between the two. */
static int
drop_one(struct ctx *cx, struct ddl *d, const struct tablet_api *api, const struct tablet_request *q,
    size_t i)
{
	const char *database = q->source_database, *table = q->tables[i].source_table;
	enum { ER_BAD_TABLE_ERROR = 1051 };
	SCOPED(buf) struct buf name = BUF_INIT;
	SCOPED(buf) struct buf sql = BUF_INIT;
	bool                   unknown = false;

	quote_table(&name, slice_str(database), slice_str(table));
	if (ddl_runf(cx, d, "DROP TABLE %s", name.data) != 0) {
		unknown = cx->err->mysql_errno == ER_BAD_TABLE_ERROR;
		if (!unknown)
			return err_wrap(cx->err, "dropping table '%s.%s'", database, table);
	}
	buf_add_str(&sql, "DELETE FROM ");
	sidecar_table(&sql, api->env->sidecar, "fence");
	buf_add_str(&sql, " WHERE db=");
	quote_string(&sql, slice_str(database));
	buf_add_str(&sql, " AND tbl=");
	quote_string(&sql, slice_str(table));
	TRY(mysql_exec(cx, d->session, buf_slice(&sql), NULL));
	if (!unknown)
		return 0;
	return err_set(cx->err, ERR_REFUSED, "table '%s.%s' does not exist", database, table);
}

static int
do_table_drop(
    struct ctx *cx, struct tablet_api *api, const struct tablet_request *q, struct tablet_reply *r)
{
	SCOPED(ddl) struct ddl d = { 0 };

	TRY(ddl_open(cx, api->env, &d));
	for (size_t i = 0; i < q->tables_count; i++)
		TRY(drop_one(cx, &d, api, q, i));
	return 0;
}

/* To look takes the lock that whoever makes the table has for itself, so it waits for him. */
static int
find_table(struct ctx *cx, struct mysql_client *c, const struct tablet_request *q, size_t i, bool *exists)
{
	/* Of a view of what is gone, or whose maker is. */
	enum { ER_NO_SUCH_TABLE = 1146, ER_VIEW_INVALID = 1356, ER_NO_SUCH_USER = 1449 };
	SCOPED(buf) struct buf name = BUF_INIT;
	struct mysql_rows      rows;
	int                    error;

	quote_table(&name, slice_str(q->source_database), slice_str(q->tables[i].source_table));
	*exists = mysql_selectf(cx, c, &rows, "SELECT 1 FROM %s LIMIT 0", name.data) == 0;
	error = cx->err->mysql_errno;
	if (*exists || (error != ER_NO_SUCH_TABLE && error != ER_VIEW_INVALID && error != ER_NO_SUCH_USER))
		return *exists ? 0 : -1;
	*exists = error != ER_NO_SUCH_TABLE;
	err_clear(cx->err);
	return 0;
}

static int
do_table_find(
    struct ctx *cx, struct tablet_api *api, const struct tablet_request *q, struct tablet_reply *r)
{
	SCOPED(client) struct mysql_client *c = NULL;

	TRY(env_dba(cx, api->env, &c));
	r->tables = arena_array(cx->arena, struct tablet_table_status, q->tables_count);
	r->tables_count = q->tables_count;
	for (size_t i = 0; i < q->tables_count; i++) {
		r->tables[i] = (struct tablet_table_status){
			.table = q->tables[i].source_table, .state = "", .definition = ""
		};
		TRY(find_table(cx, c, q, i, &r->tables[i].exists));
	}
	return 0;
}

static const struct method {
	const char *name;
	method_fn  *run;
	bool        one_at_a_time; /* calls.h */
} methods[] = {
	{ "status", do_status, false },
	{ "check_source", do_check_source, false },
	{ "check_target", do_check_target, false },
	{ "stream_create", do_stream_create, true },
	{ "stream_status", do_stream_status, false },
	{ "stream_delete", do_stream_delete, true },
	{ "fence_install", do_fence_install, true },
	{ "fence_remove", do_fence_remove, true },
	{ "auto_increment", do_auto_increment, false },
	{ "lock", do_lock, false },
	{ "lock_status", do_lock_status, false },
	{ "unlock", do_unlock, false },
	{ "disarm", do_disarm, false },
	{ "freeze", do_freeze, false },
	{ "thaw", do_thaw, false },
	{ "finish", do_finish, false },
	{ "table_find", do_table_find, false },
	{ "table_drop", do_table_drop, false },
};

static const struct method *
find_method(const char *path)
{
	static const char prefix[] = "/tablet/";

	if (strncmp(path, prefix, sizeof(prefix) - 1) != 0)
		return NULL;
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if (strcmp(path + sizeof(prefix) - 1, methods[i].name) == 0)
			return &methods[i];
	}
	return NULL;
}

static int
run_method(struct ctx *cx, struct tablet_api *api, const struct method *m,
    const struct tablet_request *q, struct tablet_reply *r)
{
	if (!m->one_at_a_time)
		return m->run(cx, api, q, r);
	TRY(call_begin(cx, &api->calls, q->workflow, q->attempt));
	int rc = m->run(cx, api, q, r);
	call_end(&api->calls, q->workflow);
	return rc;
}

static int
handle(struct ctx *cx, struct tablet_api *api, const struct http_request *req,
    struct http_reply *reply)
{
	const struct method  *m = find_method(req->path);
	struct tablet_request q = { 0 };
	struct tablet_reply   r = {
		  .state = "", .error = "", .hint = "", .position = "", .lag_ms = -1
	};

	if (m == NULL)
		return err_set(cx->err, ERR_NOT_FOUND, "no method '%s'", req->path);
	TRY(tablet_request_read(cx->arena, req->body, &q, cx->err));
	struct ctx within = ctx_within(cx, q.timeout > 0 ? q.timeout : METHOD_TIMEOUT_S * SECOND);
	TRY(run_method(&within, api, m, &q, &r));
	reply->status = 200;
	tablet_reply_write(&reply->body, &r);
	return 0;
}

void
tablet_api_handle(
    struct ctx *cx, void *arg, const struct http_request *req, struct http_reply *reply)
{
	SCOPED(arena) struct arena arena = ARENA_INIT;
	struct err                 err = { 0 };
	struct ctx                 inner = *cx;

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
