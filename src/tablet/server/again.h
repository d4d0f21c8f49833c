/*
 * again.h - a statement of ours that stands alone, made again when a deadlock has made it the victim.
 *
 * A victim's transaction was taken back, so where the statement is all of it nothing was done. The clients of
 * a server decide how often that is; a few times are enough, as whoever is in the way goes on meanwhile.
 */
#ifndef TABLET_SERVER_AGAIN_H
#define TABLET_SERVER_AGAIN_H

#include "tablet/server/sidecar.h"

/* Not inside a transaction. As mysql_exec(); ok may be NULL. */
int again_exec(
    struct ctx *cx, struct mysql_client *c, struct slice sql, struct mysql_ok *ok) MUST_USE;
/* The stream's rows go from that table of the sidecar database; 0 also when there were none. */
int again_delete(
    struct ctx *cx, struct mysql_client *c, struct stream_id id, const char *table) MUST_USE;
/* Should it be made once more? tries counts them, from 0. For what is a transaction of several statements. */
bool again_wanted(const struct err *err, int *tries);

#endif
