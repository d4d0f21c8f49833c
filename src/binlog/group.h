/*
 * group.h - how a group of events begins, in binlogs of either flavour.
 *
 * A group is what one GTID covers. MariaDB's Gtid event says whether a single statement follows
 * (DDL) or a transaction up to its Xid, COMMIT, ROLLBACK or XA_prepare. MySQL's does not: there
 * the Query behind it tells, which is BEGIN or XA START, or else all of the group.
 *
 *   MariaDB                                   MySQL
 *   Gtid 0-1-7                                Gtid uuid:7
 *                                             Query BEGIN
 *   Table_map, Write_rows_v1 ...              Table_map, Write_rows_v2 ...
 *   Xid                                       Xid
 *
 *   Gtid 0-1-8 standalone                     Gtid uuid:8
 *   Query CREATE TABLE ...                    Query CREATE TABLE ...
 *
 *   Gtid 0-1-9 prepared XA                    Gtid uuid:9
 *                                             Query XA START X'61',X'',1
 *   Table_map, Write_rows_v1 ...              Table_map, Write_rows_v2 ...
 *   Query XA END X'61',X'',1                  Query XA END X'61',X'',1
 *   XA_prepare                                XA_prepare
 */
#ifndef BINLOG_GROUP_H
#define BINLOG_GROUP_H

#include "binlog/control.h"

enum group_frame {
	GROUP_TRANSACTION,
	GROUP_STATEMENT,
	GROUP_BY_QUERY, /* see group_frame_of() */
};

struct group_begin {
	struct gtid_id id;
	enum group_frame frame;
	/* MariaDB writes an ALTER when it begins and again when it has ended: this is the first, or the
	 * second of one that failed. Nothing has changed by it. */
	bool is_no_change;
};

/* Does an event of that type begin a group? */
bool group_begins(uint8_t type);
/* ERR_REFUSED: it has no GTID (gtid_mode). */
int group_begin_read(const struct event *e, struct group_begin *out, struct err *err) MUST_USE;
/*
 * What a group looks like: of all its events, from its Gtid on, one behind the other. Of each counts
 * what it is, when and where it was first written, and its body, of a large one the beginning and the
 * end. Two groups of the same mark are the same one: GTID, times, transaction number, tables, how many
 * bytes of rows. A heartbeat is in no group.
 * Marks are stored, and another one is another history: whoever changes what they are made of, or what a
 * dump asks of the server, gives their column another name.
 */
uint32_t group_mark(uint32_t before, const struct event *e);
/* Of a group whose first Query is this. */
enum group_frame group_frame_of(struct slice sql);

#endif
