#include "tablet/compare/prover.h"

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/mutant.h"
#include "mysql/gtids.h"
#include "tablet/compare/orders.h"
#include "tablet/copy/copy_worker.h"
#include "tablet/read/place.h"
#include "tablet/read/place_watch.h"
#include "tablet/server/server_lock.h"
#include "tablet/server/spare.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	SAVE_MS = 1000,  /* what a kill costs; each is a transaction of the target's */
	STORE_MS = 5000, /* one row, on a server that is alive */
	SAVE_BYTES =
	    16 * 1024 * 1024, /* of others' binlog, read again after a kill: a second's work */
	JUDGED_WITHIN_S = 60, /* then the comparison's end is tried again */
};

void
prover_open(struct prover *p, const struct compare_params *params)
{
	*p = (struct prover){ .params = params };
	lag_init(&p->lag);
	judge_init(&p->judge, params);
	arena_init(&p->arena);
}

void
prover_close(struct prover *p)
{
	if (p->params == NULL)
		return;
	judge_done(&p->judge);
	lag_done(&p->lag);
	arena_done(&p->arena);
	p->params = NULL;
}

/* ---- Its row */

static int
load_once(struct ctx *cx, struct prover *p)
{
	struct ctx within = ctx_within(cx, STORE_MS * MSEC);
	SCOPED(spare) struct spare dba = { 0 };

	proof_row_done(&p->judge.row);
	proof_row_init(&p->judge.row, p->params->tables->count);
	TRY(spare_take(&within, p->params->env, ROLE_DBA, &dba));
	if (proof_row_load(&within, dba.client, p->params->id, &p->judge.row) == 0)
		return 0;
	if (cx->err->kind != ERR_NOT_FOUND)
		return -1;
	err_clear(cx->err);
	return 0;
}

/* Tests have something happen here. */
static int
linger(struct ctx *cx, const char *point)
{
	int ms = fault_sleep_ms(point);

	return ms == 0 ? 0 : task_sleep(cx, ms * MSEC);
}

/* (5) */
static int
load_row(struct ctx *cx, struct prover *p)
{
	uint64_t begun;

	do {
		while (p->beginning)
			TRY(waitlist_wait(cx, &p->changed));
		begun = p->begun;
		TRY(load_once(cx, p));
		TRY(linger(cx, "proof.load.after"));
	} while ((p->beginning || p->begun != begun) && !mutant("proof_stale_row"));
	waitlist_wake_all(&p->changed);
	return 0;
}

static int
save_row(struct ctx *cx, struct prover *p)
{
	struct ctx within = ctx_within(cx, STORE_MS * MSEC);
	SCOPED(spare) struct spare dba = { 0 };

	TRY(spare_take(&within, p->params->env, ROLE_DBA, &dba));
	TRY(proof_row_save(&within, dba.client, p->params->id, &p->judge.row));
	p->saved_at = task_now();
	p->judge.unsaved = p->judge.urgent = false;
	if (fault("proof.saved"))
		return err_set(cx->err, ERR_RETRY, "fault proof.saved");
	return 0;
}

static int
move_row(
    struct ctx *cx, struct prover *p, struct diff_id id, const struct proof_view *to, bool *moved)
{
	struct ctx within = ctx_within(cx, STORE_MS * MSEC);
	SCOPED(spare) struct spare dba = { 0 };

	TRY(spare_take(&within, p->params->env, ROLE_DBA, &dba));
	TRY(proof_row_move(&within, dba.client, id, to, moved));
	if (*moved)
		log_info("the continuous proof %s of '%s' is %s%s%s", id.uuid, id.stream.workflow,
		    proof_state_name(to->state), to->error[0] == '\0' ? "" : ": ", to->error);
	if (*moved && strcmp(p->judge.row.uuid, id.uuid) == 0) {
		p->judge.row.state = to->state;
		p->judge.row.proven_us = to->proven_us;
	}
	vdiff_orders_give(p->params->env->vdiffs); /* whoever goes by the row looks again */
	return 0;
}

static int
end_row(struct ctx *cx, struct prover *p, struct diff_id id, const char *why)
{
	char error[sizeof(p->judge.row.error)];
	bool moved;

	snprintf(error, sizeof(error), "%s", why);
	return move_row(cx, p, id,
	    &(struct proof_view){
		.state = PROOF_ENDED, .proven_us = p->judge.row.proven_us, .error = error },
	    &moved);
}

static struct diff_id
id_of(const struct prover *p)
{
	return (struct diff_id){ p->params->id, p->judge.row.uuid };
}

