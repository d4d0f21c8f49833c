#include "gate/refuse.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct state {
	int number;
	char sqlstate[6];
};

static const struct state STATES[] = {
	{ ER_CON_COUNT_ERROR, "08004" },
	{ ER_NO_DB_ERROR, "3D000" },
	{ ER_UNKNOWN_COM_ERROR, "08S01" },
	{ ER_BAD_DB_ERROR, "42000" },
	{ ER_BAD_TABLE_ERROR, "42S02" },
	{ ER_NO_SUCH_TABLE, "42S02" },
	{ ER_UNKNOWN_VIEW, "42S02" },
	{ ER_TABLE_EXISTS_ERROR, "42S01" },
	{ ER_PARSE_ERROR, "42000" },
	{ ER_EMPTY_QUERY, "42000" },
	{ ER_SPECIFIC_ACCESS_DENIED_ERROR, "42000" },
	{ ER_LOCK_DEADLOCK, "40001" },
	{ ER_NOT_SUPPORTED_YET, "42000" },
	{ ER_SERVER_SHUTDOWN, "08S01" },
	{ ER_CANT_CHANGE_TX_CHARACTERISTICS, "25001" },
	{ ER_QUERY_INTERRUPTED, "70100" },
	{ ER_CONNECTION_KILLED, "70100" },
};

static const char *
state_of(int number)
{
	for (size_t i = 0; i < sizeof STATES / sizeof STATES[0]; i++) {
		if (STATES[i].number == number)
			return STATES[i].sqlstate;
	}
	return "HY000";
}

int
refuse(struct err *err, int number, const char *fmt, ...)
{
	va_list args;
	char text[ERR_TEXT_MAX];

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	err_set(err, ERR_REFUSED, "%s", text);
	err->mysql_errno = number;
	err->cause = fmt;
	memcpy(err->sqlstate, state_of(number), sizeof err->sqlstate);
	return -1;
}
