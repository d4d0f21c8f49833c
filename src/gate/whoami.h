/*
 * whoami.h - who the client is, in statements that ask a server for it (sql/identity.h).
 */
#ifndef GATE_WHOAMI_H
#define GATE_WHOAMI_H

#include "gate/session.h"

/* "name@host" with the host that the client has come from: USER(); and "name@%", as SHOW GRANTS says: CURRENT_USER.
 * In the session's arena. */
const char *whoami_user(struct session *s);
const char *whoami_account(struct session *s);
/* The address and port that the client has come from. */
const char *whoami_host(const struct session *s);

/* The statement's text with the answers in it; 1: it is another one now, 0: it asks for nothing. */
int whoami_answer(struct ctx *cx, struct session *s, const struct statement *st, unsigned modes,
    struct slice *sql) MUST_USE;

#endif
