/*
 * refuse.h - errors that a client sees with a number of MySQL's own.
 */
#ifndef GATE_REFUSE_H
#define GATE_REFUSE_H

#include "base/err.h"

enum {
	ER_CON_COUNT_ERROR = 1040,
	ER_NO_DB_ERROR = 1046,
	ER_UNKNOWN_COM_ERROR = 1047,
	ER_BAD_DB_ERROR = 1049,
	ER_SERVER_SHUTDOWN = 1053,
	ER_PARSE_ERROR = 1064,
	ER_EMPTY_QUERY = 1065,
	ER_TABLE_NOT_LOCKED = 1100,
	ER_NET_PACKET_TOO_LARGE = 1153,
	ER_WRONG_ARGUMENTS = 1210,
	ER_LOCK_DEADLOCK = 1213,
	ER_NOT_SUPPORTED_YET = 1235,
	ER_SPECIFIC_ACCESS_DENIED_ERROR = 1227,
	ER_UNKNOWN_STMT_HANDLER = 1243,
	ER_STMT_HAS_NO_OPEN_CURSOR = 1421,
	ER_MAX_PREPARED_STMT_COUNT_REACHED = 1461,
	ER_CANT_CHANGE_TX_CHARACTERISTICS = 1568,
	ER_CONNECTION_KILLED = 1927,
};

/* ERR_REFUSED with number and state; returns -1. */
int refuse(struct err *err, int number, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
