/*
 * sim_schema.h - random tables for a simulated world, and what writers do to them.
 *
 * One to three tables: keys of any kind (a number, several columns, a text of a collation, bytes; a unique
 * index in place of a primary key; a prefix, NULL in it, or none at all), more unique indexes, and foreign
 * keys with actions that change rows of others, the table's own too.
 */
#ifndef TESTS_SIM_SIM_SCHEMA_H
#define TESTS_SIM_SIM_SCHEMA_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/rand.h"

enum { SCHEMA_TABLES_MAX = 3, SCHEMA_COLUMNS_MAX = 6, SCHEMA_INDEXES_MAX = 4 };

enum schema_kind { SCHEMA_INT, SCHEMA_BIG, SCHEMA_TEXT, SCHEMA_BYTES, SCHEMA_KINDS };

struct schema_column {
	char name[4];
	enum schema_kind kind;
	bool nullable;
};

struct schema_index {
	enum { SCHEMA_PRIMARY, SCHEMA_UNIQUE, SCHEMA_PLAIN } kind;
	int columns[2], count;
	int prefix; /* of the only column; 0: none */
};

struct schema_table {
	char name[4];
	struct schema_column columns[SCHEMA_COLUMNS_MAX]; /* the first: "id", an INT without NULL */
	int columns_count;
	struct schema_index indexes[SCHEMA_INDEXES_MAX];
	int indexes_count;
	int parent, refers_by; /* a table at or before this one, and the column; -1: none */
	const char *on_delete, *on_update; /* "", "CASCADE", "SET NULL" */
	const char *definition;            /* of columns and keys, without parentheses */
	bool strict; /* nothing tells its rows apart, or a foreign key changes them */
};

struct sim_schema {
	struct rand *rand; /* whose owner outlives it */
	int keys;          /* values are of so many numbers */
	uint64_t next_value;
	struct schema_table tables[SCHEMA_TABLES_MAX];
	int count;
};

/* Definitions are in the arena. */
void sim_schema_make(struct sim_schema *s, struct arena *a);
/* INSERT of rows into a table, parents first where that matters. */
void sim_schema_insert(struct sim_schema *s, struct buf *sql, int table);
/* A statement of a writer, on any of them. */
void sim_schema_statement(struct sim_schema *s, struct buf *sql);

#endif
