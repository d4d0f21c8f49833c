/*
 * answer.h - results that only a gate knows.
 */
#ifndef GATE_ANSWER_H
#define GATE_ANSWER_H

#include "gate/session.h"

/* Every keyspace, wherever its server is. */
int answer_databases(struct ctx *cx, struct session *s) MUST_USE;

#endif
