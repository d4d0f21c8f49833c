#include "tablet/event_calls.h"

#include "base/fault.h"
#include "base/mutant.h"
#include "sql/quote.h"
#include "tablet/table/user_triggers.h"

enum {
	DUE_WITHIN_S = 60, /* longer than an attempt takes, of which --timeout is 30 s */
	AGAIN_MS = 20,     /* between two looks at what runs */
};

/* In the order that they are selected. */
enum { E_NAME, E_STATUS, E_DEFINER, E_DUE, E_CHARSET, E_COLLATION, E_COUNT };

/* What there is of the move at this end. */
struct events {
	const struct move_request *q;
	const char *database;
	struct mysql_client *c;
	struct mysql_rows rows;
};

static const struct slice *
event_at(const struct events *e, size_t i)
{
	return &e->rows.values[i * E_COUNT];
}

static bool
is_moved(const struct events *e, struct slice name)
{
	for (size_t i = 0; i < e->q->routines_count; i++) {
		const struct moved_routine *r = &e->q->routines[i];

		if (r->kind == ROUTINE_EVENT && slice_eq_nocase(name, slice_str(r->name)))
			return true;
	}
	return false;
}

static bool
has_events(const struct move_request *q)
{
	for (size_t i = 0; i < q->routines_count; i++) {
		if (q->routines[i].kind == ROUTINE_EVENT)
			return true;
	}
	return false;
}

/* Due: those that run once, and soon. In a time zone that the server does not know none is. */
static int
read_events(struct ctx *cx, struct events *e)
{
	SCOPED(buf) struct buf sql = BUF_INIT;

	buf_addf(&sql,
	    "SELECT event_name, status, definer, COALESCE(CONVERT_TZ(execute_at, time_zone, "
	    "@@session.time_zone) < NOW() + INTERVAL %d SECOND, 0), character_set_client, "
	    "collation_connection FROM information_schema.events WHERE event_schema=",
	    DUE_WITHIN_S);
	quote_string(&sql, slice_str(e->database));
	TRY(mysql_select(cx, e->c, buf_slice(&sql), &e->rows));
	if (e->rows.rows > 0 && e->rows.columns != E_COUNT)
		return err_set(cx->err, ERR_CORRUPT,
		    "information_schema.events answers with %zu columns", e->rows.columns);
	return 0;
}

static int
set_charsets(struct ctx *cx, const struct events *e, struct slice charset, struct slice collation)
{
	SCOPED(buf) struct buf sql = BUF_INIT;

	buf_add_str(&sql, "SET character_set_client=");
	quote_string(&sql, charset);
	if (!slice_is_null(collation)) {
		buf_add_str(&sql, ", collation_connection=");
		quote_string(&sql, collation);
	}
	return mysql_exec(cx, e->c, buf_slice(&sql), NULL);
}

/* Whoever alters one is its definer from then on, unless the statement says who is; and it has the character
 * sets of that session. In its database, whose name may be in other letters. */
static int
alter(struct ctx *cx, const struct events *e, size_t i, const char *status)
{
	const struct slice *v = event_at(e, i);
	SCOPED(buf) struct buf name = BUF_INIT;
	SCOPED(buf) struct buf sql = BUF_INIT;

	quote_ident(&name, v[E_NAME]);
	buf_addf(&sql, "ALTER DEFINER=%s EVENT %s %s",
	    user_triggers_definer(cx->arena, v[E_DEFINER]), name.data, status);
	if (!mutant("tablet_event_charsets"))
		TRY(set_charsets(cx, e, v[E_CHARSET], v[E_COLLATION]));
	int rc = mysql_exec(cx, e->c, buf_slice(&sql), NULL);
	if (rc != 0)
		return err_wrap(cx->err, "event '%s.%.*s'", e->database, SLICE_ARG(v[E_NAME]));
	return set_charsets(cx, e, slice_str("utf8mb4"), SLICE_NULL); /* as quote.h needs it */
}

