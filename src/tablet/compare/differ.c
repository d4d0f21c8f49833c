#include "tablet/compare/differ.h"

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/mutant.h"
#include "tablet/compare/prover.h"
#include "tablet/compare/table_diff.h"
#include "tablet/compare/whole_diff.h"
#include "tablet/copy/copy_worker.h"
#include "tablet/copy/throttle.h"
#include "tablet/server/spare.h"

#include <stdio.h>

enum {
	SAVE_MS = 1000,        /* what a kill costs; each is a transaction of the target's */
	STORE_MS = 5000,       /* one row, on a server that is alive */
	WANTED_EACH_MS = 1000, /* people wait for what they have stopped */
};

/* One comparison under way. */
struct differ {
	const struct compare_params *params;
	struct diff_id id;
	struct vdiff_options options;
	uint64_t seen; /* the orders that were looked at */
	usec saved_at;
};

/* ---- What is on disk */

static int
move_to(struct ctx *cx, struct differ *d, enum vdiff_state state, const char *error)
{
	struct ctx within = ctx_within(cx, STORE_MS * MSEC);
	SCOPED(spare) struct spare dba = { 0 };
	int64_t now = clock_wall();
	struct vdiff_view to = { .state = state,
		.error = error,
		.started_us = state == VDIFF_STARTED ? now : 0,
		.completed_us = state == VDIFF_COMPLETED || state == VDIFF_ERROR ? now : 0 };
	bool changed;

	TRY(spare_take(&within, d->params->env, ROLE_DBA, &dba));
	TRY(diff_move(&within, dba.client, d->id, &to, &changed));
	if (changed)
		log_info("vdiff %s of '%s' is %s%s%s", d->id.uuid, d->id.stream.workflow,
		    vdiff_state_name(state), error[0] == '\0' ? "" : ": ", error);
	return 0;
}

static int
save_table(struct ctx *cx, struct differ *d, struct diff_table *t)
{
	struct ctx within = ctx_within(cx, STORE_MS * MSEC);
	SCOPED(spare) struct spare dba = { 0 };

	t->seen.updated_us = clock_wall();
	TRY(spare_take(&within, d->params->env, ROLE_DBA, &dba));
	TRY(diff_table_save(&within, dba.client, d->id, t));
	d->saved_at = task_now();
	if (fault("vdiff.saved"))
		return err_set(cx->err, ERR_RETRY, "fault vdiff.saved");
	return 0;
}

static int
load_table(struct ctx *cx, struct differ *d, struct diff_table *t)
{
	struct ctx within = ctx_within(cx, STORE_MS * MSEC);
	SCOPED(spare) struct spare dba = { 0 };

	TRY(spare_take(&within, d->params->env, ROLE_DBA, &dba));
	return diff_table_load(&within, dba.client, d->id, t);
}

/* Did somebody stop it, or take it away? Looked at after each order alone. */
static int
is_wanted(struct ctx *cx, struct differ *d, bool *wanted)
{
	struct ctx within = ctx_within(cx, STORE_MS * MSEC);
	SCOPED(spare) struct spare dba = { 0 };
	enum vdiff_state state;

	*wanted = true;
	if (d->seen == d->params->env->vdiffs->number || mutant("tablet_vdiff_orders_read"))
		return 0;
	d->seen = d->params->env->vdiffs->number;
	TRY(spare_take(&within, d->params->env, ROLE_DBA, &dba));
	if (diff_state(&within, dba.client, d->id, &state) == 0) {
		*wanted = state == VDIFF_STARTED;
		return 0;
	}
	*wanted = false;
	return cx->err->kind == ERR_NOT_FOUND ? 0 : -1;
}

/* ---- One table */

static int
wait_in_step(struct ctx *cx, const struct compare_params *p)
{
	while (p->state->phase != STREAM_RUNNING)
		TRY(waitlist_wait(cx, p->changed));
	while (!applier_exact(p->applier))
		TRY(applier_wait_change(cx, p->applier));
	return 0;
}

/* Tests slow a comparison down here. */
static int
linger(struct ctx *cx)
{
	int ms = fault_sleep_ms("vdiff.look.before");

	return ms == 0 ? 0 : task_sleep(cx, ms * MSEC);
}

/* Until its limits let it read on, or nobody wants it. No window is open while that may take long. t: NULL
 * where none is. */
static int
wait_turn(struct ctx *cx, struct differ *d, struct table_diff *t, bool *wanted)
{
	struct throttle *throttle = d->params->throttle;

	for (;;) {
		struct ctx within = ctx_within(cx, WANTED_EACH_MS * MSEC);

		TRY(is_wanted(cx, d, wanted));
		if (!*wanted)
			return 0;
		if (t != NULL && throttle_is_closed(throttle))
			table_diff_drop_ahead(t);
		if (throttle_wait(&within, throttle) == 0)
			return 0;
		if (cx->err->kind != ERR_TIMEOUT)
			return -1;
		err_clear(cx->err);
	}
}

