#include "tablet/guard/guard.h"

#include "base/check.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/mutant.h"
#include "base/parse.h"
#include "mysql/gtids.h"
#include "sql/quote.h"
#include "tablet/read/place.h"
#include "tablet/server/again.h"
#include "tablet/server/server_lock.h"
#include "tablet/server/spare.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	BACKOFF_MS = 500,
	POLL_MS = 1000,                /* the lag is told to people and judged by seconds */
	STORE_BYTES = 16 * 1024 * 1024 /* read again after a kill: a second's work */
};

void
guard_check(const struct guard *g)
{
	check(g->tail == NULL || g->finding[0] == '\0'); /* (1) */
}

/* ---- Its row */

int
guard_row_make(struct ctx *cx, struct mysql_client *c, struct stream_id id, const char *gtid)
{
	SCOPED(buf) struct buf sql = BUF_INIT;

	buf_add_str(&sql, "REPLACE INTO ");
	sidecar_table(&sql, id.sidecar, "guard");
	buf_add_str(&sql, " SET workflow=");
	quote_string(&sql, slice_str(id.workflow));
	buf_addf(&sql, ", round=%d, read_gtid=", id.round);
	quote_string(&sql, slice_str(gtid));
	buf_add_str(&sql, ", read_file='', read_offset=0, finding=''");
	return mysql_exec(cx, c, buf_slice(&sql), NULL);
}

int
guard_row_delete(struct ctx *cx, struct mysql_client *c, struct stream_id id)
{
	return again_delete(cx, c, id, "guard");
}

/* Where to go on, and the finding. One that was just made has no file yet. */
static int
load_row(struct ctx *cx, struct guard *g)
{
	SCOPED(spare) struct spare c = { 0 };
	SCOPED(buf) struct buf sql = BUF_INIT;
	struct mysql_rows rows;
	struct position stored;
	const struct slice *v;

	buf_add_str(&sql, "SELECT read_gtid, read_file, read_offset, finding FROM ");
	sidecar_table(&sql, g->id.sidecar, "guard");
	sidecar_where_stream(&sql, g->id);
	TRY(spare_take(cx, g->env, ROLE_DBA, &c));
	TRY(mysql_select(cx, c.client, buf_slice(&sql), &rows));
	if (rows.rows == 0)
		return err_set(cx->err, ERR_NOT_FOUND, "the row of its guard is gone");
	v = rows.values;
	TRY(position_read(cx, v, &stored));
	position_copy(&g->read, &stored);
	snprintf(g->finding, sizeof(g->finding), "%.*s", SLICE_ARG(v[3]));
	return 0;
}

static int
store_read(struct ctx *cx, struct guard *g)
{
	SCOPED(spare) struct spare c = { 0 };
	SCOPED(buf) struct buf sql = BUF_INIT;

	buf_add_str(&sql, "UPDATE ");
	sidecar_table(&sql, g->id.sidecar, "guard");
	buf_add_str(&sql, " SET read_gtid=");
	quote_string(&sql, slice_str(position_gtid(&g->read)));
	buf_add_str(&sql, ", read_file=");
	quote_string(&sql, slice_str(g->read.file));
	buf_addf(&sql, ", read_offset=%llu", (unsigned long long)g->read.offset);
	sidecar_where_stream(&sql, g->id);
	TRY(spare_take(cx, g->env, ROLE_DBA, &c));
	TRY(again_exec(cx, c.client, buf_slice(&sql), NULL));
	position_copy(&g->stored, &g->read);
	return 0;
}

static int
store_finding(struct ctx *cx, struct guard *g)
{
	SCOPED(spare) struct spare c = { 0 };
	SCOPED(buf) struct buf sql = BUF_INIT;

	if (mutant("guard_finding_forgotten"))
		return 0;
	buf_add_str(&sql, "UPDATE ");
	sidecar_table(&sql, g->id.sidecar, "guard");
	buf_add_str(&sql, " SET finding=");
	quote_string(&sql, slice_str(g->finding));
	sidecar_where_stream(&sql, g->id);
	TRY(spare_take(cx, g->env, ROLE_DBA, &c));
	return again_exec(cx, c.client, buf_slice(&sql), NULL);
}

/* ---- Judging */

static int
judge(const struct guard *g, const struct source_txn *txn, struct err *err)
{
	const struct table_def *def;

	if (txn->count == 0 || txn->by_stream || mutant("guard_passes_rows"))
		return 0;
	def = g->tables.items[txn->changes[0].table].def;
	return err_set(err, ERR_REFUSED,
	    "rows of table '%s.%s' were changed by another than its stream, at %s:%llu",
	    def->database, def->name, txn->end.file, (unsigned long long)txn->end.offset);
}

/* Never while the stream is frozen: who goes on from there would take triggers that the switch makes for
 * somebody else's. */
