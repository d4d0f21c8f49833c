/*
 * mini_dump.h - sending the binlog, from a place on and for ever.
 */
#ifndef TESTS_SIM_MINI_DUMP_H
#define TESTS_SIM_MINI_DUMP_H

#include "sim/mini_session.h"

/* The packet of COM_BINLOG_DUMP. Returns when the session is at its end. */
int dump_serve(struct ctx *cx, struct mini_session *s, struct slice packet) MUST_USE;

#endif
