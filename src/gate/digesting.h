/*
 * digesting.h - a client's statement, from its command to the end of its answer, as the digests keep it.
 *
 *     digesting_begin(&d, s, q);
 *     rc = ...                          the statement runs; an EXECUTE is its inner statement alone
 *     digesting_end(&d, s, rc != 0);
 *
 * What is no statement on data is left out: what begins and ends transactions, USE, and PREPARE and its like,
 * whose inner statements are met by themselves. The text is read before the statement runs, since what the
 * client sends next may take its place.
 */
#ifndef GATE_DIGESTING_H
#define GATE_DIGESTING_H

#include "gate/attempt.h"

struct digesting {
	bool kept;             /* it is a statement that is counted */
	struct digest *digest; /* NULL: there was no room for it */
	usec begun;
};

void digesting_begin(struct digesting *d, struct session *s, const struct request *q);
/* failed: it has ended with the connection. */
void digesting_end(struct digesting *d, struct session *s, bool failed);

#endif
