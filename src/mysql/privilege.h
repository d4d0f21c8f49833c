/*
 * privilege.h - what our three accounts must be allowed at a server, as rows: what people GRANT, and how
 * each is tried by doing.
 *
 * A trial changes nothing, whether it is allowed or not: its tables are never there, and a server looks at an
 * account's privileges before it looks for a table. So "no such table" says that the privilege is there.
 */
#ifndef MYSQL_PRIVILEGE_H
#define MYSQL_PRIVILEGE_H

enum privilege_account { PRIVILEGE_APP, PRIVILEGE_STREAM, PRIVILEGE_DBA, PRIVILEGE_ACCOUNTS };

/* Where a privilege is: a keyspace's database, our own (the sidecar), or as it is written. */
#define PRIVILEGE_DATABASE "database"
#define PRIVILEGE_SIDECAR  "sidecar"
#define PRIVILEGE_SERVER   "*.*"

/* A table of them ends with a row without a name. */
struct privilege {
	enum privilege_account account;
	const char *place, *name; /* "SELECT", as GRANT has it */
	/* A statement that is denied without it. {} is a table of the place that is not there, {long} a
	 * comment that is longer than a strict session may give anything. NULL: to register as a replica. */
	const char *sql;
	/* What does not work without it, a sentence's end ("moves with --with-views"); NULL: no move does. */
	const char *only;
	int error; /* that says "denied" of this statement, beside those that say it of any; 0: none */
	/* Another one at the place that the statement takes too, without which it tells nothing; or NULL. */
	const char *beside;
};

/* What all flavours have in the same way; the others are the dialect's. */
extern const struct privilege privileges_common[];

#endif