static bool
lives(const struct prover *p)
{
	return p->judge.row.state == PROOF_BASELINE || p->judge.row.state == PROOF_PROVING;
}

/* ---- Reading the target's binlog */

static int
read_definitions(struct ctx *cx, struct prover *p)
{
	const struct moved_tables *source = p->params->tables;
	struct table_def **defs = arena_array(cx->arena, struct table_def *, source->count);
	SCOPED(spare) struct spare dba = { 0 };

	TRY(spare_take(cx, p->params->env, ROLE_DBA, &dba));
	for (int i = 0; i < source->count; i++) {
		const struct moved_table *t = &source->items[i];
		const struct schema_place place = {
			.database = t->database, .table = t->name, .common = t->def->common
		};

		TRY(schema_read(cx, dba.client, &place, &defs[i]));
		if (defs[i]->columns_count == t->def->columns_count)
			continue;
		return err_set(cx->err, ERR_REFUSED,
		    "table '%s' has %d columns, and %d at the source", t->full_name,
		    defs[i]->columns_count, t->def->columns_count);
	}
	moved_tables_of(cx->arena, defs, source->count, &p->at_target);
	return 0;
}

static int
open_tail(struct ctx *cx, struct prover *p)
{
	const struct tablet_env *env = p->params->env;
	SCOPED(buf) struct buf name = BUF_INIT;

	TRY(read_definitions(cx, p));
	buf_add_str(&name, "proof ");
	stream_id_print(&name, p->params->id);
	p->tail_params = (struct tail_params){
		.source = env_stream_params(env, env->server, ROLE_STREAM),
		.id = p->params->id,
		.tables = &p->at_target,
		.start = p->judge.row.read,
		.guards = true,
		.server_id = env_server_id(env, name.data),
		.spill_dir = env->data_dir,
	};
	return tail_open(cx, &p->tail_params, &p->tail);
}

/* (6) */
static bool
must_save(const struct prover *p, const struct position *saved)
{
	if (tail_frozen(p->tail) && !mutant("proof_stored_frozen"))
		return false;
	if (strcmp(p->judge.row.read.file, saved->file) != 0 ||
	    p->judge.row.read.offset - saved->offset >= SAVE_BYTES)
		return true;
	return p->judge.urgent || (p->judge.unsaved && task_now() - p->saved_at >= SAVE_MS * MSEC);
}

static int
take(struct ctx *cx, struct prover *p)
{
	struct source_txn *txn;

	TRY(linger(cx, "proof.read.before"));
	TRY(tail_next(cx, p->tail, &txn));
	if (fault("proof.judge.before")) {
		source_txn_free(txn);
		return err_set(cx->err, ERR_RETRY, "fault proof.judge.before");
	}
	TRY(judge_take(cx, &p->judge, txn));
	waitlist_wake_all(&p->changed);
	return 0;
}

static int
read_on(struct ctx *cx, struct prover *p)
{
	SCOPED(position) struct position saved = { 0 };

	TRY(open_tail(cx, p));
	p->reading = true;
	waitlist_wake_all(&p->changed);
	position_copy(&saved, &p->judge.row.read);
	for (;;) {
		TRY(take(cx, p));
		if (!must_save(p, &saved))
			continue;
		TRY(save_row(cx, p));
		position_copy(&saved, &p->judge.row.read);
	}
}

static int
read_pass(struct ctx *cx, struct prover *p)
{
	struct ctx inner = *cx;

	arena_reset(&p->arena);
	inner.arena = &p->arena;
	int rc = read_on(&inner, p);

	p->reading = false;
	tail_close(p->tail);
	p->tail = NULL;
	judge_forget(&p->judge);
	waitlist_wake_all(&p->changed);
	return rc;
}

static void
reader_main(void *arg)
{
	struct prover *p = arg;
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err };

	if (read_pass(&cx, p) != 0 && err.kind != ERR_CANCELLED)
		group_fail(&p->group, &err);
}

/* ---- Who watches over it */

static void
lag_main(void *arg)
{
	struct prover *p = arg;
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err };
	SCOPED(place_watch) struct place_watch *w = NULL;
	SCOPED(position) struct position now = { 0 };

	if (place_watch_take(p->params->env, p->params->env->server, &w, &err) == 0)
		while (place_watch_next(&cx, w, &now) == 0)
			lag_note(&p->lag, &p->judge.row.read, &now);
	if (err.kind != ERR_CANCELLED)
		group_fail(&p->group, &err);
}

