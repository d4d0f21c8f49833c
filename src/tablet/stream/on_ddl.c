#include "tablet/stream/on_ddl.h"

#include "base/fault.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mutant.h"
#include "sql/quote.h"
#include "tablet/compare/diff_rows.h"
#include "tablet/stream/copy_anew.h"
#include "tablet/stream/definitions.h"

enum { DDL_TOLD_BYTES = 500 }; /* of a statement, for people */

/* One statement. */
struct doing {
	const struct pass *pass;
	struct ddl_row row;
	struct mysql_client *c; /* the session that runs it */
	size_t table;           /* among the request's */
	bool by_hand;           /* altered_since() the try before */
	struct table_def *from, *to;
};

static int
refuse(struct ctx *cx, const struct doing *d, const char *why)
{
	const struct move_request *q = d->pass->request;

	err_set(cx->err, ERR_REFUSED,
	    "the source ran a statement on table '%s.%s', which moves: %.200s%s%s",
	    q->from.database, d->row.table, arena_slice_str(cx->arena, d->row.statement),
	    why[0] == '\0' ? "" : "; ", why);
	return -1;
}

static int
hint_anew(struct ctx *cx, const struct pass *p)
{
	return err_hint(
	    cx->err, "vtctlclient Workflow delete %s, then move anew", p->state->workflow);
}

/* Not all rows are copied and in step. */
static bool
copies(const struct pass *p)
{
	return p->state->phase == STREAM_COPYING || p->state->phase == STREAM_CATCHING_UP;
}

static int
hint_exec(struct ctx *cx, const struct pass *p)
{
	const char *name = p->state->workflow;

	if (mysql_dialect(p->source) != mysql_dialect(p->dba))
		return hint_anew(cx, p); /* nothing of one flavour runs at the other (ctl/check.c) */
	return err_hint(cx->err,
	    "vtctlclient Workflow update %s --on-ddl EXEC, then Workflow start, %s; or "
	    "vtctlclient Workflow delete %s, then move anew",
	    name, copies(p) ? "copies the table anew" : "runs it at the target", name);
}

/* By the statement's own text; NULL: it can. */
static const char *
why_not_run(struct ctx *cx, const struct doing *d)
{
	return d->row.why_not[0] == '\0'
	    ? NULL
	    : arena_printf(cx->arena, "it cannot be run at the target: it %s", d->row.why_not);
}

static int
stop(struct ctx *cx, const struct doing *d)
{
	const char *why = copies(d->pass) ? NULL : why_not_run(cx, d);

	(void)refuse(cx, d, why == NULL ? "" : why);
	return why == NULL ? hint_exec(cx, d->pass) : hint_anew(cx, d->pass);
}

/* ---- May it be done? */

static int
find_table(struct ctx *cx, struct doing *d)
{
	const struct move_request *q = d->pass->request;

	for (d->table = 0; d->table < q->tables_count; d->table++) {
		if (strcmp(q->tables[d->table].from, d->row.table) == 0)
			return 0;
	}
	return err_set(cx->err, ERR_CORRUPT, "DDL of table '%s', which does not move", d->row.table);
}

/* What the table is now at the source: something that cannot move stops the stream before anything
 * is done. */
static int
read_source(struct ctx *cx, struct doing *d)
{
	struct err why;

	if (definitions_at(cx, d->pass, d->table, MOVE_FROM, &d->from) == 0)
		return 0;
	if (cx->err->kind != ERR_NOT_FOUND && cx->err->kind != ERR_REFUSED)
		return -1;
	why = *cx->err;
	(void)refuse(cx, d, why.text);
	return hint_anew(cx, d->pass);
}

static int
read_target(struct ctx *cx, struct doing *d)
{
	return definitions_at(cx, d->pass, d->table, MOVE_TO, &d->to);
}

