/*
 * entrance.h - who comes in: greeting, authentication, and what the login asks for.
 */
#ifndef GATE_ENTRANCE_H
#define GATE_ENTRANCE_H

#include "gate/session.h"
#include "rpc/api.h"

struct entrance_params {
	const struct credentials *credentials;
	uint32_t                  id;
};

/* 0: the client is in. -1: it was refused, and told so when s->replied. */
int entrance_greet(
    struct ctx *cx, struct session *s, const struct entrance_params *params) MUST_USE;

#endif
