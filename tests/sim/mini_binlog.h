/*
 * mini_binlog.h - the binlog of a small server: real files of real events, in MariaDB's format.
 *
 * A file begins with its magic number, a format description and the list of GTIDs
 * before it. A transaction is a group: Gtid, Table_map and row events, Xid. What a
 * crash leaves has no Rotate at its end. Every event has a CRC32.
 */
#ifndef TESTS_SIM_MINI_BINLOG_H
#define TESTS_SIM_MINI_BINLOG_H

#include "sim/mini_store.h"

enum { MINI_SERVER_ID = 1, MINI_FILES_MAX = 64, MINI_FILE_NAME = 32 };

/* Behind which byte of a file a group ended, or its head. */
struct mini_mark {
	uint64_t offset, seq;
};

struct mini_file {
	char name[MINI_FILE_NAME];
	struct buf bytes;
	struct mini_mark *marks;
	size_t marks_count, marks_cap;
};

struct mini_binlog {
	struct mini_file files[MINI_FILES_MAX];
	int count;
	uint64_t seq; /* of the last group */
};

void binlog_init(struct mini_binlog *b);
void binlog_done(struct mini_binlog *b);
/* A new file; clean: the old one ends with a Rotate. */
void binlog_rotate(struct mini_binlog *b, bool clean);
struct mini_file *binlog_last(struct mini_binlog *b);
/* Writes a transaction as the next group. */
void binlog_add(
    struct mini_binlog *b, const struct mini_change *changes, size_t count, uint32_t timestamp);
/* A statement that is a group by itself. */
void binlog_add_statement(
    struct mini_binlog *b, const char *database, struct slice sql, uint32_t timestamp);
/* The newest file that has the place behind that group, and the place; false when none has. */
bool binlog_find(const struct mini_binlog *b, uint64_t seq, int *file, uint64_t *offset);

/* What a sender makes up: not in any file. */
void binlog_fake_rotate(struct buf *out, const char *file, uint64_t offset);
/* The GTIDs before a place, where events were stepped over. */
void binlog_fake_list(struct buf *out, uint64_t seq, uint64_t offset);
void binlog_heartbeat(struct buf *out, const char *file, uint64_t offset);
/* The format description of a file, as the sender repeats it before a later place. */
void binlog_format(struct buf *out, const struct mini_file *f);
/* The event at an offset. */
struct slice binlog_event(const struct mini_file *f, uint64_t offset);

#endif
