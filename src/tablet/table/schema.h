/*
 * schema.h - a table's definition, as its server tells it, and what we make of it.
 *
 * Everything the copy and the stream need is read once from information_schema
 * and SHOW CREATE TABLE; hash identifies the definition (rule 9: a chunk compares
 * it in its own transaction).
 */
#ifndef TABLET_TABLE_SCHEMA_H
#define TABLET_TABLE_SCHEMA_H

#include "mysql/client.h"
#include "tablet/table/table_def.h"

struct schema_place {
	const char *database, *table;
	bool common;   /* as in table_def */
	bool converts; /* one of an engine that may (engine.h) is told as one of InnoDB */
};

/* Reads a table's definition into cx->arena. ERR_NOT_FOUND when there is no such table; ERR_REFUSED with
 * a hint when it has what cannot be moved yet: a column type, a generated column that is of its session,
 * engine (but see converts), a view, a sequence, some of system versioning (versioned.h), what has
 * no common form; ERR_RETRY while it is altered. Names are quoted in the sentence. */
int schema_read(struct ctx *cx, struct mysql_client *c, const struct schema_place *place,
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
