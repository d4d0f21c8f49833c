#include "tablet/survey.h"

#include "base/parse.h"
#include "sql/quote.h"
#include "tablet/large_rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>

enum {
	LONG_TRANSACTION_S = 10, /* --grace-period's default: a switch would meet its end */
	COPY_BYTES_PER_S = 10 * 1024 * 1024, /* a slow copy: bench/results has several times that */
	SHOWN_MAX = 5,                       /* clients and transactions that are named */
	MB = 1024 * 1024,
};

struct survey {
	const struct tablet_env *env;
	const struct survey_request *request;
	struct mysql_client *client;
	struct survey_reply *reply;
};

#define ADD(s, severity, ...) findings_add(cx->arena, &(s)->reply->findings, severity, __VA_ARGS__)

static int64_t
number(const struct mysql_rows *rows, size_t i)
{
	char text[32];

	if (slice_is_null(rows->values[i]))
		return 0;
	(void)snprintf(text, sizeof(text), "%.*s", SLICE_ARG(rows->values[i]));
	return strtoll(text, NULL, 10);
}

/* Our own accounts, and what the server runs by itself. */
static void
put_own_users(struct buf *sql, const struct credentials *accounts)
{
	const char *const users[] = { accounts->app.user, accounts->stream.user,
		accounts->dba.user };

	buf_add_str(sql, "('system user','event_scheduler'");
	for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++) {
		buf_add_char(sql, ',');
		quote_string(sql, slice_str(users[i]));
	}
	buf_add_char(sql, ')');
}

/* ---- The end that the tables leave */

/* The host without its port, which says nothing. */
static int
find_clients(struct ctx *cx, struct survey *s)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	const char *database = s->request->move.from.database;
	struct mysql_rows rows;

	buf_addf(&sql,
	    "SELECT user, IF(LOCATE(':', host) = 0, host, LEFT(host, CHAR_LENGTH(host) - LOCATE(':', "
	    "REVERSE(host)))) AS at, COUNT(*) FROM %s WHERE BINARY db = ",
	    mysql_dialect(s->client)->processes);
	quote_string(&sql, slice_str(database));
	buf_add_str(&sql, " AND id <> CONNECTION_ID() AND user NOT IN ");
	put_own_users(&sql, s->env->accounts);
	buf_add_str(&sql, " GROUP BY user, at ORDER BY 3 DESC, 1, 2");
	TRY(mysql_select(cx, s->client, buf_slice(&sql), &rows));
	for (size_t i = 0; i < rows.rows && i < SHOWN_MAX; i++)
		ADD(s, FINDING_WARNS,
		    "'%.*s' from '%.*s' has %lld connection%s to database '%s' at server '%s' itself, not "
		    "through a gate: after the switch it would still be at the old tables",
		    SLICE_ARG(rows.values[3 * i]), SLICE_ARG(rows.values[3 * i + 1]),
		    (long long)number(&rows, 3 * i + 2), number(&rows, 3 * i + 2) == 1 ? "" : "s",
		    database, s->env->server);
	if (rows.rows > SHOWN_MAX)
		ADD(s, FINDING_WARNS, "%zu more accounts and hosts are there without a gate",
		    rows.rows - SHOWN_MAX);
	return 0;
}

/* INNODB_TRX tells the time in the server's own zone, whatever the session's is. */
static int
find_transactions(struct ctx *cx, struct survey *s)
{
	struct mysql_rows rows;

	TRY(mysql_selectf(cx, s->client, &rows,
	    "SELECT p.user, TIMESTAMPDIFF(SECOND, CONVERT_TZ(t.trx_started, 'SYSTEM', "
	    "@@session.time_zone), NOW()) AS age, p.id FROM information_schema.innodb_trx t JOIN "
	    "%s p ON p.id = t.trx_mysql_thread_id WHERE p.id <> "
	    "CONNECTION_ID() HAVING age >= %d ORDER BY age DESC",
	    mysql_dialect(s->client)->processes, LONG_TRANSACTION_S));
	for (size_t i = 0; i < rows.rows && i < SHOWN_MAX; i++)
		ADD(s, FINDING_WARNS,
		    "a transaction of '%.*s' has been open at server '%s' for %lld seconds (thread %lld): "
		    "the switch has to wait for such a one if it is on these tables",
		    SLICE_ARG(rows.values[3 * i]), s->env->server,
		    (long long)number(&rows, 3 * i + 1), (long long)number(&rows, 3 * i + 2));
	if (rows.rows > SHOWN_MAX)
		ADD(s, FINDING_WARNS, "%zu more transactions are open for as long",
		    rows.rows - SHOWN_MAX);
	return 0;
}

