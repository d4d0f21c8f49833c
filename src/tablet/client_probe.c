#include "tablet/client_probe.h"

#include "sql/quote.h"

int
probe_blame(struct ctx *cx, const struct account *account, const char *grant)
{
	if (!env_is_denied(cx->err))
		return -1;
	cx->err->kind = ERR_REFUSED;
	err_wrap(cx->err, "account '%s'", account->user);
	return err_hint(cx->err, "GRANT %s TO '%s'@'127.0.0.1'", grant, account->user);
}

static int
act_as_client(struct ctx *cx, struct mysql_client *c, const char *table, const char *column)
{
	struct mysql_rows rows;

	TRY(mysql_selectf(cx, c, &rows, "SELECT * FROM %s WHERE FALSE", table));
	TRY(mysql_execf(cx, c, "INSERT INTO %s SELECT * FROM %s WHERE FALSE", table, table));
	TRY(mysql_execf(cx, c, "UPDATE %s SET %s=%s WHERE FALSE", table, column, column));
	return mysql_execf(cx, c, "DELETE FROM %s WHERE FALSE", table);
}

int
client_probe_table(struct ctx *cx, struct client_probe *p, const char *table, const char *column)
{
	const struct tablet_env *env = p->env;
	SCOPED(buf) struct buf name = BUF_INIT;
	SCOPED(buf) struct buf grant = BUF_INIT;

	quote_table(&name, slice_str(p->database), slice_str(table));
	if ((p->session != NULL || env_app(cx, env, ROLE_PROBE, &p->session) == 0) &&
	    act_as_client(cx, p->session, name.data, column) == 0)
		return 0;
	err_wrap(cx->err, "serving clients at '%s'", env->server);
	buf_add_str(&grant, "SELECT, INSERT, UPDATE, DELETE ON ");
	quote_ident(&grant, slice_str(p->database));
	buf_add_str(&grant, ".*");
	return probe_blame(cx, &env->accounts->app, grant.data);
}
