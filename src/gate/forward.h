/*
 * forward.h - commands that are no statements: to prepare one, to describe a table, to go on with a cursor,
 * to close.
 */
#ifndef GATE_FORWARD_H
#define GATE_FORWARD_H

#include "gate/session.h"

/* All: 0 when the client has its answer, an error's too; -1 when the connection must end. */

/* COM_STMT_PREPARE: prepares it where it would run now, and answers with our number. */
int forward_prepare(struct ctx *cx, struct session *s, struct prepared *p) MUST_USE;
/* Hears from the server where it would run now whether this text can be prepared; nothing is left
 * there. -1: cx->err is the answer. */
int forward_try_prepare(
    struct ctx *cx, struct session *s, struct slice text, unsigned *params) MUST_USE;
/* A refusal of what was not understood: where a server cannot read it either, its error becomes the
 * answer. */
void forward_judge(struct ctx *cx, struct session *s, const struct statement *st, struct slice text);
/* COM_STMT_FETCH, COM_STMT_RESET of a statement with an open cursor: the packet's number is
 * replaced. */
int forward_cursor(struct ctx *cx, struct session *s, struct prepared *p, struct slice packet,
    enum reply_kind kind) MUST_USE;
/* COM_FIELD_LIST: one table's columns. */
int forward_field_list(struct ctx *cx, struct session *s, struct slice table_and_wildcard) MUST_USE;
/* COM_STMT_CLOSE: on every backend of the session that knows it; there is no answer. */
void forward_close(struct ctx *cx, struct session *s, uint32_t id);

#endif
