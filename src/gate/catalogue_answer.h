/*
 * catalogue_answer.h - SHOW statements that no query on information_schema equals.
 *
 * Their rows are asked of the servers, mended, and become a query over literals, so that any server gives the
 * answer.
 */
#ifndef GATE_CATALOGUE_ANSWER_H
#define GATE_CATALOGUE_ANSWER_H

#include "gate/plan.h"
#include "gate/session.h"
#include "sql/show.h"

/* Adds the query; nothing when the SHOW is none of these, or a server has refused it: it will say so again.
 *   SHOW OPEN TABLES   of all keyspaces, under the names that clients know
 *   SHOW CREATE TRIGGER  of a moved table, whose server has it
 *   SHOW GRANTS        what the client may do at all servers, in its own name and without a password */
int catalogue_answer(struct ctx *cx, struct session *s, const struct route *route,
    const struct show *show, struct buf *out) MUST_USE;

#endif
