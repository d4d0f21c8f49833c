/*
 * pause.h - what needs a served table for itself for a moment: its fence is made or removed.
 *
 *   0 s      the tablet is asked; it tries every few milliseconds, and waits in no server's queue
 *            (tablet/server/ddl.h), so that no client can be hurt by it
 *   20 ms    one whose server cannot refuse at once asks for nothing before it has room, and says so: it has
 *            its first pause now
 *   1 s      it says that it is refused the table, as transactions follow one another without a gap: the
 *            switch key says PAUSE, all gates are posted
 *   +100 ms at most   the tablet has it, or not: the switch key says OPEN
 *   2 s      the next pause, of 200 ms at most, and so on up to 800 ms and from 100 ms again, nine times
 *            as far apart as they last, until the tablet has it or the caller's deadline
 *
 * A pause is a hold like that of a cutover: it is swapped into the workflow's switch key together with its
 * record, its number is the revision of the record before, gates acknowledge it when they are drained, and
 * the same compare-and-swap ends it. As nothing but latency hangs on it, each gate also ends it by its own
 * clock: a vtctld that dies in one leaves no table held, and any later change of the switch key by the
 * workflow takes what is left of it out of it.
 */
#ifndef CTL_PAUSE_H
#define CTL_PAUSE_H

#include "ctl/rules.h"

/* Has the tablet of that side do it: work is a call that may be made again and again. What it waits for is
 * in the record's state_text meanwhile.
 * ERR_TIMEOUT at cx's deadline, ERR_CONFLICT when somebody else has changed the record. */
typedef int pause_work_fn(struct ctx *cx, const struct workflow *w, enum side s);
int pause_for(struct ctx *cx, struct workflow *w, enum side s, pause_work_fn *work) MUST_USE;
/* The sentence for the record's state_text. */
const char *pause_text(struct arena *a, const struct err *why);

#endif
