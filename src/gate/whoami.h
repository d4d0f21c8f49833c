/*
 * whoami.h - who the client is, in statements that ask a server for it (sql/identity.h).
 */
#ifndef GATE_WHOAMI_H
#define GATE_WHOAMI_H

#include "gate/session.h"

/* The statement's text with the answers in it; 1: it is another one now, 0: it asks for nothing. USER() is
 * "name@host" with the host that the client has come from, CURRENT_USER "name@%", as SHOW GRANTS says. */
int whoami_answer(struct ctx *cx, struct session *s, const struct statement *st, unsigned modes,
    struct slice *sql) MUST_USE;

#endif
