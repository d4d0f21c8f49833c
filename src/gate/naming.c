#include "gate/naming.h"

#include "base/log.h"
#include "gate/beside.h"
#include "gate/execute.h"
#include "gate/refuse.h"
#include "mysql/command.h"
#include "sql/quote.h"
#include "topo/json.h"

#define ASK_WITHIN   (25 * SECOND) /* vtctld waits for its turn, gates and servers for less */
#define HOME_WITHIN  (5 * SECOND)
#define ROUTE_WITHIN (5 * SECOND) /* of rules that this gate has acknowledged */

/* ---- Asking */

struct asking {
	const char *method;
	struct ctl_request request;
	int64_t version; /* of the rules in which it is so */
};

static int
read_version(struct ctx *cx, struct slice answer, int64_t *version)
{
	struct json_doc doc;

	TRY(json_open(&doc, "vtctld's answer", answer, cx->arena, cx->err));
	struct json root = json_root(&doc);
	*version = json_get_i64(&root, "version");
	return json_close(&doc);
}

/* Asks one vtctld after another until one answers: whatever one has begun the next one goes on with. */
static int
ask(struct ctx *cx, const struct route *route, struct asking *a)
{
	SCOPED(buf)
	struct buf body = BUF_INIT;
	struct slice answer;
	const char *path = arena_printf(cx->arena, "/api/%s", a->method);

	ctl_request_write(&body, &a->request);
	for (size_t i = 0; i < route->vtctlds_count; i++) {
		err_clear(cx->err);
		if (rpc_call(cx, route->vtctlds[i], path, buf_slice(&body), &answer) == 0)
			return read_version(cx, answer, &a->version);
		if (cx->err->kind != ERR_RETRY || cx->err->mysql_errno != 0)
			return -1;
	}
	return route->vtctlds_count > 0 ? -1 : err_set(cx->err, ERR_RETRY, "no vtctld is running");
}

static struct ctl_request
request_of(struct arena *a, const struct beside *r, const struct table_ref *t)
{
	return (struct ctl_request){ .keyspace = arena_slice_str(a, beside_keyspace(r, t)),
		.table = arena_slice_str(a, t->table),
		.target_keyspace = "",
		.target_table = "",
		.workflow = "",
		.action = "",
		.sidecar = "" };
}

/* Makes it an error that tells clients what they can do; which program did not answer is in the log. */
static int
blame(struct ctx *cx, const struct table_ref *t)
{
	struct err why = *cx->err;

	if (why.kind == ERR_CANCELLED)
		return -1;
	if (why.kind == ERR_REFUSED && why.mysql_errno == ER_TABLE_EXISTS_ERROR)
		return refuse(cx->err, ER_TABLE_EXISTS_ERROR, "Table '%.*s' already exists",
		    SLICE_ARG(t->table));
	if (why.kind == ERR_REFUSED && why.mysql_errno == ER_NOT_SUPPORTED_YET)
		return refuse(cx->err, ER_NOT_SUPPORTED_YET, "%s", why.text);
	log_warn("asking for the name of table '%.*s': %s", SLICE_ARG(t->table), why.text);
	return refuse(cx->err, ER_LOCK_WAIT_TIMEOUT,
	    "Lock wait timeout exceeded; try restarting transaction (the name '%.*s' cannot be "
	    "routed now)",
	    SLICE_ARG(t->table));
}

/* Every gate has acknowledged these rules, this one too; this loop may get them in a moment. */
static int
until_route(struct ctx *cx, struct session *s, int64_t version)
{
	struct ctx within = ctx_within(cx, ROUTE_WITHIN);

	while (s->loop->in_flight.route->rules.version < version)
		TRY(waitlist_wait(&within, &s->loop->in_flight.opened));
	return 0;
}

static int
ask_about(struct ctx *cx, struct session *s, const struct beside *r, const struct table_ref *t,
    struct asking *a)
{
	struct ctx within = ctx_within(cx, ASK_WITHIN);

	within.arena = &s->arena;
	return ask(&within, r->route, a) == 0 ? 0 : blame(cx, t);
}

/* ---- Before */

static int
ask_for_name(struct ctx *cx, struct session *s, const struct beside *r, const struct table_ref *t,
    const struct route_keyspace *beside)
{
	struct asking a = { .method = "route_name", .request = request_of(&s->arena, r, t) };

	a.request.target_keyspace = beside->name;
	a.request.target_table = a.request.table;
	TRY(ask_about(cx, s, r, t, &a));
	return until_route(cx, s, a.version);
}

static int
ask_for_names(
    struct ctx *cx, struct session *s, const struct beside *r, const struct table_ref **taken)
{
	const struct route_keyspace *beside = beside_place(r);

	for (size_t at = 0; beside != NULL && (*taken = beside_next(r, beside, &at)) != NULL;)
		TRY(ask_for_name(cx, s, r, *taken, beside));
	return 0;
}

/* Renaming the table of a move would stop its stream: vtctld refuses it while there is one. */
static int
check_rest(struct ctx *cx, struct session *s, const struct beside *r)
{
	for (size_t i = 0; r->st->renames && i < r->st->tables_count; i++) {
		const struct table_ref *t = &r->st->tables[i];
		struct asking a = { .method = "at_rest" };

		if (!beside_is_table(t) || t->made || beside_was_made(r, t) ||
		    beside_rule(r, t) == NULL)
			continue;
		a.request = request_of(&s->arena, r, t);
		TRY(ask_about(cx, s, r, t, &a));
	}
	return 0;
}

