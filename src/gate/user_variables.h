/*
 * user_variables.h - the values of user variables, for connections that have not computed them.
 *
 * SET @x = 5 is repeated wherever the session goes (settings.h). What a statement computes (SET @x = f(y),
 * SELECT @x := 5, SELECT ... INTO @x, a procedure) is on one connection only: its slot keeps
 * LEAVES_VARIABLES. When a statement that names a variable runs on another server, or when the session
 * stays idle, all variables of that connection are asked for and become settings, as literals of
 * the same type, character set and collation; the slot keeps them no more.
 *
 * A geometry becomes a binary string, which the servers' functions take as well.
 */
#ifndef GATE_USER_VARIABLES_H
#define GATE_USER_VARIABLES_H

#include "gate/session.h"

/* Of each slot that keeps variables but those of this server (NULL: of all). Values that do not fit into the
 * settings, or cannot be asked for, stay where they are. -1: a connection broke. */
int user_variables_save(struct ctx *cx, struct session *s, const char *but_server) MUST_USE;
/* Would saving free a connection of an idle session? */
bool user_variables_bind(const struct session *s);

#endif
