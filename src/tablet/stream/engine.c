#include "tablet/stream/engine.h"

#include "base/check.h"
#include "base/fault.h"
#include "base/mem.h"
#include "base/mutant.h"
#include "base/parse.h"
#include "sql/quote.h"
#include "tablet/compare/diff_rows.h"
#include "tablet/guard/guard.h"
#include "tablet/server/ddl_rows.h"
#include "tablet/server/run_parts.h"
#include "tablet/server/xa_rows.h"
#include "tablet/server/again.h"
#include "tablet/server/stream_ddl.h"
#include "tablet/server/spare.h"
#include "tablet/table/routine.h"
#include "tablet/write/exchange.h"

#include <stdio.h>
#include <stdlib.h>

void
engine_init(struct engine *e, const struct tablet_env *env, struct moves *moves)
{
	*e = (struct engine){ .env = env, .moves = moves };
	list_init(&e->streams);
}

static struct engine_entry *
find(const struct engine *e, const char *workflow, int round)
{
	list_each(&e->streams, n) {
		struct engine_entry *entry = list_item(n, struct engine_entry, node);

		if (stream_id(entry->stream).round == round &&
		    strcmp(stream_id(entry->stream).workflow, workflow) == 0)
			return entry;
	}
	return NULL;
}

static struct engine_entry *
find_of(const struct engine *e, const struct stream *s)
{
	return find(e, stream_id(s).workflow, stream_id(s).round);
}

/* Streams are few, and who calls this writes to a disk. */
void
engine_check(const struct engine *e)
{
	list_each(&e->streams, n) {
		struct engine_entry *entry = list_item(n, struct engine_entry, node);

		check(find_of(e, entry->stream) == entry); /* (2) */
	}
}

struct stream *
engine_find(const struct engine *e, const char *workflow, int round)
{
	struct engine_entry *entry = find(e, workflow, round);

	return entry == NULL ? NULL : entry->stream;
}

struct stream *
engine_next(const struct engine *e, const struct stream *after)
{
	bool passed = after == NULL;

	list_each(&e->streams, n) {
		struct stream *s = list_item(n, struct engine_entry, node)->stream;

		if (passed)
			return s;
		passed = s == after;
	}
	return NULL;
}

static bool
has_arrived(const struct stream *s)
{
	enum stream_phase phase = stream_phase(s);

	return phase == STREAM_PREPARED || phase == STREAM_FROZEN || phase == STREAM_STOPPED;
}

int64_t
engine_lag_ms(const struct engine *e)
{
	int64_t worst = 0;

	list_each(&e->streams, n) {
		const struct stream *s = list_item(n, struct engine_entry, node)->stream;
		int64_t lag = has_arrived(s) ? 0 : stream_lag_ms(s);

		if (lag < 0)
			return -1;
		if (lag > worst)
			worst = lag;
	}
	return worst;
}

static int
start(struct engine *e, const struct stream_state *state, struct err *err)
{
	struct stream *s;

	TRY(stream_start(e->env, move_of(e->moves, state->workflow), state, &s, err));
	struct engine_entry *entry = mem_new(struct engine_entry);
	entry->stream = s;
	list_push(&e->streams, &entry->node);
	engine_check(e);
	return 0;
}

static void
forget(struct engine_entry *entry)
{
	list_remove(&entry->node);
	stream_stop(entry->stream);
	free(entry);
}

int
engine_open(struct ctx *cx, struct engine *e)
{
	SCOPED(client) struct mysql_client *dba = NULL;
	SCOPED(arena) struct arena arena = ARENA_INIT;
	struct ctx inner = *cx;
	struct mysql_rows rows;

	engine_check(e);
	inner.arena = &arena;
	TRY(env_dba(&inner, e->env, &dba));
	TRY(state_list(&inner, dba, e->env->sidecar, &rows));
	if (fault("stream.rows.read"))
		return err_set(cx->err, ERR_RETRY, "fault");
	for (size_t i = 0; i < rows.rows; i++) {
		const struct slice *row = rows.values + i * rows.columns;
		struct stream_id id = { e->env->sidecar, arena_slice_str(&arena, row[0]), 1 };
		struct stream_state *state =
		    arena_new(&arena, struct stream_state); /* too large for a stack */

		TRY(parse_int(row[1], 1, INT32_MAX, &id.round, cx->err));
		if (find(e, id.workflow, id.round) != NULL)
			continue;
		TRY(state_load(&inner, dba, id, state));
		TRY(start(e, state, cx->err));
	}
	return 0;
}

void
engine_done(struct engine *e)
{
	while (!list_empty(&e->streams))
		forget(list_item(e->streams.first, struct engine_entry, node));
}

static int
first_state(struct arena *a, const struct engine *e, const struct move_request *request,
    struct stream_state **out, struct err *err)
{
	SCOPED(buf) struct buf json = BUF_INIT;
	struct stream_state *state = arena_new(a, struct stream_state); /* too large for a stack */

