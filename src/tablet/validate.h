/*
 * validate.h - all that a server must have for moves, each of it met or not (rpc/requirements.h).
 *
 * The same requirements, those of one end, are a move's first checks: validate_end(). Asked for by
 * itself a server is looked at as if tables left it and arrived at it, and what may hurt is told too.
 */
#ifndef TABLET_VALIDATE_H
#define TABLET_VALIDATE_H

#include "tablet/server_settings.h"

/* ERR_REFUSED, by the first that is not met. c: a session of ours at the server. */
int validate_end(struct ctx *cx, const struct tablet_env *env, struct mysql_client *c,
    const struct server_ends *ends) MUST_USE;
/* Texts of *out live as long as cx's arena. */
int validate_server(struct ctx *cx, const struct tablet_env *env, const struct validate_request *q,
    struct validate_reply *out) MUST_USE;

#endif
