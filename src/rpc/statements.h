/*
 * statements.h - what the gates have seen of their clients' statements: one record, of a loop, a gate or
 * all gates.
 *
 *   vtctld -> vtgate         POST /gate/statements   struct statements_request -> struct statements_record
 *   vtctlclient -> vtctld    POST /api/get_statements
 *
 * A statement is known by its fingerprint (sql/fingerprint.h), in which every literal is a "?", and by
 * the tables that it names, each as its clients call it. Two loops or two gates that have seen the same one
 * are added up by statements_merge(): of loops it makes a gate's record, of gates the cluster's.
 *
 * What is kept is bounded, and what was left out is counted: a statement that is in no record may have
 * run all the same. An empty record says that nothing was seen, not that there is nothing.
 *
 * An example: of two loops, of which one had no room for a statement any more.
 *
 *     loop 1   select * from t where id = ?   customer.t   count 3      left 0, left_count 0
 *     loop 2   select * from t where id = ?   customer.t   count 4      left 1, left_count 9
 *     gate     select * from t where id = ?   customer.t   count 7      left 1, left_count 9     count 16
 */
#ifndef RPC_STATEMENTS_H
#define RPC_STATEMENTS_H

#include "base/parse.h"
#include "topo/message.h"

#include <stdbool.h>

enum {
	STATEMENTS_MAX =
	    1024, /* of one record: some 2 MB as JSON, within HTTP_BODY_MAX at their longest */
	STATEMENTS_SPANS_MAX = 512,
	LATENCY_BUCKETS = 24, /* below 64 us, 128 us, ... 134 s, and all above that */
	LATENCY_FIRST_US = 64,
};

/* So many statements took less than that, and no less than the bucket before says. */
struct latency_bucket {
	int64_t below_us; /* 0: the last one has no bound */
	int64_t count;
};

struct statement_digest {
	const char *text;    /* the fingerprint, cut to a bound */
	const char **tables; /* "customer.users", as in topo/name.h; sorted, each once */
	size_t tables_count;
	bool more_tables; /* it names more than are kept */
	int64_t count, errors;
	int64_t rows;             /* sent to clients, or changed */
	int64_t ago_us;           /* since it was last met */
	int64_t total_us, max_us; /* from the command to the end of its answer, waiting included */
	struct latency_bucket *latency; /* those that are not empty */
	size_t latency_count;
};

/* Tables that transactions have named together: two at least, of those that a move could tear apart. */
struct table_span {
	const char **tables; /* as above */
	size_t tables_count;
	bool more_tables;
	int64_t count;  /* of the transactions */
	int64_t ago_us; /* since the last of them ended */
};

struct statements_record {
	int64_t since_us;    /* wall clock: what happened before it was not seen; the earliest */
	int64_t seen_us;     /* for so long; the longest */
	int64_t youngest_us; /* the shortest: a gate that has just started has seen little */
	int64_t gates;
	const char **silent; /* gates that were asked and did not answer */
	size_t silent_count;
	int64_t count; /* statements of all, also of those that were left out */
	int64_t left,
	    left_count; /* fingerprints for which there was no room any more, and their statements */
	int64_t left_spans;
	struct statement_digest *statements; /* the most frequent first */
	size_t statements_count;
	struct table_span *spans;
	size_t spans_count;
};

struct statements_request {
	const char *keyspace; /* only what names a table of it; "": all */
};

extern const struct message statements_record_message, statements_request_message;

/* Adds up; strings stay where they are, all else is in the arena. */
void statements_merge(struct arena *a, const struct statements_record *const *all, size_t count,
    struct statements_record *out);
/* Which of the LATENCY_BUCKETS. */
int latency_bucket_of(usec time);
int64_t latency_below(int bucket);
/* The time that so many thousandths of the statements stayed below, as the buckets tell: the bound of the
 * one that it falls into, or max_us where that is less. */
int64_t statement_quantile_us(const struct statement_digest *d, int thousandths);

#endif
