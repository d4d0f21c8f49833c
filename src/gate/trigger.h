/*
 * trigger.h - DROP TRIGGER where the trigger is: with its table, which may have moved.
 *
 * The statement that drops a trigger names no table. It is looked for in the catalogue of its keyspace's
 * own server, then of those that serve tables under names of the keyspace; for one that is
 * found nowhere its own server has the answer.
 */
#ifndef GATE_TRIGGER_H
#define GATE_TRIGGER_H

#include "gate/attempt.h"

/* Is it such a statement, and could the trigger be elsewhere? */
bool trigger_is_dropped(const struct session *s, const struct request *q);
/* q, or what is to be run instead of it. */
int trigger_find(
    struct ctx *cx, struct session *s, const struct request *q, struct request *out) MUST_USE;

#endif
