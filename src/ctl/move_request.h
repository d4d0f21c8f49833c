/*
 * move_request.h - a request to move tables, as far as it can be judged alone: before anything is read.
 */
#ifndef CTL_MOVE_REQUEST_H
#define CTL_MOVE_REQUEST_H

#include "rpc/api.h"

/* One table is a set too. */
void move_request_set(struct arena *a, struct ctl_request *q);
/* What a set is called that nobody has named: one table as it is called at the target, several as the
 * keyspace that they leave. */
const char *move_request_workflow(const struct ctl_request *q);
/* Names, numbers and options; ERR_REFUSED. */
int move_request_check(struct ctx *cx, const struct ctl_request *q) MUST_USE;
/* Its tables alone: once those are picked that are meant (pick.h). */
int move_request_check_tables(struct ctx *cx, const struct ctl_request *q) MUST_USE;
/* Of a move that is to be made: a pattern that finds more than one may have still means the move that
 * is there. */
int move_request_check_count(struct ctx *cx, const struct ctl_request *q) MUST_USE;

#endif
