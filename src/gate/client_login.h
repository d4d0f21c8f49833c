/*
 * client_login.h - a client logs in: greeting, authentication, and what the login asks for.
 */
#ifndef GATE_CLIENT_LOGIN_H
#define GATE_CLIENT_LOGIN_H

#include "gate/session.h"

/* 0: the client is in. -1: it was refused, and told so when s->replied. */
int client_login_greet(struct ctx *cx, struct session *s) MUST_USE;
/* COM_CHANGE_USER: a new session on the same connection. Who is refused stays who it was, as on servers.
 * 0: answered. */
int client_login_change_user(struct ctx *cx, struct session *s, struct slice packet) MUST_USE;

#endif
