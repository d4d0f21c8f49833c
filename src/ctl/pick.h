/*
 * pick.h - which tables a request to move names: all that a keyspace serves, or those that a pattern matches.
 *
 * Patterns are POSIX extended regular expressions, and match anywhere in a name unless they say ^ and $, as
 * Vitess's do. A table that has moved away, and stands there until it is dropped, is not served there: none
 * of these picks it. One that is named exactly is picked whether it is there or not; its check says so.
 */
#ifndef CTL_PICK_H
#define CTL_PICK_H

#include "ctl/rules.h"

/* Does what the request names depend on what is there? */
bool pick_is_open(const struct ctl_request *q);
/* Of such a request: its tables become those that are meant now, each under its own name; none is no error.
 * ERR_REFUSED: a pattern that is none. */
int pick_tables(struct ctx *cx, struct ctl *c, struct ctl_request *q) MUST_USE;

#endif
