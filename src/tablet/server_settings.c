#include "tablet/server_settings.h"

/* What the gates take for granted of every session that they open, at either side. */
static const struct demand common_settings[] = {
	{ "lower_case_table_names is 0", "@@global.lower_case_table_names", "0",
	    "lower_case_table_names is not 0, so that names of tables mean something else",
	    "set lower_case_table_names=0 where the server's data is made anew" },
	{ "autocommit is on", "@@global.autocommit", "1", "autocommit is off",
	    "SET GLOBAL autocommit=1, and let clients reconnect" },
	{ "completion_type is NO_CHAIN", "@@global.completion_type", "NO_CHAIN",
	    "completion_type is not NO_CHAIN",
	    "SET GLOBAL completion_type='NO_CHAIN', and let clients reconnect" },
	{ "sql_mode is without ANSI_QUOTES", "FIND_IN_SET('ANSI_QUOTES', @@global.sql_mode)", "0",
	    "sql_mode has ANSI_QUOTES",
	    "SET GLOBAL sql_mode=DEFAULT, or another without it, and let clients reconnect" },
	{ "sql_mode is without NO_BACKSLASH_ESCAPES",
	    "FIND_IN_SET('NO_BACKSLASH_ESCAPES', @@global.sql_mode)", "0",
	    "sql_mode has NO_BACKSLASH_ESCAPES",
	    "SET GLOBAL sql_mode=DEFAULT, or another without it, and let clients reconnect" },
	{ 0 },
};

/* The same of the session that a client really gets: the server's init_connect may say otherwise than its
 * GLOBAL values. And what the stream takes for granted of those at its source. */
static const struct demand client_settings[] = {
	{ "autocommit is on in clients' sessions", "@@session.autocommit", "1",
	    "autocommit is off in clients' sessions", DEMAND_GREETED },
	{ "completion_type is NO_CHAIN in clients' sessions", "@@session.completion_type",
	    "NO_CHAIN", "completion_type is not NO_CHAIN in clients' sessions", DEMAND_GREETED },
	{ "sql_mode is without ANSI_QUOTES in clients' sessions",
	    "FIND_IN_SET('ANSI_QUOTES', @@session.sql_mode)", "0",
	    "sql_mode has ANSI_QUOTES in clients' sessions", DEMAND_GREETED },
	{ "sql_mode is without NO_BACKSLASH_ESCAPES in clients' sessions",
	    "FIND_IN_SET('NO_BACKSLASH_ESCAPES', @@session.sql_mode)", "0",
	    "sql_mode has NO_BACKSLASH_ESCAPES in clients' sessions", DEMAND_GREETED },
	{ 0 },
};

static const struct demand source_client_settings[] = {
	{ "sql_log_bin is on in clients' sessions", "@@session.sql_log_bin", "1",
	    "sql_log_bin is off in clients' sessions", DEMAND_GREETED },
	{ "binlog_format is ROW in clients' sessions", "@@session.binlog_format", "ROW",
	    "binlog_format is not ROW in clients' sessions", DEMAND_GREETED },
	{ "binlog_row_image is FULL in clients' sessions", "@@session.binlog_row_image", "FULL",
	    "binlog_row_image is not FULL in clients' sessions", DEMAND_GREETED },
	{ 0 },
};

/* What our own sessions cannot set for themselves (mysql/role.h). */
static const struct demand own_settings[] = {
	/* the statements of the applier have half of it */
	{ "max_allowed_packet is 1 MB or more", "@@global.max_allowed_packet >= 1024 * 1024", "1",
	    "max_allowed_packet is below 1 MB", "SET GLOBAL max_allowed_packet=16777216" },
	{ 0 },
};

static const struct demand no_settings[] = { { 0 } };

static const struct demand source_settings[] = {
	{ "the binlog is on", "@@global.log_bin", "1", "the binlog is off",
	    "set log_bin in the server's configuration and restart it" },
	{ "binlog_format is ROW", "@@global.binlog_format", "ROW", "binlog_format is not ROW",
	    "SET GLOBAL binlog_format='ROW', and let clients reconnect" },
	{ "binlog_row_image is FULL", "@@global.binlog_row_image", "FULL",
	    "binlog_row_image is not FULL",
	    "SET GLOBAL binlog_row_image='FULL', and let clients reconnect" },
	{ 0 },
};