/* What the statement's own text does not tell. */
static const char *
find_flaw(const struct doing *d)
{
	if (d->from->common)
		return "the servers are of different flavours: its text may mean something else there";
	if (d->from->engine != NULL)
		return "the table is kept by an engine without transactions";
	if (d->from->versioned)
		return "the table is SYSTEM VERSIONED: its history would be changed too";
	if (d->from->silent && !d->to->silent)
		return "its foreign keys now change rows, of which the binlog has nothing";
	return NULL;
}

static int
check_exec(struct ctx *cx, struct doing *d)
{
	const char *flaw = why_not_run(cx, d);

	if (flaw == NULL) {
		TRY(read_source(cx, d));
		flaw = find_flaw(d);
	}
	if (flaw == NULL)
		return 0;
	(void)refuse(cx, d, flaw);
	return hint_anew(cx, d->pass);
}

static const char *
definition_now(struct ctx *cx, const struct doing *d)
{
	return arena_printf(
	    cx->arena, "%016llx", (unsigned long long)hash_bytes(slice_str(d->to->create_sql)));
}

/* Without the statement: do rows still fit? Of both tables as they have been read. */
static int
check_fits(struct ctx *cx, const struct doing *d)
{
	if (!d->row.away && (table_def_same_rows(d->from, d->to) || mutant("ddl_ignored_blindly")))
		return 0;
	(void)refuse(cx, d,
	    d->row.away ? "the table is another one now"
			: "it was not done at the target, whose columns are other ones now");
	return err_hint(cx->err,
	    "ALTER the table at the target as the source's is, then vtctlclient Workflow start %s",
	    d->pass->state->workflow);
}

/* Is the table at the target another one than when the statement was met, or was last tried? */
static bool
altered_since(const struct doing *d, const char *now)
{
	return d->row.before[0] != '\0' && strcmp(d->row.before, now) != 0;
}

/*
 * That columns are the same says nothing of rows: they are emptied, or a column goes and comes again. So
 * what may change rows is stepped over only once the table at the target is another one than when the
 * statement was met: then somebody has done it there.
 */
static int
step_over(struct ctx *cx, struct doing *d)
{
	const char *now;

	TRY(read_source(cx, d));
	TRY(read_target(cx, d));
	now = definition_now(cx, d);
	d->by_hand = altered_since(d, now);
	if (d->row.before[0] == '\0') {
		d->row.before = now;
		TRY(ddl_rows_seen(cx, d->pass->dba, state_id(d->pass->state), &d->row));
	}
	TRY(check_fits(cx, d));
	if (d->row.rows_stay || d->by_hand) {
		d->row.state = DDL_IGNORED;
		return 0;
	}
	(void)refuse(cx, d, "it may change rows, and those at the target would stay as they are");
	return hint_exec(cx, d->pass);
}

/* ---- Doing it */

static bool
names_system_zone(struct slice session)
{
	return memmem(session.ptr, session.len, "time_zone='SYSTEM'", 18) != NULL;
}

/* SYSTEM is what the machine's clock says: both have to mean the same. */
static int
check_zone(struct ctx *cx, const struct doing *d)
{
	struct mysql_rows here, there;

	if (!names_system_zone(d->row.session))
		return 0;
	TRY(mysql_selectf(cx, d->c, &here, "SELECT @@system_time_zone"));
	TRY(mysql_selectf(cx, d->pass->source, &there, "SELECT @@system_time_zone"));
	if (here.rows == 1 && there.rows == 1 && slice_eq(here.values[0], there.values[0]))
		return 0;
	(void)refuse(
	    cx, d, "it ran in the time zone of the source's machine, and the target's is another");
	return hint_anew(cx, d->pass);
}

static int
begin_session(struct ctx *cx, const struct doing *d)
{
	SCOPED(buf) struct buf use = BUF_INIT;

	buf_add_str(&use, "USE ");
	quote_ident(&use, slice_str(d->pass->request->to.database));
	TRY(check_zone(cx, d));
	TRY(mysql_exec(cx, d->c, buf_slice(&use), NULL));
	return mutant("ddl_session_ours") ? 0 : mysql_exec(cx, d->c, d->row.session, NULL);
}

/* It failed: because the target has what it makes, since somebody has done it there? Of what may change rows
 * the same definition does not tell, unless the table has been altered since it failed before. */
