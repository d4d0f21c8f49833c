#include "tablet/table/routine.h"

#include "base/fault.h"
#include "base/mutant.h"
#include "sql/modes.h"
#include "sql/quote.h"
#include "sql/statement.h"
#include "tablet/table/stored_mode.h"

#define TRIED "_switchyard_routine_trial"

enum {
	ALONE_WITHIN_S = 10, /* another trial takes some milliseconds for each routine */
	UNDO_S = 10,
	/* More than any routine has: a call with so many is refused after the look at the caller's rights,
	 * and before anything is done. */
	ARGUMENTS_BEYOND = 257,
	ER_SP_DOES_NOT_EXIST = 1305,
	ER_EVENT_DOES_NOT_EXIST = 1539,
	ER_SP_WRONG_NO_OF_ARGS = 1318,
};

static const char *
word_of(enum routine_kind kind)
{
	static const char *const words[] = {
		[ROUTINE_PROCEDURE] = "PROCEDURE",
		[ROUTINE_FUNCTION] = "FUNCTION",
		[ROUTINE_EVENT] = "EVENT",
	};

	return words[kind];
}

static int
use(struct ctx *cx, struct mysql_client *c, const char *database)
{
	SCOPED(buf) struct buf sql = BUF_INIT;

	buf_add_str(&sql, "USE ");
	quote_ident(&sql, slice_str(database));
	return mysql_exec(cx, c, buf_slice(&sql), NULL);
}

/* ---- Read */

/* The name, as it stands in the text. */
static int
find_name(struct ctx *cx, const struct routine_definition *r, struct program_ref *out)
{
	struct statement s;

	TRY(statement_read(
	    cx->arena, slice_str(r->sql), modes_of_names(slice_str(r->sql_mode)), &s, cx->err));
	*out = s.program;
	if (s.program.end > 0)
		return 0;
	return err_set(cx->err, ERR_CORRUPT, "a routine's text begins with %.40s", r->sql);
}

/* Behind the name, so that no name is taken for it: "... ON COMPLETION PRESERVE ENABLE ...". */
static int
find_status(struct ctx *cx, const struct routine_definition *r, size_t *from, size_t *to)
{
	static const char *const before[] = { " ON COMPLETION PRESERVE ",
		" ON COMPLETION NOT PRESERVE " };
	static const char *const statuses[] = { "DISABLE ON SLAVE", "DISABLE ON REPLICA", "ENABLE" };
	struct program_ref name;

	TRY(find_name(cx, r, &name));
	*from = *to = 0;
	for (size_t i = 0; i < 2 && *from == 0; i++) {
		const char *at = strstr(r->sql + name.end, before[i]);

		if (at != NULL)
			*from = *to = (size_t)(at - r->sql) + strlen(before[i]);
	}
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]) && *to == *from; i++) {
		if (strncmp(r->sql + *from, statuses[i], strlen(statuses[i])) == 0)
			*to += strlen(statuses[i]);
	}
	return *from > 0
	    ? 0
	    : err_set(cx->err, ERR_CORRUPT, "an event's text begins with %.40s", r->sql);
}

/* An event that is enabled, or is where it serves, is told in one way (event_calls.h). */
static int
put_status(struct ctx *cx, struct routine_definition *r)
{
	size_t from, to;

	TRY(find_status(cx, r, &from, &to));
	if (to > from)
		r->sql = arena_printf(
		    cx->arena, "%.*sDISABLE ON SLAVE%s", (int)from, r->sql, r->sql + to);
	return 0;
}

static int
read_body(struct ctx *cx, struct mysql_client *c, const char *database,
    struct routine_definition *r, bool *there)
{
	bool event = r->of.kind == ROUTINE_EVENT;
	SCOPED(buf) struct buf sql = BUF_INIT;
	struct mysql_rows rows;

	buf_addf(&sql,
	    event
		? "SELECT event_definition FROM information_schema.events WHERE event_schema="
		: "SELECT routine_definition FROM information_schema.routines WHERE routine_schema=");
	quote_string(&sql, slice_str(database));
	if (event)
		buf_add_str(&sql, " AND event_name=");
	else
		buf_addf(&sql, " AND routine_type='%s' AND routine_name=", word_of(r->of.kind));
	quote_string(&sql, slice_str(r->of.name));
	TRY(mysql_select(cx, c, buf_slice(&sql), &rows));
	*there = rows.rows == 1;
	r->body = *there ? arena_slice_str(cx->arena, rows.values[0]) : "";
	return 0;
}

