#include "mysql/dialect.h"

#include "base/parse.h"

#include <string.h>

static const struct dialect mariadb = {
	.name = "MariaDB",
	.position_sql = "SHOW MASTER STATUS",
	.gtid_sql = "SELECT @@global.gtid_binlog_pos",
	.place_gtid_sql = "SELECT BINLOG_GTID_POS(",
	.snapshot_sql = "START TRANSACTION WITH CONSISTENT SNAPSHOT",
	.snapshot_position_sql = "SHOW STATUS LIKE 'binlog\\_snapshot\\_%'",
	/* MARIA_SLAVE_CAPABILITY_GTID: send GTID events as they are. */
	.dump_sql = "SET @mariadb_slave_capability=4",
	.dump_gtid_sql = "SET @slave_gtid_strict_mode=1, @slave_gtid_ignore_duplicates=0, "
	    "@slave_connect_state=",
	/* NO_ENGINE_SUBSTITUTION and strict: a value that does not fit is an error. Zero dates pass because
	 * NO_ZERO_DATE and NO_ZERO_IN_DATE are absent; ALLOW_INVALID_DATES lets stored oddities through. */
	.writer_sql = "SET SESSION sql_mode='STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO,"
	    "ALLOW_INVALID_DATES', time_zone='+00:00', foreign_key_checks=0, check_constraint_checks=0, "
	    "binlog_annotate_row_events=0, "
	    "tx_isolation='READ-COMMITTED', character_set_client=binary, character_set_connection=binary, "
	    "character_set_results=NULL, innodb_lock_wait_timeout=50, wait_timeout=28800, "
	    "autocommit=1",
	.reader_sql = "SET SESSION sql_mode='ALLOW_INVALID_DATES', time_zone='+00:00', "
	    "character_set_client=binary, character_set_connection=binary, character_set_results=NULL, "
	    "tx_isolation='REPEATABLE-READ', net_write_timeout=600",
	.dba_sql = "SET time_zone='+00:00', sql_mode='STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO', "
	    "binlog_annotate_row_events=0, foreign_key_checks=0, check_constraint_checks=0",
};

/* The oldest release that the behaviour used here was seen on. */
enum { MARIADB_MAJOR = 10, MARIADB_MINOR = 11 };

static int
refuse(struct err *err)
{
	return err_hint(err, "use MariaDB %d.%d or newer", MARIADB_MAJOR, MARIADB_MINOR);
}

int
dialect_find(const char *version, const struct dialect **out, struct err *err)
{
	struct slice major, minor, rest = slice_split(slice_str(version), '.', &major);
	int          a, b;

	if (strstr(version, "MariaDB") == NULL) {
		err_set(err, ERR_REFUSED, "server version '%s' is not MariaDB: MySQL is not "
		    "supported yet", version);
		return refuse(err);
	}
	(void)slice_split(rest, '.', &minor);
	if (parse_int(major, 1, 1000, &a, err) != 0 || parse_int(minor, 0, 1000, &b, err) != 0)
		return err_wrap(err, "server version '%s'", version);
	if (a < MARIADB_MAJOR || (a == MARIADB_MAJOR && b < MARIADB_MINOR)) {
		err_set(err, ERR_REFUSED, "server version '%s' is older than MariaDB %d.%d", version,
		    MARIADB_MAJOR, MARIADB_MINOR);
		return refuse(err);
	}
	*out = &mariadb;
	return 0;
}
