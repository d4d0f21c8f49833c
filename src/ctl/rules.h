/*
 * rules.h - changes of the routing rules, and the gates' word that they have them.
 *
 * The rules are one record; each change replaces it by compare-and-swap together
 * with the workflow's record, so that the two never disagree, and whoever
 * holds an old workflow record cannot change a rule. Then every registered gate
 * is posted the new version and acknowledges it (at once, or for RULE_HOLD when it is drained).
 *
 *   RULES_CREATE   both names are routed to the from side, if nothing routes them yet
 *   RULES_REMOVE   the rules that RULES_CREATE made go, or to another move of the same table; for a
 *                  creation that is undone, and a move that is cancelled. What an earlier move that has
 *                  switched left stays, whatever was held since: clients find the table by it
 *   RULES_HOLD     what is routed to the from table: held                    (step 1)
 *   RULES_PAUSE    what is routed to one of its tables: paused               (pause.h)
 *   RULES_REOPEN   what this workflow holds: open as before                  (rolled back; a pause is over)
 *   RULES_SWITCH   what this attempt holds: routed to the to side, held      (step 5, the commit)
 *   RULES_RELEASE  what this workflow has switched: open                     (step 6b)
 *
 * All but HOLD and SWITCH are done again without harm. SWITCH is refused when the hold of this
 * attempt is not whole. Every change by a workflow ends a pause of its own that is still in the rules.
 */
#ifndef CTL_RULES_H
#define CTL_RULES_H

#include "ctl/workflow.h"

enum rules_change {
	RULES_CREATE,
	RULES_REMOVE,
	RULES_HOLD,
	RULES_PAUSE,
	RULES_REOPEN,
	RULES_SWITCH,
	RULES_RELEASE,
};

/* The rules now (cx->arena); version 0 without a record. */
int rules_load(struct ctx *cx, struct ctl *c, struct rules_record *out, int64_t *revision) MUST_USE;
/* ERR_REFUSED when one of w's names, at its source or target, is served from elsewhere than where w
 * moves from. */
int rules_check_served(
    struct ctx *cx, const struct rules_record *r, const struct workflow *w) MUST_USE;
/* A workflow that has switched: are its tables still served where it brought them, or has another move
 * taken them on, or back? */
int rules_arrived(struct ctx *cx, const struct workflow *w, bool *arrived) MUST_USE;
/* Changes the rules and saves w in one transaction; *version is that of the rules then. ERR_CONFLICT
 * when w is outdated; a change of the rules by another workflow meanwhile is tried again. Any other error
 * leaves it open whether the transaction has happened: load w. */
int rules_apply(
    struct ctx *cx, struct workflow *w, enum rules_change change, int64_t *version) MUST_USE;
/* A change that is no workflow's; edit works on a copy, and is called again when somebody else was faster. */
typedef int rules_edit_fn(struct ctx *cx, struct rules_record *r, void *arg);
int rules_edit(
    struct ctx *cx, struct ctl *c, rules_edit_fn *edit, void *arg, int64_t *version) MUST_USE;
/* Room for so many more rules behind the count, in that arena; r->rules may move. */
void rules_make_room(struct arena *a, struct rules_record *r, size_t more);
/* Until every registered gate has acknowledged that version, or its lease has been waited out: then no gate
 * sends anything by older rules. ERR_TIMEOUT at cx's deadline names a gate that has not. */
int rules_acknowledged(struct ctx *cx, struct ctl *c, int64_t version) MUST_USE;

#endif
