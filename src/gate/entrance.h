/*
 * entrance.h - a client logs in: greeting, authentication, and what the login asks for.
 */
#ifndef GATE_ENTRANCE_H
#define GATE_ENTRANCE_H

#include "gate/session.h"

/* 0: the client is in. -1: it was refused, and told so when s->replied. */
int entrance_greet(struct ctx *cx, struct session *s) MUST_USE;
/* COM_CHANGE_USER: a new session on the same connection. Who is refused stays who it was, as on servers.
 * 0: answered. */
int entrance_change_user(struct ctx *cx, struct session *s, struct slice packet) MUST_USE;

#endif
