/*
 * dump.h - a server's binlog as a stream of events.
 *
 *   dump_start()   registers as a replica and asks for the binlog from a place
 *   dump_next()    waits for one event; heartbeats are events too
 *   closing the client ends it: the connection is good for nothing else
 *
 * The place is file and position, or (MariaDB) a GTID list, which the server
 * looks up; either way the server first sends an artificial Rotate that names
 * the file. file and position then follow the stream: they are the place
 * behind the event that dump_next() returned, in 64 bits.
 *
 * The server sends a heartbeat when it has been silent for heartbeat_us, so
 * the ctx of dump_next() should allow a few of those and no more: after them
 * the connection is dead. Every failure ends the dump; whether and where to
 * connect again is decided above. ERR_SERVER 1236 is the server's refusal of
 * the place: purged, unknown GTID, beyond the end.
 *
 * server_id must be nobody else's: a server ends the dump of an older
 * connection with the same one.
 */
#ifndef BINLOG_DUMP_H
#define BINLOG_DUMP_H

#include "base/buf.h"
#include "binlog/control.h"
#include "mysql/client.h"

enum { DUMP_FILE_MAX = 512 };          /* the servers' FN_REFLEN */

struct dump_params {
	uint32_t    server_id;         /* not 0 */
	/* "0-1-5,1-1-7", "" for the very beginning; NULL: file and position hold */
	const char *gtid;
	const char *file;
	/* of an event's begin, at least 4, below 2^32: the command has no more bits */
	uint64_t    position;
	usec        heartbeat_us;
};

struct dump {
	struct mysql_client *client;   /* borrowed */
	enum event_checksum  checksum;
	char                 file[DUMP_FILE_MAX];
	uint64_t             position; /* behind the last event */
};

int dump_start(struct ctx *cx, struct mysql_client *client, const struct dump_params *params,
    struct dump *out) MUST_USE;
/* The event borrows until the next call. ERR_RETRY when the server ended the stream. */
int dump_next(struct ctx *cx, struct dump *d, struct event *out) MUST_USE;

#endif
