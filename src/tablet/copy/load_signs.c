#include "tablet/copy/load_signs.h"

#include "base/mutant.h"
#include "base/parse.h"

#include <inttypes.h>

enum {
	ASK_EACH_MS = 1000, /* as gh-ost: often enough to be gentle, seldom enough not to be load */
	QUERY_MS = 1000,    /* what takes longer is a load itself */
	/* connecting and the answer: more than the server allows, for one that is gone without a word */
	ANSWER_MS = 3000,
};

/* One connection for each sign. */
struct asking {
	const struct tablet_env *env;
	const char *source;
	struct throttle_limits limits; /* their query is the one below */
	struct buf query;
	struct mysql_client *conns[THROTTLE_SIGNS];
};

static const char *
side_name(enum throttle_sign sign)
{
	return sign == SIGN_TARGET ? "target" : "source";
}

/* ---- The status of a server */

static int
read_status(struct ctx *cx, struct mysql_client *c, const char *sql, int64_t *out)
{
	struct mysql_rows rows;

	TRY(mysql_select(cx, c, slice_str(sql), &rows));
	if (rows.rows != 1 || rows.columns != 2)
		return err_set(cx->err, ERR_REFUSED, "it does not tell: %s", sql);
	return parse_i64(rows.values[1], out, cx->err);
}

static int
ask_status(struct ctx *cx, struct mysql_client *c, const struct throttle_limits *l,
    enum throttle_sign sign, struct buf *why)
{
	int64_t threads = 0, history = 0;

	if (l->threads > 0)
		TRY(read_status(cx, c, "SHOW GLOBAL STATUS LIKE 'Threads\\_running'", &threads));
	if (l->history > 0)
		TRY(read_status(cx, c, mysql_dialect(c)->history_sql, &history));
	if (threads > l->threads)
		buf_addf(why, "Threads_running of the %s is %" PRId64 ", at most %" PRId64,
		    side_name(sign), threads, l->threads);
	else if (history > l->history)
		buf_addf(why,
		    "Innodb_history_list_length of the %s is %" PRId64 ", at most %" PRId64,
		    side_name(sign), history, l->history);
	return 0;
}

/* ---- The query */

/* "0", "0.00", "-0": any number that is none. */
static bool
is_zero(struct slice value)
{
	bool digit = false;

	for (size_t i = 0; i < value.len; i++) {
		if (value.ptr[i] != '0' && value.ptr[i] != '.' && value.ptr[i] != '-')
			return false;
		digit |= value.ptr[i] == '0';
	}
	return digit;
}

static int
ask_query(struct ctx *cx, struct mysql_client *c, const struct throttle_limits *l, struct buf *why)
{
	usec begun = task_now();
	struct mysql_rows rows;
	int rc = mysql_select(cx, c, slice_str(l->query), &rows);

	/* One server ends it with an error; at the other a SLEEP() comes to an end as if nothing were. */
	if ((rc != 0 && cx->err->mysql_errno == mysql_dialect(c)->time_is_over) ||
	    (rc == 0 && task_now() - begun >= QUERY_MS * MSEC))
		return err_set(cx->err, ERR_TIMEOUT, "it takes longer than %d ms", QUERY_MS);
	TRY(rc);
	if (rows.columns == 0)
		return err_set(cx->err, ERR_REFUSED, "it has no answer");
	if (rows.rows > 0 && slice_is_null(rows.values[0]))
		buf_add_str(why, "--throttle-query gives NULL");
	else if (rows.rows > 0 && !is_zero(rows.values[0]))
		buf_addf(why, "--throttle-query gives %.*s", SLICE_ARG(rows.values[0]));
	return 0;
}

/* ---- Any of them */

/* What the query can be: none that writes, and none that lasts. */
static int
bind_query_session(struct ctx *cx, struct mysql_client *c)
{
	SCOPED(buf) struct buf sql = BUF_INIT;

	mysql_dialect(c)->bound_time(&sql, QUERY_MS);
	TRY(mysql_exec(cx, c, buf_slice(&sql), NULL));
	return mysql_exec(cx, c, slice_str("SET SESSION TRANSACTION READ ONLY"), NULL);
}

static int
connect_to(struct ctx *cx, struct asking *a, enum throttle_sign sign)
{
	struct mysql_client **c = &a->conns[sign];

	if (*c != NULL)
		return 0;
	if (sign == SIGN_TARGET)
		return env_dba(cx, a->env, c);
	TRY(env_stream(cx, a->env, a->source, ROLE_STREAM, c));
	return sign == SIGN_QUERY ? bind_query_session(cx, *c) : 0;
}

