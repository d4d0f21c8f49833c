#include "tablet/write/apply.h"

#include "base/check.h"
#include "base/mutant.h"
#include "tablet/write/applier.h"

/* Which transactions of the queue an applier writes next. */

/* ---- Where it is */

/* Is a target that is at this position the source's equal there, with nothing half written? */
bool
applier_is_exact_at(const struct applier *a, const struct position *p)
{
	bool half_written = position_cmp(p, &a->state->dirty_until) < 0 &&
	    !mutant("tablet_dirty_until") && !mutant("sim_dirty_until");

	return position_is_set(&a->cp) && position_cmp(p, &a->cp) >= 0 && !half_written;
}

/* Has a former applier committed parts of a run whose end is not applied? */
bool
applier_is_pending(const struct applier *a)
{
	return parts_pending(&a->parts, &a->state->applied);
}

/* ---- What may be taken */

static bool
is_applied(const struct applier *a, const struct source_txn *txn)
{
	int way = position_cmp(&txn->end, &a->state->applied);

	return way < 0 || (way == 0 && !mutant("tablet_commit_skipped"));
}

/* What a former connection had committed, whose answer was lost. */
static void
skip_applied(struct applier *a)
{
	const struct source_txn *txn;

	while ((txn = queue_first(&a->queue)) != NULL && !a->writers.in_txn && is_applied(a, txn))
		queue_take(&a->queue, NULL);
	if (!mutant("tablet_ledger_skips"))
		ledger_forget(&a->ledger, &a->state->applied);
}

static bool
is_behind_hold(const struct applier *a, const struct source_txn *txn)
{
	return a->hold && position_cmp(&txn->end, &a->hold_at) > 0 &&
	    !mutant("tablet_cascades_not_held");
}

static bool
any_strict(const struct moved_tables *tables)
{
	for (int i = 0; i < tables->count; i++) {
		if (table_def_is_strict(tables->items[i].def))
			return true;
	}
	return false;
}

/* Tables that are being given their indexes are not altered. Nor are those that only have to catch up with
 * the consistency point for that, where it lies before the statement: nothing is copied any more. */
static bool
is_early_ddl(const struct applier *a, const struct source_txn *txn)
{
	if (txn->ddl == NULL || a->complete)
		return false;
	if (a->state->phase == STREAM_CATCHING_UP)
		return position_is_set(&a->cp) && position_cmp(&txn->end, &a->cp) > 0 &&
		    !a->params->behind && !any_strict(a->params->tables);
	return a->state->phase == STREAM_INDEXING;
}

static bool
becomes_exact(const struct applier *a, const struct apply_run *r)
{
	return !a->exact && r->whole && applier_is_exact_at(a, &r->end) &&
	    !mutant("tablet_converges_to_cp");
}

/* A run that was written in parts ends where a transaction does. */
static int
check_pending(const struct applier *a, const struct source_txn *txn, struct err *err)
{
	if (!applier_is_pending(a) || position_cmp(&txn->end, &a->parts.until) <= 0)
		return 0;
	return err_set(err, ERR_CORRUPT,
	    "the target has changes up to %s:%llu, where no transaction of the source's binlog ends",
	    a->parts.until.file, (unsigned long long)a->parts.until.offset);
}

/*
 * Whole transactions up to the bound; a fragment of one is a run by itself; a freeze ends it. So does
 * the place where the target becomes exact: unique indexes may stand there already (made by an
 * earlier version, which did not store each such place), and only exact runs respect them.
 */
static int
fill_run(struct applier *a, struct apply_run *r, struct err *err)
{
	const struct source_txn *txn;

	while ((txn = queue_first(&a->queue)) != NULL) {
		bool fragment = !txn->first || !txn->last;
		if (!apply_run_has_room(r, txn, a->run_rows))
			return 0;
		if (is_behind_hold(a, txn))
			return 0;
		if (is_early_ddl(a, txn))
			return 0;
		bool pending = parts_pending(&a->parts, &r->end) && !mutant("sim_parts_end_a_run");
		if (applier_is_pending(a) && !pending)
			return 0; /* all that parts have is in the run */
		TRY(check_pending(a, txn, err));
		apply_run_take(r);
		TRY(freeze_reached(&a->freeze, &r->end, &r->freezes, err));
		r->freezes =
		    r->freezes && r->whole && r->ddl == NULL && !mutant("sim_freeze_ends_the_run");
		if (r->ddl != NULL || fragment || r->freezes || becomes_exact(a, r))
			return 0;
	}
	return 0;
}

/* Between two runs. Who suspends has the target to himself until he resumes. */
static int
stand_suspended(struct ctx *cx, struct applier *a)
{
	int rc = 0;

	a->suspended = true;
	waitlist_wake_all(&a->changed);
	applier_check(a);
	while (a->suspend && rc == 0)
		rc = waitlist_wait(cx, &a->queue.arrived);
	a->suspended = false;
	return rc;
}

static void
note_held(struct applier *a)
{
	const struct source_txn *txn = queue_first(&a->queue);
	bool held = txn != NULL && is_behind_hold(a, txn);

	if (held && !a->held)
		waitlist_wake_all(&a->changed);
	a->held = held;
}

/* Until there is something to write, a freeze to store, or the mode to change. */
int
applier_take_run(struct ctx *cx, struct applier *a, struct apply_run *r)
{
	apply_run_init(r, &a->queue, &a->state->applied, buf_slice(&a->prepared));
	for (;;) {
		bool at_a_place = !a->writers.in_txn &&
		    (!applier_is_pending(a) || mutant("tablet_parts_suspended"));
		if (a->suspend && at_a_place)
			TRY(stand_suspended(cx, a));
		skip_applied(a);
		TRY(freeze_reached(&a->freeze, &a->state->applied, &r->freezes, cx->err));
		if (r->freezes && !a->writers.in_txn)
			return 0;
		r->freezes = false;
		note_held(a);
		const struct source_txn *next = queue_first(&a->queue);
		if (next != NULL && !a->held && !is_early_ddl(a, next))
			return fill_run(a, r, cx->err);
		if (!a->exact && applier_is_exact_at(a, &a->state->applied))
			return 0;
		/* A stream may follow for weeks, beside many others. */
		if (a->exact)
			writers_keep_first(&a->writers);
		TRY(waitlist_wait(cx, &a->queue.arrived));
	}
}

/* Waiting for one may have let a chunk of another be sealed: all are looked at again. */
int
applier_wait_windows(struct ctx *cx, struct applier *a, const struct apply_run *r)
{
	const struct source_txn *txn;

	while ((txn = apply_run_blocked(r, a->params->windows)) != NULL) {
		check(!a->writers.in_txn); /* (3) */
		TRY(windows_wait(cx, a->params->windows, txn));
	}
	return 0;
}
