/*
 * dump.h - a server's binlog as a stream of events.
 *
 *   dump_start()   registers as a replica and asks for the binlog from behind a GTID list
 *   dump_find()    waits until the server has found that place, and tells where it is
 *   dump_next()    waits for one event; heartbeats are events too
 *   closing the client ends it: the connection is good for nothing else
 *
 * The place is asked for by GTIDs, because the server then checks that it has each of them
 * (@slave_gtid_strict_mode) and steps over what lies before them whatever its size; a question
 * like BINLOG_GTID_POS() fails behind any event that is larger than max_allowed_packet. Where the
 * place is, the server says by itself: each file begins with the GTIDs before it (Gtid_list), and
 * when events of the file were stepped over, artificial Gtid_lists follow (one for each domain at
 * most) with the last GTIDs of what was stepped over, the last one's position being the place:
 *
 *   binlog.000004      4 Format_description
 *                    256 Gtid_list 0-1-8,7-1-3                in the file
 *                        (0-1-9 ... 0-1-75 are stepped over)
 *   artificial     81337 Gtid_list 0-1-75                     the place: 0-1-75,7-1-3
 *                  81337 Gtid 0-1-76
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
#include "binlog/control.h"
#include "mysql/client.h"

enum { DUMP_FILE_MAX = 512 }; /* the servers' FN_REFLEN */

struct dump_params {
	uint32_t server_id; /* not 0 */
	const char *gtid;   /* "0-1-5,1-1-7"; "" for the very beginning */
	usec heartbeat_us;
};

struct dump {
	struct mysql_client *client; /* borrowed */
	enum event_checksum checksum;
	char file[DUMP_FILE_MAX];
	uint64_t position; /* behind the last event */
};

int dump_start(struct ctx *cx, struct mysql_client *client, const struct dump_params *params,
    struct dump *out) MUST_USE;
/*
 * there: the GTIDs before the place from which the server sends on, which is then the dump's file
 * and position. They are not those asked for when the server has another history (it knows nothing
 * of a domain, say); then the dump is of no use. Of the position only 32 bits are told: near, whose
 * file and position are expected, gives the others.
 */
struct dump_place {
	const char *file;
	uint64_t position;
};
int dump_find(struct ctx *cx, struct dump *d, const struct gtid_list *wanted,
    const struct dump_place *near, struct gtid_list *there) MUST_USE;
/* The event borrows until the next call. ERR_RETRY when the server ended the stream. */
int dump_next(struct ctx *cx, struct dump *d, struct event *out) MUST_USE;

#endif
