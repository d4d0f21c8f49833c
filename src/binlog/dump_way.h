/*
 * dump_way.h - how a server of one flavour is asked for its binlog, and how it tells where it begins.
 *
 * Only dump.c and the ways themselves include this.
 */
#ifndef BINLOG_DUMP_WAY_H
#define BINLOG_DUMP_WAY_H

#include "base/buf.h"
#include "mysql/wire.h"

struct dump;
struct dump_params;
struct dump_place;
struct gtids;
struct mysql_client;

struct dump_way {
	/* SQL, before the request: that we understand GTIDs, and unless there is another place, which ones
	 * it is to step over. ERR_REFUSED: the server has not all of them. */
	int (*announce)(struct ctx *cx, struct mysql_client *client, const struct dump_params *p);
	/* Of the request by GTIDs: all of its packet. ERR_REFUSED: the text of the GTIDs is none. */
	int (*request)(struct buf *packet, const struct dump_params *p, struct err *err);
	/* dump_find() */
	int (*find)(struct ctx *cx, struct dump *d, const struct gtids *wanted,
	    const struct dump_place *near, struct gtids *there);
};

/* COM_BINLOG_DUMP, which both take. */
void dump_request_at(struct buf *packet, uint32_t server_id, const struct dump_place *at);

extern const struct dump_way dump_way_mariadb, dump_way_mysql;

#endif
