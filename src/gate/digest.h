/*
 * digest.h - what the statements of one loop's clients have cost, and which tables its transactions span.
 *
 * Kept always, and cheap: a statement that the loop has read before (sql/statement_cache.h) is found by its
 * number, without looking at its text. One that was not is found by its fingerprint and its tables. Literals
 * are never kept: a fingerprint has none.
 *
 *   statement                                     digest
 *   SELECT name FROM users WHERE id = 17          select name from users where id = ?, tables customer.users
 *   the same with 18, in the same keyspace        found by its number: count 2
 *   the same in keyspace archive                  another digest: tables archive.users
 *
 * Tables are named as clients do. In a session that has made temporary tables those are left out, and the
 * statement's tables are looked at each time.
 *
 * A span is the set of tables that one transaction has named, two at least, where a move of some of them
 * would end such a transaction. So two kinds are left out when they have only read: those that keep no
 * snapshot go on at another server, and those WITH CONSISTENT SNAPSHOT have one at each server
 * (snapshot.h).
 *
 * Bounds. Of DIGESTS_MAX digests (DIGEST_SPANS_MAX spans) the least used quarter leaves when there is no
 * room: those that were met least since the last such time, where what was before counts half. Those that
 * leave are counted; none that is under way leaves. With more than DIGEST_NAMES_MAX tables everything begins
 * anew, and so does the time since when it is kept.
 *
 * Belongs to one loop. Others get a copy: digests_copy(), made there.
 */
#ifndef GATE_DIGEST_H
#define GATE_DIGEST_H

#include "gate/temporary.h"
#include "rpc/statements.h"
#include "sql/statement.h"

enum {
	DIGESTS_MAX = STATEMENTS_MAX, /* at most some 1.7 MB of one loop */
	DIGEST_SPANS_MAX = STATEMENTS_SPANS_MAX,
	DIGEST_TEXT_MAX = 1024, /* bytes of a fingerprint, as servers have it (max_digest_length) */
	DIGEST_TABLES_MAX = 32, /* of one statement */
	DIGEST_NAMES_MAX = 8192, /* tables of all statements: some 1 MB */
	TOUCHED_MAX = 16,        /* tables of one transaction */
};

struct digests;

/* The tables of a session's transaction. All zero: none. */
struct touched {
	uint32_t begun; /* which digests gave the numbers: they may have begun anew */
	uint8_t count;
	bool more;
	uint32_t tables[TOUCHED_MAX]; /* ascending */
};

/* What a client has asked for. */
struct digest_statement {
	const struct statement *statement;
	struct slice sql, keyspace;               /* that its names are of; SLICE_NULL: none */
	unsigned modes;                           /* of sql_mode, for the lexer */
	const struct temporary_tables *temporary; /* the session's */
	bool prepared; /* its number is its own, with its keyspace; a text's is that of all of its shape */
};

/* What came of it. */
struct digest_outcome {
	usec took;
	uint64_t rows;
	bool failed;
};

struct digest;

struct digests *digests_new(usec now);
/* None is under way. */
void digests_free(struct digests *d);
/* A statement begins; the arena is for scratch. What is returned stays until digests_done(), which must
 * follow. NULL: there is no room for it. */
struct digest *digests_begin(
    struct digests *d, struct arena *scratch, const struct digest_statement *s);
/* It is over. touched: of the transaction that it was a part of; NULL: of none. */
void digests_done(struct digests *d, struct digest *one, const struct digest_outcome *outcome,
    struct touched *touched);
/* The transaction is over: keeps it as a span if it is one. */
void digests_transaction(struct digests *d, struct touched *touched);
/* Forgets what the transaction has named: it is none that a move could end. */
void touched_forget(struct touched *touched);

/* What is kept now, copied into the arena. */
void digests_copy(const struct digests *d, struct arena *a, const struct statements_request *what,
    struct statements_record *out);

#endif
