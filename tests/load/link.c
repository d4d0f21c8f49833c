#include "link.h"

#include <errmsg.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
	CONNECT_TIMEOUT_S = 10,
	/* longer than any hold; a wait beyond it is a lost connection */
	ANSWER_TIMEOUT_S = 120,
	RECONNECT_PAUSE_US = 50000, /* a server that restarts takes seconds */
	BEHIND_MAX_US = 100000,     /* after a stall, make up for this much and no more */
	REST_LOOK_US = 20000,       /* how late the end of a rest is seen */
};

const char *const stmt_kind_names[] = { "select", "insert", "update", "delete", "txn", "commit",
	"connect" };

void
link_init(struct link *l, const struct settings *set, const struct steering *steering)
{
	*l = (struct link){ .set = set, .steering = steering };
	stalls_init(&l->stalls);
	pthread_mutex_init(&l->lock, NULL);
}

static void
hang_up(struct link *l)
{
	for (size_t i = 0; i < sizeof l->prepared / sizeof *l->prepared; i++) {
		if (l->prepared[i] != NULL)
			mysql_stmt_close(l->prepared[i]);
		l->prepared[i] = NULL;
	}
	if (l->my != NULL)
		mysql_close(l->my);
	l->my = NULL;
}

void
link_done(struct link *l)
{
	hang_up(l);
	stalls_done(&l->stalls);
	pthread_mutex_destroy(&l->lock);
}

/* Did the connection go, rather than the statement fail? 1927, 1053: the server says so itself
 * before it closes. */
static bool
is_disconnect(unsigned code)
{
	return code == CR_SERVER_GONE_ERROR || code == CR_SERVER_LOST ||
	    code == CR_CONNECTION_ERROR || code == CR_CONN_HOST_ERROR ||
	    code == CR_SERVER_LOST_EXTENDED || code == 1927 || code == 1053;
}

static void
remember(struct link *l, unsigned code, const char *text, const char *sql)
{
	struct failure *f;

	if (l->first_count == FAILURES_KEPT)
		return;
	f = &l->first[l->first_count++];
	*f = (struct failure){ .at_us = wall_us(), .code = code };
	snprintf(f->text, sizeof f->text, "%s", text);
	snprintf(f->sql, sizeof f->sql, "%.110s", sql);
}

static enum outcome
failed(struct link *l, unsigned code, const char *text, const char *sql)
{
	bool gone = is_disconnect(code);

	pthread_mutex_lock(&l->lock);
	if (gone)
		l->disconnects++;
	if (!gone || !l->set->tolerate_disconnects) {
		l->errors++;
		remember(l, code, text, sql);
	}
	pthread_mutex_unlock(&l->lock);
	if (gone)
		hang_up(l);
	return gone ? LOST : REFUSED;
}

void
link_wrong_read(struct link *l, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	pthread_mutex_lock(&l->lock);
	l->wrong_reads++;
	remember(l, 0, text, "");
	pthread_mutex_unlock(&l->lock);
}

MYSQL *
link_open(const struct settings *set, unsigned *code, char *text, size_t size)
{
	MYSQL *my = mysql_init(NULL);
	unsigned connect_s = CONNECT_TIMEOUT_S, answer_s = ANSWER_TIMEOUT_S;
	enum mysql_protocol_type how =
	    set->socket == NULL ? MYSQL_PROTOCOL_TCP : MYSQL_PROTOCOL_SOCKET;
	my_bool no = 0;

	mysql_options(my, MYSQL_OPT_CONNECT_TIMEOUT, &connect_s);
	mysql_options(my, MYSQL_OPT_READ_TIMEOUT, &answer_s);
	mysql_options(my, MYSQL_OPT_WRITE_TIMEOUT, &answer_s);
	mysql_options(my, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &no);
	mysql_options(my, MYSQL_SET_CHARSET_NAME, "utf8mb4");
	mysql_options(my, MYSQL_OPT_PROTOCOL, &how);
	if (mysql_real_connect(my, set->socket == NULL ? set->host : NULL, set->user, set->password,
		set->database, (unsigned)set->port, set->socket, CLIENT_FOUND_ROWS) != NULL &&
	    mysql_query(my, "SET time_zone = '+00:00'") == 0)
		return my;
	*code = mysql_errno(my);
	snprintf(text, size, "%s", mysql_error(my));
	mysql_close(my);
	return NULL;
}

static void
nap(int64_t us)
{
	struct timespec ts = { us / 1000000, (us % 1000000) * 1000 };

	nanosleep(&ts, NULL);
}

bool
link_ensure(struct link *l)
{
	char text[256];
	unsigned code = 0;

	while (l->my == NULL && !atomic_load(&l->steering->stop)) {
		int64_t start = wall_us();

		l->my = link_open(l->set, &code, text, sizeof text);
		if (l->my != NULL) {
			stalls_add(&l->stalls, start, wall_us() - start, STMT_CONNECT);
		} else {
			/* Counted among what failed, not as done: who waits for the load to go on waits for
			 * somebody who answers. The loop goes on whatever it was. */
			(void)failed(l, code, text, "connect");
			nap(RECONNECT_PAUSE_US);
		}
	}
	return l->my != NULL;
}

