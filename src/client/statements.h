/*
 * statements.h - GetStatements: the table that people read of what clients have run through the gates.
 */
#ifndef CLIENT_STATEMENTS_H
#define CLIENT_STATEMENTS_H

#include "rpc/statements.h"

enum { STATEMENTS_WIDTH = 100 }; /* bytes of a statement that are shown in a line */

/* At most limit statements, and as many spans, in the order they have in r. Appended to out; nothing is
 * asked. First come the words that say how much of the truth it is: gates that did not answer, kinds that
 * are not kept any more. */
void statements_print(struct buf *out, const struct statements_record *r, int64_t limit);

#endif
