/*
 * tail_ddl.h - DDL on a moved table, as the tail hands it on: what it is, and how it reads at the target.
 */
#ifndef TABLET_READ_TAIL_DDL_H
#define TABLET_READ_TAIL_DDL_H

#include "tablet/read/tail_query.h"
#include "tablet/read/txn.h"

/* Of a statement that is TAIL_QUERY_DDL for that table: a transaction that has it, without its end. seconds:
 * when it began, by the source's clock. */
struct source_txn *tail_ddl_make(
    const struct query_event *q, uint32_t seconds, const struct moved_tables *tables, int table);

#endif
