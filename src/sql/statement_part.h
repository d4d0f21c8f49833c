/*
 * statement_part.h - what statement_read.c lends to the reader of whole programs.
 */
#ifndef SQL_STATEMENT_PART_H
#define SQL_STATEMENT_PART_H

#include "sql/reader.h"

/* Reads one statement from its first word; r->unclear when it is not understood. */
void statement_part(struct reader *r);
/* Adds every identifier of the text as TABLE_UNCLEAR, with what stands before its dot. For a part that
 * was not understood: a list that is too long makes the caller refuse a statement that it could have run,
 * one that is too short would lose a table. */
void statement_identifiers(struct reader *r);

#endif