/* What SHOW CREATE says of it: an event has its time zone too. */
static int
take_text(struct ctx *cx, const char *database, const struct mysql_rows *rows,
    struct routine_definition *r)
{
	enum { NAME, MODE, SQL, CHARSET, COLLATION, DATABASE_COLLATION, COLUMNS };
	size_t event = r->of.kind == ROUTINE_EVENT;
	const struct slice *v = rows->values;

	if (rows->rows != 1 || rows->columns != COLUMNS + event || slice_is_null(v[SQL + event])) {
		err_set(cx->err, ERR_REFUSED, "the text of %s '%s.%s' is not shown",
		    routine_kind_names[r->of.kind], database, r->of.name);
		return err_hint(cx->err, "vttablet --init prints what its account vt_dba needs");
	}
	r->sql = arena_slice_str(cx->arena, v[SQL + event]);
	r->sql_mode = arena_slice_str(cx->arena, v[MODE]);
	r->time_zone = event ? arena_slice_str(cx->arena, v[MODE + 1]) : "";
	r->charset = arena_slice_str(cx->arena, v[CHARSET + event]);
	r->collation = arena_slice_str(cx->arena, v[COLLATION + event]);
	r->database_collation = arena_slice_str(cx->arena, v[DATABASE_COLLATION + event]);
	return event ? put_status(cx, r) : 0;
}

/* What it does, and the text that makes it; *there: it is there. In its database. */
static int
read_one(struct ctx *cx, struct mysql_client *c, const char *database, struct routine_definition *r,
    bool *there)
{
	SCOPED(buf) struct buf name = BUF_INIT;
	struct mysql_rows rows;

	*there = false;
	quote_ident(&name, slice_str(r->of.name));
	if (mysql_selectf(cx, c, &rows, "SHOW CREATE %s %s", word_of(r->of.kind), name.data) != 0) {
		if (cx->err->mysql_errno != ER_SP_DOES_NOT_EXIST &&
		    cx->err->mysql_errno != ER_EVENT_DOES_NOT_EXIST)
			return err_wrap(cx->err, "reading %s '%s.%s'",
			    routine_kind_names[r->of.kind], database, r->of.name);
		err_clear(cx->err);
		return 0;
	}
	TRY(take_text(cx, database, &rows, r));
	return read_body(cx, c, database, r, there);
}

int
routine_read_all(
    struct ctx *cx, struct mysql_client *c, const struct move_request *q, struct routine_list *out)
{
	const char *database = q->side == MOVE_TO ? q->to.database : q->from.database;

	*out = (struct routine_list){ .items = arena_array(cx->arena, struct routine_definition,
					  q->routines_count) };
	if (q->routines_count > 0)
		TRY(use(cx, c, database));
	for (size_t i = 0; i < q->routines_count; i++) {
		struct routine_definition *r = &out->items[out->count];
		bool there;

		*r = (struct routine_definition){ .of = q->routines[i] };
		TRY(read_one(cx, c, database, r, &there));
		out->count += there;
	}
	return 0;
}

/* ---- Made */

/* Under another name when it is only tried. In a session that has the modes of its own. */
static int
create(struct ctx *cx, struct mysql_client *c, const struct routine_definition *r, const char *name)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	struct slice text = slice_str(r->sql);
	struct program_ref at;

	TRY(find_name(cx, r, &at));
	buf_add_str(&sql, "SET sql_mode=");
	quote_string(&sql, slice_str(stored_mode_for(cx->arena, mysql_dialect(c), r->sql_mode)));
	buf_add_str(&sql, ", character_set_client=");
	quote_string(&sql, slice_str(r->charset));
	buf_add_str(&sql, ", collation_connection=");
	quote_string(&sql, slice_str(r->collation));
	if (r->of.kind == ROUTINE_EVENT) {
		buf_add_str(&sql, ", time_zone=");
		quote_string(&sql, slice_str(r->time_zone));
	}
	TRY(mysql_exec(cx, c, buf_slice(&sql), NULL));
	buf_reset(&sql);
	buf_add_slice(&sql, slice_cut(text, 0, at.start));
	quote_ident(&sql, slice_str(name));
	buf_add_slice(&sql, slice_cut(text, at.end, text.len));
	TRY(mysql_exec(cx, c, buf_slice(&sql), NULL));
	return mysql_exec(cx, c, slice_str("SET sql_mode=''"), NULL); /* as quote.h needs it */
}

