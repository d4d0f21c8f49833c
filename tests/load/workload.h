/*
 * workload.h - one client: a thread that writes its own rows and remembers what was acknowledged.
 *
 * The rows of the table belong to the clients by id modulo their number; new
 * ids below the ceiling likewise, and an id that the server chose belongs to
 * the client that it was answered to. So no two clients write one row, every
 * read of an own row has one right answer, and rows are locked in key order:
 * a deadlock or a lock wait timeout is never the clients' doing.
 */
#ifndef LOAD_WORKLOAD_H
#define LOAD_WORKLOAD_H

#include "baseline.h"
#include "journal.h"
#include "link.h"
#include "orders.h"

/* Explicit ids lie between the last id at the start and the ceiling,
    where one row keeps AUTO_INCREMENT above
 * them; a gap of a million lasts a busy hour, after which only deleted ids are used again. */
enum { CEILING_GAP = 1000000 };
enum { SQL_MAX = 3000 }; /* a row's text, every byte escaped, with room */

struct workload {
	pthread_t thread;
	int no;
	const struct settings *set;
	const struct baseline *base;
	struct link link;
	FILE *journal;
	struct orders orders;
	struct userrow *rows; /* own rows, those deleted too */
	size_t count, cap;
	uint64_t next_id, ceiling, first_token, tokens, random;
	uint64_t writes, reads, transactions, unknown;
	struct reply reply;
	char sql[SQL_MAX];
};

int workload_start(struct workload *w, int no, const struct settings *set,
    const struct baseline *base, const struct steering *steering);
void workload_join(struct workload *w);
/* The row at the ceiling, written and journaled before the clients start. */
int workload_put_ceiling(MYSQL *my, const struct settings *set, const struct baseline *base);
uint64_t workload_ceiling(const struct baseline *base);

#endif
