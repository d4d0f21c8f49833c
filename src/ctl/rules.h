/*
 * rules.h - what a workflow changes of the routing rules and of its switch key (topo/routing.h).
 *
 * The switch key is swapped together with the workflow's record, so that the two never disagree, and whoever
 * holds an old record can swap nothing. Rules are changed so too; as a transaction takes some tens of them,
 * the rules of a large set by several, each of which may be the last for a while: they say nothing new until
 * the switch key is swapped.
 *
 *   RULES_CREATE   both names are routed to the from side, if nothing routes them yet, and governed by this
 *                  workflow, as is every other name that is routed there
 *   RULES_TAKE     the same for a workflow that was made long ago: what has been taken from it, or was added
 *   RULES_REMOVE   the rules that RULES_CREATE made go, or to another move of the same table; for a
 *                  creation that is undone, and a move that is cancelled. What an earlier move that has
 *                  switched left stays, governed by nobody: clients find the table by it
 *
 *   RULES_SETTLE   the rules that it governs stay where they are served, governed by nobody; for a
 *                  move that is
 *                  cancelled and told to keep them
 *   RULES_FORGET   the rules of its own names go; for a move that is complete and told to take them
 *                  away. What
 *                  else it governs stays, governed by nobody
 *
 *   RULES_HOLD     held. Refused unless every rule of the from tables is governed by this workflow (step 1)
 *   RULES_PAUSE    paused, unless it is held                                 (pause.h)
 *   RULES_REOPEN   held or paused: open as before                            (rolled back; a pause is over)
 *   RULES_SWITCH   what this attempt holds: the to side serves, held         (step 5, the commit)
 *   RULES_RELEASE  switched: open                                            (step 6b)
 *
 * Those five swap the switch key. Clients wait for each after the first, so what a swap has written is
 * remembered with w: neither the next swap nor rules_acknowledged() reads it again. That may be old; the
 * next swap compares its revision, and then reads.
 *
 * All but HOLD and SWITCH are done again without harm. SWITCH is refused when the hold of this
 * attempt is gone. Every change by a workflow ends a pause of its own.
 *
 * Two workflows meet only where one makes or takes rules, and there for no longer than a transaction: what
 * the other's clients wait for does not matter (acknowledge.h).
 */
#ifndef CTL_RULES_H
#define CTL_RULES_H

#include "ctl/workflow.h"
#include "topo/routing.h"

enum rules_change {
	RULES_CREATE,
	RULES_TAKE,
	RULES_REMOVE,
	RULES_SETTLE,
	RULES_FORGET,
	RULES_HOLD,
	RULES_PAUSE,
	RULES_REOPEN,
	RULES_SWITCH,
	RULES_RELEASE,
};

/* The rules now, as they are seen (cx->arena); version 0 when there never were any. */
int rules_load(struct ctx *cx, struct ctl *c, struct rules_record *out) MUST_USE;
/* ERR_REFUSED when one of w's names, at its source or target, is served from elsewhere than where w
 * moves from. */
int rules_check_served(
    struct ctx *cx, const struct rules_record *r, const struct workflow *w) MUST_USE;
/* A workflow that has switched: are its tables still served where it brought them, or has another move
 * taken them on, or back? */
int rules_arrived(struct ctx *cx, const struct workflow *w, bool *arrived) MUST_USE;
/* Changes them, and saves w. ERR_CONFLICT when w is outdated; a change of the rules by another workflow
 * meanwhile is tried again. Any other error leaves it open whether a transaction has happened: load w. */
int rules_apply(struct ctx *cx, struct workflow *w, enum rules_change change) MUST_USE;
/* Until every gate has acknowledged the switch key, as this w has swapped it last or else as it is now. */
int rules_acknowledged(struct ctx *cx, struct workflow *w) MUST_USE;

#endif
