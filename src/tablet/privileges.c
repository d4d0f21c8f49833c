#include "tablet/privileges.h"

#include "base/check.h"
#include "base/mutant.h"
#include "binlog/dump.h"
#include "rpc/grants.h"
#include "sql/quote.h"
#include "tablet/account_name.h"

/* A name that no table has. */
#define NOWHERE "_switchyard_nowhere"

enum {
	ER_BINLOG_CREATE_ROUTINE_NEED_SUPER = 1419,
	ER_NET_PACKET_TOO_LARGE = 1153,
	COMMENT_BEYOND = 65536, /* of a routine both flavours keep one byte less */
	ROWS_MAX = 64,          /* of one account's, several times what there are */
};

/* One account at a server. */
struct trial {
	const struct tablet_env *env;
	const struct account *account;
	enum privilege_account which;
	struct grant_places where;
	struct mysql_client *client;
	const char *named; /* 'vt_app'@'127.0.0.1', as the server knows it */
	struct requirements *out;
};

/* ---- One privilege */

static void
put_word(struct buf *out, const struct trial *t, const struct privilege *p, struct slice word)
{
	bool ours = strcmp(p->place, PRIVILEGE_SIDECAR) == 0;

	if (word.len == 0)
		quote_table(out, slice_str(ours ? t->where.sidecar : t->where.database),
		    slice_str(NOWHERE));
	else
		for (int i = 0; i < COMMENT_BEYOND; i++)
			buf_add_char(out, '-');
}

/* {} and {long} become what privilege.h says. */
static void
put_sql(struct buf *out, const struct trial *t, const struct privilege *p)
{
	for (const char *c = p->sql; *c != '\0'; c++) {
		size_t word = strcspn(c + 1, "}");

		if (c[0] != '{') {
			buf_add_char(out, *c);
			continue;
		}
		put_word(out, t, p, slice_of(c + 1, word));
		c += word + 1;
	}
}

/* A session as the server begins it: what ours state of themselves may take privileges too. */
static int
open_session(struct ctx *cx, const struct trial *t, struct mysql_client **out)
{
	struct mysql_params params = {
		.address = t->env->server,
		.user = t->account->user,
		.password = &t->account->password,
		.link = t->env->link,
	};

	return mysql_connect(cx, &params, out);
}

static int
try_replica(struct ctx *cx, const struct trial *t)
{
	SCOPED(client) struct mysql_client *c = NULL;

	TRY(open_session(cx, t, &c));
	return dump_register(cx, c, env_server_id(t->env, "privilege"));
}

static int
do_it(struct ctx *cx, struct trial *t, const struct privilege *p)
{
	SCOPED(buf) struct buf sql = BUF_INIT;

	if (p->sql == NULL)
		return try_replica(cx, t);
	put_sql(&sql, t, p);
	return mysql_exec(cx, t->client, buf_slice(&sql), NULL);
}

/* It waits for no lock that others have, and cuts nothing off to make it fit. */
static int
connect_as(struct ctx *cx, struct trial *t)
{
	static const char set[] = "SET SESSION lock_wait_timeout=1, sql_mode='STRICT_ALL_TABLES'";

	TRY(open_session(cx, t, &t->client));
	/* First: what init_connect has stated may read the words of the next statement as others. */
	TRY(mysql_exec(cx, t->client, slice_str("SET NAMES utf8mb4"), NULL));
	TRY(mysql_exec(cx, t->client, slice_str(set), NULL));
	return account_name(cx, t->client, &t->named);
}

/* What the server says when it is tried: 0 where the account may, or the error's number. */
static int
try_one(struct ctx *cx, struct trial *t, const struct privilege *p, int *denied)
{
	*denied = 0;
	if (do_it(cx, t, p) == 0)
		return 0;
	/* Larger than the server takes: it ends the session, with an answer or without, and its settings are
	 * refused for that. */
	if (cx->err->mysql_errno == ER_NET_PACKET_TOO_LARGE ||
	    (cx->err->kind == ERR_RETRY && p->sql != NULL && strstr(p->sql, "{long}") != NULL)) {
		err_clear(cx->err);
		client_done(&t->client);
		return connect_as(cx, t);
	}
	if (cx->err->kind != ERR_SERVER)
		return -1;
	if (mutant("tablet_privilege_denied"))
		return 0;
	if (env_is_denied(cx->err) || (p->error != 0 && cx->err->mysql_errno == p->error))
		*denied = cx->err->mysql_errno;
	err_clear(cx->err);
	return 0;
}

/* ---- One account */

