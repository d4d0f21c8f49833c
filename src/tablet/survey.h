/*
 * survey.h - what will hurt a move at one end, as far as that end's server tells.
 *
 * Unlike the preflight (preflight.h), which refuses what cannot work, this looks for what works and hurts:
 * clients that do not go through a gate, transactions that have been open for long, binlogs that go before
 * the copy is done, a disk that is too small. It reads catalogues only: no lock, no table of a client.
 */
#ifndef TABLET_SURVEY_H
#define TABLET_SURVEY_H

#include "tablet/server/env.h"

/* reply in cx->arena */
int survey_from(struct ctx *cx, const struct tablet_env *env, const struct survey_request *request,
    struct survey_reply *reply) MUST_USE;
int survey_to(struct ctx *cx, const struct tablet_env *env, const struct survey_request *request,
    struct survey_reply *reply) MUST_USE;

/* How many bytes are free there for the server; -1: it cannot be seen from here. */
int64_t survey_free_bytes(const char *server, const char *folder);

#endif
