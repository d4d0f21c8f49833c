/*
 * foreign.h - a foreign key as SHOW CREATE TABLE prints it, and the SQL that brings it to the target.
 *
 *   CONSTRAINT `fk` FOREIGN KEY (`a`, `b`) REFERENCES `parent` (`x`, `y`) ON DELETE SET NULL
 *
 * A server lists a table's foreign keys in the order of their names, so that the order in which they
 * are made leaves no trace. What their actions change (CASCADE, SET NULL) InnoDB writes into no binlog.
 */
#ifndef TABLET_TABLE_FOREIGN_H
#define TABLET_TABLE_FOREIGN_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "tablet/table/table_set.h"

#include <stdbool.h>

struct foreign_key {
	const char *name;
	const char *database, *table;   /* that it refers to */
	const char **columns, **refers; /* columns here, and there: count of each */
	int count;
	const char *actions; /* " ON DELETE CASCADE", as printed; "" */
	bool cascades;       /* one of them changes or deletes rows */
};

/* Where a key is to be, or is. */
struct foreign_place {
	const char *database, *table, *parent; /* both tables are in the database */
};

/* database: of the table whose clause it is. Everything points into the arena. ERR_CORRUPT when the
 * clause does not look as above. */
int foreign_read(struct arena *a, const char *database, struct slice clause,
    struct foreign_key *out, struct err *err) MUST_USE;

/* Texts of SQL, appended. */
/* The clause, with another text for the name of the table that it refers to. */
void foreign_add_clause(struct buf *out, const struct foreign_key *k, const char *parent);
/* "ALTER TABLE `d`.`child` ADD CONSTRAINT ..." */
void foreign_sql_add(struct buf *out, const struct foreign_key *k, const struct foreign_place *p);
/* The columns (quoted, of table "c") of one row without the row that it refers to; none: the key holds. */
void foreign_sql_orphan(struct buf *out, const struct foreign_key *k, const struct foreign_place *p,
    const char *columns);

#endif