struct tried {
	const struct privilege *row;
	int denied;
	bool told; /* false: what it takes beside is missing */
};

/* Statements that take another privilege too tell nothing where that is missing. */
static void
leave_untold(struct tried *all, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct privilege *p = all[i].row;

		all[i].told = true;
		for (size_t k = 0; k < count && p->beside != NULL; k++) {
			if (all[k].denied != 0 && strcmp(all[k].row->name, p->beside) == 0 &&
			    strcmp(all[k].row->place, p->place) == 0)
				all[i].told = mutant("tablet_privilege_beside");
		}
	}
}

/* All that is missing at the row's place, in one statement. */
static const char *
grant_of(struct ctx *cx, const struct trial *t, const struct tried *all, size_t count,
    const struct tried *one)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	const char *comma = "GRANT ";

	for (size_t i = 0; i < count; i++) {
		if (all[i].denied == 0 || !all[i].told ||
		    strcmp(all[i].row->place, one->row->place) != 0)
			continue;
		buf_addf(&sql, "%s%s", comma, all[i].row->name);
		comma = ", ";
	}
	buf_add_str(&sql, " ON ");
	grant_place(&sql, &t->where, one->row->place);
	buf_addf(&sql, " TO %s", t->named);
	return arena_slice_str(cx->arena, buf_slice(&sql));
}

static void
report(
    struct ctx *cx, struct trial *t, const struct tried *all, size_t count, const struct tried *one)
{
	SCOPED(buf) struct buf place = BUF_INIT;
	const struct privilege *p = one->row;
	const char *user = t->account->user;

	grant_place(&place, &t->where, p->place);
	struct requirement r = {
		.what =
		    arena_printf(cx->arena, "account '%s' has %s ON %s", user, p->name, place.data),
	};
	if (!one->told) {
		r.state = REQUIREMENT_NOT_KNOWN;
		r.why = arena_printf(cx->arena, "%s is missing", p->beside);
	} else if (one->denied != 0) {
		r.state = p->only == NULL ? REQUIREMENT_NOT_MET : REQUIREMENT_WARNS;
		r.why = arena_printf(cx->arena, "account '%s' lacks %s ON %s%s%s", user, p->name,
		    place.data, p->only == NULL ? "" : ", ", p->only == NULL ? "" : p->only);
		r.mend = grant_of(cx, t, all, count, one);
	}
	if (one->denied == ER_BINLOG_CREATE_ROUTINE_NEED_SUPER) {
		r.why = arena_printf(cx->arena,
		    "account '%s' may make no trigger: there is a binlog, and "
		    "log_bin_trust_function_creators is off",
		    user);
		r.mend =
		    "SET GLOBAL log_bin_trust_function_creators=1, and in the server's configuration";
	}
	requirements_add(cx->arena, t->out, &r);
}

static int
try_all(struct ctx *cx, struct trial *t)
{
	struct tried all[ROWS_MAX];
	size_t count = 0;

	for (const struct privilege *p = NULL;
	     (p = grant_next(mysql_dialect(t->client), p)) != NULL;) {
		if (p->account != t->which)
			continue;
		check(count < ROWS_MAX);
		all[count].row = p;
		TRY(try_one(cx, t, p, &all[count].denied));
		count++;
	}
	leave_untold(all, count);
	for (size_t i = 0; i < count; i++)
		report(cx, t, all, count, &all[i]);
	return 0;
}

static int
try_account(struct ctx *cx, struct trial *t)
{
	struct requirement login = {
		.what = arena_printf(cx->arena, "account '%s' may log in", t->account->user),
	};

	if (connect_as(cx, t) != 0) {
		if (!env_is_denied(cx->err))
			return -1;
		login.state = REQUIREMENT_NOT_MET;
		login.why = arena_strdup(cx->arena, cx->err->text);
		login.mend = "vttablet --init prints the statements that make it";
		err_clear(cx->err);
	}
	requirements_add(cx->arena, t->out, &login);
	return login.state == REQUIREMENT_MET ? try_all(cx, t) : 0;
}

int
privileges_try(
    struct ctx *cx, const struct tablet_env *env, const char *database, struct requirements *out)
{
	for (int which = 0; which < PRIVILEGE_ACCOUNTS; which++) {
		struct trial t = {
			.env = env,
			.which = (enum privilege_account)which,
			.account = grant_account_of(env->accounts, (enum privilege_account)which),
			.where = { database, env->sidecar },
			.out = out,
		};
		int rc = try_account(cx, &t);

		client_done(&t.client);
		TRY(rc);
	}
	return 0;
}
