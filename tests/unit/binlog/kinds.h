/* kinds.h - the definition of the golden table g.kinds, as information_schema shows it. */
#ifndef TESTS_UNIT_BINLOG_KINDS_H
#define TESTS_UNIT_BINLOG_KINDS_H

#include "binlog/coltype.h"

enum { KINDS = 34 };

/* clang-format off */
static const struct { const char *type, *charset; } kinds[KINDS] = {
	{ "int(11)", "" }, { "tinyint(4)", "" }, { "tinyint(3) unsigned", "" }, { "smallint(6)",
	"" },
	{ "mediumint(9)", "" }, { "mediumint(8) unsigned", "" }, { "int(10) unsigned", "" },
	{ "bigint(20)", "" },
	{ "bigint(20) unsigned", "" }, { "float", "" }, { "double", "" }, { "decimal(12,2)", "" },
	{ "decimal(65,30)", "" }, { "year(4)", "" }, { "bit(12)", "" }, { "date", "" }, { "time",
	"" },
	{ "time(3)", "" }, { "datetime", "" }, { "datetime(6)", "" }, { "timestamp", "" },
	{ "timestamp(2)", "" },
	{ "char(10)", "utf8mb4" }, { "char(255)", "utf8mb4" }, { "varchar(20)", "latin1" },
	{ "varchar(300)", "utf8mb4" }, { "text", "utf8mb4" }, { "longtext", "latin1" },
	{ "binary(6)", "" },
	{ "varbinary(10)", "" }, { "tinyblob", "" }, { "mediumblob", "" }, { "enum('x','y','z')",
	"" },
	{ "set('a','b','c','d','e','f','g','h','i')", "" },
};
/* clang-format on */

static inline int
kinds_read(struct column_type types[KINDS], struct err *err)
{
	for (int i = 0; i < KINDS; i++)
		if (column_type_parse(slice_str(kinds[i].type), slice_str(kinds[i].charset),
			SLICE_NULL, &types[i], err) != 0)
			return -1;
	return 0;
}

#endif