static int
drop(struct ctx *cx, struct mysql_client *c, const struct moved_routine *r, const char *database)
{
	SCOPED(buf) struct buf name = BUF_INIT;

	quote_table(&name, slice_str(database), slice_str(r->name));
	if (mysql_execf(cx, c, "DROP %s IF EXISTS %s", word_of(r->kind), name.data) == 0)
		return 0;
	return err_wrap(
	    cx->err, "dropping %s '%s.%s'", routine_kind_names[r->kind], database, r->name);
}

/* Up to its name: servers of two flavours print the type that a function returns in other words. */
static bool
heads_same(const char *a, const char *b)
{
	size_t n = strcspn(a, "(");

	return strcspn(b, "(") == n && strncmp(a, b, n) == 0;
}

static bool
is_same(const struct mysql_client *c, const struct routine_definition *a,
    const struct routine_definition *b)
{
	return strcmp(a->charset, b->charset) == 0 && strcmp(a->collation, b->collation) == 0 &&
	    stored_mode_is_same(mysql_dialect(c), a->sql_mode, b->sql_mode) &&
	    strcmp(a->time_zone, b->time_zone) == 0 &&
	    (strcmp(a->sql, b->sql) == 0 ||
		(a->of.kind == ROUTINE_FUNCTION && heads_same(a->sql, b->sql) &&
		    strcmp(a->body, b->body) == 0));
}

static int
refuse(struct ctx *cx, const char *database, const struct moved_routine *r, const char *what)
{
	if (cx->err->kind != ERR_SERVER)
		return -1;
	cx->err->kind = ERR_REFUSED;
	err_wrap(cx->err, "%s '%s.%s' %s", routine_kind_names[r->kind], database, r->name, what);
	return err_hint(cx->err,
	    "give that server what the routine needs (its definer's account; EXECUTE for vt_app; the right "
	    "to make one for somebody else; log_bin_trust_function_creators), or drop it");
}

static int
make_one(struct ctx *cx, struct mysql_client *c, const char *database,
    const struct routine_definition *wanted)
{
	struct routine_definition there = { .of = wanted->of };
	bool exists;

	TRY(read_one(cx, c, database, &there, &exists));
	if (exists && is_same(c, &there, wanted) && !mutant("tablet_routine_made_once"))
		return 0;
	if (exists && mutant("tablet_routine_made_once"))
		return 0;
	if (fault("routine.make.before"))
		return err_set(cx->err, ERR_RETRY, "a fault before routine '%s'", wanted->of.name);
	if (exists)
		TRY(drop(cx, c, &wanted->of, database));
	if (create(cx, c, wanted, wanted->of.name) != 0)
		return refuse(cx, database, &wanted->of, "cannot be made");
	return 0;
}

/* By the application's account, with so many arguments that nothing is done. */
static int
check_callable(
    struct ctx *cx, struct mysql_client *app, const char *database, const struct moved_routine *r)
{
	SCOPED(buf) struct buf sql = BUF_INIT;

	buf_add_str(&sql, r->kind == ROUTINE_FUNCTION ? "DO " : "CALL ");
	quote_table(&sql, slice_str(database), slice_str(r->name));
	for (int i = 0; i < ARGUMENTS_BEYOND; i++)
		buf_add_str(&sql, i == 0 ? "(NULL" : ",NULL");
	buf_add_char(&sql, ')');
	if (mysql_exec(cx, app, buf_slice(&sql), NULL) == 0 ||
	    cx->err->mysql_errno == ER_SP_WRONG_NO_OF_ARGS || mutant("tablet_routine_uncallable")) {
		err_clear(cx->err);
		return 0;
	}
	return refuse(cx, database, r, "cannot be called by clients");
}

static bool
is_listed(const struct routine_list *l, const struct moved_routine *r)
{
	for (size_t i = 0; i < l->count; i++) {
		if (l->items[i].of.kind == r->kind && strcmp(l->items[i].of.name, r->name) == 0)
			return true;
	}
	return false;
}

