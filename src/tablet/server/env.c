#include "tablet/server/env.h"

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
		.role = role,
		.found_rows = true,
		.local_files = role == ROLE_WRITER,
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
