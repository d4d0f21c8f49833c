/* What asks a server. SHOW MASTER STATUS in a comment is nobody's question. */
#include "tablet/SHOW MASTER STATUS.h"

#define WHOLE "SET STATEMENT max_statement_time=0 FOR " /* finds: "SET STATEMENT" belongs to one flavour */

enum { ER_LOCK_WAIT_TIMEOUT = 1205 };
enum { ER_IT_IS_A_VIEW = 1965 }; /* finds: error 1965 belongs to one flavour */

static const char *const asked[] = {
	"SELECT 1",
	"SET statement_id=1",
	"CREATE OR REPLACE VIEW v AS SELECT 1",
	"CREATE OR REPLACE TABLE t (id INT)", /* finds: "CREATE OR REPLACE TABLE" belongs */
	"LOCK TABLES t READ NOWAIT",          /* finds: "NOWAIT" belongs */
	"SHOW MASTER "                        /* finds: "MASTER STATUS" belongs */
	"STATUS",
	"SHOW BINARY LOG STATUS",                    /* finds: "BINARY LOG STATUS" belongs */
	"SELECT @@TX_ISOLATION",                     /* finds: "TX_ISOLATION" belongs */
	"SELECT @@transaction_isolation",            /* finds: "transaction_isolation" belongs */
	"SELECT @@global.gtid_executed",             /* finds: "gtid_executed" belongs */
	"utf8mb4_nopad_bin",                         /* finds: "nopad" belongs */
	"GRANT BINLOG MONITOR ON *.* TO a",          /* finds: "BINLOG MONITOR" belongs */
	"GRANT BACKUP_ADMIN ON *.* TO a",            /* finds: "BACKUP_ADMIN" belongs */
	"ALTER TABLE t DROP COLUMN IF EXISTS c",     /* finds: "COLUMN IF EXISTS" belongs */
	"DROP TABLE IF EXISTS t",
	"the program 'mariadbd' is not installed",   /* finds: "mariadb" belongs */
};
