/*
 * schema.h - a table's definition, as its server tells it, and what we make of it.
 *
 * Everything the copy and the stream need is read once from information_schema
 * and SHOW CREATE TABLE; hash identifies the definition (rule 9: a chunk compares
 * it in its own transaction).
 */
#ifndef TABLET_TABLE_SCHEMA_H
#define TABLET_TABLE_SCHEMA_H

#include "base/arena.h"
#include "binlog/column.h"
#include "mysql/client.h"
#include "tablet/table/foreign.h"

struct column {
	const char *name;
	struct column_type type;
	bool nullable, auto_increment, zerofill;
	bool old_format; /* temporal, kept in a form of old (mysql/dialect.h) */
	int key_index;   /* position in the primary key, or -1 */
};

struct index_def {
	const char *name;
	const char *clause; /* "UNIQUE KEY `email` (`email`)", for ALTER TABLE ... ADD */
	int first;          /* its first column */
	bool unique;
};

struct table_def {
	const char *database, *name;
	struct column *columns;
	int columns_count;
	int hidden_count; /* behind them in the binlog only (rows.h) */
	int *key;         /* columns of the primary key, in key order */
	int key_count;
	struct index_def *indexes; /* secondary ones */
	int indexes_count;
	struct foreign_key *foreign_keys; /* by which it refers to others, or to itself */
	int foreign_count;
	const char *create_sql;  /* SHOW CREATE TABLE, without AUTO_INCREMENT=n */
	const char *hash;        /* hex, of create_sql without the name and the foreign keys */
	uint64_t auto_increment; /* next value, 0: none */
	int64_t rows_estimate;   /* of the server's statistics: it may be far off */
	/* a column has such a type: for table_row_check(), table_row_unsayable() */
	bool rounds, enums;
	/* of no key column two values that differ are one to the index: none is a string whose
	 * collation says so */
	bool key_binary;
};

/* Reads database.table into cx->arena. ERR_NOT_FOUND when there is no such table; ERR_REFUSED with
 * a hint when it has what cannot be moved yet: a column type, generated column, no primary key, key
 * type, trigger, non-InnoDB engine, partitions with a hint, a view, a
 * sequence, system versioning; ERR_RETRY while it is altered. Names are quoted in the sentence. */
int schema_read(struct ctx *cx, struct mysql_client *c, const char *database, const char *table,
    struct table_def **out) MUST_USE;
/* Only the hash, inside the caller's transaction; ERR_CONFLICT when it is not def's (rule 9). */
int schema_same(struct ctx *cx, struct mysql_client *c, const struct table_def *def) MUST_USE;

struct create_table;
/*
 * Are the columns and the key those of SHOW CREATE TABLE? The catalogue answers with lists; the
 * definition is one value, which is whole or not there. Of a list that was cut short, rows and
 * definition of the target would lose the rest in silence. ERR_CORRUPT
 */
int schema_check_lists(
    const struct table_def *def, const struct create_table *create, struct err *err) MUST_USE;
/* ERR_REFUSED when a table at the target is not defined as its source; both hashes are
 * of the same kind (definition.h). */
int schema_check_hash(
    const struct table_def *def, const char *mine, const char *hash, struct err *err) MUST_USE;

#endif
