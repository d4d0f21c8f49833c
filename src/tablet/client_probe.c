#include "tablet/client_probe.h"

#include "rpc/grants.h"
#include "sql/quote.h"
#include "tablet/account_name.h"

/* What the server denies is a refusal that says what to do; other errors stay as they are. -1. */
static int
blame(struct ctx *cx, const struct client_probe *p)
{
	const struct grant_places where = { p->database, p->env->sidecar };
	SCOPED(buf) struct buf place = BUF_INIT;
	struct err first = *cx->err;
	const char *named;

	if (!env_is_denied(cx->err))
		return -1;
	first.kind = ERR_REFUSED;
	err_wrap(&first, "account '%s'", p->env->accounts->app.user);
	if (p->session == NULL || account_name(cx, p->session, &named) != 0) {
		err_hint(&first, "vttablet --init prints the statements that make it");
		return err_copy(cx->err, &first);
	}
	grant_place(&place, &where, PRIVILEGE_DATABASE);
	err_hint(&first, "GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO %s", place.data, named);
	return err_copy(cx->err, &first);
}

static int
act_as_client(
    struct ctx *cx, struct mysql_client *c, const char *table, const struct probe_columns *columns)
{
	struct mysql_rows rows;

	TRY(mysql_selectf(cx, c, &rows, "SELECT * FROM %s WHERE FALSE", table));
	TRY(mysql_execf(cx, c, "INSERT INTO %s (%s) SELECT %s FROM %s WHERE FALSE", table,
	    columns->written, columns->written, table));
	TRY(mysql_execf(cx, c, "UPDATE %s SET %s=%s WHERE FALSE", table, columns->one, columns->one));
	return mysql_execf(cx, c, "DELETE FROM %s WHERE FALSE", table);
}

int
client_probe_table(
    struct ctx *cx, struct client_probe *p, const char *table, const struct probe_columns *columns)
{
	const struct tablet_env *env = p->env;
	SCOPED(buf) struct buf name = BUF_INIT;

	quote_table(&name, slice_str(p->database), slice_str(table));
	if ((p->session != NULL || env_app(cx, env, ROLE_PROBE, &p->session) == 0) &&
	    act_as_client(cx, p->session, name.data, columns) == 0)
		return 0;
	err_wrap(cx->err, "serving clients at '%s'", env->server);
	return blame(cx, p);
}
