/*
 * sidecar.h - the sidecar database: where a server keeps what our streams and fences need.
 *
 * Each server has one, of a name of its own ("_switchyard" unless the keyspace was created with
 * another), and every name of a table in it is made by sidecar_table(). Clients' accounts have no
 * right there.
 *
 *   stream          target   one row per stream: how far it is (position.h)
 *   copy_state      target   one row per range of a table: how far its copy is (copy_state.h)
 *   heartbeat       source   one row per stream that copies: token; its event is the consistency point
 *   fence           both     one row per workflow and table: armed, attempt (fence.h)
 *   guard           target   one row per stream that is a way back (guard/guard.h)
 *   vdiff, vdiff_table   target   one row per comparison, and per table of it (compare/diff_rows.h)
 *   proof           target   one row per stream that is proven continuously (compare/proof_row.h)
 *   xa_rows         target   what prepared XA transactions of the source have changed (xa_rows.h)
 *   ddl             target   one row per statement of the source's that a stream has met (ddl_rows.h)
 *   run_part        target   one row per part of a run that is written in several transactions (run_parts.h)
 *   schema_version  both     one row: which form the others have. It is written last.
 *
 * A stream is known by its workflow and its round, which counts the directions that the workflow has
 * had: 1 forth, 2 back, 3 forth again. Rows of a time before rounds were counted are of round 1. A fence
 * is a workflow's: it stays from round to round.
 *
 * (1) sidecar_open() comes before any other use, by the one vttablet of the server (server_lock.h). A
 * database in order is only read, so a server that is read-only serves as it did.
 * (2) Without the version's row nothing has used the database yet: what is there of ours is made whole,
 * again and again after kills. What is not ours is refused by name, and left alone.
 * (3) Version 1, that of release 0.1, has no row and is called _vt, as Vitess's own is. Of a _vt
 * just the tables whose columns are exactly ours are taken over (sidecar_upgrade.c).
 * (4) Versions 2 to 8 are altered in place, each table by one statement; a table that has come so far
 * already is left. The row says so until all have.
 */
#ifndef TABLET_SERVER_SIDECAR_H
#define TABLET_SERVER_SIDECAR_H

#include "tablet/server/ddl.h"

enum { SIDECAR_VERSION = 9 };

/* A stream's rows in a server's sidecar database. Borrowed strings. */
struct stream_id {
	const char *sidecar, *workflow;
	int round;
};

/* "`_switchyard`.`stream`", appended */
void sidecar_table(struct buf *out, const char *sidecar, const char *table);
/* " WHERE workflow='w'", appended */
void sidecar_where(struct buf *out, const char *workflow);
/* The same, of one stream: " WHERE workflow='w' AND round=1" */
void sidecar_where_stream(struct buf *out, struct stream_id id);
/* "new_customer/users", and with " round 2" from the second on: for logs and errors */
void stream_id_print(struct buf *out, struct stream_id id);
/* For the names of locks and replicas, which have no room for a workflow's. Of round 1 that of its workflow
 * alone, as it was before rounds were counted. */
uint64_t stream_id_hash(struct stream_id id);

/* Makes the database and its tables, or brings them to SIDECAR_VERSION, or sees that they have it. Two at
 * once do no harm. ERR_REFUSED: somebody else's tables, a newer version, a right that is missing. */
int sidecar_open(struct ctx *cx, struct ddl *d, const char *sidecar) MUST_USE;

enum {
	SIDECAR_STREAM,
	SIDECAR_COPY_STATE,
	SIDECAR_HEARTBEAT,
	SIDECAR_FENCE,
	SIDECAR_GUARD,
	SIDECAR_VDIFF,
	SIDECAR_VDIFF_TABLE,
	SIDECAR_XA_ROWS,
	SIDECAR_PROOF,
	SIDECAR_DDL,
	SIDECAR_RUN_PART,
	SIDECAR_TABLES
};
/* "CREATE TABLE IF NOT EXISTS ..." of one of them, appended */
void sidecar_create_sql(struct buf *out, const char *sidecar, int table);
/* A column's number, which is its place in a row of a binlog. */
int sidecar_column_no(int table, const char *name);

/* ---- Between sidecar.c, sidecar_tables.c and sidecar_upgrade.c */

struct sidecar_column {
	const char *name, *type, *rest;
	const char *was; /* its type in version 1; NULL: the same */
	int since;       /* the version that has it first; 0: all have */
};

enum { SIDECAR_COLUMNS_MAX = 24, SIDECAR_ROUNDS_SINCE = 3 };

struct sidecar_table {
	const char *name, *keys;
	struct sidecar_column columns[SIDECAR_COLUMNS_MAX]; /* the last one is empty */
	int since;
};

/* What each has, and since when: a new table, or a new column, is a row there. */
extern const struct sidecar_table sidecar_tables[SIDECAR_TABLES];

#define SIDECAR_0_1 "_vt" /* what release 0.1 called it */

/* What is there under a table's name: a bit for each version whose columns it has exactly, or FORM_NONE. 0: a
 * table that is not ours. */
enum { FORM_NONE = 1 };
#define FORM_OF(version) (1u << (version))
#define FORM_OLD         FORM_OF(1)
#define FORM_NEW         FORM_OF(SIDECAR_VERSION)

struct sidecar_view {
	bool exists; /* the database */
	unsigned forms[SIDECAR_TABLES];
	const char *stranger; /* a table that is none of ours; NULL: none */
	const char *wrong;    /* a column that differs, "stream.phase"; NULL: none */
	int version;          /* 0: not written yet */
};

const char *sidecar_table_name(int table);
/* Takes over what release 0.1 has left in its database: all but the widening of columns. */
int sidecar_upgrade(
    struct ctx *cx, struct ddl *d, const char *sidecar, const struct sidecar_view *old) MUST_USE;

#endif
