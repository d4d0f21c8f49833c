/*
 * settings.h - what a session has set, to be repeated on every connection it is given.
 *
 * settings_read() takes a SET statement apart. An assignment whose value is a
 * literal or a bare word can be repeated elsewhere with the same effect. Of any
 * other (an expression, a subquery) the value is asked for: of the server's variables at once
 * (variables.c), of user variables when it is needed elsewhere (user_variables.h). settings_add()
 * remembers, the last value of a name wins; settings_sql() is one SET that repeats
 * what has been set since a version, or nothing at all.
 */
#ifndef GATE_SETTINGS_H
#define GATE_SETTINGS_H

#include "base/buf.h"
#include "base/err.h"
#include "base/arena.h"

enum {
	SETTINGS_MAX = 64, /* names that one session sets; a client library sets five */
	SETTINGS_BYTES_MAX = 16 * 1024, /* of their values */
};

enum assignment_kind {
	ASSIGN_SESSION, /* a session variable; NAMES and CHARACTER SET by those names */
	ASSIGN_USER,    /* @x */
	ASSIGN_GLOBAL,  /* of the server: not the session's */
	ASSIGN_NEXT,    /* SET TRANSACTION without a scope: for the next transaction only */
	ASSIGN_OTHER,   /* PASSWORD, ROLE, DEFAULT ROLE, ... */
};

struct assignment {
	enum assignment_kind kind;
	struct slice name;  /* "sql_mode", "names", "@x", "transaction isolation" */
	struct slice value; /* as written */
	bool literal;
};

struct assignments {
	struct assignment *items;
	size_t count;
};

/* sql is a SET statement (STATEMENT_SET) that statement_read() has understood. */
int settings_read(struct arena *a, struct slice sql, unsigned modes, struct assignments *out,
    struct err *err) MUST_USE;

/* "x" as it is remembered and written: @x in lower case, @`a b`. */
struct slice settings_user_name(struct arena *a, struct slice name);

struct setting {
	struct slice name, value; /* owned */
	uint64_t version;         /* that came with it */
};

struct settings {
	struct setting items[SETTINGS_MAX];
	size_t count, bytes;
	uint64_t version; /* changes with every change */
};

void settings_init(struct settings *s);
void settings_done(struct settings *s);
/* false: too many or too long; the session must keep its connection. */
bool settings_add(struct settings *s, const struct assignment *a) MUST_USE;
/* Has it this very value already? */
bool settings_has(const struct settings *s, const struct assignment *a);
void settings_forget(struct settings *s, struct slice name);
/* Appends "SET a = 1, ..." with what is newer than the version; false when there is nothing to
 * repeat. What a connection knows already may have changed there since: SELECT @v := 2. */
bool settings_sql(const struct settings *s, uint64_t since, struct buf *out);
/* "SET SESSION TRANSACTION ...", which has no other form. */
bool settings_transaction_sql(const struct settings *s, struct buf *out);
/* SLICE_NULL when it was not set. Without quotes. */
struct slice settings_get(const struct settings *s, const char *name);

enum isolation {
	ISOLATION_UNKNOWN,
	ISOLATION_READ_COMMITTED,
	ISOLATION_REPEATABLE_READ,
	ISOLATION_SERIALIZABLE
};
/* READ UNCOMMITTED counts as READ COMMITTED: both see each statement's own moment. */
enum isolation isolation_read(struct slice text);

#endif
