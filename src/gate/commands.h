/*
 * commands.h - the commands of the protocol, one at a time.
 */
#ifndef GATE_COMMANDS_H
#define GATE_COMMANDS_H

#include "gate/session.h"

/* 0: answered. COM_QUIT and what breaks end with -1; QUIT leaves no error. */
int commands_run(struct ctx *cx, struct session *s, struct slice packet) MUST_USE;

#endif