/* As long as that lasts there is nothing to catch up with. */
static void
rest(struct link *l)
{
	if (l->in_burst || !atomic_load(&l->steering->rest))
		return;
	while (atomic_load(&l->steering->rest) && !atomic_load(&l->steering->stop))
		nap(REST_LOOK_US);
	l->next_us = wall_us();
}

static void
pace(struct link *l)
{
	int64_t now, step;

	rest(l);
	now = wall_us();
	if (l->set->rate <= 0)
		return;
	step = (int64_t)(1e6 * l->set->clients / l->set->rate);
	if (l->next_us < now - BEHIND_MAX_US)
		l->next_us = now - BEHIND_MAX_US;
	if (l->next_us > now && !l->in_burst)
		nap(l->next_us - now);
	l->next_us += step;
}

enum outcome
link_run(struct link *l, enum stmt_kind kind, const char *sql, size_t len, MYSQL_RES **result)
{
	MYSQL_RES *res = NULL;
	int64_t start;
	int rc;

	if (result != NULL)
		*result = NULL;
	if (l->my == NULL)
		return LOST;
	pace(l);
	start = wall_us();
	rc = mysql_real_query(l->my, sql, len);
	if (rc == 0)
		res = mysql_store_result(l->my);
	stalls_add(&l->stalls, start, wall_us() - start, (int)kind);
	if (rc != 0 || (res == NULL && mysql_errno(l->my) != 0))
		return failed(l, mysql_errno(l->my), mysql_error(l->my), sql);
	if (result != NULL)
		*result = res;
	else if (res != NULL)
		mysql_free_result(res);
	return DONE;
}

static MYSQL_STMT *
prepare(struct link *l, int which, const char *sql)
{
	MYSQL_STMT *st = l->prepared[which];

	if (st != NULL)
		return st;
	st = mysql_stmt_init(l->my);
	l->prepared[which] = st;
	return mysql_stmt_prepare(st, sql, strlen(sql)) == 0 ? st : NULL;
}

static int
fetch(MYSQL_STMT *st, struct reply *reply)
{
	MYSQL_BIND out[6];
	my_bool is_null[6] = { 0 };
	int rc;

	memset(out, 0, sizeof out);
	for (int i = 0; i < 6; i++) {
		out[i].buffer_type = MYSQL_TYPE_STRING;
		out[i].buffer = reply->bytes[i];
		out[i].buffer_length = sizeof reply->bytes[i];
		out[i].length = &reply->lens[i];
		out[i].is_null = &is_null[i];
	}
	if (mysql_stmt_bind_result(st, out) != 0 || mysql_stmt_store_result(st) != 0)
		return -1;
	rc = mysql_stmt_fetch(st);
	reply->found = rc == 0 || rc == MYSQL_DATA_TRUNCATED;
	for (int i = 0; reply->found && i < 6; i++)
		reply->cols[i] = is_null[i] ? NULL : reply->bytes[i];
	mysql_stmt_free_result(st);
	return rc == 1 ? -1 : 0;
}

static int
execute(MYSQL_STMT *st, const char *const *params, struct reply *reply)
{
	MYSQL_BIND in[PARAMS_MAX];

	memset(in, 0, sizeof in);
	for (unsigned long i = 0; i < mysql_stmt_param_count(st); i++) {
		in[i].buffer_type = params[i] == NULL ? MYSQL_TYPE_NULL : MYSQL_TYPE_STRING;
		in[i].buffer = (void *)(uintptr_t)params[i];
		in[i].buffer_length = params[i] == NULL ? 0 : strlen(params[i]);
	}
	if (mysql_stmt_bind_param(st, in) != 0 || mysql_stmt_execute(st) != 0)
		return -1;
	return reply == NULL ? 0 : fetch(st, reply);
}

enum outcome
link_execute(struct link *l, enum stmt_kind kind, int which, const char *sql,
    const char *const *params, struct reply *reply)
{
	MYSQL_STMT *st;
	int64_t start;
	enum outcome out;
	int rc;

	if (l->my == NULL)
		return LOST;
	pace(l);
	start = wall_us();
	st = prepare(l, which, sql);
	rc = st == NULL ? -1 : execute(st, params, reply);
	stalls_add(&l->stalls, start, wall_us() - start, (int)kind);
	if (rc == 0 && reply == NULL && mysql_stmt_affected_rows(st) != 1)
		link_wrong_read(l, "%llu rows instead of 1 by the prepared %s",
		    (unsigned long long)mysql_stmt_affected_rows(st), stmt_kind_names[kind]);
	if (rc == 0)
		return DONE;
	st = l->prepared[which];
	out = failed(l, mysql_stmt_errno(st), mysql_stmt_error(st), sql);
	if (out == REFUSED) {
		mysql_stmt_close(st); /* it may never have been prepared */
		l->prepared[which] = NULL;
	}
	return out;
}
