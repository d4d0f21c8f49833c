/*
 * answer.h - results that only a gate knows.
 */
#ifndef GATE_ANSWER_H
#define GATE_ANSWER_H

#include "gate/session.h"

/* One row with one number. */
int answer_number(struct ctx *cx, struct session *s, const char *name, uint32_t number) MUST_USE;
/* Every keyspace, wherever its server is. */
int answer_databases(struct ctx *cx, struct session *s) MUST_USE;

#endif
