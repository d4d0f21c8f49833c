/*
 * routing_upgrade.h - reads the routing rules as they were kept until version 0.2, and writes them as
 * routing.h has them.
 *
 * Until then one record, /routing_rules, had all rules, each with the phase, the attempt and the one place of
 * that moment. vtctld and vtgate ask for this before they read a rule, and go on when it is done.
 *
 *   /routing_rules
 *   {"version":17,"rules":[...]}          as it was: nothing is under /routing/ yet
 *   {"moved_to":"/routing/","left":"..."} under way: some of them are there, these are left
 *   {"moved_to":"/routing/"}              done
 *
 * A step is one transaction that compares what it read, so any number of programs may do it at once, and
 * die in it. The second and third form have no member that the older programs need: they refuse to read it
 * and change nothing any more; a gate of then goes on by the rules that it has, acknowledges none, and is
 * waited for.
 *
 * The two places of a rule are those of the workflow that it belongs to, if its place is one of them; else
 * the rule is served where it is, and no workflow governs it. What is held stays so, for that workflow.
 */
#ifndef TOPO_ROUTING_UPGRADE_H
#define TOPO_ROUTING_UPGRADE_H

#include "topo/routing.h"

/* 0: what /routing/ has is all there is, also when that was so before. Waits. -1 with the store's errors,
 * or ERR_CORRUPT for an old record that cannot be read: nothing of the step under way was done, and the
 * next call goes on from there. */
int routing_upgrade(struct ctx *cx, struct topo *t) MUST_USE;

#endif
