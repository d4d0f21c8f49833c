#include "tablet/write/apply.h"

#include "base/check.h"
#include "base/mutant.h"
#include "tablet/write/applier.h"

/* What other tasks of the loop ask of an applier. */

void
applier_set_cp(struct applier *a, const struct position *cp)
{
	applier_check(a);
	if (!a->exact) /* (2) */
		position_copy(&a->cp, cp);
	waitlist_wake_all(&a->queue.arrived);
}

bool
applier_exact(const struct applier *a)
{
	return a->exact;
}

int
applier_wait_change(struct ctx *cx, struct applier *a)
{
	applier_check(a);
	if (!a->ended)
		TRY(waitlist_wait(cx, &a->changed));
	if (a->met)
		return err_set(cx->err, ERR_CANCELLED, "the applier has met DDL");
	return a->ended && !a->frozen ? err_set(cx->err, ERR_RETRY, "the applier has ended") : 0;
}

int
applier_suspend(struct ctx *cx, struct applier *a)
{
	applier_check(a);
	check(a->exact && !a->suspend);
	if (mutant("tablet_keys_applier_goes_on"))
		return 0;
	a->suspend = true;
	waitlist_wake_all(&a->queue.arrived);
	while (!a->suspended) {
		if (applier_wait_change(cx, a) == 0)
			continue;
		applier_resume(a);
		return -1;
	}
	return 0;
}

void
applier_resume(struct applier *a)
{
	a->suspend = false;
	waitlist_wake_all(&a->queue.arrived);
}

void
applier_hold_at(struct applier *a, const struct position *at)
{
	check(a->suspended);
	position_copy(&a->hold_at, at);
	a->hold = true;
}

int
applier_wait_held(struct ctx *cx, struct applier *a, const struct position *at)
{
	while (
	    position_cmp(&a->state->applied, at) < 0 && !a->held && !mutant("tablet_strict_waits"))
		TRY(applier_wait_change(cx, a));
	return 0;
}

void
applier_strict_from(struct applier *a, const struct position *from)
{
	applier_check(a);
	check(a->suspended);
	position_copy(&a->strict_from, from);
	a->strict = true;
	if (a->params->tables->ordered)
		applier_hold_at(a, from);
}

void
applier_go_beyond(struct applier *a)
{
	a->hold = a->held = false;
	waitlist_wake_all(&a->queue.arrived);
}

void
applier_strict_anew(struct applier *a)
{
	a->strict = false;
	applier_go_beyond(a);
}

/* What waits in the queue is behind the position applied; pull() goes on from there. */
void
applier_keep_deltas(struct applier *a)
{
	applier_check(a);
	check(a->suspended);
	ledger_end(&a->ledger);
	ledger_begin(&a->ledger, a->params->tables);
	if (mutant("tablet_ledger_queue"))
		return;
	list_each(&a->queue.list, n)
		ledger_take(&a->ledger, list_item(n, struct queued, node)->txn);
}

void
applier_drop_deltas(struct applier *a)
{
	ledger_end(&a->ledger);
}

int
applier_wait_alone(struct ctx *cx, struct applier *a)
{
	while (!a->alone)
		TRY(applier_wait_change(cx, a));
	return 0;
}

int
applier_wait_heartbeat(struct ctx *cx, struct applier *a, const char *token, struct position *at)
{
	const struct heartbeat_seen *seen;

	applier_check(a);
	while ((seen = queue_heartbeat(&a->queue, token)) == NULL) {
		if (a->ended)
			return err_set(cx->err, ERR_RETRY, "the applier has ended");
		if (waitlist_wait(cx, &a->changed) != 0)
			return err_wrap(cx->err, "waiting for the heartbeat in the source's binlog");
	}
	position_copy(at, &seen->at);
	return 0;
}

bool
applier_quiet_between(
    const struct applier *a, const struct position *since, const char *token, bool xa)
{
	return queue_quiet_between(&a->queue, since, token, xa);
}

bool
applier_has_met(const struct applier *a)
{
	return a->met;
}

void
applier_complete(struct applier *a)
{
	a->complete = true;
	waitlist_wake_all(&a->queue.arrived);
}

int64_t
applier_changes(const struct applier *a)
{
	return a->changes;
}

int64_t
applier_last_commit_s(const struct applier *a)
{
	return a->last_commit_s;
}
