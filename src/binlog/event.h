/*
 * event.h - one event: header, checksum, name.
 *
 *   bytes  field
 *   4      timestamp, seconds since 1970, of the statement's start
 *   1      type
 *   4      server id where it was first written
 *   4      length of the whole event
 *   4      position in the file behind it, modulo 2^32; 0 in artificial events
 *   2      flags
 *   ...    body
 *   4      CRC32 of all before, when the format description said so
 *
 * (MariaDB KB "1-Binlog Event Header"; MySQL Internals "Binlog Event Header".)
 * Every event is read under the format that the last format description of
 * its file declared; before the first one the checksum is what was agreed at
 * connecting. The format description carries its own.
 */
#ifndef BINLOG_EVENT_H
#define BINLOG_EVENT_H

#include "base/err.h"
#include "base/slice.h"

/* clang-format off */
enum event_type {
	EVENT_QUERY              = 2,
	EVENT_STOP               = 3,
	EVENT_ROTATE             = 4,
	EVENT_INTVAR             = 5,
	EVENT_RAND               = 13,
	EVENT_USER_VAR           = 14,
	EVENT_FORMAT_DESCRIPTION = 15,
	EVENT_XID                = 16,
	EVENT_BEGIN_LOAD_QUERY   = 17,
	EVENT_EXECUTE_LOAD_QUERY = 18,
	EVENT_TABLE_MAP          = 19,
	EVENT_WRITE_ROWS_V1      = 23,
	EVENT_UPDATE_ROWS_V1     = 24,
	EVENT_DELETE_ROWS_V1     = 25,
	EVENT_INCIDENT           = 26,
	EVENT_HEARTBEAT          = 27,
	EVENT_IGNORABLE          = 28,
	EVENT_ROWS_QUERY         = 29,   /* MySQL: the statement's text */
	EVENT_WRITE_ROWS_V2      = 30,
	EVENT_UPDATE_ROWS_V2     = 31,
	EVENT_DELETE_ROWS_V2     = 32,
	EVENT_MYSQL_GTID         = 33,
	EVENT_MYSQL_ANONYMOUS    = 34,
	EVENT_MYSQL_PREVIOUS     = 35,   /* GTIDs executed before this file */
	EVENT_MYSQL_CONTEXT      = 36,   /* group replication */
	EVENT_MYSQL_VIEW_CHANGE  = 37,
	EVENT_XA_PREPARE         = 38,
	EVENT_PARTIAL_UPDATE     = 39,   /* MySQL: JSON diffs */
	EVENT_MYSQL_PAYLOAD      = 40,   /* MySQL: a compressed transaction */
	EVENT_HEARTBEAT_V2       = 41,
	EVENT_MYSQL_GTID_TAGGED  = 42,
	EVENT_ANNOTATE_ROWS      = 160,  /* MariaDB from here: the statement's text */
	EVENT_BINLOG_CHECKPOINT  = 161,
	EVENT_GTID               = 162,
	EVENT_GTID_LIST          = 163,  /* last GTID of each domain before this file */
	EVENT_START_ENCRYPTION   = 164,
	EVENT_QUERY_COMPRESSED   = 165,
	EVENT_ROWS_COMPRESSED    = 166,  /* first of six: write, update, delete of v1 and v2 */
	EVENT_ROWS_COMPRESSED_LAST = 171,
};
/* clang-format on */

enum {
	EVENT_HEADER_BYTES = 19,
	EVENT_CHECKSUM_BYTES = 4,
	EVENT_FLAG_ARTIFICIAL = 0x20, /* made by the sender, not in any file */
	EVENT_FLAG_IGNORABLE = 0x80,  /* may be skipped by who does not know its type */
};

enum event_checksum { EVENT_CHECKSUM_NONE = 0, EVENT_CHECKSUM_CRC32 = 1 };

/* Borrows from the bytes it was read from. */
struct event {
	uint32_t timestamp;
	uint8_t type; /* any byte; compare with enum event_type */
	uint32_t server_id;
	uint32_t length;
	uint32_t end_pos; /* modulo 2^32: see position_advance() */
	uint16_t flags;
	uint32_t checksum; /* 0 without */
	struct slice body; /* between header and checksum */
};

/* Fails with ERR_CORRUPT on a length that does not match or a wrong checksum. */
int event_read(
    enum event_checksum checksum, struct slice bytes, struct event *out, struct err *err) MUST_USE;

/* "Query", "Write_rows_v1", ...; "event type 99" is not in the table: NULL. */
const char *event_name(uint8_t type);

/* The 64-bit position behind an event whose header says end_pos, when before was the one before it. */
uint64_t position_advance(uint64_t before, uint32_t end_pos);
/* It changes no row by itself. INTVAR, RAND and USER_VAR belong to the statement that follows. */
bool event_changes_nothing(const struct event *e);

#endif
