#include "tablet/server/env.h"

#include "base/check.h"
#include "base/hash.h"

uint32_t
env_server_id(const struct tablet_env *env, const char *reader)
{
	/* above any server_id that people give to servers by hand */
	static const uint32_t above = UINT32_C(1) << 31;
	SCOPED(buf) struct buf name = BUF_INIT;

	buf_addf(&name, "%s/%s", env->alias, reader);
	return above | (uint32_t)hash_bytes(buf_slice(&name));
}

static int
connect_dba(
    struct ctx *cx, const struct tablet_env *env, enum mysql_role role, struct mysql_client **out)
{
	struct mysql_params params = {
		.address = env->server,
		.user = env->accounts->dba.user,
		.password = &env->accounts->dba.password,
		.link = env->link,
		.role = role,
		.found_rows = true,
	};

	*out = NULL;
	return mysql_connect(cx, &params, out);
}

int
env_dba(struct ctx *cx, const struct tablet_env *env, struct mysql_client **out)
{
	return connect_dba(cx, env, ROLE_DBA, out);
}

int
env_ddl(struct ctx *cx, const struct tablet_env *env, struct mysql_client **out)
{
	return connect_dba(cx, env, ROLE_DDL, out);
}

struct mysql_params
env_stream_params(const struct tablet_env *env, const char *server, enum mysql_role role)
{
	return (struct mysql_params){
		.address = server,
		.user = env->accounts->stream.user,
		.password = &env->accounts->stream.password,
		.link = env->link,
		.role = role,
		.found_rows = true,
		.local_files = role == ROLE_WRITER,
		.caps_with = role == ROLE_WRITER ? CAP_MARIADB_STMT_BULK : 0,
	};
}

int
env_stream(struct ctx *cx, const struct tablet_env *env, const char *server, enum mysql_role role,
    struct mysql_client **out)
{
	struct mysql_params params = env_stream_params(env, server, role);

	*out = NULL;
	return mysql_connect(cx, &params, out);
}

int
env_app(
    struct ctx *cx, const struct tablet_env *env, enum mysql_role role, struct mysql_client **out)
{
	struct mysql_params params = {
		.address = env->server,
		.role = role,
		.user = env->accounts->app.user,
		.password = &env->accounts->app.password,
		.link = env->link,
	};

	*out = NULL;
	if (mysql_connect(cx, &params, out) != 0)
		return err_wrap(cx->err, "connecting to '%s' as '%s'", env->server, params.user);
	return 0;
}

bool
env_is_denied(const struct err *err)
{
	static const int codes[] = { 1044, 1045, 1142, 1143, 1227, 1419 };

	if (err->kind != ERR_SERVER)
		return false;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		if (codes[i] == err->mysql_errno)
			return true;
	}
	return false;
}

/* ---- Which errors waiting mends */

static bool
server_error_passes(int code)
{
	static const int passing[] = {
		1040,                   /* too many connections */
		1053,                   /* shutdown in progress */
		1158, 1159, 1160, 1161, /* network read and write errors and timeouts */
		1205,                   /* lock wait timeout */
		1213,                   /* deadlock */
		1317,                   /* query interrupted */
		1927,                   /* connection was killed */
		1226,                   /* resource limit for now */
		1021, 1114,             /* disk full, which InnoDB calls a full table */
	};

	for (size_t i = 0; i < sizeof(passing) / sizeof(passing[0]); i++) {
		if (passing[i] == code)
			return true;
	}
	return false;
}

/* A temporary file that cannot grow is told by several numbers, with the system's error in the text. */
static bool
is_full_disk(const struct err *err)
{
	return strstr(err->text, "(Errcode: 28 ") != NULL;
}

bool
env_error_passes(const struct err *err)
{
	switch (err->kind) {
	case ERR_RETRY:
	case ERR_TIMEOUT: return true;
	case ERR_SERVER: return server_error_passes(err->mysql_errno) || is_full_disk(err);
	case ERR_NONE:
	case ERR_CANCELLED:
	case ERR_REFUSED:
	case ERR_CORRUPT:
	case ERR_CONFLICT:
	case ERR_NOT_FOUND: return false;
	}
	unreachable();
}
