/*
 * coltype.h - the type of a column: from its definition, against the wire, and its values in row
 * events.
 *
 * struct column_type (column.h) is read from information_schema by
 * column_type_parse(), where types that are not supported are refused by name.
 * A row event carries the wire's view of the same column: coltype_match() says
 * whether the two belong together, coltype_decode() turns bytes into the text
 * form of column.h, and coltype_select() is how a SELECT asks for that form.
 */
#ifndef BINLOG_COLTYPE_H
#define BINLOG_COLTYPE_H

#include "binlog/column.h"
#include "binlog/cursor.h"
#include "binlog/tablemap.h"

/* text as information_schema.COLUMNS has it in COLUMN_TYPE ("int(10) unsigned", "enum('a','b')"),
 * charset and
 * collation SLICE_NULL or their names. ERR_REFUSED names a type that is not supported. */
int column_type_parse(struct slice text, struct slice charset, struct slice collation,
    struct column_type *out, struct err *err) MUST_USE;

/* By its name alone, as information_schema.COLUMNS has it in DATA_TYPE. False: not supported. */
bool coltype_named(struct slice name, struct column_type *out) MUST_USE;

/* Makes it JSON, which MariaDB's catalogue calls LONGTEXT. */
void coltype_set_json(struct column_type *t);

/*
 * ERR_CONFLICT when the event's column cannot be one of this type: the definition is another one
 * than we know.
 */
int coltype_match(
    const struct column_type *t, const struct wire_column *wire, struct err *err) MUST_USE;

/* The value at the cursor, the pair having matched: bytes of the event, or text in the arena. False
 * on bytes that are
 * not there or mean nothing. */
bool coltype_decode(const struct column_type *t, const struct wire_column *wire, struct cursor *c,
    struct arena *a, struct slice *out) MUST_USE;

/* Appends the expression that reads the column exactly, name being a quoted identifier: "`e`+0".
 * The session has
 * character_set_results=NULL, time_zone='+00:00' and a sql_mode without PAD_CHAR_TO_FULL_LENGTH. */
void coltype_select(struct buf *out, const struct column_type *t, struct slice name);

#endif