static int
look_at(
    struct ctx *cx, struct mysql_client *c, const struct demand *demands, struct requirements *out)
{
	for (const struct demand *d = demands; d->what != NULL; d++) {
		struct requirement r = { .what = d->what };
		struct mysql_rows rows;

		TRY(mysql_selectf(cx, c, &rows, "SELECT %s LIMIT 1", d->sql));
		if (rows.rows != 1 || !slice_eq_nocase(rows.values[0], slice_str(d->wanted)))
			r = (struct requirement){ d->what, REQUIREMENT_NOT_MET, d->why, d->hint };
		requirements_add(cx->arena, out, &r);
	}
	return 0;
}

/* What an account may not is a requirement of its own (privileges.h). */
static int
unless_denied(struct ctx *cx, int rc)
{
	if (rc == 0 || !env_is_denied(cx->err))
		return rc;
	err_clear(cx->err);
	return 0;
}

/* An init_connect that fails is named by the first connection. */
static int
look_at_clients(struct ctx *cx, const struct tablet_env *env, const struct demand *more,
    struct requirements *out)
{
	SCOPED(client) struct mysql_client *probe = NULL, *c = NULL;

	if (env_app(cx, env, ROLE_PROBE, &probe) != 0 || env_app(cx, env, ROLE_CLIENT, &c) != 0)
		return unless_denied(cx, err_wrap(cx->err, "serving clients at '%s'", env->server));
	TRY(look_at(cx, c, client_settings, out));
	TRY(look_at(cx, c, mysql_dialect(c)->session_demands, out));
	return look_at(cx, c, more, out);
}

/* "a,b" as the row of the server's position has it. */
static bool
lists(struct slice names, const char *name)
{
	while (!slice_is_null(names)) {
		struct slice one;

		names = slice_split(names, ',', &one);
		if (slice_eq_str(one, name))
			return true;
	}
	return false;
}

/* The server leaves out whole databases: those not in the first list when there is one, or those in the
 * second. */
static void
look_for_filter(struct ctx *cx, const struct tablet_env *env, const struct slice *filters,
    const char *database, struct requirements *out)
{
	bool wanted = filters[0].len == 0 || lists(filters[0], database);
	struct requirement r = {
		.what = arena_printf(cx->arena, "database '%s' is in the binlog", database),
	};

	if (!wanted || (filters[0].len == 0 && lists(filters[1], database))) {
		r.state = REQUIREMENT_NOT_MET;
		r.why = arena_printf(cx->arena, "database '%s' is left out of the binlog (%s)",
		    database, wanted ? "binlog_ignore_db" : "binlog_do_db");
		r.mend = "take that setting out of the server's configuration, and restart it";
	}
	requirements_add(cx->arena, out, &r);
}

static int
look_for_filters(struct ctx *cx, const struct tablet_env *env, struct mysql_client *c,
    const char *database, struct requirements *out)
{
	enum { DO_DB = 2, COLUMNS = 4 }; /* File, Position, Binlog_Do_DB, Binlog_Ignore_DB */
	struct mysql_rows rows;

	if (mysql_select(cx, c, slice_str(mysql_dialect(c)->position_sql), &rows) != 0)
		return unless_denied(cx, -1);
	if (rows.rows == 0)
		return 0; /* there is no binlog, which is told already */
	if (rows.rows != 1 || rows.columns < COLUMNS)
		return err_set(cx->err, ERR_CORRUPT,
		    "server '%s' does not tell its binlog's filters", env->server);
	look_for_filter(cx, env, rows.values + DO_DB, database, out);
	look_for_filter(cx, env, rows.values + DO_DB, env->sidecar, out);
	return 0;
}

int
server_settings_look(struct ctx *cx, const struct tablet_env *env, struct mysql_client *c,
    const struct server_ends *ends, struct requirements *out)
{
	const struct dialect *d = mysql_dialect(c);

	TRY(look_at(cx, c, common_settings, out));
	TRY(look_at(cx, c, d->demands, out));
	TRY(look_at(cx, c, own_settings, out));
	if (ends->from)
		TRY(look_at(cx, c, source_settings, out));
	TRY(look_at_clients(cx, env, ends->from ? source_client_settings : no_settings, out));
	return ends->from ? look_for_filters(cx, env, c, ends->database, out) : 0;
}