static int
ask(struct ctx *cx, struct asking *a, enum throttle_sign sign, struct buf *why)
{
	TRY(connect_to(cx, a, sign));
	return sign == SIGN_QUERY ? ask_query(cx, a->conns[sign], &a->limits, why)
				  : ask_status(cx, a->conns[sign], &a->limits, sign, why);
}

static int
describe_failure(struct ctx *cx, enum throttle_sign sign)
{
	return sign == SIGN_QUERY
	    ? err_wrap(cx->err, "--throttle-query")
	    : err_wrap(cx->err, "the load of the %s is not known", side_name(sign));
}

static int
ask_bounded(struct ctx *cx, struct asking *a, enum throttle_sign sign, struct buf *why)
{
	struct ctx within = ctx_within(cx, ANSWER_MS * MSEC);

	if (ask(&within, a, sign, why) == 0)
		return 0;
	client_done(&a->conns[sign]);
	return describe_failure(cx, sign);
}

/* While a server is asked they may become others, and their text with them. */
static void
take_limits(struct asking *a, const struct throttle_limits *limits)
{
	buf_reset(&a->query);
	buf_add_str(&a->query, limits->query == NULL ? "" : limits->query);
	a->limits = *limits;
	a->limits.query = a->query.data;
}

static void
close_all(struct asking *a)
{
	for (int i = 0; i < THROTTLE_SIGNS; i++)
		client_done(&a->conns[i]);
}

static void
done(struct asking *a)
{
	close_all(a);
	buf_done(&a->query);
}

/* ---- For a throttle */

static int
tell_one(struct ctx *cx, struct asking *a, struct throttle *t, enum throttle_sign sign)
{
	SCOPED(arena) struct arena arena = ARENA_INIT;
	SCOPED(buf) struct buf why = BUF_INIT;
	uint64_t version = t->version;
	struct ctx inner = *cx;

	take_limits(a, &t->limits);
	inner.arena = &arena;
	if (ask_bounded(&inner, a, sign, &why) != 0) {
		if (task_cancelled())
			return -1;
		buf_reset(&why);
		buf_add_str(&why, cx->err->text);
		err_clear(cx->err);
	}
	throttle_tell(t, sign, version, why.len > 0 ? why.data : "");
	return 0;
}

static int
tell_all(struct ctx *cx, struct asking *a, struct throttle *t)
{
	for (int i = 0; i < THROTTLE_SIGNS; i++) {
		enum throttle_sign sign = (enum throttle_sign)i;

		if (t->copying > 0 && throttle_wants(&t->limits, sign))
			TRY(tell_one(cx, a, t, sign));
		else
			client_done(&a->conns[i]);
	}
	return 0;
}

/* The next second, or other limits. */
static int
wait_next(struct ctx *cx, struct throttle *t, uint64_t version)
{
	struct ctx within = ctx_within(cx, ASK_EACH_MS * MSEC);

	while (t->version == version) {
		if (waitlist_wait(&within, &t->changed) == 0)
			continue;
		if (cx->err->kind != ERR_TIMEOUT)
			return -1;
		err_clear(cx->err);
		return 0;
	}
	return 0;
}

static int
wait_wanted(struct ctx *cx, struct throttle *t)
{
	while (t->copying == 0)
		TRY(waitlist_wait(cx, &t->changed));
	return 0;
}

static int
tell_for_ever(struct ctx *cx, struct asking *a, struct throttle *t)
{
	for (;;) {
		if (t->copying == 0)
			close_all(a);
		TRY(wait_wanted(cx, t));
		uint64_t version = t->version;
		TRY(tell_all(cx, a, t));
		TRY(wait_next(cx, t, version));
	}
}

int
load_signs_run(struct ctx *cx, const struct load_signs *s)
{
	struct asking a = { .env = s->env, .source = s->source, .query = BUF_INIT };
	int rc = tell_for_ever(cx, &a, s->throttle);

	done(&a);
	return rc;
}

int
load_signs_try(struct ctx *cx, const struct tablet_env *env, const char *source,
    const struct throttle_limits *limits)
{
	struct asking a = { .env = env, .source = source, .query = BUF_INIT };
	int rc = 0;

	take_limits(&a, limits);
	for (int i = 0; i < THROTTLE_SIGNS && rc == 0; i++) {
		SCOPED(buf) struct buf why = BUF_INIT;

		if (throttle_wants(limits, (enum throttle_sign)i))
			rc = ask_bounded(cx, &a, (enum throttle_sign)i, &why);
	}
	done(&a);
	return rc;
}