int
routine_make(struct ctx *cx, const struct tablet_env *env, const struct move_request *q,
    const struct routine_list *routines)
{
	const char *database = q->side == MOVE_TO ? q->to.database : q->from.database;
	SCOPED(client) struct mysql_client *c = NULL;
	SCOPED(client) struct mysql_client *app = NULL;

	if (q->routines_count == 0)
		return 0;
	TRY(env_dba(cx, env, &c));
	TRY(use(cx, c, database));
	TRY(env_app(cx, env, ROLE_PROBE, &app));
	for (size_t i = 0; i < routines->count; i++) {
		TRY(make_one(cx, c, database, &routines->items[i]));
		if (routines->items[i].of.kind != ROUTINE_EVENT)
			TRY(check_callable(cx, app, database, &routines->items[i].of));
	}
	/* Somebody has dropped it where it serves. */
	for (size_t i = 0; i < q->routines_count; i++) {
		if (!is_listed(routines, &q->routines[i]))
			TRY(drop(cx, c, &q->routines[i], database));
	}
	return 0;
}

int
routine_drop(struct ctx *cx, struct mysql_client *c, const struct move_request *q)
{
	bool target = (q->side == MOVE_TO) == (move_round(q) % 2 == 1);
	const char *database = q->side == MOVE_TO ? q->to.database : q->from.database;

	for (size_t i = 0; i < q->routines_count; i++) {
		const struct moved_routine *r = &q->routines[i];

		if (target ? !r->kept : !r->both)
			TRY(drop(cx, c, r, database));
	}
	return 0;
}

/* ---- Tried */

/* A variable or parameter without a character set of its own has the database's collation. */
static int
check_collation(struct ctx *cx, struct mysql_client *c, const char *database,
    const struct routine_definition *r)
{
	static const char *const words[] = { "char", "text", "enum", "set(", "declare" };
	SCOPED(buf) struct buf sql = BUF_INIT;
	struct mysql_rows rows;
	bool matters = false;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		matters = matters || strcasestr(r->sql, words[i]) != NULL;
	if (!matters)
		return 0;
	buf_add_str(&sql,
	    "SELECT default_collation_name FROM information_schema.schemata WHERE schema_name=");
	quote_string(&sql, slice_str(database));
	TRY(mysql_select(cx, c, buf_slice(&sql), &rows));
	if (rows.rows == 1 && slice_eq_str(rows.values[0], r->database_collation))
		return 0;
	err_set(cx->err, ERR_REFUSED,
	    "%s '%s' has variables of the collation %s where it is, and would have those of database '%s', "
	    "%.*s",
	    routine_kind_names[r->of.kind], r->of.name, r->database_collation, database,
	    SLICE_ARG(rows.rows == 1 ? rows.values[0] : slice_str("none")));
	return err_hint(cx->err, "ALTER DATABASE `%s` COLLATE %s", database, r->database_collation);
}

/* "CREATE DEFINER=`a`@`b` PROCEDURE ...": a call of an empty one says whether the account is there. */
static int
try_definer(struct ctx *cx, struct mysql_client *c, const struct routine_definition *r)
{
	enum { ER_NO_SUCH_USER = 1449 };
	static const char head[] = "CREATE DEFINER=";
	const char *behind = strstr(r->sql, arena_printf(cx->arena, " %s ", word_of(r->of.kind)));
	const char *aggregate = strstr(r->sql, " AGGREGATE FUNCTION ");

	if (strncmp(r->sql, head, sizeof(head) - 1) != 0 || behind == NULL)
		return err_set(cx->err, ERR_CORRUPT, "a routine's text begins with %.40s", r->sql);
	if (aggregate != NULL && aggregate < behind)
		behind = aggregate;
	TRY(mysql_execf(
	    cx, c, "%.*s PROCEDURE " TRIED "() BEGIN END", (int)(behind - r->sql), r->sql));
	if (mysql_execf(cx, c, "CALL " TRIED "()") != 0) {
		if (cx->err->kind != ERR_SERVER || cx->err->mysql_errno == ER_NO_SUCH_USER)
			return -1;
		err_clear(cx->err);
	}
	return mysql_execf(cx, c, "DROP PROCEDURE " TRIED);
}

