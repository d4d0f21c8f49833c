#include "tablet/validate.h"

#include "base/clock.h"
#include "base/mutant.h"
#include "base/parse.h"
#include "tablet/privileges.h"

enum {
	KEPT_S = 24 * 60 *
	    60, /* of binlogs: a stream that stopped in the evening goes on in the morning */
	CLOCK_OFF_US =
	    1000 * 1000, /* lags are told in tenths of seconds, and alerts ask for seconds */
};

static int
look(struct ctx *cx, const struct tablet_env *env, struct mysql_client *c,
    const struct server_ends *ends, struct requirements *out)
{
	TRY(privileges_try(cx, env, ends->database, out));
	/* Who cannot log in sees no settings: that is told already. */
	if (requirements_unmet(out) != NULL)
		return 0;
	return server_settings_look(cx, env, c, ends, out);
}

int
validate_end(struct ctx *cx, const struct tablet_env *env, struct mysql_client *c,
    const struct server_ends *ends)
{
	struct requirements all = { .count = 0 };
	const struct requirement *unmet;

	TRY(look(cx, env, c, ends, &all));
	unmet = requirements_unmet(&all);
	if (unmet == NULL || mutant("tablet_unmet_passes"))
		return 0;
	err_set(cx->err, ERR_REFUSED, "%s at server '%s' of tablet '%s'", unmet->why, env->server,
	    env->alias);
	return err_hint(cx->err, "%s", unmet->mend);
}

/* ---- What may hurt */

static int
ask_number(struct ctx *cx, struct mysql_client *c, const char *sql, int64_t *out)
{
	struct mysql_rows rows;
	uint64_t n;

	TRY(mysql_select(cx, c, slice_str(sql), &rows));
	TRY(parse_u64(rows.rows == 1 ? rows.values[0] : SLICE_NULL, &n, cx->err));
	*out = (int64_t)n;
	return 0;
}

/* A stream that stops for longer finds its place gone. */
static int
look_at_retention(struct ctx *cx, struct mysql_client *c, struct requirements *out)
{
	struct requirement r = { .what = "binlogs are kept for a day" };
	int64_t kept;

	TRY(ask_number(cx, c, "SELECT @@global.binlog_expire_logs_seconds", &kept));
	if (kept > 0 && kept < KEPT_S) {
		r.state = REQUIREMENT_WARNS;
		r.why = arena_printf(cx->arena,
		    "binlogs are kept for %lld seconds: a stream that stands still for so long cannot go on",
		    (long long)kept);
		r.mend = "SET GLOBAL binlog_expire_logs_seconds=604800";
	}
	requirements_add(cx->arena, out, &r);
	return 0;
}

/* Between the two readings of ours the server has read its own. */
static int
look_at_clock(struct ctx *cx, struct mysql_client *c, struct requirements *out)
{
	struct requirement r = { .what = "the server's clock is this machine's, to a second" };
	int64_t before = clock_wall(), after, there, off;

	TRY(ask_number(
	    cx, c, "SELECT CAST(UNIX_TIMESTAMP(SYSDATE(6)) * 1000000 AS UNSIGNED)", &there));
	after = clock_wall();
	off = there < before ? before - there : there > after ? there - after : 0;
	if (off > CLOCK_OFF_US) {
		r.state = REQUIREMENT_WARNS;
		r.why = arena_printf(cx->arena,
		    "the server's clock is %lld.%lld seconds %s this machine's: lags are told wrong by that",
		    (long long)off / 1000000, (long long)off / 100000 % 10,
		    there < before ? "behind" : "ahead of");
		r.mend = "have both machines keep time by NTP";
	}
	requirements_add(cx->arena, out, &r);
	return 0;
}

static int
look_at_read_only(struct ctx *cx, struct mysql_client *c, struct requirements *out)
{
	struct requirement r = { .what = "the server may be written (read_only is off)" };
	int64_t on;

	TRY(ask_number(cx, c, "SELECT @@global.read_only", &on));
	if (on != 0) {
		r.state = REQUIREMENT_NOT_MET;
		r.why = "read_only is on";
		r.mend = "SET GLOBAL read_only=OFF, or name the primary of this server";
	}
	requirements_add(cx->arena, out, &r);
	return 0;
}

static int
look_at_files(struct ctx *cx, struct mysql_client *c, struct requirements *out)
{
	struct requirement r = {
		.what = "rows may be loaded from a client's file (local_infile is on)"
	};
	int64_t on;

	if (!mysql_dialect(c)->wants_files)
		return 0;
	TRY(ask_number(cx, c, "SELECT @@global.local_infile", &on));
	if (on == 0) {
		r.state = REQUIREMENT_WARNS;
		r.why =
		    "local_infile is off: what is copied to here comes by INSERT, which is slower";
		r.mend = "SET GLOBAL local_infile=ON";
	}
	requirements_add(cx->arena, out, &r);
	return 0;
}

/* They get the copy too. */
static int
look_at_replicas(struct ctx *cx, struct mysql_client *c, struct requirements *out)
{
	struct requirement r = { .what = "no replica follows the server" };
	struct mysql_rows rows;

	if (mysql_select(cx, c, slice_str(mysql_dialect(c)->replicas_sql), &rows) != 0) {
		if (!env_is_denied(cx->err))
			return -1;
		r.state = REQUIREMENT_NOT_KNOWN;
		r.why = arena_strdup(cx->arena, cx->err->text);
		err_clear(cx->err);
	} else if (rows.rows > 0) {
		r.state = REQUIREMENT_WARNS;
		r.why = arena_printf(cx->arena,
		    "%zu replica%s follow%s the server and will get copies of tables too: look at their lag",
		    rows.rows, rows.rows == 1 ? "" : "s", rows.rows == 1 ? "s" : "");
	}
	requirements_add(cx->arena, out, &r);
	return 0;
}

static int
look_at_all(struct ctx *cx, const struct tablet_env *env, struct mysql_client *c,
    const struct server_ends *ends, struct requirements *out)
{
	TRY(server_settings_look(cx, env, c, ends, out));
	TRY(look_at_read_only(cx, c, out));
	TRY(look_at_files(cx, c, out));
	TRY(look_at_retention(cx, c, out));
	TRY(look_at_clock(cx, c, out));
	return look_at_replicas(cx, c, out);
}

int
validate_server(struct ctx *cx, const struct tablet_env *env, const struct validate_request *q,
    struct validate_reply *out)
{
	const struct server_ends both = { q->database, true, true };
	SCOPED(client) struct mysql_client *c = NULL;

	TRY(privileges_try(cx, env, q->database, &out->list));
	if (env_dba(cx, env, &c) != 0) {
		if (!env_is_denied(cx->err))
			return -1;
		requirements_add(cx->arena, &out->list,
		    &(struct requirement){
			"sessions of our accounts begin", REQUIREMENT_NOT_MET, cx->err->text, "" });
		err_clear(cx->err);
		return 0;
	}
	out->flavour = mysql_dialect(c)->name;
	out->version = arena_strdup(cx->arena, mysql_server_version(c));
	return look_at_all(cx, env, c, &both, &out->list);
}
