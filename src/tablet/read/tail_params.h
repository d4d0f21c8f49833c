/*
 * tail_params.h - what a tail is given (tail.h).
 */
#ifndef TABLET_READ_TAIL_PARAMS_H
#define TABLET_READ_TAIL_PARAMS_H

#include "tablet/read/kept.h"
#include "tablet/read/settling.h"
#include "tablet/read/txn.h"

struct tail_params {
	struct mysql_params source;        /* as vt_stream, its ROLE_STREAM */
	struct stream_id id;               /* of our heartbeat, at the source */
	const struct moved_tables *tables; /* each table map is checked against their definitions */
	struct position start;             /* borrowed, by tail_open() alone */
	/* Of start the GTIDs are known: file and offset are a place that is not before it, and the tail
	 * begins where the server finds it. */
	bool start_is_sought;
	struct slice prepared; /* there: XA transactions (xids.h); those with rows are in kept */
	/* Whose rows are handed on when they end; it goes on with the tail. NULL: an XA PREPARE of rows of
	 * ours stops it by name. */
	struct kept *kept;
	/* Nobody has read a row before this place: so up to there the COMMIT of one that is not known changes
	 * nothing. */
	struct position known;
	/* No XA transaction that was prepared before start has rows of the tables, which nobody could
	 * write then: so the COMMIT of one that is not known changes nothing here. */
	bool none_prepared;
	/* It reads the server that the stream writes: the stream's own transactions are marked (txn.h), and
	 * the statement that sets a table's next AUTO_INCREMENT value changes nothing. */
	bool guards;
	/* DDL of a moved table comes as a transaction (txn_ddl), the last one; else it is an error,
	 * by name. */
	bool hands_ddl;
	bool ddl_alone;     /* rows of the tables are passed over, and their definitions not used */
	uint32_t server_id; /* unique at the source for our COM_REGISTER_SLAVE */
	const char *spill_dir;
};

#endif
