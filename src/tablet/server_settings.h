/*
 * server_settings.h - is a server set up as a move needs it? Each setting is a requirement, and one that is
 * not met has the statement that mends it.
 *
 * Looked at are a server's GLOBAL values, those of the sessions that its clients really get
 * (init_connect may say otherwise), and which databases its binlog leaves out. What our own sessions
 * set for themselves (mysql/role.h) does not matter.
 */
#ifndef TABLET_SERVER_SETTINGS_H
#define TABLET_SERVER_SETTINGS_H

#include "tablet/server/env.h"

/* What the server is to be for: tables of the database leave it, or arrive there. */
struct server_ends {
	const char *database;
	bool from, to;
};

/* c: a session of ours at the server. Appends to *out, whose texts live as long as cx's arena. */
int server_settings_look(struct ctx *cx, const struct tablet_env *env, struct mysql_client *c,
    const struct server_ends *ends, struct requirements *out) MUST_USE;

#endif
