/*
 * dump.h - a server's binlog as a stream of events.
 *
 *   dump_start()   registers as a replica and asks for the binlog from behind the GTIDs that are known
 *   dump_find()    waits until the server has found that place, and tells where it is
 *   dump_taken()   of one that is asked for by file and offset instead: waits until the server has taken them
 *   dump_next()    waits for one event; heartbeats are events too
 *   closing the client ends it: the connection is good for nothing else
 *
 * The place is asked for by GTIDs: the server then steps over what is known whatever its size, where
 * a question like BINLOG_GTID_POS() fails behind any event that is larger than max_allowed_packet. How
 * to ask, and how the place is told, is a way for each flavour: dump_mariadb.c, dump_mysql.c.
 *
 * To find it the server reads the file from its beginning. File and offset cost it nothing, and say
 * nothing: it sends what is there, of whatever history. Who asks so sees by itself that it is the place
 * that was meant (tablet/read/tail_offset.h). Both flavours take them in the same packet.
 *
 * file and position follow the stream: they are the place behind the event that dump_next()
 * returned, in 64 bits.
 *
 * The server sends a heartbeat when it has been silent for heartbeat_us: a connection that brings
 * nothing for a few of those is dead (silence in packet.h). Every failure ends the dump; whether
 * and where to connect again is decided above. ERR_SERVER 1236 is the server's refusal of the
 * place: purged, or a GTID that it does not have.
 *
 * server_id must be nobody else's: a server ends the dump of an older
 * connection with the same one.
 */
#ifndef BINLOG_DUMP_H
#define BINLOG_DUMP_H

#include "base/buf.h"
#include "binlog/event.h"
#include "mysql/client.h"
#include "mysql/gtids.h"

enum { DUMP_FILE_MAX = 512 }; /* the servers' FN_REFLEN */

struct dump_place {
	const char *file;
	uint64_t position;
};

struct dump_params {
	uint32_t server_id;          /* not 0 */
	const char *gtid;            /* gtids.h; "" for the very beginning */
	const struct dump_place *at; /* position up to 32 bits; NULL: from behind the GTIDs */
	usec heartbeat_us;
};

struct dump {
	struct mysql_client *client; /* borrowed */
	const struct dump_way *way;
	enum event_checksum checksum;
	char file[DUMP_FILE_MAX];
	uint64_t position; /* behind the last event */
	/* It was read and is given again: position is where it begins. */
	bool unread;
	struct event event;
};

/* The first half of dump_start() alone: may the account? It is listed among the server's replicas until the
 * connection ends. */
int dump_register(struct ctx *cx, struct mysql_client *client, uint32_t server_id) MUST_USE;
int dump_start(struct ctx *cx, struct mysql_client *client, const struct dump_params *params,
    struct dump *out) MUST_USE;
/* Once, before the first dump_next().
 * there: the GTIDs before the place from which the server sends on, which is then the dump's file
 * and position. They are not those asked for when the server has another history (it knows nothing
 * of a domain, say); then the dump is of no use. Of the position only 32 bits are told: near, whose
 * file and position are expected, gives the others.
 */
int dump_find(struct ctx *cx, struct dump *d, const struct gtids *wanted,
    const struct dump_place *near, struct gtids *there) MUST_USE;
/* The same of one that is asked for by file and offset: the server has said that it begins there. */
int dump_taken(struct ctx *cx, struct dump *d, const struct dump_place *at) MUST_USE;
/* The event borrows until the next call. ERR_RETRY when the server ended the stream. */
int dump_next(struct ctx *cx, struct dump *d, struct event *out) MUST_USE;

#endif
