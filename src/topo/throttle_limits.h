/*
 * throttle_limits.h - how much a move may ask of its servers while it copies.
 *
 * Beside the options of a workflow's record, in its stream's row, and in the requests between them: one value
 * that is set, compared and shown as a whole. Zero, "" and NULL: no such limit.
 */
#ifndef TOPO_THROTTLE_LIMITS_H
#define TOPO_THROTTLE_LIMITS_H

#include "topo/message.h"

#include <stdbool.h>

/* longer than any question that a server is to be asked each second */
enum { THROTTLE_QUERY_MAX = 4000 };

struct throttle_limits {
	int64_t rows;      /* a second, of all tables of the move together */
	uint64_t bytes;    /* the same, as the rows travel */
	int64_t threads;   /* Threads_running, of either server */
	int64_t history;   /* Innodb_history_list_length, of either server */
	const char *query; /* asked at the source: 0 or no row means go on */
};

extern const struct message throttle_limits_message;

bool throttle_limits_same(const struct throttle_limits *a, const struct throttle_limits *b);
/* Of a request that somebody made by hand, too. ERR_REFUSED: a number below 0, or a query that is longer than
 * THROTTLE_QUERY_MAX. */
int throttle_limits_check(const struct throttle_limits *l, struct err *err) MUST_USE;
/* "Threads_running=25,Innodb_history_list_length=1000000", as --max-load has it; "" takes both limits away.
 * Names in any case. ERR_REFUSED: another name, or no number of 1 or more. */
int throttle_limits_read_load(
    const char *text, struct throttle_limits *out, struct err *err) MUST_USE;
/* The same text of what is set; "": nothing is. */
void throttle_limits_print_load(struct buf *out, const struct throttle_limits *l);
/* For people: "1000 rows/s, 2M/s, Threads_running=25, query SELECT ..."; nothing where there is no limit. */
void throttle_limits_print(struct buf *out, const struct throttle_limits *l);

#endif