static int
check_due(struct ctx *cx, const struct events *e)
{
	for (size_t i = 0; i < e->rows.rows; i++) {
		const struct slice *v = event_at(e, i);

		if (is_moved(e, v[E_NAME]) && slice_eq_str(v[E_STATUS], "ENABLED") &&
		    slice_eq_str(v[E_DUE], "1") && !mutant("tablet_event_due"))
			return err_set(cx->err, ERR_RETRY,
			    "event '%s.%.*s' runs once, within the next %d seconds: the switch waits for it",
			    e->database, SLICE_ARG(v[E_NAME]), DUE_WITHIN_S);
	}
	return 0;
}

/* A worker of an event is connected as its definer, by no client's command. */
static int
wait_ended(struct ctx *cx, const struct events *e)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	struct mysql_rows rows;

	buf_add_str(&sql,
	    "SELECT COUNT(*) FROM information_schema.processlist WHERE command='Connect' AND "
	    "user<>'system user' AND db=");
	quote_string(&sql, slice_str(e->database));
	while (!mutant("tablet_event_running")) {
		TRY(mysql_select(cx, e->c, buf_slice(&sql), &rows));
		if (rows.rows == 1 && slice_eq_str(rows.values[0], "0"))
			return 0;
		if (task_sleep(cx, AGAIN_MS * MSEC) != 0)
			return err_wrap(
			    cx->err, "waiting for the events of '%s' that run", e->database);
	}
	return 0;
}

static int
turn_off(struct ctx *cx, const struct events *e)
{
	TRY(check_due(cx, e));
	for (size_t i = 0; i < e->rows.rows && !mutant("tablet_events_stay_on"); i++) {
		const struct slice *v = event_at(e, i);

		if (!is_moved(e, v[E_NAME]) || !slice_eq_str(v[E_STATUS], "ENABLED"))
			continue;
		if (fault("event.off.before"))
			return err_set(cx->err, ERR_RETRY, "a fault before an event");
		TRY(alter(cx, e, i, "DISABLE ON SLAVE"));
	}
	return wait_ended(cx, e);
}

static int
turn_on(struct ctx *cx, const struct events *e)
{
	for (size_t i = 0; i < e->rows.rows; i++) {
		const struct slice *v = event_at(e, i);

		if (!is_moved(e, v[E_NAME]) || slice_eq_str(v[E_STATUS], "ENABLED") ||
		    slice_eq_str(v[E_STATUS], "DISABLED"))
			continue;
		if (fault("event.on.before"))
			return err_set(cx->err, ERR_RETRY, "a fault before an event");
		TRY(alter(cx, e, i, "ENABLE"));
	}
	return 0;
}

static int
use(struct ctx *cx, const struct events *e)
{
	SCOPED(buf) struct buf sql = BUF_INIT;

	buf_add_str(&sql, "USE ");
	quote_ident(&sql, slice_str(e->database));
	return mysql_exec(cx, e->c, buf_slice(&sql), NULL);
}

static int
with_events(struct ctx *cx, const struct tablet_env *env, const struct move_request *q,
    int (*turn)(struct ctx *, const struct events *))
{
	SCOPED(client) struct mysql_client *c = NULL;
	struct events e = { .q = q,
		.database = q->side == MOVE_TO ? q->to.database : q->from.database };

	if (!has_events(q))
		return 0;
	TRY(env_dba(cx, env, &c));
	e.c = c;
	TRY(use(cx, &e));
	TRY(read_events(cx, &e));
	return turn(cx, &e);
}

int
event_calls_off(struct ctx *cx, const struct tablet_env *env, const void *q, void *r)
{
	return with_events(cx, env, q, turn_off);
}

int
event_calls_on(struct ctx *cx, const struct tablet_env *env, const void *q, void *r)
{
	return with_events(cx, env, q, turn_on);
}
