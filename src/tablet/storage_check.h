/*
 * storage_check.h - whether a table of an engine without transactions (table/engine.h) may move, and what
 * that means.
 */
#ifndef TABLET_STORAGE_CHECK_H
#define TABLET_STORAGE_CHECK_H

#include "tablet/table/table_def.h"
#include "task/ctx.h"

/* way_back: the switch is to leave one. ERR_REFUSED, with a hint. */
int storage_check(struct ctx *cx, const struct table_def *def, bool way_back) MUST_USE;
/* Of such a table: a sentence. */
const char *storage_told(struct arena *a, const struct table_def *def);

#endif
