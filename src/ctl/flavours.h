/*
 * flavours.h - what a move may not do where its servers are of different flavours.
 */
#ifndef CTL_FLAVOURS_H
#define CTL_FLAVOURS_H

#include "ctl/workflow.h"

/* As their tablets have said last; one that has said nothing does not answer the checks either: false. */
int flavours_differ(struct ctx *cx, const struct workflow *w, bool *out) MUST_USE;
/* ERR_REFUSED: the record's --on-ddl runs DDL of the source at the target, to which the same text may mean
 * something else. */
int flavours_allow_on_ddl(struct ctx *cx, const struct workflow *w) MUST_USE;

#endif
