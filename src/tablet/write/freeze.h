/*
 * freeze.h - where an applier is to stop for good: at P of an attempt (step 3 of the cutover).
 *
 * The source goes on writing other tables, so the position applied may be beyond P
 * without harm; a change of ours beyond P means that the fence did not hold.
 */
#ifndef TABLET_WRITE_FREEZE_H
#define TABLET_WRITE_FREEZE_H

#include "mysql/gtids.h"
#include "tablet/server/position.h"

struct freeze {
	bool wanted;
	int attempt;
	struct gtids at;          /* P */
	struct gtids last_change; /* of the last change applied, or where we began */
};

void freeze_done(struct freeze *f);
/* The last change applied ended here. */
int freeze_note_change(struct freeze *f, const struct position *end, struct err *err) MUST_USE;
/* applied: where the applier is; ERR_CONFLICT when that includes a change beyond P. */
int freeze_want(struct freeze *f, const char *gtid, int attempt, const struct position *applied,
    struct err *err) MUST_USE;
/* Does this position contain all that the freeze asks for? Not when none does. */
int freeze_reached(
    const struct freeze *f, const struct position *p, bool *reached, struct err *err) MUST_USE;
/* ERR_CONFLICT: a change was applied beyond P */
int freeze_check(const struct freeze *f, struct err *err) MUST_USE;

#endif