/* What is stored is gone on from. */
static int
save_settled(struct ctx *cx, struct differ *d, struct table_diff *t)
{
	if (!mutant("tablet_vdiff_settled"))
		TRY(table_diff_settle(cx, t));
	return save_table(cx, d, t->progress);
}

static int
compare_to_end(struct ctx *cx, struct differ *d, struct table_diff *t, bool *wanted)
{
	while (!t->ended) {
		TRY(wait_turn(cx, d, t, wanted));
		if (!*wanted)
			return save_settled(cx, d, t);
		TRY(linger(cx));
		TRY(table_diff_step(cx, t));
		if (!t->ended && task_now() - d->saved_at >= SAVE_MS * MSEC)
			TRY(save_settled(cx, d, t));
	}
	TRY(table_diff_settle(cx, t));
	t->progress->seen.state = VDIFF_COMPLETED;
	return save_table(cx, d, t->progress);
}

static int
compare_loaded(struct ctx *cx, struct differ *d, const struct moved_table *table,
    struct diff_table *progress, bool *wanted)
{
	struct table_diff t = { .options = &d->options, .progress = progress };

	progress->seen.state = VDIFF_STARTED;
	if (progress->seen.estimate < table->def->rows_estimate)
		progress->seen.estimate = table->def->rows_estimate;
	TRY(save_table(cx, d, progress));
	int rc = table_diff_open(cx, d->params, table, &t);
	if (rc == 0)
		rc = compare_to_end(cx, d, &t, wanted);
	table_diff_close(&t);
	return rc;
}

static int
compare_whole_to_end(struct ctx *cx, struct differ *d, struct whole_diff *w,
    struct diff_table *progress, bool *wanted)
{
	while (!whole_diff_ended(w)) {
		TRY(wait_turn(cx, d, NULL, wanted));
		if (!*wanted)
			return save_table(cx, d, progress);
		TRY(linger(cx));
		TRY(whole_diff_step(cx, w));
		if (!whole_diff_ended(w) && task_now() - d->saved_at >= SAVE_MS * MSEC)
			TRY(save_table(cx, d, progress));
	}
	progress->seen.state = VDIFF_COMPLETED;
	return save_table(cx, d, progress);
}

static int
compare_whole(struct ctx *cx, struct differ *d, const struct moved_table *table,
    struct diff_table *progress, bool *wanted)
{
	const struct whole_params p = { d->params, table, &d->options, progress };
	struct whole_diff *w = NULL;

	progress->seen.state = VDIFF_STARTED;
	int rc = whole_diff_open(cx, &p, &w);

	if (rc == 0)
		rc = compare_whole_to_end(cx, d, w, progress, wanted);
	whole_diff_close(w);
	return rc;
}

static int
compare_table(struct ctx *cx, struct differ *d, const struct moved_table *table, bool *wanted)
{
	struct diff_table progress;

	diff_table_init(&progress);
	progress.seen.name = table->name;
	int rc = load_table(cx, d, &progress);
	if (rc == 0 && progress.seen.state != VDIFF_COMPLETED)
		rc = table_def_is_strict(table->def)
		    ? compare_whole(cx, d, table, &progress, wanted)
		    : compare_loaded(cx, d, table, &progress, wanted);
	diff_table_done(&progress);
	return rc;
}

/* ---- One comparison */

static const struct moved_table *
find_table(const struct moved_tables *tables, const char *name)
{
	for (int i = 0; i < tables->count; i++) {
		if (strcmp(tables->items[i].name, name) == 0)
			return &tables->items[i];
	}
	return NULL;
}

/* Rows that no key tells apart are compared whole, and copied anew by a new move alone. */
static int
check_tables(struct ctx *cx, const struct differ *d, const struct vdiff_view *diff)
{
	bool partly = d->options.limit > 0 || d->options.repair;

	for (size_t i = 0; i < diff->tables_count; i++) {
		const struct moved_table *t = find_table(d->params->tables, diff->tables[i].name);

		if (t == NULL)
			return err_set(cx->err, ERR_REFUSED, "the stream has no table '%s'",
			    diff->tables[i].name);
		if (partly && table_def_is_strict(t->def))
			return err_set(cx->err, ERR_REFUSED,
			    "table '%s' %s: it is compared whole, without --limit and --repair, or "
			    "name the others (--tables)",
			    t->name, t->def->key_flaw);
	}
	return 0;
}

/* Rows of all tables that were not equal, or not known to be. */
static int
count_differing(struct ctx *cx, const struct differ *d, int64_t *out)
{
	struct ctx within = ctx_within(cx, STORE_MS * MSEC);
	SCOPED(spare) struct spare dba = { 0 };
	struct vdiff_reply r;

	*out = 0;
	TRY(spare_take(&within, d->params->env, ROLE_DBA, &dba));
	TRY(diff_list(&within, dba.client, d->id, &r));
	for (size_t i = 0; r.count > 0 && i < r.items[0].tables_count; i++) {
		const struct vdiff_table *t = &r.items[0].tables[i];

		*out += t->mismatched + t->extra_source + t->extra_target + t->unsettled;
	}
	return 0;
}

