#include "mysql/privilege.h"

#include <stddef.h>

#define APP     PRIVILEGE_APP, PRIVILEGE_DATABASE
#define STREAM  PRIVILEGE_STREAM, PRIVILEGE_DATABASE
#define OF_OURS PRIVILEGE_STREAM, PRIVILEGE_SIDECAR
#define DBA     PRIVILEGE_DBA, PRIVILEGE_DATABASE
#define DBA_OWN PRIVILEGE_DBA, PRIVILEGE_SIDECAR

/*
 * ALTER_OF and others have one column twice, or name nothing that is there: were they allowed to the end,
 * they would fail all the same.
 */
#define SELECT_OF  "SELECT 1 FROM {}"
#define INSERT_OF  "INSERT INTO {} VALUES (1)"
#define UPDATE_OF  "UPDATE {} SET a=1"
#define DELETE_OF  "DELETE FROM {}"
#define CREATE_OF  "CREATE TABLE {} (a INT, a INT)"
#define DROP_OF    "DROP TABLE {}"
#define ALTER_OF   "ALTER TABLE {} FORCE"
#define INDEX_OF   "CREATE INDEX a ON {} (a)"
#define TRIGGER_OF "CREATE TRIGGER {} BEFORE INSERT ON {} FOR EACH ROW SET @a=1"
#define LOCK_OF    "LOCK TABLES {} READ"
#define VIEW_OF    "SHOW CREATE VIEW {}"
#define MAKE_VIEW  "CREATE VIEW {} AS SELECT 1 AS a FROM {}"
#define CALL_OF    "CALL {}()"
#define MAKE_PROC  "CREATE PROCEDURE {}() COMMENT '{long}' BEGIN END"
#define DROP_PROC  "DROP PROCEDURE {}"

#define WITH_ROUTINES "for moves with --with-routines"

enum { ER_PROCACCESS_DENIED_ERROR = 1370 };

const struct privilege privileges_common[] = {
	{ APP, "SELECT", SELECT_OF, NULL, 0, NULL },
	{ APP, "INSERT", INSERT_OF, NULL, 0, NULL },
	{ APP, "UPDATE", UPDATE_OF, NULL, 0, NULL },
	{ APP, "DELETE", DELETE_OF, NULL, 0, NULL },
	{ APP, "EXECUTE", CALL_OF, WITH_ROUTINES, ER_PROCACCESS_DENIED_ERROR, NULL },
	{ STREAM, "SELECT", SELECT_OF, NULL, 0, NULL },
	{ STREAM, "INSERT", INSERT_OF, NULL, 0, NULL },
	{ STREAM, "UPDATE", UPDATE_OF, NULL, 0, NULL },
	{ STREAM, "DELETE", DELETE_OF, NULL, 0, NULL },
	{ OF_OURS, "SELECT", SELECT_OF, NULL, 0, NULL },
	{ OF_OURS, "INSERT", INSERT_OF, NULL, 0, NULL },
	{ OF_OURS, "UPDATE", UPDATE_OF, NULL, 0, NULL },
	{ OF_OURS, "DELETE", DELETE_OF, NULL, 0, NULL },
	{ PRIVILEGE_STREAM, PRIVILEGE_SERVER, "REPLICATION SLAVE", NULL, NULL, 0, NULL },
	{ DBA, "SELECT", SELECT_OF, NULL, 0, NULL },
	{ DBA, "CREATE", CREATE_OF, NULL, 0, NULL },
	{ DBA, "DROP", DROP_OF, NULL, 0, NULL },
	{ DBA, "ALTER", ALTER_OF, NULL, 0, NULL },
	{ DBA, "INDEX", INDEX_OF, NULL, 0, NULL },
	{ DBA, "TRIGGER", TRIGGER_OF, NULL, 0, NULL },
	{ DBA, "LOCK TABLES", LOCK_OF, NULL, 0, "SELECT" },
	/* Without these it is not seen what names a moving table. */
	{ DBA, "SHOW VIEW", VIEW_OF, NULL, 0, "SELECT" },
	{ DBA, "EVENT", "DROP EVENT {}", NULL, 0, NULL },
	{ DBA, "CREATE VIEW", MAKE_VIEW, "for moves with --with-views", 0, "SELECT" },
	{ DBA, "CREATE ROUTINE", MAKE_PROC, WITH_ROUTINES, 0, NULL },
	{ DBA, "ALTER ROUTINE", DROP_PROC, WITH_ROUTINES, ER_PROCACCESS_DENIED_ERROR, NULL },
	{ DBA_OWN, "SELECT", SELECT_OF, NULL, 0, NULL },
	{ DBA_OWN, "INSERT", INSERT_OF, NULL, 0, NULL },
	{ DBA_OWN, "UPDATE", UPDATE_OF, NULL, 0, NULL },
	{ DBA_OWN, "DELETE", DELETE_OF, NULL, 0, NULL },
	{ DBA_OWN, "CREATE", CREATE_OF, NULL, 0, NULL },
	{ DBA_OWN, "ALTER", ALTER_OF, "for another release to bring our tables up to date", 0, NULL },
	{ DBA_OWN, "LOCK TABLES", LOCK_OF, NULL, 0, "SELECT" },
	{ PRIVILEGE_DBA, PRIVILEGE_SERVER, "PROCESS",
	    "SELECT 1 FROM information_schema.innodb_trx LIMIT 1",
	    "to see who keeps tables from moving, and for moves of events", 0, NULL },
	{ 0 },
};