static int
sum_bytes(struct ctx *cx, struct survey *s)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	const struct move_request *q = &s->request->move;
	struct mysql_rows rows;

	buf_add_str(&sql,
	    "SELECT CAST(COALESCE(SUM(data_length + index_length), 0) AS SIGNED) FROM "
	    "information_schema.tables WHERE table_schema = ");
	quote_string(&sql, slice_str(q->from.database));
	buf_add_str(&sql, " AND BINARY table_name IN (''");
	for (size_t i = 0; i < q->tables_count; i++) {
		buf_add_char(&sql, ',');
		quote_string(&sql, slice_str(q->tables[i].from));
	}
	buf_add_char(&sql, ')');
	TRY(mysql_select(cx, s->client, buf_slice(&sql), &rows));
	s->reply->bytes = rows.rows == 1 ? number(&rows, 0) : 0;
	return 0;
}

/* A stream that stops for as long as that finds its place gone. */
static int
find_retention(struct ctx *cx, struct survey *s)
{
	struct mysql_rows rows;
	int64_t kept, copy = s->reply->bytes / COPY_BYTES_PER_S;

	TRY(mysql_select(
	    cx, s->client, slice_str("SELECT @@global.binlog_expire_logs_seconds"), &rows));
	kept = rows.rows == 1 ? number(&rows, 0) : 0;
	if (kept == 0 || kept >= 2 * copy + 60 * 60)
		return 0;
	ADD(s, FINDING_WARNS,
	    "server '%s' keeps its binlogs for %lld seconds (binlog_expire_logs_seconds), and the copy of "
	    "%lld MB may take %lld: a stream that stands still for so long cannot go on",
	    s->env->server, (long long)kept, (long long)s->reply->bytes / MB, (long long)copy);
	return 0;
}

int
survey_from(struct ctx *cx, const struct tablet_env *env, const struct survey_request *request,
    struct survey_reply *reply)
{
	SCOPED(client) struct mysql_client *c = NULL;

	TRY(env_dba(cx, env, &c));
	struct survey s = { env, request, c, reply };
	TRY(sum_bytes(cx, &s));
	TRY(find_clients(cx, &s));
	TRY(find_transactions(cx, &s));
	return find_retention(cx, &s);
}

/* ---- The end where they arrive */

int64_t
survey_free_bytes(const char *server, const char *folder)
{
	struct statvfs fs;

	/* Of another machine's folder the same name means nothing here. */
	if (strncmp(server, "127.", 4) != 0 && strncmp(server, "localhost:", 10) != 0 &&
	    strncmp(server, "[::1]:", 6) != 0)
		return -1;
	if (statvfs(folder, &fs) != 0)
		return -1;
	return (int64_t)fs.f_bavail * (int64_t)fs.f_frsize;
}

/* Rows and indexes come anew, and building an index wants room for sorting. */
static int
find_room(struct ctx *cx, struct survey *s)
{
	int64_t wanted = s->request->bytes, free_bytes;
	struct mysql_rows rows;

	TRY(mysql_select(cx, s->client, slice_str("SELECT @@global.datadir"), &rows));
	free_bytes = rows.rows != 1
	    ? -1
	    : survey_free_bytes(s->env->server, arena_slice_str(cx->arena, rows.values[0]));
	if (free_bytes < 0)
		ADD(s, FINDING_NOTE,
		    "how much room server '%s' has on its disk cannot be seen by its vttablet; the tables "
		    "have %lld MB at the source",
		    s->env->server, (long long)wanted / MB);
	else if (free_bytes < wanted)
		ADD(s, FINDING_REFUSES,
		    "server '%s' has %lld MB free on its disk, and the tables have %lld MB at the source",
		    s->env->server, (long long)free_bytes / MB, (long long)wanted / MB);
	else if (free_bytes < 2 * wanted)
		ADD(s, FINDING_WARNS,
		    "server '%s' has %lld MB free on its disk for tables that have %lld MB at the source: "
		    "building their indexes and writing them to the binlog wants more than that",
		    s->env->server, (long long)free_bytes / MB, (long long)wanted / MB);
	return 0;
}

static int
find_replicas(struct ctx *cx, struct survey *s)
{
	struct mysql_rows rows;

	TRY(mysql_select(cx, s->client, slice_str(mysql_dialect(s->client)->replicas_sql), &rows));
	if (rows.rows > 0)
		ADD(s, FINDING_NOTE,
		    "%zu replica%s follow%s server '%s' and will get the copy too: their lag is not known "
		    "there",
		    rows.rows, rows.rows == 1 ? "" : "s", rows.rows == 1 ? "s" : "", s->env->server);
	return 0;
}

int
survey_to(struct ctx *cx, const struct tablet_env *env, const struct survey_request *request,
    struct survey_reply *reply)
{
	SCOPED(client) struct mysql_client *c = NULL;

	TRY(env_dba(cx, env, &c));
	struct survey s = { env, request, c, reply };
	TRY(find_room(cx, &s));
	if (request->before_copy)
		TRY(large_rows_find(cx, env, &request->move, c, &reply->findings));
	return find_replicas(cx, &s);
}
