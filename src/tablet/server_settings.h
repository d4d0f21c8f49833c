/*
 * server_settings.h - is a server set up as a move needs it? Each setting that is not is refused with
 * the statement that cures it.
 *
 * Looked at are a server's GLOBAL values, those of the sessions that its clients really get
 * (init_connect may say otherwise), and which databases its binlog leaves out. What our own sessions
 * set for themselves (mysql/role.h) does not matter.
 */
#ifndef TABLET_SERVER_SETTINGS_H
#define TABLET_SERVER_SETTINGS_H

#include "tablet/server/env.h"

/* c: a session of ours at the server. The end that the tables of a database leave. */
int server_settings_from(struct ctx *cx, const struct tablet_env *env, struct mysql_client *c,
    const char *database) MUST_USE;
/* The end where they arrive. */
int server_settings_to(
    struct ctx *cx, const struct tablet_env *env, struct mysql_client *c) MUST_USE;

#endif
