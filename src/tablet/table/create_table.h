/*
 * create_table.h - SHOW CREATE TABLE, cut into what we need.
 *
 * MariaDB prints one definition per line: columns first ("  `id` int(11) NOT
 * NULL,"), then keys and constraints, then a line that begins with ")" and
 * carries the options, then partitions. Names are quoted with backquotes, newlines inside of
 * defaults and comments are escaped.
 *
 * Left out is what a copy of the table need not have: the next AUTO_INCREMENT value, a column's character
 * set beside its collation, and the comment that the server puts behind a temporal column which is stored
 * as MariaDB 5.3 did. INVISIBLE stands where MariaDB 11.8 prints it: behind the default, which 10.11 prints
 * last.
 */
#ifndef TABLET_TABLE_CREATE_TABLE_H
#define TABLET_TABLE_CREATE_TABLE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum clause_kind {
	CLAUSE_COLUMN,
	CLAUSE_PRIMARY,
	CLAUSE_INDEX,
	CLAUSE_SPECIAL_INDEX, /* FULLTEXT, VECTOR: servers list them last */
	CLAUSE_FOREIGN,
	CLAUSE_OTHER,
};

struct clause {
	enum clause_kind kind;
	struct slice text;  /* without indentation and comma */
	struct slice name;  /* of a column, index or constraint, as it is: without quotes */
	struct slice first; /* CLAUSE_PRIMARY, CLAUSE_INDEX: its first column's name */
	int parts;          /* CLAUSE_PRIMARY, CLAUSE_INDEX: its columns */
	bool unique;
	/* a unique one by a hash of its columns: the server keeps it in a hidden column */
	bool hashed;
	bool overlaps; /* CLAUSE_PRIMARY, CLAUSE_INDEX: it ends with a period WITHOUT OVERLAPS */
};

struct create_table {
	struct clause *clauses;
	int clauses_count;
	struct slice options; /* from ")" to the end, without what is left out */
	const char *text;     /* the whole, without what is left out */
};

/* The name in backquotes that s begins with, as it is; NULL slice when there is none. *rest is what
 * follows. */
struct slice create_table_name(struct arena *a, struct slice s, struct slice *rest);
/* Is it a column of the type json? */
bool create_table_is_json(const struct clause *c);
/* Takes the foreign keys out of the clauses; the text keeps them. */
void create_table_drop_foreign(struct create_table *t);
/* "CREATE TABLE name (" and what is in the clauses and options now. name: quoted, as it is to stand there. */
void create_table_print(struct buf *out, const struct create_table *t, const char *name);
/* Where the word first stands outside of strings, quoted names and comments' texts; sql.len: nowhere. */
size_t create_table_find(struct slice sql, const char *word);
/* Everything points into the arena. ERR_CORRUPT when sql does not look as above. */
int create_table_read(
    struct arena *a, struct slice sql, struct create_table *out, struct err *err) MUST_USE;

#endif
