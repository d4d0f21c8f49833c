/*
 * control.h - the events that are not rows: files, positions, transactions, statements.
 *
 * Each reader takes the event's body, and what it fills borrows from it. The
 * layouts are drawn in README.md. What is left over behind a known layout is
 * accepted where the format grows by appending (GTID, format description,
 * Query's status variables), and is an error elsewhere.
 */
#ifndef BINLOG_CONTROL_H
#define BINLOG_CONTROL_H

#include "base/arena.h"
#include "binlog/event.h"
#include "binlog/query_status.h"
#include "mysql/gtids.h"

struct format_description {
	uint16_t binlog_version; /* 4, the only one accepted */
	struct slice server_version;
	enum event_checksum checksum; /* of the events that follow */
	struct slice post_headers;    /* [type - 1]: bytes of its fixed part */
};

struct rotate {
	uint64_t position;
	struct slice file;
};

struct heartbeat {
	struct slice file;
	uint64_t position; /* modulo 2^32 but for v2: see position_advance() */
	bool is_wide;      /* v2: position has all its bits */
};

enum {
	GTID_STANDALONE = 1,   /* ends with the one Query behind it: DDL and the like */
	GTID_GROUP_COMMIT = 2, /* has a commit id */
	GTID_TRANSACTIONAL = 4,
	GTID_PARALLEL = 8,
	GTID_WAITED = 16,
	GTID_DDL = 32,
	GTID_PREPARED_XA = 64,   /* ends with XA PREPARE: not a change yet */
	GTID_COMPLETED_XA = 128, /* XA COMMIT or XA ROLLBACK of what was prepared before */
};

/* With binlog_alter_two_phase an ALTER is written when it begins and again when it has ended. */
enum {
	GTID_EXTRA_START_ALTER = 2, /* nothing has changed yet, and rows are the old table's */
	GTID_EXTRA_COMMIT_ALTER = 4,
	GTID_EXTRA_ROLLBACK_ALTER = 8, /* nothing will have */
};

enum { XID_PART_MAX = 64 }; /* X/Open */

struct xid {
	uint32_t format;
	struct slice gtrid, bqual;
};

struct gtid_event {
	struct gtid id;
	uint8_t flags;      /* GTID_* */
	uint8_t extra;      /* GTID_EXTRA_* */
	uint64_t commit_id; /* with GTID_GROUP_COMMIT */
	struct xid xid;     /* with GTID_PREPARED_XA or GTID_COMPLETED_XA */
};

struct mysql_gtid_event {
	struct gtid_member id;
	bool is_anonymous; /* written without a GTID: id is none */
};

/* The last GTID of each domain and server before this file, the last of a domain behind its others. */
struct gtid_list_event {
	struct gtid *gtids; /* in the arena */
	size_t count;
};

struct query_event {
	uint32_t thread_id;
	uint32_t exec_s;
	uint16_t error_code;
	bool has_sql_mode;
	/* MODE_ANSI_QUOTES 0x4, MODE_NO_BACKSLASH_ESCAPES 0x100000 change lexing */
	uint64_t sql_mode;
	struct slice database;
	struct slice sql;
	struct query_status status; /* the session's */
};

struct xa_prepare {
	bool one_phase; /* XA COMMIT ... ONE PHASE: it is a commit */
	struct xid xid;
};

int format_description_read(
    struct slice body, struct format_description *out, struct err *err) MUST_USE;
int rotate_read(struct slice body, struct rotate *out, struct err *err) MUST_USE;
int heartbeat_read(const struct event *e, struct heartbeat *out, struct err *err) MUST_USE;
int gtid_event_read(const struct event *e, struct gtid_event *out, struct err *err) MUST_USE;
int mysql_gtid_event_read(
    const struct event *e, struct mysql_gtid_event *out, struct err *err) MUST_USE;
int gtid_list_event_read(
    struct arena *a, struct slice body, struct gtid_list_event *out, struct err *err) MUST_USE;
int xid_event_read(struct slice body, uint64_t *xid, struct err *err) MUST_USE;
int query_event_read(struct slice body, struct query_event *out, struct err *err) MUST_USE;
int xa_prepare_read(struct slice body, struct xa_prepare *out, struct err *err) MUST_USE;
/* The text of Annotate_rows (MariaDB) or Rows_query (MySQL). */
int annotate_read(const struct event *e, struct slice *sql, struct err *err) MUST_USE;

#endif