static int
try_one(struct ctx *cx, struct mysql_client *c, const struct routine_definition *r)
{
	TRY(mysql_execf(cx, c, "DROP PROCEDURE IF EXISTS " TRIED));
	TRY(mysql_execf(cx, c, "DROP FUNCTION IF EXISTS " TRIED));
	TRY(mysql_execf(cx, c, "DROP EVENT IF EXISTS " TRIED));
	TRY(create(cx, c, r, TRIED));
	TRY(mysql_execf(cx, c, "DROP %s " TRIED, word_of(r->of.kind)));
	return try_definer(cx, c, r);
}

/* A routine of that name that is there already is another one, or *same. */
static int
check_there(struct ctx *cx, struct mysql_client *c, const char *database,
    const struct routine_definition *r, bool *same)
{
	struct routine_definition other = { .of = r->of }, there = { .of = r->of };
	bool exists, taken;

	other.of.kind = r->of.kind == ROUTINE_FUNCTION ? ROUTINE_PROCEDURE : ROUTINE_FUNCTION;
	taken = false;
	TRY(read_one(cx, c, database, &there, &exists));
	if (r->of.kind != ROUTINE_EVENT)
		TRY(read_one(cx, c, database, &other, &taken));
	/* An event that is there may be on: two of one name would run. */
	*same = exists && !taken && r->of.kind != ROUTINE_EVENT && is_same(c, &there, r);
	if ((!exists && !taken) || *same || mutant("tablet_routine_overwritten"))
		return 0;
	err_set(cx->err, ERR_REFUSED, "%s '%s.%s' exists at the target, and is another one",
	    routine_kind_names[taken ? other.of.kind : r->of.kind], database, r->of.name);
	return err_hint(cx->err, "drop it at the target, or move without --with-routines");
}

static int
be_alone(struct ctx *cx, struct mysql_client *c)
{
	struct mysql_rows rows;

	TRY(mysql_selectf(
	    cx, c, &rows, "SELECT GET_LOCK('switchyard routine trial', %d)", ALONE_WITHIN_S));
	if (rows.rows == 1 && slice_eq_str(rows.values[0], "1"))
		return 0;
	return err_set(cx->err, ERR_RETRY, "another move's routines are being tried");
}

static int
check_scheduler(struct ctx *cx, struct mysql_client *c, const struct routine_list *routines)
{
	struct mysql_rows rows;
	bool events = false;

	for (size_t i = 0; i < routines->count; i++)
		events = events || routines->items[i].of.kind == ROUTINE_EVENT;
	if (!events)
		return 0;
	TRY(mysql_select(cx, c, slice_str("SELECT @@GLOBAL.event_scheduler"), &rows));
	if (rows.rows == 1 && slice_eq_str(rows.values[0], "ON"))
		return 0;
	err_set(
	    cx->err, ERR_REFUSED, "no event would run at the target: its event_scheduler is off");
	return err_hint(
	    cx->err, "SET GLOBAL event_scheduler=ON there, and in the server's configuration");
}

static int
try_all(struct ctx *cx, struct mysql_client *c, const char *database,
    const struct routine_list *routines, struct check_to_reply *reply)
{
	for (size_t i = 0; i < routines->count; i++) {
		const struct routine_definition *r = &routines->items[i];
		bool same;

		TRY(check_there(cx, c, database, r, &same));
		if (same)
			reply->kept[reply->kept_count++] = r->of;
		TRY(check_collation(cx, c, database, r));
		if (try_one(cx, c, r) != 0)
			return refuse(cx, database, &r->of, "would not work there");
	}
	return 0;
}

int
routine_try(struct ctx *cx, struct mysql_client *c, const char *database,
    const struct routine_list *routines, struct check_to_reply *reply)
{
	struct err undoing = { 0 };
	struct ctx undo = ctx_shielded(cx, UNDO_S * SECOND, &undoing);

	reply->kept = arena_array(cx->arena, struct moved_routine, routines->count);
	if (routines->count == 0)
		return 0;
	TRY(check_scheduler(cx, c, routines));
	TRY(be_alone(cx, c));
	TRY(use(cx, c, database));
	if (try_all(cx, c, database, routines, reply) == 0)
		return 0;
	if (mysql_execf(&undo, c, "DROP PROCEDURE IF EXISTS " TRIED) == 0 &&
	    mysql_execf(&undo, c, "DROP EVENT IF EXISTS " TRIED) == 0)
		(void)!mysql_execf(&undo, c, "DROP FUNCTION IF EXISTS " TRIED);
	return -1;
}
