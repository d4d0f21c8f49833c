#include "tablet/server_settings.h"

/* What the gates take for granted of every session that they open, at either side. */
static const struct demand common_settings[] = {
	{ "@@global.lower_case_table_names", "0",
	    "lower_case_table_names is not 0, so that names of tables mean something else",
	    "set lower_case_table_names=0 where the server's data is made anew" },
	{ "@@global.autocommit", "1", "autocommit is off",
	    "SET GLOBAL autocommit=1, and let clients reconnect" },
	{ "@@global.completion_type", "NO_CHAIN", "completion_type is not NO_CHAIN",
	    "SET GLOBAL completion_type='NO_CHAIN', and let clients reconnect" },
	{ "FIND_IN_SET('ANSI_QUOTES', @@global.sql_mode)", "0", "sql_mode has ANSI_QUOTES",
	    "SET GLOBAL sql_mode=DEFAULT, or another without it, and let clients reconnect" },
	{ "FIND_IN_SET('NO_BACKSLASH_ESCAPES', @@global.sql_mode)", "0",
	    "sql_mode has NO_BACKSLASH_ESCAPES",
	    "SET GLOBAL sql_mode=DEFAULT, or another without it, and let clients reconnect" },
	{ 0 },
};

/* The same of the session that a client really gets: the server's init_connect may say otherwise than its
 * GLOBAL values. And what the stream takes for granted of those at its source. */
static const struct demand client_settings[] = {
	{ "@@session.autocommit", "1", "autocommit is off in clients' sessions", DEMAND_GREETED },
	{ "@@session.completion_type", "NO_CHAIN",
	    "completion_type is not NO_CHAIN in clients' sessions", DEMAND_GREETED },
	{ "FIND_IN_SET('ANSI_QUOTES', @@session.sql_mode)", "0",
	    "sql_mode has ANSI_QUOTES in clients' sessions", DEMAND_GREETED },
	{ "FIND_IN_SET('NO_BACKSLASH_ESCAPES', @@session.sql_mode)", "0",
	    "sql_mode has NO_BACKSLASH_ESCAPES in clients' sessions", DEMAND_GREETED },
	{ 0 },
};

static const struct demand source_client_settings[] = {
	{ "@@session.sql_log_bin", "1", "sql_log_bin is off in clients' sessions", DEMAND_GREETED },
	{ "@@session.binlog_format", "ROW", "binlog_format is not ROW in clients' sessions",
	    DEMAND_GREETED },
	{ "@@session.binlog_row_image", "FULL", "binlog_row_image is not FULL in clients' sessions",
	    DEMAND_GREETED },
	{ 0 },
};

/* What our own sessions cannot set for themselves (mysql/role.h). */
static const struct demand own_settings[] = {
	/* the statements of the applier have half of it */
	{ "@@global.max_allowed_packet >= 1024 * 1024", "1", "max_allowed_packet is below 1 MB",
	    "SET GLOBAL max_allowed_packet=16777216" },
	{ 0 },
};

static const struct demand source_settings[] = {
	{ "@@global.log_bin", "1", "the binlog is off",
	    "set log_bin in the server's configuration and restart it" },
	{ "@@global.binlog_format", "ROW", "binlog_format is not ROW",
	    "SET GLOBAL binlog_format='ROW', and let clients reconnect" },
	{ "@@global.binlog_row_image", "FULL", "binlog_row_image is not FULL",
	    "SET GLOBAL binlog_row_image='FULL', and let clients reconnect" },
	{ 0 },
};

static const struct demand target_settings[] = {
	{ "@@global.local_infile", "1", "local_infile is off", "SET GLOBAL local_infile=ON" },
	{ 0 },
};

static int
check_settings(struct ctx *cx, const struct tablet_env *env, struct mysql_client *c,
    const struct demand *settings)
{
	for (const struct demand *s = settings; s->sql != NULL; s++) {
		struct mysql_rows rows;

		TRY(mysql_selectf(cx, c, &rows, "SELECT %s LIMIT 1", s->sql));
		if (rows.rows == 1 && slice_eq_nocase(rows.values[0], slice_str(s->wanted)))
			continue;
		err_set(cx->err, ERR_REFUSED, "%s at server '%s' of tablet '%s'", s->why,
		    env->server, env->alias);
		return err_hint(cx->err, "%s", s->hint);
	}
	return 0;
}

/* An init_connect that fails is named by the first connection. */
static int
check_clients(struct ctx *cx, const struct tablet_env *env, const struct demand *more)
{
	SCOPED(client) struct mysql_client *probe = NULL, *c = NULL;

	if (env_app(cx, env, ROLE_PROBE, &probe) != 0 || env_app(cx, env, ROLE_CLIENT, &c) != 0)
		return err_wrap(cx->err, "serving clients at '%s'", env->server);
	TRY(check_settings(cx, env, c, client_settings));
	TRY(check_settings(cx, env, c, mysql_dialect(c)->session_demands));
	return check_settings(cx, env, c, more);
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
static int
check_filtered(
    struct ctx *cx, const struct tablet_env *env, const struct slice *filters, const char *database)
{
	bool wanted = filters[0].len == 0 || lists(filters[0], database);

	if (wanted && (filters[0].len > 0 || !lists(filters[1], database)))
		return 0;
	err_set(cx->err, ERR_REFUSED, "database '%s' is left out of the binlog of server '%s' (%s)",
	    database, env->server, wanted ? "binlog_ignore_db" : "binlog_do_db");
	return err_hint(
	    cx->err, "take that setting out of the server's configuration, and restart it");
}

static int
check_filters(
    struct ctx *cx, const struct tablet_env *env, struct mysql_client *c, const char *database)
{
	enum { DO_DB = 2, COLUMNS = 4 }; /* File, Position, Binlog_Do_DB, Binlog_Ignore_DB */
	struct mysql_rows rows;

	TRY(mysql_select(cx, c, slice_str(mysql_dialect(c)->position_sql), &rows));
	if (rows.rows != 1 || rows.columns < COLUMNS)
		return err_set(cx->err, ERR_CORRUPT,
		    "server '%s' does not tell its binlog's filters", env->server);
	TRY(check_filtered(cx, env, rows.values + DO_DB, database));
	return check_filtered(cx, env, rows.values + DO_DB, env->sidecar);
}

static int
check_both(struct ctx *cx, const struct tablet_env *env, struct mysql_client *c)
{
	TRY(check_settings(cx, env, c, common_settings));
	TRY(check_settings(cx, env, c, mysql_dialect(c)->demands));
	return check_settings(cx, env, c, own_settings);
}

int
server_settings_from(
    struct ctx *cx, const struct tablet_env *env, struct mysql_client *c, const char *database)
{
	TRY(check_both(cx, env, c));
	TRY(check_settings(cx, env, c, source_settings));
	TRY(check_settings(cx, env, c, mysql_dialect(c)->source_demands));
	TRY(check_clients(cx, env, source_client_settings));
	return check_filters(cx, env, c, database);
}

int
server_settings_to(struct ctx *cx, const struct tablet_env *env, struct mysql_client *c)
{
	TRY(check_both(cx, env, c));
	TRY(check_settings(cx, env, c, target_settings));
	return check_clients(cx, env, (const struct demand[]){ { 0 } });
}
