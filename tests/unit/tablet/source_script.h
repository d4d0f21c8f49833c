/*
 * source_script.h - a scripted source: a fake server whose binlog the test writes event by event.
 *
 * Events are made as MariaDB makes them, without checksums, in a file "bin.000001"
 * from offset 400 on. Every dump is sent all that the script has, from behind
 * the GTID asked for or from an offset, and waits for more.
 */
#ifndef TESTS_UNIT_TABLET_SOURCE_SCRIPT_H
#define TESTS_UNIT_TABLET_SOURCE_SCRIPT_H

#include "binlog/control.h"
#include "fake/fakemysql.h"
#include "tablet/read/txn.h"

enum { SCRIPT_START = 400 };

struct source_script {
	struct fake *fake;
	struct buf events; /* each: length 4, event */
	uint32_t offset;   /* behind the last one */
	uint64_t seq;      /* of the last GTID 0-1-seq */
	struct waitlist more;
	/* The number of the one GTID that it says lies before the place; 0: the one asked for. */
	uint64_t says_seq;
	const char *refusal;        /* of a dump by GTIDs, with error 1236; NULL: none */
	const char *offset_refusal; /* the same of one by file and offset */
	uint64_t sought;            /* of the GTID asked for: the fake does not show it of a dump */
	char asked[60];             /* of the last dump */
	int dumps, offset_dumps;    /* by GTIDs, and by file and offset */
	bool closing;               /* the dumps end once they have sent all */
};

void script_start(struct source_script *s, const char *address);
void script_stop(struct source_script *s);
void script_add(struct source_script *s, uint8_t type, struct slice body);

/* GTID 0-1-(next) with these flags; with one of XA the xid is X'41',X'41',1. */
void script_gtid(struct source_script *s, int flags);
/* XA PREPARE of that xid, in its group. */
void script_xa_prepare(struct source_script *s);
void script_xid(struct source_script *s);
void script_query(struct source_script *s, const char *database, const char *sql);
/* Table 7 is `db`.`t` (id INT, v VARCHAR(200) latin1). */
void script_map(struct source_script *s, uint64_t id, const char *database, const char *table);
/* An insert of (id, v) into table number 7, v of len 'x' when it is NULL. */
void script_insert(struct source_script *s, int id, const char *v);
void script_delete(struct source_script *s, int id, const char *v);
void script_update(struct source_script *s, int id, const char *v, int new_id, const char *new_v);
/* A whole transaction that inserts (id, v). */
void script_txn(struct source_script *s, int id, const char *v);
/* All that waits for more looks again. */
void script_wake(struct source_script *s);

/* db.t as the tablet knows it. */
extern struct table_def script_table;
struct position script_position(void); /* where the script begins: GTID 0-1-0 */

#endif
