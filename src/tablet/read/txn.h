/*
 * txn.h - a source transaction as row images: what the tail hands on.
 *
 * It owns its bytes: changes, keys and values point into its arena and are gone with source_txn_free(). Who
 * is handed one owns it. A transaction that changes no moved table comes as one without changes, or not at
 * all: then only its end is of use.
 */
#ifndef TABLET_READ_TXN_H
#define TABLET_READ_TXN_H

#include "sql/repeat.h"
#include "tablet/server/position.h"
#include "tablet/table/moved_table.h"

enum change_kind { CHANGE_INSERT, CHANGE_UPDATE, CHANGE_DELETE };

/* One row's change; values as in binlog/column.h, in table order. */
struct change {
	enum change_kind kind;
	int table;                    /* index into the stream's tables */
	struct slice *before, *after; /* NULL where there is none */
	/* canonical bytes; SLICE_NULL where there is none, and both in a strict table */
	struct slice key_before, key_after;
	/* Foreign keys have changed nothing beside it: its session checked none, or what they have changed is
	 * here as well (table/cascade.h). */
	bool unchecked;
};

/*
 * What becomes of an XA transaction's rows (rule 2). KEPT: one that is prepared, in pieces, each a fragment
 * without changes. ENDED: it is committed (its changes are here) or rolled back, with the last fragment.
 */
enum xa_step { XA_NONE, XA_KEPT, XA_ENDED };

/*
 * A statement that changes one of the tables, met at its place in the order of the source. It comes as a
 * transaction of its own without changes, and the tail's last: what follows is to be read by the tables'
 * definitions behind it.
 */
struct txn_ddl {
	int table; /* index into the stream's tables */
	enum table_change change;
	bool rows_stay;         /* it changes no row (sql/repeat.h) */
	struct slice statement; /* as the source ran it, in its client's character set */
	struct slice repeated;  /* the same with the names that its tables have at the target */
	struct slice session;   /* "SET ..." that makes a session as the one that it ran in */
	bool several;           /* it changes another table of the stream too */
	const char *why_not;    /* it cannot be run there, as what follows "it ..."; "" */
};

/* One source transaction, or a fragment of one that spilled: they come in order, last is set on the
 * final one, and only then end is a position that may be stored. */
struct source_txn {
	struct arena arena; /* owns what changes point to */
	struct change *changes;
	size_t count;
	bool strict; /* one of them is of a strict table, or may change rows of one (moved_tables.ordered) */
	size_t bytes; /* memory, for bounds */
	bool first, last;
	struct position end;
	bool by_stream;      /* of a guard's tail: it has the row of its stream */
	struct slice deltas; /* and these there, with the last fragment (deltas.h); SLICE_NULL: none */
	int64_t committed_s;   /* the source's clock, seconds since 1970 */
	char heartbeat[64];    /* token of this workflow's heartbeat row in it, or "" */
	struct slice prepared; /* the XA transactions prepared at end: xids.h */
	enum xa_step xa;
	struct slice xid; /* of xa, as xid_print() writes it */
	bool by_xa;       /* its changes were prepared: XA COMMIT */
	int piece_no;     /* of what is kept, from 0 */
	struct slice piece;
	const struct txn_ddl *ddl; /* in the arena; NULL mostly */
};

/* One that stores nothing but its end. */
bool source_txn_is_position(const struct source_txn *txn);

struct source_txn *source_txn_new(void);
void source_txn_free(struct source_txn *txn);

#endif