static bool
renames_ruled(const struct beside *r)
{
	bool found = false;

	for (size_t i = 0; r->st->renames && i < r->st->tables_count; i++)
		found = found || beside_rule(r, &r->st->tables[i]) != NULL;
	return found;
}

/* The table exists: with IF NOT EXISTS a note. A statement that makes nothing gets it from the server. */
static int
run_for_note(struct ctx *cx, struct session *s, const struct beside *r, const struct table_ref *t)
{
	SCOPED(buf)
	struct buf sql = BUF_INIT, packet = BUF_INIT;
	struct statement st;
	struct request q = { .com = COM_QUERY, .statement = &st };

	buf_add_str(&sql, "CREATE TABLE IF NOT EXISTS ");
	quote_table(&sql, beside_keyspace(r, t), t->table);
	buf_add_str(&sql, " SELECT 1 FROM ");
	quote_table(&sql, beside_keyspace(r, t), t->table);
	q.sql = arena_dup(&s->arena, buf_slice(&sql));
	command_put_text(&packet, COM_QUERY, q.sql);
	q.packet = arena_dup(&s->arena, buf_slice(&packet));
	TRY(statement_read(&s->arena, q.sql, session_modes(s), &st, cx->err));
	return execute(cx, s, &q);
}

static int
answer_refusal(
    struct ctx *cx, struct session *s, const struct beside *r, const struct table_ref *taken)
{
	bool exists = cx->err->mysql_errno == ER_TABLE_EXISTS_ERROR;

	if (exists && r->st->if_not_exists) {
		err_clear(cx->err);
		return run_for_note(cx, s, r, taken);
	}
	if (exists && r->st->replaces) {
		err_clear(cx->err);
		(void)refuse(cx->err, ER_NOT_SUPPORTED_YET,
		    "OR REPLACE of '%.*s', which another server has than the tables that it is to be made "
		    "from: drop it first",
		    SLICE_ARG(taken->table));
	}
	return cx->err->kind == ERR_CANCELLED ? -1 : session_send_err(cx, s, cx->err);
}

/* The error that a server has for a new name under LOCK TABLES, which stays in force. */
static int
refuse_locked(struct ctx *cx, struct session *s, const struct statement *st)
{
	if (st->tables[0].made)
		(void)refuse(cx->err, ER_TABLE_NOT_LOCKED,
		    "Table '%.*s' was not locked with LOCK TABLES", SLICE_ARG(st->tables[0].table));
	else
		(void)refuse(cx->err, ER_NOT_SUPPORTED_YET,
		    "a new name for a table that another server serves, while LOCK TABLES is in force");
	return session_send_err(cx, s, cx->err) == 0 ? 1 : -1;
}

int
naming_before(struct ctx *cx, struct session *s, const struct request *q)
{
	struct attempt a = { .s = s, .q = q };
	struct beside r = { s, q->statement, NULL, attempt_keyspace(&a) };
	const struct table_ref *taken = NULL;
	int rc;

	r.route = s->loop->in_flight.route;
	if (!beside_is_naming(q->statement) ||
	    r.route->rules.count + r.route->keyspaces_count < 2 || beside_is_temporary(&r) ||
	    (!renames_ruled(&r) && !beside_is_needed(s, q->statement, r.keyspace)))
		return 0;
	if (s->lock_slot >= 0)
		return refuse_locked(cx, s, q->statement);
	TRY(execute_commit(cx, s)); /* as the statement itself would */
	r.route = route_ref(r.route);
	rc = check_rest(cx, s, &r);
	if (rc == 0)
		rc = ask_for_names(cx, s, &r, &taken);
	if (rc != 0)
		rc = answer_refusal(cx, s, &r, taken) == 0 ? 1 : -1;
	route_unref(r.route);
	return rc;
}

/* ---- After */

/* Is it possible that nothing has that name any more? */
static bool
may_be_free(const struct session *s, const struct statement *st, const struct table_ref *t)
{
	if (!beside_is_table(t))
		return false;
	return t->made ? s->failed : st->drops || st->renames;
}

void
naming_after(struct ctx *cx, struct session *s, const struct request *q)
{
	struct attempt a = { .s = s, .q = q };
	struct beside r = { s, q->statement, NULL, attempt_keyspace(&a) };

	if (!beside_is_naming(q->statement) || s->loop->in_flight.route->rules.count == 0)
		return;
	r.route = route_ref(s->loop->in_flight.route);
	for (size_t i = 0; i < r.st->tables_count; i++) {
		const struct table_ref *t = &r.st->tables[i];
		const struct route_rule *rule = may_be_free(s, r.st, t) ? beside_rule(&r, t) : NULL;
		struct err ignored = { 0 };
		struct ctx within = ctx_within(cx, HOME_WITHIN);
		struct asking home = { .method = "route_home" };

		if (rule == NULL || strcmp(rule->record->maker, MAKER_DDL) != 0)
			continue;
		within.err = &ignored;
		within.arena = &s->arena;
		home.request = request_of(&s->arena, &r, t);
		if (ask(&within, r.route, &home) != 0)
			log_info(
			    "the name '%.*s' stays routed: %s", SLICE_ARG(t->table), ignored.text);
	}
	route_unref(r.route);
}
