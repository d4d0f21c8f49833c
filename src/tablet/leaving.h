/*
 * leaving.h - views and routines that leave with a move's tables, and all that names what leaves.
 */
#ifndef TABLET_LEAVING_H
#define TABLET_LEAVING_H

#include "tablet/table/mention.h"

/* Before a move, at the end that it leaves: which go with it, as far as the request wants them; what names a
 * table or one of them, and stays, is refused, or told in the reply with force. */
int leaving_find(struct ctx *cx, struct mysql_client *c, const struct check_from_request *request,
    struct check_from_reply *reply) MUST_USE;
/* Before each attempt: do those of the request still name nothing else, and does nothing name them? */
int leaving_check(
    struct ctx *cx, struct mysql_client *c, const struct move_request *q, bool force) MUST_USE;
/* At the end that they go to: can they be made there? */
int leaving_check_there(struct ctx *cx, struct mysql_client *c,
    const struct check_to_request *request, struct check_to_reply *reply) MUST_USE;

#endif