/* Does somebody want it still? */
static int
look_at_row(struct ctx *cx, struct prover *p, bool *wanted)
{
	struct ctx within = ctx_within(cx, STORE_MS * MSEC);
	SCOPED(spare) struct spare dba = { 0 };
	struct proof_row now;

	TRY(spare_take(&within, p->params->env, ROLE_DBA, &dba));
	proof_row_init(&now, p->params->tables->count);
	int rc = proof_row_load(&within, dba.client, p->params->id, &now);
	*wanted = rc == 0 && strcmp(now.uuid, p->judge.row.uuid) == 0 && now.state != PROOF_ENDED;
	if (*wanted)
		p->judge.row.state = now.state;
	proof_row_done(&now);
	return rc == 0 || cx->err->kind == ERR_NOT_FOUND ? 0 : -1;
}

/* Until nobody wants it any more: 0. */
static int
watch_orders(struct ctx *cx, struct prover *p)
{
	struct vdiff_orders *orders = p->params->env->vdiffs;
	uint64_t seen = orders->number;

	for (bool wanted = true; wanted;) {
		TRY(vdiff_orders_wait(cx, orders, seen));
		seen = orders->number;
		TRY(look_at_row(cx, p, &wanted));
	}
	return 0;
}

static void
orders_main(void *arg)
{
	struct prover *p = arg;
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err };

	if (watch_orders(&cx, p) == 0)
		group_cancel(&p->group);
	else if (err.kind != ERR_CANCELLED)
		group_fail(&p->group, &err);
}

static int
prove_on(struct ctx *cx, struct prover *p)
{
	static const struct {
		const char *name;
		task_fn *fn;
	} tasks[] = { { "proof reader", reader_main }, { "proof lag", lag_main },
		{ "proof orders", orders_main } };
	int rc = 0;

	group_init(&p->group);
	for (size_t i = 0; i < sizeof(tasks) / sizeof(tasks[0]) && rc == 0; i++)
		rc = group_spawn(&p->group, tasks[i].name, tasks[i].fn, p, cx->err);
	if (rc == 0)
		rc = group_wait(cx, &p->group);
	group_done(&p->group);
	return rc;
}

/* What waiting does not mend ends it: what was not read is not known to be right. */
static int
end_with_error(struct ctx *cx, struct prover *p)
{
	SCOPED(buf) struct buf why = BUF_INIT;

	buf_addf(&why, "the target's binlog: %.380s; VDiff create --continuous begins anew",
	    cx->err->text);
	err_clear(cx->err);
	return end_row(cx, p, id_of(p), why.data);
}

/* Until the row has ended, or is another's. */
static int
prove(struct ctx *cx, void *arg)
{
	struct prover *p = arg;

	TRY(load_row(cx, p));
	if (!lives(p)) {
		applier_drop_deltas(p->params->applier);
		return 0;
	}
	if (prove_on(cx, p) == 0)
		return 0;
	if (cx->err->kind == ERR_CANCELLED || copy_error_passes(cx))
		return err_wrap(cx->err, "proving '%s' continuously", p->params->id.workflow);
	return end_with_error(cx, p);
}

int
prover_run(struct ctx *cx, struct prover *p)
{
	return vdiff_orders_serve(cx, p->params->env->vdiffs, prove, p);
}

/* ---- Of a comparison */

/* Rows of theirs may change in no binlog, or are of times before. */
static int
check_tables(struct ctx *cx, const struct compare_params *c)
{
	for (int i = 0; i < c->tables->count; i++) {
		const struct moved_table *t = &c->tables->items[i];

		if (!t->def->silent && !t->def->versioned)
			continue;
		err_set(cx->err, ERR_REFUSED, "table '%s' cannot be proven continuously: %s",
		    t->full_name,
		    t->def->silent ? "foreign keys change its rows in no binlog"
				   : "it is system versioned");
		return err_hint(cx->err, "VDiff create without --continuous compares it");
	}
	return 0;
}

/* Nothing that the stream writes comes in between. Deltas up to there are an earlier proof's (3). */
static int
begin_at(struct ctx *cx, struct prover *p, struct diff_id id, struct proof_row *begun)
{
	SCOPED(spare) struct spare dba = { 0 };

	TRY(spare_take(cx, p->params->env, ROLE_DBA, &dba));
	applier_keep_deltas(
	    p->params->applier); /* (1): before anybody can read that there is a proof */
	position_copy(&begun->source, &p->params->state->applied);
	TRY(place_here(cx, p->params->env, &begun->read));
	TRY(proof_row_begin(cx, dba.client, id, begun));
	if (fault("proof.begin.after"))
		return err_set(cx->err, ERR_RETRY, "fault proof.begin.after");
	return 0;
}