static bool
must_store(const struct guard *g)
{
	if (tail_frozen(g->tail))
		return false;
	return strcmp(g->read.file, g->stored.file) != 0 ||
	    g->read.offset - g->stored.offset >= STORE_BYTES;
}

static int
read_one(struct ctx *cx, struct guard *g)
{
	struct source_txn *txn;

	TRY(tail_next(cx, g->tail, &txn));
	int rc = judge(g, txn, cx->err);
	if (rc == 0 && txn->last)
		position_copy(&g->read, &txn->end);
	source_txn_free(txn);
	TRY(rc);
	waitlist_wake_all(g->changed);
	return must_store(g) ? store_read(cx, g) : 0;
}

/* ---- A pass */

/* Of the place that the guard begins behind the GTIDs alone are known: the tail finds it. */
static int
start_of(struct ctx *cx, const struct guard *g, struct mysql_client *c, struct position *out)
{
	if (position_is_set(&g->read)) {
		position_copy(out, &g->read);
		return 0;
	}
	TRY(position_place(cx, c, out));
	position_set_gtid(out, slice_str(position_gtid(&g->read)));
	return 0;
}

static int
open_tail(struct ctx *cx, struct guard *g)
{
	const struct move_request *q = g->request;
	SCOPED(spare) struct spare c = { 0 };
	SCOPED(buf) struct buf name = BUF_INIT;
	SCOPED(position) struct position start = { 0 };
	struct table_def **defs;

	TRY(spare_take(cx, g->env, ROLE_DBA, &c));
	defs = arena_array(cx->arena, struct table_def *, q->tables_count);
	for (size_t i = 0; i < q->tables_count; i++)
		TRY(schema_read(cx, c.client,
		    &(struct schema_place){ .database = q->to.database, .table = q->tables[i].to },
		    &defs[i]));
	moved_tables_of(cx->arena, defs, (int)q->tables_count, &g->tables);
	TRY(start_of(cx, g, c.client, &start));
	buf_add_str(&name, "guard ");
	stream_id_print(&name, g->id);
	g->params = (struct tail_params){
		.source = env_stream_params(g->env, g->env->server, ROLE_STREAM),
		.id = g->id,
		.tables = &g->tables,
		.start = start,
		.start_is_sought = !position_is_set(&g->read),
		.none_prepared = true,
		.guards = true,
		.server_id = env_server_id(g->env, name.data),
		.spill_dir = g->env->data_dir,
	};
	TRY(tail_open(cx, &g->params, &g->tail));
	position_copy(&g->read, tail_position(g->tail));
	return 0;
}

static int
read_on(struct ctx *cx, struct guard *g)
{
	int ms = fault_sleep_ms("guard.tail.before");
	uint64_t term, now;

	TRY(server_lock_held(g->env->lock, &term, cx->err));
	TRY(load_row(cx, g));
	if (g->finding[0] != '\0')
		return 0;
	if (ms > 0)
		TRY(task_sleep(cx, ms * MSEC));
	TRY(open_tail(cx, g));
	guard_check(g);
	for (;;) {
		TRY(read_one(cx, g));
		TRY(server_lock_held(g->env->lock, &now, cx->err));
		if (now != term)
			return err_set(cx->err, ERR_RETRY, "the server's lock was lost meanwhile");
	}
}

static int
one_pass(struct ctx *cx, struct guard *g)
{
	struct ctx inner = *cx;

	arena_init(&g->arena);
	inner.arena = &g->arena;
	int rc = read_on(&inner, g);
	tail_close(g->tail);
	g->tail = NULL;
	arena_done(&g->arena);
	return rc;
}

static void
close_with(struct guard *g, const struct err *why)
{
	snprintf(g->finding, sizeof(g->finding),
	    "the tables at '%.60s' are not as they were left: %.400s", g->env->server, why->text);
	log_error("way back %s round %d: %s", g->id.workflow, g->id.round, g->finding);
	waitlist_wake_all(g->changed);
}

static void
guard_main(void *arg)
{
	struct guard *g = arg;
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err };

	while (g->finding[0] == '\0' && one_pass(&cx, g) != 0) {
		if (task_cancelled())
			return;
		if (!env_error_passes(&err)) {
			close_with(g, &err);
			break;
		}
		log_warn(
		    "the guard of %s goes on in %d ms: %s", g->id.workflow, BACKOFF_MS, err.text);
		if (task_sleep(&cx, BACKOFF_MS * MSEC) != 0)
			return;
	}
	waitlist_wake_all(g->changed);
	while (store_finding(&cx, g) != 0) { /* (2) */
		if (task_cancelled() || task_sleep(&cx, BACKOFF_MS * MSEC) != 0)
			return;
	}
}

/* ---- How far it is */

static int
poll_once(struct ctx *cx, struct guard *g)
{
	SCOPED(spare) struct spare c = { 0 };
	SCOPED(position) struct position now = { 0 };

	TRY(spare_take(cx, g->env, ROLE_DBA, &c));
	TRY(position_place(cx, c.client, &now));
	lag_note(&g->lag, &g->read, &now);
	return 0;
}