static int
is_same(struct ctx *cx, struct doing *d, bool *same)
{
	*same = false;
	TRY(read_source(cx, d));
	TRY(read_target(cx, d));
	return definitions_equal(cx, d->pass, d->from, d->to, same);
}

static int
stop_for_error(struct ctx *cx, struct doing *d, bool same)
{
	TRY(ddl_rows_back(cx, d->pass->dba, state_id(d->pass->state), &d->row));
	(void)refuse(cx, d, arena_printf(cx->arena, "the target says: %s", d->row.error));
	if (same)
		return err_hint(cx->err,
		    "ALTER the table at the target so that the statement can be run there, then "
		    "vtctlclient Workflow start %s; or Workflow delete, then move anew",
		    d->pass->state->workflow);
	return err_hint(cx->err,
	    "ALTER the table at the target as the source's is, then vtctlclient Workflow start %s",
	    d->pass->state->workflow);
}

static int
after_error(struct ctx *cx, struct doing *d)
{
	bool same;

	if (cx->err->kind != ERR_SERVER || env_error_passes(cx->err))
		return err_wrap(cx->err, "running DDL of the source's");
	d->row.error = arena_strdup(cx->arena, cx->err->text);
	TRY(is_same(cx, d, &same));
	err_clear(cx->err);
	if (same && (d->row.rows_stay || d->by_hand || mutant("ddl_error_believed"))) {
		d->row.state = DDL_EXECUTED;
		return 0;
	}
	if (d->pass->request->on_ddl == ON_DDL_EXEC_IGNORE && d->row.rows_stay) {
		d->row.state = DDL_FAILED;
		return check_fits(cx, d);
	}
	return stop_for_error(cx, d, same);
}

static int
run(struct ctx *cx, struct doing *d)
{
	TRY(begin_session(cx, d));
	log_info("stream %s runs DDL of the source's: %.*s", d->pass->state->workflow,
	    SLICE_ARG(slice_cut(d->row.repeated, 0, 200)));
	if (mysql_exec(cx, d->c, d->row.repeated, NULL) != 0)
		return after_error(cx, d);
	d->row.state = DDL_EXECUTED;
	return 0;
}

/* 1 to 4 */
static int
execute(struct ctx *cx, struct doing *d)
{
	struct stream_id id = state_id(d->pass->state);
	const char *now;

	TRY(env_dba(cx, d->pass->env, &d->c));
	if (!mutant("ddl_former_session"))
		TRY(state_succeed(cx, d->c, id, SESSION_DDL));
	TRY(read_target(cx, d));
	if (d->row.state == DDL_MET) {
		TRY(check_exec(cx, d));
		now = definition_now(cx, d);
		d->by_hand = altered_since(d, now);
		d->row.before = now;
		TRY(ddl_rows_run(cx, d->pass->dba, id, &d->row));
		d->row.state = DDL_RUNNING;
	}
	if (fault("stream.ddl.before"))
		return err_set(cx->err, ERR_RETRY, "fault");
	if (strcmp(definition_now(cx, d), d->row.before) != 0 && !mutant("ddl_done_twice"))
		d->row.state = DDL_EXECUTED;
	else
		TRY(run(cx, d));
	if (fault("stream.ddl.after"))
		return err_set(cx->err, ERR_RETRY, "fault");
	return 0;
}

/* 5 */
static int
finish(struct ctx *cx, const struct doing *d)
{
	struct stream_id id = state_id(d->pass->state);
	struct mysql_client *c = d->pass->dba;
	SCOPED(buf) struct buf position = BUF_INIT;
	SCOPED(buf) struct buf end = BUF_INIT;
	SCOPED(buf) struct buf anew = BUF_INIT;

	const struct stored_place place = { &d->row.place, d->row.prepared, SLICE_NULL };
	state_applied_sql(&position, id, &place);
	ddl_rows_end_sql(&end, id, &d->row);
	diff_anew_sql(&anew, id, d->pass->request->tables[d->table].to);
	TRY(mysql_exec(cx, c, slice_str("START TRANSACTION"), NULL));
	TRY(mysql_exec(cx, c, buf_slice(&position), NULL));
	TRY(mysql_exec(cx, c, buf_slice(&end), NULL));
	TRY(mysql_exec(cx, c, buf_slice(&anew), NULL));
	TRY(mysql_exec(cx, c, slice_str("COMMIT"), NULL));
	log_info("stream %s: DDL of the source's on '%s' is %s", d->pass->state->workflow,
	    d->row.table, fsm_name(&ddl_states, (int)d->row.state));
	return 0;
}

