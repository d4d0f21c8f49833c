#include "tablet/server/sidecar.h"

#include "base/check.h"

enum {
	VDIFFS_SINCE = 4,
	XA_ROWS_SINCE = 5,
	PROOFS_SINCE = 6,
	DDL_SINCE = 7,
	RUN_PARTS_SINCE = 8,
	LAST_GROUP_SINCE = 9,
};

/* Two names of 64 characters, of 4 bytes at most, and a slash. */
#define WORKFLOW_TYPE "varbinary(513)"
/* A position has a GTID for each domain that the server has ever written in, with no bound on their
 * number. */
#define POSITION(prefix)                                                                           \
	{ prefix "_gtid", "longblob", "NOT NULL", "varbinary(1024)", 0 },                          \
	    { prefix "_file", "varbinary(256)", "NOT NULL", NULL, 0 },                             \
	{                                                                                          \
		prefix "_offset", "bigint(20) unsigned", "NOT NULL", NULL, 0                       \
	}

/* Its default is what rows get that were there before it. */
#define ROUND                                                                                      \
	{                                                                                          \
		"round", "int(11)", "NOT NULL DEFAULT 1", NULL, SIDECAR_ROUNDS_SINCE               \
	}

/* Microseconds since 1970; 0: not yet. */
#define WHEN(name)                                                                                 \
	{                                                                                          \
		name "_us", "bigint(20)", "NOT NULL DEFAULT 0", NULL, 0                            \
	}
#define COUNT_OF(name)                                                                             \
	{                                                                                          \
		name, "bigint(20)", "NOT NULL DEFAULT 0", NULL, 0                                  \
	}
#define SAMPLES_OF(name)                                                                           \
	{                                                                                          \
		name "_rows", "longblob", "NOT NULL", NULL, 0                                      \
	}

