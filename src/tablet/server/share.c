#include "tablet/server/share.h"

#include "base/check.h"
#include "base/mem.h"
#include "base/mutant.h"
#include "sql/quote.h"
#include "tablet/server/spare.h"
#include "tablet/server/watched.h"

#include <stdlib.h>

enum { ER_LOCK_WAIT_TIMEOUT = 1205 };

/* "LOCK TABLES a READ, b READ" */
static void
add_lock(struct buf *out, const struct share_tables *tables)
{
	for (int i = 0; i < tables->count; i++) {
		buf_add_str(out, i == 0 ? "LOCK TABLES " : ", ");
		quote_table(out, slice_str(tables->database), slice_str(tables->names[i]));
		buf_add_str(out, " READ");
	}
}

static int
let_go(struct ctx *cx, const struct share *s, int held)
{
	for (int i = 0; i < held; i++)
		TRY(mysql_exec(cx, s->holders[i], slice_str("UNLOCK TABLES"), NULL));
	return 0;
}

/* Those tables by that connection, waiting for a moment. */
static int
lock_watched(struct ctx *cx, const struct watched *w, const struct share_tables *tables, bool *again)
{
	SCOPED(buf) struct buf sql = BUF_INIT;

	add_lock(&sql, tables);
	return watched_exec(cx, w, buf_slice(&sql), NULL, again);
}

/* Each by its own connection: all of them, or none and *again. */
static int
lock_singly(struct ctx *cx, const struct share *s, struct mysql_client *killer,
    const struct share_tables *tables, bool *again)
{
	for (int i = 0; i < tables->count; i++) {
		struct share_tables one = { tables->database, &tables->names[i], 1 };
		const struct watched w = { s->holders[i], killer, SHARE_WAIT_MS * MSEC, false };
		struct err why;

		if (lock_watched(cx, &w, &one, again) == 0)
			continue;
		why = *cx->err;
		if (*again)
			TRY(let_go(cx, s, i));
		return err_copy(cx->err, &why);
	}
	return 0;
}

static int
open_holder(struct ctx *cx, const struct tablet_env *env, struct share *s)
{
	struct spare spare;

	TRY(spare_take(cx, env, ROLE_DBA, &spare));
	struct mysql_client *c = s->holders[s->count++] = spare_keep(&spare);
	/* a day: never by idling */
	return mysql_exec(cx, c, slice_str("SET autocommit=0, wait_timeout=86400"), NULL);
}

static int
read_one(struct ctx *cx, struct mysql_client *c, struct mysql_client *killer, struct slice sql)
{
	const struct watched w = { c, killer, SHARE_DDL_WAIT_MS * MSEC, false };
	bool again;

	if (killer == NULL)
		return mysql_exec(cx, c, sql, NULL);
	if (watched_exec(cx, &w, sql, NULL, &again) == 0)
		return 0;
	return again
	    ? err_set(cx->err, ERR_RETRY, "DDL or LOCK TABLES of a client has it, or waits for it")
	    : -1;
}

int
share_read(struct ctx *cx, struct mysql_client *c, struct mysql_client *killer,
    const struct share_tables *tables)
{
	for (int i = 0; i < tables->count; i++) {
		SCOPED(buf) struct buf sql = BUF_INIT;

		buf_add_str(&sql, "SELECT 1 FROM ");
		quote_table(&sql, slice_str(tables->database), slice_str(tables->names[i]));
		buf_add_str(&sql, " LIMIT 0");
		if (read_one(cx, c, killer, buf_slice(&sql)) != 0)
			return err_wrap(
			    cx->err, "table '%s.%s'", tables->database, tables->names[i]);
	}
	return 0;
}

