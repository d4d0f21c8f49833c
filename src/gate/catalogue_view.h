/*
 * catalogue_view.h - what keyspaces show, as conditions on the catalogues of the servers.
 *
 * A keyspace K shows under the name T
 *   - the table that a rule brings to K.T, wherever that is, and
 *   - without a rule for K.T what its own database has under that name.
 * So a table that was moved away and still lies at its old place is not shown, and one name is shown
 * once. Databases that are no keyspace are shown where the session would use them, but for our own.
 *
 * A statement on a table of information_schema runs at one server, its home. Rows that are there
 * under their right names are taken as they are (own); all others come from sources, with the names that
 * they are to have. What the statement's own conditions rule out is left out of both.
 */
#ifndef GATE_CATALOGUE_VIEW_H
#define GATE_CATALOGUE_VIEW_H

#include "base/buf.h"
#include "gate/catalogue_tables.h"
#include "gate/route.h"
#include "mysql/dialect.h"
#include "sql/conditions.h"

struct catalogue_ask {
	const struct route *route;
	const struct catalogue_table *table;
	const char *home;              /* a server's address */
	const struct dialect *dialect; /* of the home, where the table is by_dialect; else NULL */
	bool others;                   /* its databases that are no keyspace are the session's */
	struct slice keyspace;         /* DATABASE(); SLICE_NULL: none */
	struct slice alias;            /* the table's name in the statement */
	const char *grantee;           /* the client, as GRANTEE has accounts: 'app'@'%' */
	const struct conditions *conditions; /* of the statement */
};

/* Rows of one database (table is SLICE_NULL), or of one table. */
struct catalogue_source {
	const struct route_keyspace *at;
	struct slice table;
	struct slice where; /* to be asked for there */
	struct slice as_keyspace, as_table;
};

struct catalogue_view {
	bool untouched;                   /* the home shows just what is to be shown */
	struct slice own;                 /* a condition, for the home */
	struct catalogue_source *sources; /* those of one server follow each other */
	size_t count;
};

/* Texts are in the arena; the rest is borrowed from the route. */
void catalogue_view(struct arena *a, const struct catalogue_ask *ask, struct catalogue_view *out);

/* "SELECT ... FROM ...", of the table at any server. d: the server's dialect where the table is
 * by_dialect. */
void catalogue_query(const struct catalogue_ask *ask, const struct dialect *d, struct buf *out);
/* Does the rule bring a table from another place than its name says? */
bool catalogue_is_elsewhere(const struct route_rule *r);
/* Does a rule change what this keyspace shows? */
bool catalogue_has_moved(const struct route *r, struct slice keyspace);

#endif
