/*
 * statements.h - GetStatements: the table that people read of what clients have run through the gates.
 */
#ifndef CLIENT_STATEMENTS_H
#define CLIENT_STATEMENTS_H

#include "rpc/statements.h"

enum { STATEMENTS_WIDTH = 100 }; /* bytes of a statement that are shown in a line */

/* At most that many statements, and as many spans. */
void statements_print(struct buf *out, const struct statements_record *r, int64_t limit);

#endif
