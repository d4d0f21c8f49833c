/*
 * gtid_set.h - MySQL's GTID sets: parse, add, contains, print, and their form in the protocol.
 *
 * A GTID is uuid:number, or uuid:tag:number. The uuid is the server's that wrote the transaction
 * first, a tag is a name that its session chose (MySQL 8.3 and later). Numbers of one uuid and tag
 * may come in any order and may be missing, so a set holds intervals of them.
 * Text form "uuid:1-5:7,uuid:1-3:tag:1-2", by uuid, then tag, a line break allowed behind each comma.
 * (dev.mysql.com: GTID Format and Storage)
 *
 * MariaDB's positions are gtid.h's; gtids.h is either.
 */
#ifndef MYSQL_GTID_SET_H
#define MYSQL_GTID_SET_H

#include "base/buf.h"
#include "base/err.h"

enum {
	GTID_UUID_BYTES = 16,
	GTID_TAG_MAX = 32,
	/* A server has one for itself, and one for each that it has ever replicated from. Gaps are rare.
	 * So many, of at most 60 bytes each, fit into 1 MB, the smallest max_allowed_packet of a move. */
	GTID_INTERVALS_MAX = 16384,
};

struct gtid_member {
	uint8_t uuid[GTID_UUID_BYTES];
	char tag[GTID_TAG_MAX + 1]; /* lower case, "" without */
	uint64_t number;            /* from 1, below 2^63 */
};

struct gtid_interval {
	struct gtid_member first; /* the name, and its lowest number */
	uint64_t last;
};

/* Owns items, in the order of names, then numbers; no two of a name touch each other. All zero is the empty
 * set. */
struct gtid_set {
	struct gtid_interval *items;
	size_t count, cap;
};

void gtid_member_print(struct buf *out, const struct gtid_member *m);

void gtid_set_done(struct gtid_set *s);
/* Replaces s; an empty text is the empty set. ERR_REFUSED: it is none. ERR_CORRUPT: too many intervals. */
int gtid_set_parse(struct gtid_set *s, struct slice text, struct err *err) MUST_USE;
void gtid_set_print(struct buf *out, const struct gtid_set *s);
/* ERR_CORRUPT when it is there already, or when there are too many intervals. */
int gtid_set_add(struct gtid_set *s, const struct gtid_member *m, struct err *err) MUST_USE;
bool gtid_set_same(const struct gtid_set *a, const struct gtid_set *b);
bool gtid_set_contains(const struct gtid_set *s, const struct gtid_member *m);
/* Is all of part in whole? */
bool gtid_set_covers(const struct gtid_set *whole, const struct gtid_set *part);
/*
 * As it is in COM_BINLOG_DUMP_GTID and in Previous_gtids events, little endian:
 *
 *   8         number of names; with tags 1, six bytes of that number, 1
 *   each: 16  uuid
 *         ... with tags: twice the tag's length in one byte, and the tag
 *         8   number of intervals
 *         each: 8 first, 8 behind the last
 */
void gtid_set_encode(struct buf *out, const struct gtid_set *s);
/* Of that form, with nothing behind it. ERR_CORRUPT */
int gtid_set_decode(struct gtid_set *s, struct slice bytes, struct err *err) MUST_USE;

#endif