static int
conclude_proof(struct ctx *cx, struct differ *d)
{
	int64_t differing;

	TRY(count_differing(cx, d, &differing));
	return prover_conclude(cx, d->params->prover, d->id, differing);
}

static int
compare_tables(struct ctx *cx, struct differ *d, const struct vdiff_view *diff)
{
	bool wanted = true;

	TRY(check_tables(cx, d, diff));
	d->seen = d->params->env->vdiffs->number - 1; /* an order may have come before it was read */
	TRY(is_wanted(cx, d, &wanted));
	for (size_t i = 0; wanted && i < diff->tables_count; i++) {
		TRY(compare_table(
		    cx, d, find_table(d->params->tables, diff->tables[i].name), &wanted));
	}
	if (!wanted)
		return 0;
	if (d->options.continuous)
		TRY(conclude_proof(cx, d));
	return move_to(cx, d, VDIFF_COMPLETED, "");
}

static int
compare(struct ctx *cx, struct differ *d, const struct vdiff_view *diff)
{
	/* One that was stopped and goes on has what it had; who dies in between begins a proof again. */
	if (d->options.continuous && diff->started_us == 0)
		TRY(prover_begin(cx, d->params->prover, d->id));
	if (diff->state == VDIFF_PENDING)
		TRY(move_to(cx, d, VDIFF_STARTED, ""));
	return compare_tables(cx, d, diff);
}

/* What waiting does not mend is told in its row, with what to do. */
static int
end_with_error(struct ctx *cx, struct differ *d)
{
	struct err why = *cx->err;
	char text[sizeof(why.text)];

	snprintf(text, sizeof(text), "%.380s%s%.100s", why.text, why.hint[0] == '\0' ? "" : "; ",
	    why.hint);
	err_clear(cx->err);
	return move_to(cx, d, VDIFF_ERROR, text);
}

/* ---- All of them */

/* Until the stream has applied what the source has by now: if a table was altered there it ends the pass. */
static int
wait_for_ddl(struct ctx *cx, const struct compare_params *p)
{
	struct ctx within = ctx_within(cx, STORE_MS * MSEC);
	SCOPED(position) struct position now = { 0 };
	struct mysql_client *source = NULL;

	TRY(mysql_connect(&within, &p->source, &source));
	int rc = position_place(&within, source, &now);
	mysql_close(source);
	while (rc == 0 && position_cmp(&p->state->applied, &now) < 0)
		rc = applier_wait_change(cx, p->applier);
	return rc;
}

/*
 * It may read a table that was altered at the source before the stream meets that. Then the pass ends here,
 * and the next one has the table compared anew (stream/on_ddl.h); where it does not, the error is one.
 */
static int
judge_error(struct ctx *cx, const struct compare_params *p)
{
	struct err why = *cx->err;

	if (why.kind != ERR_CONFLICT && why.kind != ERR_SERVER)
		return 0;
	err_clear(cx->err);
	if (!mutant("tablet_vdiff_ddl_met"))
		TRY(wait_for_ddl(cx, p));
	*cx->err = why;
	return 0;
}

static bool
passes(const struct ctx *cx)
{
	return cx->err->kind == ERR_CANCELLED || copy_error_passes(cx);
}

/* *found: there was one, and it is over, or is not wanted any more. */
static int
next_one(struct ctx *cx, const struct compare_params *p, bool *found)
{
	SCOPED(arena) struct arena arena = ARENA_INIT;
	struct ctx inner = *cx;
	struct differ d = { .params = p, .id = { p->id, NULL } };
	struct vdiff_view diff = { .uuid = NULL };

	inner.arena = &arena;
	{
		SCOPED(spare) struct spare dba = { 0 };
		struct ctx within = ctx_within(&inner, STORE_MS * MSEC);

		TRY(spare_take(&within, p->env, ROLE_DBA, &dba));
		TRY(diff_next(&within, dba.client, p->id, &diff, &d.options));
	}
	*found = diff.uuid != NULL;
	if (!*found)
		return 0;
	d.id.uuid = diff.uuid;
	throttle_begin(p->throttle);
	int rc = compare(&inner, &d, &diff);
	throttle_end(p->throttle);
	if (rc == 0)
		return 0;
	if (passes(cx) || judge_error(&inner, p) != 0)
		return err_wrap(cx->err, "comparing by vdiff %s", diff.uuid);
	return end_with_error(cx, &d);
}

/* Until nothing waits. */
static int
run_all(struct ctx *cx, void *arg)
{
	const struct compare_params *p = arg;
	bool found = true;

	while (found) {
		TRY(wait_in_step(cx, p));
		TRY(next_one(cx, p, &found));
	}
	return 0;
}

int
differ_run(struct ctx *cx, const struct compare_params *p)
{
	return vdiff_orders_serve(cx, p->env->vdiffs, run_all, (void *)(uintptr_t)p);
}
