#include "tablet/table/versioned.h"

enum { TIME_DIGITS = 6 };

int
versioned_take_column(
    struct table_def *def, struct slice expression, struct column *out, struct err *err)
{
	bool start = slice_eq_str(expression, "ROW START"),
	     end = slice_eq_str(expression, "ROW END");

	if (!start && !end)
		return 0;
	if (out->type.kind != COLUMN_TIMESTAMP) {
		err_set(err, ERR_REFUSED,
		    "table '%s.%s' is SYSTEM VERSIONED by transactions (column '%s'), and its changes are in "
		    "the binlog as statements",
		    def->database, def->name, out->name);
		return err_hint(
		    err, "keep its history by TIMESTAMP(6), or leave the table where it is");
	}
	out->type.generated = false; /* its value travels */
	out->system_time = true;
	*(start ? &def->row_start : &def->row_end) = (int)(out - def->columns);
	return 0;
}

static void
add_column(struct table_def *def, const char *name)
{
	def->columns[def->columns_count++] = (struct column){ .name = name,
		.told = "",
		.type = { .kind = COLUMN_TIMESTAMP, .fsp = TIME_DIGITS },
		.key_index = -1,
		.system_time = true };
}

void
versioned_add_columns(struct table_def *def)
{
	for (int i = 0; i < def->columns_count; i++) {
		if (def->columns[i].system_time)
			return;
	}
	def->unnamed_times = true;
	def->row_start = def->columns_count;
	def->row_end = def->columns_count + 1;
	add_column(def, "row_start");
	add_column(def, "row_end");
}

static int
refuse(const struct table_def *def, const char *what, struct err *err)
{
	err_set(err, ERR_REFUSED,
	    "table '%s.%s' is SYSTEM VERSIONED and %s, which cannot be moved yet", def->database,
	    def->name, what);
	return err_hint(err, "alter that, or leave the table where it is");
}

int
versioned_check(struct table_def *def, const struct create_table *create, struct err *err)
{
	if (create_table_find(create->options, "PARTITION BY SYSTEM_TIME") < create->options.len)
		return refuse(def, "partitioned by SYSTEM_TIME", err);
	for (int i = 0; i < create->clauses_count; i++) {
		if (create->clauses[i].kind == CLAUSE_INDEX && create->clauses[i].hashed)
			return refuse(def, "has a unique key by hash", err);
	}
	if (!slice_eq_str(slice_str("PRIMARY"), def->key_name))
		def->key_name = "";
	table_def_forget_key(def, "is system versioned");
	return 0;
}

static int
ends_early(struct ctx *cx, struct mysql_client *c, bool *out)
{
	struct mysql_rows rows;

	TRY(mysql_select(
	    cx, c, slice_str("SELECT UNIX_TIMESTAMP('2100-01-01 00:00:00') IS NULL"), &rows));
	*out = rows.rows == 1 && slice_eq_str(rows.values[0], "1");
	return 0;
}

int
versioned_check_ends(struct ctx *cx, struct mysql_client *one, struct mysql_client *other)
{
	bool first, second;

	TRY(ends_early(cx, one, &first));
	TRY(ends_early(cx, other, &second));
	if (first == second)
		return 0;
	err_set(cx->err, ERR_REFUSED,
	    "it is SYSTEM VERSIONED, and its present rows end with the time that a server can tell, which is "
	    "2038 at one and 2106 at the other");
	return err_hint(cx->err, "move it between servers of one version");
}

/* Servers with 32 bits of time, and with more. */
bool
versioned_is_present(const struct table_def *def, const struct slice *row)
{
	return slice_eq_str(row[def->row_end], "2038-01-19 03:14:07.999999") ||
	    slice_eq_str(row[def->row_end], "2106-02-07 06:28:15.999999");
}
