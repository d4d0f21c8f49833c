/*
 * large_rows.h - rows that no statement at the target could hold, found before they are copied.
 *
 * Only tables are read whose columns leave room for one, and for some seconds in all: a long text is kept
 * apart from its row, so its length is known once it is read.
 */
#ifndef TABLET_LARGE_ROWS_H
#define TABLET_LARGE_ROWS_H

#include "rpc/tablet.h"
#include "tablet/server/env.h"

/* Of the tables at q->from, each with the key of one row; refused where the target takes no files either
 * (write/load.h). What was not looked at in that time is a note. target: a session of ours there. */
int large_rows_find(struct ctx *cx, const struct tablet_env *env, const struct move_request *q,
    struct mysql_client *target, struct findings *out) MUST_USE;

#endif