int
prover_begin(struct ctx *cx, struct prover *p, struct diff_id id)
{
	struct ctx within = ctx_within(cx, STORE_MS * MSEC);
	struct proof_row begun;

	TRY(check_tables(cx, p->params));
	TRY(applier_suspend(cx, p->params->applier));
	proof_row_init(&begun, 0);
	p->beginning = true;
	int rc = begin_at(&within, p, id, &begun);

	applier_resume(p->params->applier);
	p->beginning = false;
	p->begun++;
	proof_row_done(&begun);
	waitlist_wake_all(&p->changed);
	vdiff_orders_give(p->params->env->vdiffs);
	return rc;
}

/* Is all that came up to a place judged? */
static int
is_judged(const struct prover *p, const struct gtids *at, bool *out, struct err *err)
{
	SCOPED(gtids) struct gtids read = { 0 };

	TRY(gtids_parse(&read, slice_str(position_gtid(&p->judge.row.read)), err));
	*out = (p->reading && gtids_cover(&read, at)) || mutant("proof_not_waited_for");
	return 0;
}

static bool
is_baseline_of(const struct prover *p, struct diff_id id)
{
	return p->judge.row.state == PROOF_BASELINE && strcmp(p->judge.row.uuid, id.uuid) == 0;
}

static int
wait_judged(struct ctx *cx, struct prover *p, struct diff_id id)
{
	SCOPED(position) struct position here = { 0 };
	SCOPED(gtids) struct gtids at = { 0 };
	bool judged = false;

	TRY(place_here(cx, p->params->env, &here));
	TRY(gtids_parse(&at, slice_str(position_gtid(&here)), cx->err));
	while (is_baseline_of(p, id)) {
		TRY(is_judged(p, &at, &judged, cx->err));
		if (judged)
			return 0;
		if (waitlist_wait(cx, &p->changed) != 0)
			return err_wrap(cx->err, "waiting until the target's binlog was judged");
	}
	return 0;
}

/* The row that is in memory may be the one of before. */
static int
has_baseline(struct ctx *cx, const struct prover *p, struct diff_id id, bool *out)
{
	SCOPED(spare) struct spare dba = { 0 };
	struct proof_row now;

	TRY(spare_take(cx, p->params->env, ROLE_DBA, &dba));
	proof_row_init(&now, p->params->tables->count);
	int rc = proof_row_load(cx, dba.client, p->params->id, &now);
	*out = rc == 0 && now.state == PROOF_BASELINE && strcmp(now.uuid, id.uuid) == 0;
	proof_row_done(&now);
	if (rc == 0 || cx->err->kind != ERR_NOT_FOUND)
		return rc;
	err_clear(cx->err);
	return 0;
}

int
prover_conclude(struct ctx *cx, struct prover *p, struct diff_id id, int64_t differing)
{
	struct ctx within = ctx_within(cx, JUDGED_WITHIN_S * SECOND);
	SCOPED(buf) struct buf why = BUF_INIT;
	bool wanted, moved;

	TRY(has_baseline(&within, p, id, &wanted));
	if (!wanted)
		return 0;
	if (differing > 0) {
		buf_addf(&why,
		    "%lld row%s differed: a proof begins with a comparison that finds nothing; VDiff "
		    "create --continuous once they are repaired",
		    (long long)differing, differing == 1 ? "" : "s");
		return end_row(cx, p, id, why.data);
	}
	while (p->judge.row.state == PROOF_NONE || strcmp(p->judge.row.uuid, id.uuid) != 0)
		TRY(waitlist_wait(&within, &p->changed)); /* its task has not begun yet */
	TRY(wait_judged(&within, p, id));
	const struct proof_view to = {
		.state = PROOF_PROVING, .proven_us = clock_wall(), .error = ""
	};

	return move_row(cx, p, id, &to, &moved);
}

/* ---- Shown */

void
prover_view(const struct prover *p, struct arena *a, struct proof_view *out)
{
	*out = (struct proof_view){ .state = PROOF_NONE };
	if (p->params == NULL || p->judge.row.state == PROOF_NONE)
		return;
	const char **names = arena_array(a, const char *, p->params->tables->count + 1);

	for (int i = 0; i < p->params->tables->count; i++)
		names[i] = p->params->tables->items[i].name;
	proof_row_view(&p->judge.row, names, a, out);
	out->lag_ms = p->reading ? lag_ms(&p->lag) : -1;
}
