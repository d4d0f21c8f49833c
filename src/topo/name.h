/*
 * name.h - names of keyspaces, databases and tables: which there are, and how they are written.
 *
 * A name is whatever the servers take: 1 to 64 characters, none of them NUL or beyond U+FFFF, no blank at
 * the end; control characters, which would garble terminals and logs, are refused. Names are compared
 * as bytes. In records and requests a name is a JSON string of its own; else it is written
 *
 *   in a key, or in a workflow's id     new_customer/a%2Eb       letters, digits, _, - and what is not
 *                                                                ASCII as they are, all else as %XX
 *   for people, and by them             new_customer.`a.b`       as in SQL: between backquotes where the
 *                                                                plain name would be read as something else
 */
#ifndef TOPO_NAME_H
#define TOPO_NAME_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>

enum {
	NAME_MAX_CHARS = 64, /* of databases and tables, as the servers have it */
	NAME_MAX_BYTES =
	    NAME_MAX_CHARS * 3, /* written in a key: an ASCII character has three there */
	NAME_PAIR_MAX = 2 * NAME_MAX_BYTES + 2, /* "keyspace/name" in a key, with the NUL */
	WORD_MAX = 64, /* a cell's or a gate's: nothing but what name_word_check()
	    says */
};

/* The sidecar database (tablet/server/sidecar.h), where a keyspace is not given another. */
#define SIDECAR_DEFAULT "_switchyard"
/* "" is what records have that release 0.1 wrote. */
const char *sidecar_or_default(const char *name);

/* what: "keyspace", "table", ...: in the error, and a "keyspace" must be none of the server's own
 * databases, nor a usual name of a sidecar one. ERR_REFUSED, with a hint. */
int name_check(const char *what, const char *name, struct err *err) MUST_USE;
/* A database's, for our own tables: not one of the server's own. */
int name_sidecar_check(const char *name, struct err *err) MUST_USE;
/* 1 to 64 of letters, digits, _ and -, not starting with -. */
int name_word_check(const char *what, const char *name, struct err *err) MUST_USE;

/* "new_customer/a%2Eb", and one name alone; in the arena. Any two names have different texts, and none
 * has a '/', a blank or a control character, which keys may not have. */
const char *name_pair(struct arena *a, const char *keyspace, const char *name);
const char *name_escaped(struct arena *a, const char *name);

/* "new_customer.`a.b`"; in the arena. */
const char *name_of_table(struct arena *a, const char *keyspace, const char *table);
/* The same as a word of a shell: 'new_customer.`a.b`'. */
const char *name_typed(struct arena *a, const char *keyspace, const char *table);
/* What a routing rule calls a stored routine, or an event: "p()" and "e(event)", since these are names of
 * their own beside those of tables. ASCII letters small: servers take them for the same. In the arena. */
const char *name_of_routine(struct arena *a, struct slice name);
const char *name_of_event(struct arena *a, struct slice name);
struct name_parts {
	const char *keyspace, *name;
};

/* Reads either way of writing, as people type it, into the arena. Does not say whether these are names
 * (name_check()). ERR_REFUSED where it is neither. form: "keyspace.table", for the error. */
int name_split(struct arena *a, const char *text, const char *form, struct name_parts *out,
    struct err *err) MUST_USE;

enum { NAMES_SHOWN = 8 }; /* of a set of tables, in one line */
/* "customer.users", "customer.users,orders", "customer.users,...,last shown,... (12 tables)". */
const char *name_of_tables(
    struct arena *a, const char *keyspace, const char *const *tables, size_t count);
struct name_list {
	const char *keyspace;
	const char **names;
	size_t count;
	bool all; /* "customer.*" */
};

/* Reads tables as people type them: "customer.users", "customer.users,orders", "customer.*"; and "customer"
 * alone, which names none. A quoted `*` is a name. ERR_REFUSED for all else. */
int name_split_list(
    struct arena *a, const char *text, struct name_list *out, struct err *err) MUST_USE;

/* One name, as it is or between backquotes; what is neither comes back as it was. */
const char *name_one(struct arena *a, const char *text);

#endif
