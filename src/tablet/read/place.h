/*
 * place.h - a server's present position: its GTIDs, and the place of its binlog behind them.
 *
 * No statement gives both at once. Asked for in turn they agree unless a commit falls between,
 * which on a busy server it does each time; then the server is asked where the GTIDs are in its
 * binlog, as a replica that would go on from them (dump.h).
 */
#ifndef TABLET_READ_PLACE_H
#define TABLET_READ_PLACE_H

#include "tablet/server/env.h"
#include "tablet/server/position.h"

/* Who may read the binlog, and as which replica: one that nobody else is. */
struct place_reader {
	struct mysql_params params;
	uint32_t server_id;
};

/* Of any server, as vt_stream; env outlives it. */
struct place_reader place_reader(const struct tablet_env *env, const char *server);
/* c: any connection to that server. */
int place_now(struct ctx *cx, struct mysql_client *c, const struct place_reader *reader,
    struct position *out) MUST_USE;
/* Of the tablet's own server. */
int place_here(struct ctx *cx, const struct tablet_env *env, struct position *out) MUST_USE;
/* Finds the place behind out->gtid; file and offset are one that is not before it. */
int place_find(struct ctx *cx, const struct place_reader *reader, struct position *out) MUST_USE;

#endif
