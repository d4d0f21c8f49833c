/*
 * mini_store.h - tables of rows in versions: snapshots, row locks, transactions.
 *
 * A row is known by its sort key: key columns as bytes that compare as the server's
 * collations do ('a', 'A' and 'a ' are one key of a case-insensitive, padding one).
 * Its versions hang from newest to oldest; a version is visible to a read view at
 * number N when its transaction became visible as number <= N. Numbers are those
 * of the binlog's GTIDs, so a snapshot "as of GTID 0-1-N" can be asked for at any
 * time later.
 *
 * A writer holds the lock of each row that it looked at to its end, also of
 * rows that are not there yet. Nothing here waits: who meets a lock of another
 * transaction gets MINI_BLOCKED and in txn->waits_for who holds it; the statement is
 * undone, and tried again from its beginning when a transaction has ended.
 *
 * Memory is given back when the store ends: worlds are small and short.
 */
#ifndef TESTS_SIM_MINI_STORE_H
#define TESTS_SIM_MINI_STORE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/list.h"

enum mini_kind { MINI_INT, MINI_TEXT_CI, MINI_BYTES };

enum { MINI_COLUMNS_MAX = 32, MINI_INDEXES_MAX = 6, MINI_PARTS_MAX = 4, MINI_FOREIGN_MAX = 3 };

struct mini_column {
	const char *name, *clause; /* "`id` int(11) NOT NULL" */
	enum mini_kind kind;
	int int_bytes;
	uint32_t length; /* characters or bytes */
	bool nullable, blob;
};

struct mini_index {
	const char *name, *clause; /* "UNIQUE KEY `u` (`u`,`t`(3))" */
	int columns[MINI_PARTS_MAX];
	uint32_t prefix[MINI_PARTS_MAX]; /* bytes that count; 0: all */
	int count;
	bool unique;
};

enum mini_action { MINI_RESTRICT, MINI_CASCADE, MINI_SET_NULL };

/* Of one column, to another one of the same database's table. */
struct mini_foreign {
	const char *name, *clause; /* "CONSTRAINT `f` FOREIGN KEY (`p`) REFERENCES ..." */
	const char *parent, *refers;
	int column;
	enum mini_action on_delete, on_update;
};

struct mini_txn;

struct mini_version {
	struct mini_version *older;
	uint64_t seq; /* 0: not visible yet, only to its writer */
	struct mini_txn *writer;
	const struct slice *values; /* NULL: there is no row */
};

struct mini_row {
	struct slice key;
	struct mini_version *newest;
	struct mini_txn *locked_by;
};

struct mini_table {
	struct list_node node;
	const char *database, *name, *options;
	struct mini_column columns[MINI_COLUMNS_MAX];
	int columns_count;
	struct mini_index key; /* its count 0: none, and rows are in the order in which they came */
	const char *key_clause; /* NULL: there is no primary key */
	struct mini_index indexes[MINI_INDEXES_MAX];
	int indexes_count;
	struct mini_foreign foreign[MINI_FOREIGN_MAX];
	int foreign_count;
	uint64_t rows_made;     /* where there is no key */
	struct mini_row **rows; /* by key */
	size_t count, cap;
	uint64_t number; /* of table maps */
};

struct mini_store {
	struct arena arena;
	struct list tables;
	uint64_t visible; /* the newest number that is visible */
	uint64_t next_table;
};

/* MINI_TOUCH: the table is told, and no row. */
enum mini_change_kind { MINI_INSERT, MINI_UPDATE, MINI_DELETE, MINI_TOUCH };

/* What a transaction did to a row, for the binlog. */
struct mini_change {
	enum mini_change_kind kind;
	const struct mini_table *table;
	const struct slice *before, *after;
	bool unchecked; /* by a session that checks no foreign keys */
};

struct mini_txn {
	struct mini_store *store;
	bool begun;    /* by BEGIN; else each statement is one */
	bool snapshot; /* reads see view */
	uint64_t view;
	uint64_t logged;          /* its number in the binlog; 0: not there yet */
	struct mini_row **writes; /* one for each version made, in order */
	size_t writes_count, writes_cap;
	struct mini_row **locks;
	size_t locks_count, locks_cap;
	struct mini_change *changes;
	size_t changes_count, changes_cap;
	struct mini_txn *waits_for;
	bool unchecked; /* its session checks no foreign keys */
	int silent;     /* > 0: what is done now is not for the binlog */
};

enum mini_rc { MINI_OK, MINI_BLOCKED, MINI_DUPLICATE, MINI_NO_PARENT, MINI_HAS_CHILD };

void store_init(struct mini_store *s);
void store_done(struct mini_store *s);
struct mini_table *store_find(const struct mini_store *s, struct slice database, struct slice name);
/* At the end of its columns and key being filled in. */
void store_add(struct mini_store *s, struct mini_table *t);
void store_drop(struct mini_store *s, struct mini_table *t);
int table_column(const struct mini_table *t, struct slice name); /* -1: none */

/* A value's bytes in the order of its column; a NULL is an empty one before all. */
void sort_bytes(struct buf *out, const struct mini_column *c, struct slice value);
/* Equal in a unique index, where NULLs never are. */
bool index_equal(const struct mini_table *t, const struct mini_index *index, const struct slice *a,
    const struct slice *b);
bool sort_equal(const struct mini_column *c, struct slice a, struct slice b);
void table_key(struct buf *out, const struct mini_table *t, const struct slice *values);
/* The row of the key, or NULL; *at: where it is or belongs. */
struct mini_row *table_find(const struct mini_table *t, struct slice key, size_t *at);

void txn_init(struct mini_txn *txn, struct mini_store *s);
void txn_done(struct mini_txn *txn);
/* What a reader of this transaction sees at the number; its own writes always. NULL: no row. */
const struct slice *row_at(const struct mini_row *r, const struct mini_txn *txn, uint64_t seq);
/* As of the number in the binlog, whether visible by now or not. */
const struct slice *row_logged(const struct mini_row *r, uint64_t seq);
/* The present one, for writers and locking reads: row is locked. */
enum mini_rc row_lock(struct mini_txn *txn, struct mini_row *r, const struct slice **values);
/* Locks the place of values' key and writes them; old: whether a row of that key may be
 * there, and what it was. */
enum mini_rc txn_insert(struct mini_txn *txn, struct mini_table *t, const struct slice *values);
enum mini_rc txn_delete(struct mini_txn *txn, struct mini_table *t, struct mini_row *r);
/* Also changes keys. */
enum mini_rc txn_update(
    struct mini_txn *txn, struct mini_table *t, struct mini_row *r, const struct slice *values);
/* A row that has these values in the index's columns: locked. *found: before, one that is passed over; NULL:
 * there is none. */
enum mini_rc txn_find(struct mini_txn *txn, struct mini_table *t, const struct mini_index *index,
    const struct slice *values, struct mini_row **found);
void txn_touch(struct mini_txn *txn, struct mini_table *t);
/* The row that stands in values' way, by its primary key or a unique one: locked. *found NULL:
 * none. */
enum mini_rc txn_conflict(struct mini_txn *txn, struct mini_table *t, const struct slice *values,
    const struct mini_row *self, struct mini_row **found);

/* Undoes writes behind the first ones; locks stay. */
void txn_undo(struct mini_txn *txn, size_t writes, size_t changes);
/* What it wrote is visible as number seq (0: to nobody: undone); locks are free; begun no more. */
void txn_end(struct mini_txn *txn, uint64_t seq);
struct slice *values_dup(
    struct mini_store *s, const struct mini_table *t, const struct slice *values);

#endif