/* Once it has begun, whatever is said by then. */
static bool
wants_anew(const struct doing *d)
{
	return position_is_set(&d->row.copied_from) || d->pass->request->on_ddl == ON_DDL_EXEC ||
	    d->pass->request->on_ddl == ON_DDL_EXEC_IGNORE;
}

static int
copy_again(struct ctx *cx, struct doing *d)
{
	TRY(env_dba(cx, d->pass->env, &d->c));
	TRY(state_succeed(cx, d->c, state_id(d->pass->state), SESSION_DDL));
	return copy_anew(cx, d->pass, d->table, &d->row);
}

static int
do_met(struct ctx *cx, struct doing *d)
{
	const struct pass *p = d->pass;

	TRY(find_table(cx, d));
	if (p->state->round > 1)
		return stop(cx, d);
	if (d->row.state == DDL_RUNNING)
		return execute(cx, d);
	if (copies(p) && wants_anew(d))
		return copy_again(cx, d);
	switch (p->request->on_ddl) {
	case ON_DDL_STOP: return stop(cx, d);
	case ON_DDL_EXEC:
	case ON_DDL_EXEC_IGNORE: return execute(cx, d);
	case ON_DDL_IGNORE: return step_over(cx, d);
	}
	unreachable();
}

/* ---- Telling */

/* A client's text may be in any character set. */
static const char *
told_text(struct arena *a, struct slice text)
{
	char *told = arena_slice_str(a, slice_cut(text, 0, DDL_TOLD_BYTES));

	for (char *c = told; *c != '\0'; c++) {
		if ((unsigned char)*c >= 0x80)
			*c = '?';
		else if ((unsigned char)*c < ' ')
			*c = ' ';
	}
	return told;
}

static int
list(struct ctx *cx, const struct pass *p, struct ddl_list *out)
{
	struct ddl_rows rows;

	TRY(ddl_rows_list(cx, p->dba, state_id(p->state), &rows));
	arena_reset(&out->arena);
	out->items = arena_array(&out->arena, struct ddl_status, rows.count + 1);
	out->count = rows.count;
	for (size_t i = 0; i < rows.count; i++)
		out->items[i] = (struct ddl_status){
			.table = arena_strdup(&out->arena, rows.items[i].table),
			.statement = told_text(&out->arena, rows.items[i].statement),
			.state = fsm_name(&ddl_states, (int)rows.items[i].state),
			.error = arena_strdup(&out->arena, rows.items[i].error),
			.position = arena_strdup(&out->arena, position_gtid(&rows.items[i].place)),
			.at_us = rows.items[i].met_us,
		};
	return 0;
}

static int
do_open(struct ctx *cx, const struct pass *p)
{
	struct doing d = { .pass = p };

	TRY(ddl_rows_open(cx, p->dba, state_id(p->state), &d.row));
	if (d.row.state != DDL_MET && d.row.state != DDL_RUNNING)
		return 0;
	int rc = do_met(cx, &d);
	client_done(&d.c);
	return rc == 0 ? finish(cx, &d) : -1;
}

int
on_ddl_do(struct ctx *cx, const struct pass *p, struct ddl_list *told)
{
	int rc = do_open(cx, p);
	struct err why = *cx->err;

	/* What is told of it is as new as what was done. */
	if (list(cx, p, told) != 0 && rc == 0)
		return -1;
	return rc == 0 ? 0 : err_copy(cx->err, &why);
}