	if (strlen(request->workflow) >= sizeof(state->workflow))
		return err_set(
		    err, ERR_REFUSED, "workflow name '%.200s' is too long", request->workflow);
	if (move_round(request) < 1)
		return err_set(err, ERR_REFUSED, "round %d of workflow '%s': rounds begin with 1",
		    request->round, request->workflow);
	snprintf(state->workflow, sizeof(state->workflow), "%s", request->workflow);
	state->round = move_round(request);
	state->sidecar = e->env->sidecar;
	state->phase = STREAM_STARTING;
	if (!mutant(
		"tablet_delete_outdated")) /* what travels of an earlier one of that name is lower */
		state->attempt = request->attempt;
	stored_request_write(&json, request);
	state->request = arena_slice_str(a, buf_slice(&json));
	*out = state;
	return 0;
}

static int
admit(struct engine *e, const struct move_request *request, struct err *err)
{
	return move_admit(move_of(e->moves, request->workflow), request->attempt, err);
}

int
engine_create(struct ctx *cx, struct engine *e, const struct move_request *request)
{
	SCOPED(client) struct mysql_client *dba = NULL;
	SCOPED(arena) struct arena arena = ARENA_INIT;
	struct stream_state *state = NULL;
	struct stream *s = engine_find(e, request->workflow, move_round(request));

	engine_check(e);
	TRY(admit(e, request, cx->err));
	if (s != NULL) {
		TRY(stream_update(cx, s, request));
		stream_retry(s);
		return 0;
	}
	TRY(first_state(&arena, e, request, &state, cx->err));
	TRY(env_dba(cx, e->env, &dba));
	TRY(state_save(cx, dba, state));
	if (engine_find(e, request->workflow, move_round(request)) !=
	    NULL) /* somebody else was faster while we saved */
		return 0;
	return start(e, state, cx->err);
}

int
engine_suspend(struct ctx *cx, struct engine *e, const struct move_request *request)
{
	struct stream *s = engine_find(e, request->workflow, move_round(request));

	engine_check(e);
	return s == NULL ? 0 : stream_suspend(cx, s, request->attempt);
}

/* ---- Ways back */

/* What is prepared goes: its attempt is over. */
static int
make_room(
    struct ctx *cx, struct engine *e, struct mysql_client *dba, const struct move_request *request)
{
	struct engine_entry *entry = find(e, request->workflow, move_round(request));

	if (entry == NULL)
		return 0;
	if (stream_phase(entry->stream) != STREAM_PREPARED)
		return err_set(cx->err, ERR_CONFLICT, "the stream of '%s', round %d, is %s already",
		    request->workflow, move_round(request),
		    stream_phase_name(stream_phase(entry->stream)));
	TRY(state_delete(cx, dba, stream_id(entry->stream)));
	forget(entry);
	return 0;
}

static int
store_both(struct ctx *cx, struct mysql_client *dba, const struct stream_state *state,
    const char *guard_from)
{
	SCOPED(buf) struct buf row = BUF_INIT;

	state_saved_sql(&row, state);
	TRY(mysql_exec(cx, dba, slice_str("START TRANSACTION"), NULL));
	int rc = guard_row_make(cx, dba, state_id(state), guard_from);
	if (rc == 0)
		rc = mysql_exec(cx, dba, buf_slice(&row), NULL);
	return rc == 0 ? mysql_exec(cx, dba, slice_str("COMMIT"), NULL) : -1;
}

/* Both rows at once: clients wait for each time that something reaches the disk. */
static int
store_prepared(struct ctx *cx, struct mysql_client *dba, const struct stream_state *state,
    const char *guard_from)
{
	int tries = 0;

	while (store_both(cx, dba, state, guard_from) != 0) {
		if (!again_wanted(cx->err, &tries))
			return -1;
		err_clear(cx->err);
	}
	return 0;
}

static int
prepare_with(struct ctx *cx, struct engine *e, struct mysql_client *dba,
    const struct stream_prepare_request *q)
{
	SCOPED(arena) struct arena arena = ARENA_INIT;
	struct stream_state *state = NULL;
	struct position start_at = { .gtid = q->start.position,
		.offset = (uint64_t)q->start.offset };

	if (snprintf(start_at.file, sizeof(start_at.file), "%s", q->start.file) >=
	    (int)sizeof(start_at.file))
		return err_set(cx->err, ERR_REFUSED, "a binlog's name of %zu bytes, maximum %zu",
		    strlen(q->start.file), sizeof(start_at.file) - 1);
	TRY(make_room(cx, e, dba, &q->move));
	TRY(first_state(&arena, e, &q->move, &state, cx->err));
	state->phase = STREAM_PREPARED;
	state->attempt = q->move.attempt;
	position_copy(&state->applied, &start_at);
	position_copy(&state->cp, &start_at);
	int rc = store_prepared(cx, dba, state, q->guard_from);
	if (rc == 0)
		rc = start(e, state, cx->err);
	state_done(state);
	return rc;
}

