/*
 * catalogue_ship.h - rows of other servers' catalogues, as literals under the names that they are shown by.
 *
 * They are read on connections of our own beside the session's, whose settings could change what they
 * say; catalogues belong to no transaction. At each server that has any it is one query.
 */
#ifndef GATE_CATALOGUE_SHIP_H
#define GATE_CATALOGUE_SHIP_H

#include "gate/catalogue_view.h"
#include "gate/session.h"

enum {
	CATALOGUE_SHIP_MAX = 8 * 1024 * 1024
}; /* bytes of literals in one statement: half of the servers'
						   default max_allowed_packet */

/* Adds rows (catalogue_begin_row()) with the columns that the table has at the home, and their types;
 * nothing when there are no rows. A column that a source does not have is NULL, and a server that has no
 * such table has no rows. */
int catalogue_ship(struct ctx *cx, struct session *s, const struct catalogue_ask *ask,
    const struct catalogue_view *view, struct buf *out) MUST_USE;

/* The columns that the table has at the home: no rows. */
int catalogue_home(struct ctx *cx, struct session *s, const struct catalogue_ask *ask,
    struct mysql_rows *out) MUST_USE;

/* Which dialect a server speaks. */
int catalogue_dialect(
    struct ctx *cx, struct session *s, const char *server, const struct dialect **out) MUST_USE;

/* A query on a connection of the gate's own; the rows are in the session's arena. */
int catalogue_select(struct ctx *cx, struct session *s, const char *server, struct slice sql,
    struct mysql_rows *out) MUST_USE;

/* `db`.`table` in the text of a view or a trigger that is there, as it would be written in the keyspace that
 * shows it. */
struct slice catalogue_rename_text(struct arena *a, const struct route *route,
    const struct route_keyspace *at, struct slice as_keyspace, struct slice text);

/* "VALUES (" for the first, ", (" for the others, as any server takes it; whoever calls closes the
 * bracket. */
void catalogue_begin_row(struct buf *out);

/* One value as a literal of the column's type. */
void catalogue_put_value(struct buf *out, const struct column_def *def, struct slice value);

#endif
