/*
 * release.h - the release of a cutover, told before it is written.
 *
 * Every gate has acknowledged the switched key by then (step 6a), so each may open it as soon as it hears of
 * it, and clients need not wait for the topology:
 *
 *   57  switched, and all gates have acknowledged that
 *       every gate is posted the key of 57, open: it lets its clients go    \  at the same time
 *   63  the key is open, in the topology, with the workflow's record        /
 *       every gate acknowledges 63
 *
 * A gate that does not hear of it finds it in the topology. One that begins between the two reads that it is
 * switched, and holds until it is written. Whoever goes on after a death between the two finds it switched,
 * and releases. What comes late, after the hold of a later attempt, is of a revision that is no gate's any
 * more (gate/known_rules.h).
 */
#ifndef CTL_RELEASE_H
#define CTL_RELEASE_H

#include "ctl/rules.h"

/* RULES_RELEASE. *told_us: when all gates had been told, on clock_wall(); unchanged where one was not. */
int release_apply(struct ctx *cx, struct workflow *w, int64_t *told_us) MUST_USE;

#endif