int
engine_prepare(struct ctx *cx, struct engine *e, const struct stream_prepare_request *q)
{
	const struct move_request *request = &q->move;
	const struct stream *s = engine_find(e, request->workflow, move_round(request));
	SCOPED(spare) struct spare dba = { 0 };

	engine_check(e);
	TRY(admit(e, request, cx->err));
	if (move_round(request) < 2)
		return err_set(cx->err, ERR_REFUSED, "round %d of '%s' is no way back",
		    move_round(request), request->workflow);
	if (s != NULL && stream_attempt(s) == request->attempt)
		return 0;
	TRY(spare_take(cx, e->env, ROLE_DBA, &dba));
	int rc = prepare_with(cx, e, dba.client, q);
	if (rc != 0)
		spare_close(&dba); /* a transaction may be open */
	return rc;
}

/* ---- Deleting */

/* A table that is still being prepared may be the user's own: dropped only when it is empty. */
static int
may_drop(struct ctx *cx, struct mysql_client *c, const char *quoted, bool ours, bool *drop)
{
	enum { ER_NO_SUCH_TABLE = 1146 };
	SCOPED(arena) struct arena arena = ARENA_INIT;
	struct ctx inner = *cx;
	struct mysql_rows rows;

	inner.arena = &arena;
	*drop = ours;
	if (ours)
		return 0;
	if (mysql_selectf(&inner, c, &rows, "SELECT 1 FROM %s LIMIT 1", quoted) != 0)
		return cx->err->mysql_errno == ER_NO_SUCH_TABLE ? 0 : -1;
	*drop = rows.rows == 0;
	return 0;
}

/* The names were free when the move was created. */
static int
drop_views(struct ctx *cx, struct ddl *d, const struct move_request *q)
{
	for (size_t i = 0; i < q->views_count; i++) {
		SCOPED(buf) struct buf name = BUF_INIT;

		quote_table(&name, slice_str(q->to.database), slice_str(q->views[i]));
		if (ddl_runf(cx, d, "DROP VIEW IF EXISTS %s", name.data) != 0)
			return err_wrap(
			    cx->err, "dropping view '%s.%s'", q->to.database, q->views[i]);
	}
	return 0;
}

static int
drop_tables(struct ctx *cx, struct ddl *d, const struct stream *s, bool ours)
{
	const struct move_request *q = stream_request(s);

	if (ours) {
		TRY(drop_views(cx, d, q));
		TRY(routine_drop(cx, d->session, q));
	}
	for (size_t i = 0; i < q->tables_count; i++) {
		SCOPED(buf) struct buf name = BUF_INIT;
		bool drop;

		quote_table(&name, slice_str(q->to.database), slice_str(q->tables[i].to));
		TRY(may_drop(cx, d->session, name.data, ours, &drop));
		if (drop && ddl_runf(cx, d, "DROP TABLE IF EXISTS %s", name.data) != 0)
			return err_wrap(
			    cx->err, "dropping table '%s.%s'", q->to.database, q->tables[i].to);
		TRY(exchange_drop(cx, d, stream_id(s).sidecar, q->to.database, q->tables[i].to));
	}
	return 0;
}

static int
delete_with(struct ctx *cx, struct ddl *d, struct stream *s, bool drop)
{
	struct stream_id id = stream_id(s);
	enum stream_phase reached =
	    mutant("tablet_delete_drops_all") ? stream_phase(s) : stream_reached(s);

	if (drop)
		TRY(drop_tables(cx, d, s, reached != STREAM_STARTING));
	TRY(copy_state_delete(cx, d->session, id));
	TRY(guard_row_delete(cx, d->session, id));
	TRY(xa_rows_delete(cx, d->session, id));
	TRY(ddl_rows_delete(cx, d->session, id));
	TRY(run_parts_delete(cx, d->session, id));
	TRY(diff_delete(cx, d->session, (struct diff_id){ id, NULL }));
	return state_delete(cx, d->session, id);
}

static int
check_delete(struct ctx *cx, const struct stream *s, const struct move_request *request, bool drop)
{
	if (drop && stream_id(s).round > 1)
		return err_set(cx->err, ERR_REFUSED,
		    "the stream of '%s', round %d, is a way back: its tables are not its own",
		    request->workflow, stream_id(s).round);
	if (drop && stream_reached(s) == STREAM_STOPPED)
		return err_set(cx->err, ERR_REFUSED, "workflow '%s' has switched: its tables serve",
		    request->workflow);
	return 0;
}

int
engine_delete(struct ctx *cx, struct engine *e, const struct move_request *request, bool drop)
{
	struct engine_entry *entry = find(e, request->workflow, move_round(request));
	struct ddl d;

	engine_check(e);
	TRY(admit(e, request, cx->err));
	if (entry == NULL)
		return 0;
	TRY(check_delete(cx, entry->stream, request, drop));
	list_remove(&entry->node); /* ours alone from here on */
	stream_halt(entry->stream);
	int rc = stream_ddl_open(cx, e->env, stream_id(entry->stream), &d);
	if (rc == 0) {
		rc = delete_with(cx, &d, entry->stream, drop);
		ddl_done(&d);
	}
	if (rc == 0)
		forget(entry);
	else
		list_push(&e->streams, &entry->node);
	engine_check(e);
	return rc;
}
