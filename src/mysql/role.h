/*
 * role.h - what each kind of our own sessions states of itself, whatever the server's GLOBAL
 * values and its init_connect say.
 *
 * A role is part of a connection's parameters (login.h). mysql_connect() begins the session of any
 * role but ROLE_CLIENT with COM_RESET_CONNECTION and the statements that role_next() makes:
 *   (1) the reset takes back whatever init_connect did: variables, locks, temporary tables, an
 *       open transaction, user variables, sql_log_bin;
 *   (2) the statements set every variable whose GLOBAL value could change what a session of the role
 *       reads, writes or waits for, or how large an answer may be.
 *   (3) what takes a privilege is set where the account has it, and looked at where it has not: a session
 *       whose values are others does not begin (dialect.h, state_privileged).
 * So nobody but these tables says what a session of ours relies on. A module that wants something else
 * for one statement (autocommit under LOCK TABLES) sets it on top, and says why there.
 *
 * What is left to the server's operator: gtid_domain_id and server_id (whose changes they are),
 * binlog_row_image at the target, the logs of slow and of all statements, where temporary files of an
 * ALTER go (innodb_tmpdir), the stop words of full-text indexes, memory for joins.
 */
#ifndef MYSQL_ROLE_H
#define MYSQL_ROLE_H

#include "base/buf.h"

enum mysql_role {
	ROLE_CLIENT, /* on behalf of a client: it sees the server's own values, so nothing is stated */
	ROLE_DBA,    /* the catalogue, our own tables, READ locks */
	ROLE_DDL,    /* the same for DDL and exclusive locks: waits for no table */
	ROLE_WRITER, /* rows at the target: the copy's loads and the applier's changes */
	ROLE_READER, /* rows at the source: the copy's views */
	ROLE_STREAM, /* the binlog's dump, questions to the source, and the heartbeat written there */
	ROLE_PROBE, /* does what clients may do, with their account, and no row: may they? */
};

/* One variable, in the roles of the mask (bits ROLE_BIT), with a value as SQL. A table of them ends
 * with a row without a name. */
struct role_setting {
	unsigned roles;
	const char *name, *value;
};

#define ROLE_BIT(role) (1u << (role))

/* Masks, as the tables use them. */
enum {
	ROLES_DDL = ROLE_BIT(ROLE_DDL),
	ROLES_DBA = ROLE_BIT(ROLE_DBA) | ROLES_DDL, /* they differ in how long they wait for a lock */
	ROLES_WRITER = ROLE_BIT(ROLE_WRITER),
	ROLES_READER = ROLE_BIT(ROLE_READER),
	ROLES_STREAM = ROLE_BIT(ROLE_STREAM),
	ROLES_PROBE = ROLE_BIT(ROLE_PROBE),
	ROLES_OURS = ROLES_DBA | ROLES_WRITER | ROLES_READER | ROLES_STREAM | ROLES_PROBE,
};

enum { ROLE_TABLES = 3 };

/*
 * What a session states, in order: its character sets, what its server's dialect has (dialect.h), and what
 * all servers have under one name, with one value. Values are literals in those character sets, and MySQL
 * cannot read some of them in ucs2, which a GLOBAL character_set_connection may be: so these come first.
 */
void role_tables(const struct role_setting *own, const struct role_setting *out[ROLE_TABLES]);

/* sql_mode of our sessions, and of one that takes what strict mode refuses (column.h) for the time of a
 * statement. */
#define LENIENT_MODE "NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES"
#define STRICT_MODE  "STRICT_ALL_TABLES," LENIENT_MODE

enum {
	/* the servers' least max_allowed_packet is 1024, and it is no session's to raise */
	ROLE_SQL_MAX = 900,
	/* innodb_lock_wait_timeout: the servers' default */
	ROLE_ROW_WAIT_S = 50,
};

/*
 * Makes the next of the role's statements, "SET a=1, b=2", at most ROLE_SQL_MAX bytes, and moves *at
 * behind its rows; false when there are no more. To begin, *at is one of the tables.
 */
bool role_next(const struct role_setting **at, enum mysql_role role, struct buf *sql);

#endif
