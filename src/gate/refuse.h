/*
 * refuse.h - errors that a client sees with a number of MySQL's own.
 *
 * Drivers and frameworks decide by the number what to do: 1213 is tried again, 1040 and 1053 take another
 * connection, 1146 makes a table. So what vtgate refuses by itself has the number that a server would give
 * in the same place, and the sentence says what is different here. Numbers and states: mariadb.com/kb
 * "MariaDB Error Codes". An error of a server is passed on as it came and is not made here.
 */
#ifndef GATE_REFUSE_H
#define GATE_REFUSE_H

#include "base/err.h"

enum {
	/* vtgate has as many clients as it takes, or no connection to a server became free in time */
	ER_CON_COUNT_ERROR = 1040,
	ER_DBACCESS_DENIED_ERROR = 1044,
	ER_NO_DB_ERROR = 1046,
	ER_UNKNOWN_COM_ERROR = 1047,
	ER_BAD_DB_ERROR = 1049,
	ER_TABLE_EXISTS_ERROR = 1050,
	ER_BAD_TABLE_ERROR = 1051,
	/* vtgate is stopping */
	ER_SERVER_SHUTDOWN = 1053,
	ER_PARSE_ERROR = 1064,
	ER_EMPTY_QUERY = 1065,
	ER_NO_SUCH_THREAD = 1094,
	ER_KILL_DENIED_ERROR = 1095,
	/* as under LOCK TABLES at one server, whichever server the table is on */
	ER_TABLE_NOT_LOCKED = 1100,
	ER_TABLEACCESS_DENIED_ERROR = 1142,
	ER_NO_SUCH_TABLE = 1146,
	ER_NET_PACKET_TOO_LARGE = 1153,
	/* a name that cannot be routed now: nothing was made, and the statement may be sent again */
	ER_LOCK_WAIT_TIMEOUT = 1205,
	ER_WRONG_ARGUMENTS = 1210,
	/* the table has moved under a transaction: it is rolled back, and is to be tried again as a whole */
	ER_LOCK_DEADLOCK = 1213,
	/* what would need several servers at once, or would pass the routing by */
	ER_NOT_SUPPORTED_YET = 1235,
	ER_SPECIFIC_ACCESS_DENIED_ERROR = 1227,
	ER_UNKNOWN_STMT_HANDLER = 1243,
	ER_QUERY_INTERRUPTED = 1317, /* KILL QUERY: the connection stays */
	ER_TRG_DOES_NOT_EXIST = 1360,
	ER_STMT_HAS_NO_OPEN_CURSOR = 1421,
	ER_MAX_PREPARED_STMT_COUNT_REACHED = 1461,
	ER_CANT_CHANGE_TX_CHARACTERISTICS = 1568,
	/* KILL, or the lease has lapsed amid a statement: what became of it is not known */
	ER_CONNECTION_KILLED = 1927,
	ER_NO_SUCH_QUERY = 1957, /* KILL QUERY ID of one that is over */
	ER_UNKNOWN_VIEW = 4092,
};

/* ERR_REFUSED with number and state (HY000 where refuse.c knows no other); returns -1. fmt becomes err's
 * cause as well, by which such errors are counted (complaints.h): so it is a literal. */
int refuse(struct err *err, int number, const char *fmt, ...)
    __attribute__((cold, format(printf, 3, 4)));

#endif
