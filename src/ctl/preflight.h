/*
 * preflight.h - what will hurt a move, collected from everybody who knows: the gates, both tablets, the
 * topology.
 *
 * It changes nothing. What cannot be asked is a finding too, "not known", and never the end of the move.
 * It is collected while a move is checked (check.h) and again before its switch.
 */
#ifndef CTL_PREFLIGHT_H
#define CTL_PREFLIGHT_H

#include "ctl/hurt.h"

/* The whole list, in cx->arena; w has its tables and both keyspaces. -1: told to stop. */
int preflight_collect(struct ctx *cx, struct workflow *w, struct hurt *out) MUST_USE;
/* ERR_REFUSED with a sentence when something in the list refuses, unless the move is forced, or on its way
 * back. */
int preflight_judge(struct ctx *cx, const struct workflow *w, const struct hurt *found) MUST_USE;
/* Into the record's events, as step "preflight" and what the severity is called; not saved. */
void preflight_note(struct workflow *w, const struct findings *f);

#endif
