/*
 * orders.h - clients that write two tables joined by a foreign key, one transaction after another.
 *
 *   orders (id, client, seq, total)   id AUTO_INCREMENT
 *   order_lines (order_id, line, amount), order_id REFERENCES orders (id)
 *
 * Each order has one to ORDER_LINES_MAX lines, inserted behind it in its transaction, and total is the sum of
 * their amounts. What they are is a function of (client, seq). No order is changed or deleted later.
 * orders-N.journal begins with "F seq", behind which this run begins, and has one line for each COMMIT:
 * "S seq id" when it was acknowledged, "U seq id" without an answer. So of every order that is there, and of
 * each that should be, all is known.
 */
#ifndef LOAD_ORDERS_H
#define LOAD_ORDERS_H

#include "link.h"
#include "verify.h"

#include <stdio.h>

enum { ORDER_LINES_MAX = 4 }; /* more than one lock, and still short */

struct orders {
	int client;
	uint64_t first, seq; /* of this run: unlike those of an earlier one on the same tables */
	FILE *journal;
	uint64_t acknowledged, unknown;
};

/* -1 with a sentence on stderr. */
int orders_init(struct orders *o, const struct settings *set, int client);
void orders_done(struct orders *o);
/* One order; then, at times, a look at the one before. */
void orders_write(struct orders *o, struct link *l);
/* Adds what is wrong with the two tables to v. -1: it could not be read. */
int orders_verify(const struct settings *set, MYSQL *my, struct verdict *v);

#endif