/* All of them by one connection, or none: it waits for nobody, so it makes no victim. */
static int
lock_at_once(struct ctx *cx, const struct share *s, const struct share_tables *tables, bool *again)
{
	SCOPED(buf) struct buf sql = BUF_INIT;

	add_lock(&sql, tables);
	if (!mutant("tablet_share_waits"))
		buf_add_str(&sql, mysql_dialect(s->holders[0])->lock_at_once_sql);
	if (mysql_exec(cx, s->holders[0], buf_slice(&sql), NULL) == 0)
		return 0;
	*again = cx->err->mysql_errno == ER_LOCK_WAIT_TIMEOUT;
	return -1;
}

struct taking {
	const struct tablet_env *env;
	const struct share_tables *tables;
	struct share *s;
	int tries;
	struct mysql_client *killer; /* NULL before it is needed */
};

static int
open_killer(struct ctx *cx, struct taking *t)
{
	return t->killer != NULL ? 0 : env_dba(cx, t->env, &t->killer);
}

/* Nothing is locked just now. */
static int
look_for_ddl(struct ctx *cx, struct taking *t)
{
	if (t->tries % SHARE_DDL_TRIES != 0 || mutant("tablet_share_waits_for_ddl"))
		return 0;
	TRY(open_killer(cx, t));
	TRY(share_read(cx, t->s->holders[0], t->killer, t->tables));
	return mysql_exec(cx, t->s->holders[0], slice_str("COMMIT"), NULL);
}

static int
wait_for_them(struct ctx *cx, struct taking *t, bool *again)
{
	TRY(open_killer(cx, t));
	if (t->tables->count > SHARE_SINGLY_MAX) {
		const struct watched w = { t->s->holders[0], t->killer, SHARE_WAIT_MS * MSEC,
			false };

		return lock_watched(cx, &w, t->tables, again);
	}
	while (t->s->count < t->tables->count)
		TRY(open_holder(cx, t->env, t->s));
	return lock_singly(cx, t->s, t->killer, t->tables, again);
}

static int
try_once(struct ctx *cx, struct taking *t, bool *again)
{
	bool patient = ++t->tries >= SHARE_AT_ONCE_TRIES && t->tables->count <= SHARE_SINGLY_MAX;

	*again = false;
	if (mysql_dialect(t->s->holders[0])->lock_at_once_sql == NULL)
		return wait_for_them(cx, t, again);
	if (lock_at_once(cx, t->s, t->tables, again) == 0)
		return 0;
	if (!*again || !patient)
		return -1;
	*again = false;
	return wait_for_them(cx, t, again);
}

static int
take(struct ctx *cx, struct taking *t)
{
	bool again;

	TRY(open_holder(cx, t->env, t->s));
	while (try_once(cx, t, &again) != 0) {
		if (again)
			again = task_sleep(cx, SHARE_AGAIN_MS * MSEC) == 0;
		if (again)
			again = look_for_ddl(cx, t) == 0;
		if (again)
			continue;
		return cx->err->kind != ERR_TIMEOUT || t->tries == 1
		    ? -1
		    : err_set(cx->err, ERR_TIMEOUT, "writes to it are open all the time");
	}
	return 0;
}

int
share_take(struct ctx *cx, const struct tablet_env *env, const struct share_tables *tables,
    struct share *out)
{
	size_t most = (size_t)tables->count;
	struct taking t = { .env = env, .tables = tables, .s = out };

	*out = (struct share){ .holders = mem_zalloc(most * sizeof(struct mysql_client *)) };
	int rc = take(cx, &t);
	client_done(&t.killer);
	if (rc != 0)
		share_done(out);
	return rc;
}

bool
share_alive(struct ctx *cx, struct share *s)
{
	for (int i = 0; i < s->count; i++) {
		if (mysql_exec(cx, s->holders[i], slice_str("DO 0"), NULL) != 0)
			return false;
	}
	return true;
}

bool
share_broken(const struct share *s)
{
	for (int i = 0; i < s->count; i++) {
		if (mysql_broken(s->holders[i]))
			return true;
	}
	return false;
}

void
share_done(struct share *s)
{
	for (int i = 0; i < s->count; i++)
		client_done(&s->holders[i]);
	free(s->holders);
	*s = (struct share){ 0 };
}