const struct sidecar_table sidecar_tables[SIDECAR_TABLES] = {
	/* A guard reads it out of the binlog (read/own_rows.c). */
	[SIDECAR_STREAM] = { "stream", "PRIMARY KEY (workflow, round)",
	    { { "workflow", WORKFLOW_TYPE, "NOT NULL", "varbinary(160)", 0 }, ROUND,
		{ "phase", "varbinary(32)", "NOT NULL", NULL, 0 },
		{ "attempt", "int(11)", "NOT NULL", NULL, 0 }, POSITION("applied"), POSITION("cp"),
		POSITION("dirty"), { "prepared", "longblob", "NOT NULL", NULL, 0 },
		{ "request", "longblob", "NOT NULL", NULL, 0 },
		{ "error", "varbinary(512)", "NOT NULL", NULL, 0 },
		{ "hint", "varbinary(200)", "NOT NULL", NULL, 0 },
		{ "known_file", "varbinary(256)", "NOT NULL DEFAULT ''", NULL, XA_ROWS_SINCE },
		{ "known_offset", "bigint(20) unsigned", "NOT NULL DEFAULT 0", NULL, XA_ROWS_SINCE },
		{ "deltas", "longblob", "", NULL, PROOFS_SINCE },
		{ "last_begin", "bigint(20) unsigned", "NOT NULL DEFAULT 0", NULL, LAST_GROUP_SINCE },
		{ "last_mark", "int(10) unsigned", "NOT NULL DEFAULT 0", NULL, LAST_GROUP_SINCE } },
	    0 },
	[SIDECAR_COPY_STATE] = { "copy_state", "PRIMARY KEY (workflow, round, tbl, range_no)",
	    { { "workflow", WORKFLOW_TYPE, "NOT NULL", "varbinary(160)", 0 }, ROUND,
		{ "tbl", WORKFLOW_TYPE, "NOT NULL", "varbinary(256)", 0 },
		{ "range_no", "int(11)", "NOT NULL", NULL, 0 },
		{ "lower_key", "longblob", "", NULL, 0 }, { "upper_key", "longblob", "", NULL, 0 },
		{ "done_key", "longblob", "", NULL, 0 },
		{ "row_count", "bigint(20)", "NOT NULL", NULL, 0 },
		{ "finished", "tinyint(4)", "NOT NULL", NULL, 0 },
		{ "cp_file", "varbinary(256)", "NOT NULL", NULL, 0 },
		{ "cp_offset", "bigint(20) unsigned", "NOT NULL", NULL, 0 } },
	    0 },
	/* The tail reads its first two columns out of the binlog (read/own_rows.c). */
	[SIDECAR_HEARTBEAT] = { "heartbeat", "PRIMARY KEY (workflow, round)",
	    { { "workflow", WORKFLOW_TYPE, "NOT NULL", "varbinary(160)", 0 },
		{ "token", "varbinary(64)", "NOT NULL", NULL, 0 }, ROUND },
	    0 },
	[SIDECAR_FENCE] = { "fence", "PRIMARY KEY (workflow, db, tbl)",
	    { { "workflow", WORKFLOW_TYPE, "NOT NULL", "varbinary(160)", 0 },
		{ "db", "varbinary(256)", "NOT NULL", NULL, 0 },
		{ "tbl", "varbinary(256)", "NOT NULL", NULL, 0 },
		{ "armed", "tinyint(4)", "NOT NULL", NULL, 0 },
		{ "attempt", "int(11)", "NOT NULL", NULL, 0 } },
	    0 },
	[SIDECAR_GUARD] = { "guard", "PRIMARY KEY (workflow, round)",
	    { { "workflow", WORKFLOW_TYPE, "NOT NULL", NULL, 0 }, ROUND, POSITION("read"),
		{ "finding", "varbinary(512)", "NOT NULL", NULL, 0 } },
	    SIDECAR_ROUNDS_SINCE },
	[SIDECAR_VDIFF] = { "vdiff", "PRIMARY KEY (workflow, round, uuid)",
	    { { "workflow", WORKFLOW_TYPE, "NOT NULL", NULL, 0 }, ROUND,
		{ "uuid", "varbinary(64)", "NOT NULL", NULL, 0 },
		{ "state", "varbinary(16)", "NOT NULL", NULL, 0 },
		{ "options", "longblob", "NOT NULL", NULL, 0 }, WHEN("created"), WHEN("started"),
		WHEN("completed"), { "error", "varbinary(512)", "NOT NULL", NULL, 0 } },
	    VDIFFS_SINCE },
	[SIDECAR_VDIFF_TABLE] = { "vdiff_table", "PRIMARY KEY (workflow, round, uuid, tbl)",
	    { { "workflow", WORKFLOW_TYPE, "NOT NULL", NULL, 0 }, ROUND,
		{ "uuid", "varbinary(64)", "NOT NULL", NULL, 0 },
		{ "tbl", WORKFLOW_TYPE, "NOT NULL", NULL, 0 },
		{ "state", "varbinary(16)", "NOT NULL", NULL, 0 },
		{ "done_key", "longblob", "", NULL, 0 }, COUNT_OF("estimate"), COUNT_OF("compared"),
		COUNT_OF("matching"), COUNT_OF("mismatched"), COUNT_OF("extra_source"),
		COUNT_OF("extra_target"), COUNT_OF("unsettled"), COUNT_OF("repaired"),
		WHEN("updated"), SAMPLES_OF("mismatched"), SAMPLES_OF("extra_source"),
		SAMPLES_OF("extra_target"), SAMPLES_OF("unsettled") },
	    VDIFFS_SINCE },
	/* An xid has two parts of up to 64 bytes, in hexadecimal digits. */
	[SIDECAR_XA_ROWS] = { "xa_rows", "PRIMARY KEY (workflow, round, xid, piece_no)",
	    { { "workflow", WORKFLOW_TYPE, "NOT NULL", NULL, 0 }, ROUND,
		{ "xid", "varbinary(300)", "NOT NULL", NULL, 0 },
		{ "piece_no", "int(11)", "NOT NULL", NULL, 0 },
		{ "piece", "longblob", "NOT NULL", NULL, 0 } },
	    XA_ROWS_SINCE },
	[SIDECAR_PROOF] = { "proof", "PRIMARY KEY (workflow, round)",
	    { { "workflow", WORKFLOW_TYPE, "NOT NULL", NULL, 0 }, ROUND,
		{ "uuid", "varbinary(64)", "NOT NULL", NULL, 0 },
		{ "state", "varbinary(16)", "NOT NULL", NULL, 0 }, WHEN("since"), WHEN("proven"),
		POSITION("read"), COUNT_OF("transactions"), COUNT_OF("changes"), COUNT_OF("findings"),
		{ "differing", "longblob", "", NULL, 0 }, { "suspects", "longblob", "", NULL, 0 },
		{ "finding", "varbinary(512)", "NOT NULL", NULL, 0 },
		{ "error", "varbinary(512)", "NOT NULL", NULL, 0 } },
	    PROOFS_SINCE },
	[SIDECAR_DDL] = { "ddl", "PRIMARY KEY (workflow, round, place_file, place_offset)",
	    { { "workflow", WORKFLOW_TYPE, "NOT NULL", NULL, 0 }, ROUND, POSITION("place"),
		POSITION("from"), { "prepared", "longblob", "NOT NULL", NULL, 0 },
		{ "state", "varbinary(16)", "NOT NULL", NULL, 0 },
		{ "tbl", WORKFLOW_TYPE, "NOT NULL", NULL, 0 },
		{ "away", "tinyint(4)", "NOT NULL", NULL, 0 },
		{ "several", "tinyint(4)", "NOT NULL", NULL, 0 },
		{ "rows_stay", "tinyint(4)", "NOT NULL", NULL, 0 },
		{ "statement", "longblob", "NOT NULL", NULL, 0 },
		{ "repeated", "longblob", "NOT NULL", NULL, 0 },
		{ "session", "longblob", "NOT NULL", NULL, 0 },
		{ "why_not", "varbinary(512)", "NOT NULL", NULL, 0 },
		{ "definition", "varbinary(64)", "NOT NULL", NULL, 0 },
		{ "error", "varbinary(512)", "NOT NULL", NULL, 0 }, WHEN("met"), WHEN("done") },
	    DDL_SINCE },
	/* A guard reads its first columns out of the binlog (read/own_rows.c). */
	[SIDECAR_RUN_PART] = { "run_part", "PRIMARY KEY (workflow, round, part_no)",
	    { { "workflow", WORKFLOW_TYPE, "NOT NULL", NULL, 0 }, ROUND,
		{ "part_no", "int(11)", "NOT NULL", NULL, 0 }, POSITION("until"),
		{ "from_tbl", WORKFLOW_TYPE, "NOT NULL", NULL, 0 },
		{ "from_key", "longblob", "NOT NULL", NULL, 0 },
		{ "to_tbl", WORKFLOW_TYPE, "NOT NULL", NULL, 0 },
		{ "to_key", "longblob", "NOT NULL", NULL, 0 } },
	    RUN_PARTS_SINCE },
};

int
sidecar_column_no(int table, const char *name)
{
	const struct sidecar_column *c = sidecar_tables[table].columns;

	while (c->name != NULL && strcmp(c->name, name) != 0)
		c++;
	check(c->name != NULL);
	return (int)(c - sidecar_tables[table].columns);
}