static void
lag_main(void *arg)
{
	struct guard *g = arg;
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err };

	for (;;) {
		if (poll_once(&cx, g) != 0)
			err_clear(
			    &err); /* it is asked again; a guard that cannot read says so itself */
		if (task_sleep(&cx, POLL_MS * MSEC) != 0)
			return;
	}
}

/* ---- What others ask */

int
guard_start(const struct guard_params *params, struct guard **out, struct err *err)
{
	struct guard *g = mem_new(struct guard);

	g->env = params->env;
	g->id = params->id;
	g->request = params->request;
	g->changed = params->changed;
	lag_init(&g->lag);
	group_init(&g->life);
	if (group_spawn(&g->life, "guard", guard_main, g, err) != 0 ||
	    group_spawn(&g->life, "guard lag", lag_main, g, err) != 0) {
		guard_stop(g);
		return -1;
	}
	*out = g;
	return 0;
}

void
guard_end(struct guard *g)
{
	group_cancel(&g->life);
}

void
guard_stop(struct guard *g)
{
	if (g == NULL)
		return;
	group_done(&g->life);
	guard_unlock(g);
	position_done(&g->read);
	position_done(&g->stored);
	lag_done(&g->lag);
	free(g);
}

const char *
guard_finding(const struct guard *g)
{
	guard_check(g);
	return g->finding;
}

int64_t
guard_lag_ms(const struct guard *g)
{
	return g->tail == NULL ? -1 : lag_ms(&g->lag);
}

/* ---- The lock */

static int
take_lock(struct ctx *cx, struct guard *g, guard_wanted_fn *wanted, const void *arg)
{
	size_t count = g->request->tables_count;
	const char **names = arena_array(cx->arena, const char *, count);
	struct share_tables tables = { g->request->to.database, names, (int)count };
	struct share taken;

	for (size_t i = 0; i < count; i++)
		names[i] = g->request->tables[i].to;
	if (share_take(cx, g->env, &tables, &taken) != 0)
		return err_wrap(cx->err, "locking the tables of '%s'", tables.database);
	if (wanted(cx, arg) != 0 && !mutant("guard_locks_unwanted")) {
		share_done(&taken);
		return -1;
	}
	share_done(&g->lock); /* of an earlier call for the same */
	g->lock = taken;
	return 0;
}

static int
judged(const struct guard *g, const struct gtids *at, bool *out, struct err *err)
{
	SCOPED(gtids) struct gtids read = { 0 };

	guard_check(g);
	if (g->finding[0] != '\0')
		return err_set(err, ERR_REFUSED, "there is no way back: %.450s", g->finding);
	TRY(gtids_parse(&read, slice_str(position_gtid(&g->read)), err));
	*out = (g->tail != NULL && gtids_cover(&read, at)) || mutant("guard_not_waited_for");
	return 0;
}

static int
read_now(struct ctx *cx, const struct guard *g, struct gtids *out)
{
	SCOPED(spare) struct spare c = { 0 };
	SCOPED(position) struct position now = { 0 };
	struct place_reader reader = place_reader(g->env, g->env->server);

	TRY(spare_take(cx, g->env, ROLE_DBA, &c));
	TRY(place_now(cx, c.client, &reader, &now));
	return gtids_parse(out, slice_str(position_gtid(&now)), cx->err);
}

static int
wait_judged(struct ctx *cx, struct guard *g, guard_wanted_fn *wanted, const void *arg)
{
	SCOPED(gtids) struct gtids now = { 0 };
	bool done = false;

	TRY(read_now(cx, g, &now));
	for (;;) {
		TRY(wanted(cx, arg));
		TRY(judged(g, &now, &done, cx->err));
		if (done)
			return 0;
		if (waitlist_wait(cx, g->changed) != 0)
			return err_wrap(cx->err, "waiting for the guard to judge the last changes");
	}
}

int
guard_lock(struct ctx *cx, struct guard *g, guard_wanted_fn *wanted, const void *arg)
{
	if (!mutant("guard_unlocked"))
		TRY(take_lock(cx, g, wanted, arg));
	return wait_judged(cx, g, wanted, arg);
}

/* The lock is ours while its server is asked: whoever lets go of it meanwhile makes it unwanted. */
bool
guard_locked(struct ctx *cx, struct guard *g, guard_wanted_fn *wanted, const void *arg)
{
	struct share mine = g->lock;

	g->lock = (struct share){ 0 };
	bool alive = mine.count > 0 && share_alive(cx, &mine);
	if (!alive || wanted(cx, arg) != 0) {
		share_done(&mine);
		return mutant("guard_lost_lock_ignored");
	}
	share_done(&g->lock);
	g->lock = mine;
	return true;
}

void
guard_unlock(struct guard *g)
{
	share_done(&g->lock);
}
