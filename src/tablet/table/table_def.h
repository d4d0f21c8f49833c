/*
 * table_def.h - what a table is: its columns, its key, its definition. schema.h reads it.
 */
#ifndef TABLET_TABLE_TABLE_DEF_H
#define TABLET_TABLE_TABLE_DEF_H

#include "base/arena.h"
#include "binlog/column.h"
#include "tablet/table/foreign.h"

struct column {
	const char *name;
	/* its type, as the catalogue says it: "enum('a','b')"; between flavours as the common form does */
	const char *told;
	struct column_type type;
	bool nullable, auto_increment, zerofill;
	bool old_format;       /* temporal, kept in a form of old (mysql/dialect.h) */
	int key_index;         /* position in the key, or -1 */
	bool system_time;      /* of a versioned table: when a row began or ended */
	const char *collation; /* NULL: it has none */
};

struct index_def {
	const char *name;
	const char *clause; /* "UNIQUE KEY `email` (`email`)", for ALTER TABLE ... ADD */
	int first;          /* its first column */
	bool unique;
	bool is_key; /* it stands in for a primary key (key.h) */
};

struct position;

struct table_def {
	const char *database, *name;
	/* Its copy has begun anew there, in the binlog of the server that it moves from: what lies before
	 * that is in the copy. NULL: it has not. Whoever follows it says so (stream/definitions.h). */
	const struct position *copied_from;
	struct column *columns;
	int columns_count;
	/* It is system versioned: a row for each change of one, and the first of these two columns says when
	 * that began, the other when it ended. The server says them of one that has none in its definition:
	 * unnamed, behind the others. */
	bool versioned, unnamed_times;
	int row_start, row_end;
	int hidden_count; /* behind them in the binlog only (rows.h) */
	const char *key_name; /* of the index that is the key (key.h): "PRIMARY" or a unique one's; "" */
	int *key;      /* its columns, in key order; of a primary key that cannot be one, none */
	int key_count; /* 0: none tells its rows apart, see table_def_is_strict() */
	const char *key_flaw;      /* then: why, as the predicate of "table 't'" */
	struct index_def *indexes; /* all but the primary key */
	int indexes_count;
	struct foreign_key *foreign_keys; /* by which it refers to others, or to itself */
	int foreign_count;
	/* They change rows of it, of which its server's binlog may have nothing (cascade.h): it is strict. */
	bool silent;
	const char *engine;     /* of one without transactions (engine.h); NULL: InnoDB */
	const char *collation;  /* what it says of columns that say nothing */
	const char *create_sql; /* SHOW CREATE TABLE, without AUTO_INCREMENT=n */
	bool common;            /* the server at the other end is of another flavour */
	/* How the other end is to define it: create_sql, or where that is common, its common form. Indexes
	 * and foreign keys are taken from it. */
	const char *told_sql;
	const char *hash;        /* hex, of told_sql without the name and the foreign keys */
	uint64_t auto_increment; /* next value, 0: none */
	int64_t rows_estimate;   /* of the server's statistics: it may be far off */
	/* a column has a type that does not keep each of its values, or that has one without words: for
	 * table_row_check(), table_row_unsayable() */
	bool checked, enums;
	/* it has a key WITHOUT OVERLAPS: its server takes no REPLACE and no ON DUPLICATE KEY UPDATE then, and
	 * which rows are in one another's way is not told by one value of them */
	bool overlaps;
	/* of no key column two values that differ are one to the index: none is a string whose
	 * collation says so */
	bool key_binary;
	int primary_first; /* of a primary key, whether it can be the key or not; -1 */
};

/* Without a key, or with one that is of no use (silent), its rows can only be told by all of their values,
 * of which several may have the same: it is copied in one view, and its changes are written one by one, in
 * the order of the source. */
static inline bool
table_def_is_strict(const struct table_def *def)
{
	return def->key_count == 0;
}

/* It is strict from here on; flaw says why, as key_flaw. */
static inline void
table_def_forget_key(struct table_def *def, const char *flaw)
{
	for (int i = 0; i < def->key_count; i++)
		def->columns[def->key[i]].key_index = -1;
	def->key_count = 0;
	def->key_flaw = flaw;
}

/* Are rows of one read and written as rows of the other: the same columns, of the same types, in one
 * order? What else they are (indexes, defaults) may differ. */
static inline bool
table_def_same_rows(const struct table_def *a, const struct table_def *b)
{
	if (a->columns_count != b->columns_count)
		return false;
	for (int i = 0; i < a->columns_count; i++) {
		const struct column *x = &a->columns[i], *y = &b->columns[i];

		if (strcmp(x->name, y->name) != 0 || strcmp(x->told, y->told) != 0 ||
		    strcmp(x->collation == NULL ? "" : x->collation,
			y->collation == NULL ? "" : y->collation) != 0 ||
		    x->type.generated != y->type.generated)
			return false;
	}
	return true;
}

/* Its number, or -1. */
static inline int
table_def_column(const struct table_def *def, struct slice name)
{
	for (int i = 0; i < def->columns_count; i++) {
		if (slice_eq_str(name, def->columns[i].name))
			return i;
	}
	return -1;
}

/* Of a generated column no value travels: its server makes it. */
static inline bool
column_is_written(const struct column *c)
{
	return !c->type.generated;
}

#endif
