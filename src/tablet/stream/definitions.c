#include "tablet/stream/definitions.h"

#include "base/mutant.h"
#include "tablet/read/place.h"
#include "tablet/read/tail.h"

enum { LOOK_AHEAD_S = 120 }; /* a dump thread gives some GB in that time */

static bool
is_common(const struct pass *p)
{
	return mysql_dialect(p->source) != mysql_dialect(p->dba);
}

int
definitions_at(
    struct ctx *cx, const struct pass *p, size_t i, enum move_side side, struct table_def **out)
{
	const struct move_request *q = p->request;
	bool from = side == MOVE_FROM;
	/* Whoever asked for the move has been told of what is converted. The way back is never from one. */
	const struct schema_place place = { from ? q->from.database : q->to.database,
		from ? q->tables[i].from : q->tables[i].to, is_common(p),
		from && p->state->round == 1 };

	TRY(schema_read(cx, from ? p->source : p->dba, &place, out));
	(*out)->database = q->from.database;
	(*out)->name = q->tables[i].from;
	return 0;
}

int
definitions_equal(struct ctx *cx, const struct pass *p, const struct table_def *from,
    const struct table_def *to, bool *equal)
{
	const struct table_set mine = table_set_at(cx->arena, p->request, MOVE_FROM),
			       theirs = table_set_at(cx->arena, p->request, MOVE_TO);
	const char *a, *b;

	TRY(definition_hash(cx->arena, from->told_sql, &mine, &a, cx->err));
	TRY(definition_hash(cx->arena, to->told_sql, &theirs, &b, cx->err));
	*equal = strcmp(a, b) == 0;
	return 0;
}

int
definitions_check(const struct definitions *d, struct err *err)
{
	if (d->differs == NULL || mutant("ddl_difference_frozen"))
		return 0;
	err_set(err, ERR_REFUSED, "the table '%s' at the target is not defined as its source is",
	    d->differs);
	return err_hint(err, "compare both with SHOW CREATE TABLE, and ALTER the one at the target");
}

/* ---- What is altered between here and now */

/* The place in the list of the next one that is altered before that place; -1: none is; -2: an error.
 * at moves behind what was found. */
static int
next_altered(struct ctx *cx, const struct pass *p, const struct moved_tables *tables,
    const struct position *until, struct position *at)
{
	struct tail_params params = {
		.source = env_stream_params(p->env, p->request->from.server, ROLE_STREAM),
		.id = { p->request->from.sidecar, p->state->workflow, p->state->round },
		.tables = tables,
		.start = *at,
		.none_prepared = true,
		.hands_ddl = true,
		.ddl_alone = true,
		.server_id = env_server_id(p->env,
		    arena_printf(
			cx->arena, "ddl ahead of %s %d", p->state->workflow, p->state->round)),
		.spill_dir = p->env->data_dir,
	};
	struct tail *tail = NULL;
	int which = -1;
	bool over = position_cmp(at, until) >= 0;
	int rc = over ? 0 : tail_open(cx, &params, &tail);

	while (rc == 0 && !over) {
		struct source_txn *txn;

		rc = tail_next(cx, tail, &txn);
		if (rc != 0)
			break;
		which = txn->ddl == NULL ? -1 : txn->ddl->table;
		over = which >= 0 || position_cmp(&txn->end, until) >= 0;
		position_copy(at, &txn->end);
		source_txn_free(txn);
	}
	tail_close(tail);
	return rc == 0 ? which : -2;
}

static int
refuse_other(struct ctx *cx, const struct pass *p, const struct table_def *def)
{
	err_set(cx->err, ERR_REFUSED,
	    "table '%s.%s' has other columns than the table that is its copy, and no statement that the "
	    "source's binlog has alters it from here on",
	    def->database, def->name);
	return err_hint(cx->err,
	    "compare both with SHOW CREATE TABLE, ALTER the one at the target, then vtctlclient Workflow "
	    "start %s",
	    p->state->workflow);
}

/* What they are called at the target is of no use here. */
static void
name_tables(struct arena *a, const struct pass *p, struct table_def **defs, int count,
    struct moved_tables *out)
{
	const char **names = arena_array(a, const char *, count);

	for (int i = 0; i < count; i++)
		names[i] = defs[i]->name;
	moved_tables_make(
	    a, defs, (struct table_set){ p->request->to.database, names, (size_t)count }, out);
}

/* Each of these is altered once more: else the target's table is not what its rows are of. */
static int
check_ahead(struct ctx *cx, const struct pass *p, struct table_def **defs, int count)
{
	struct ctx within = ctx_within(cx, LOOK_AHEAD_S * SECOND);
	struct place_reader reader = place_reader(p->env, p->request->from.server);
	SCOPED(position) struct position now = { 0 }, at = { 0 };

	TRY(place_now(&within, p->source, &reader, &now));
	position_copy(&at, &p->state->applied);
	while (count > 0) {
		struct moved_tables tables;
		int which;

		name_tables(cx->arena, p, defs, count, &tables);
		which = next_altered(&within, p, &tables, &now, &at);
		if (which < -1)
			return err_wrap(cx->err, "looking for what has altered table '%s.%s'",
			    defs[0]->database, defs[0]->name);
		if (which < 0)
			return refuse_other(cx, p, defs[0]);
		defs[which] = defs[--count];
	}
	return 0;
}

/* ---- Reading */

/* As the source tells alone, which was so before anything could be altered: what has altered a table since
 * stops the stream. */
static bool
follows(const struct pass *p)
{
	return p->state->round == 1 && p->request->on_ddl != ON_DDL_STOP &&
	    p->state->phase != STREAM_STARTING;
}

/* What the target's table is cannot say all of a table that it is another form of. */
static bool
is_converted(const struct table_def *def)
{
	for (int i = 0; i < def->columns_count; i++) {
		if (def->columns[i].old_format)
			return true;
	}
	return def->engine != NULL;
}

/* The last time. */
static void
note_copied(const struct definitions *all, struct table_def *def)
{
	for (size_t i = 0; i < all->copied.count; i++) {
		const struct ddl_row *row = &all->copied.items[i];

		if (strcmp(row->table, def->name) == 0 &&
		    (def->copied_from == NULL ||
			position_cmp(def->copied_from, &row->copied_from) < 0))
			def->copied_from = &row->copied_from;
	}
}

static int
read_both(
    struct ctx *cx, const struct pass *p, size_t i, struct table_def **out, struct definitions *all)
{
	struct table_def *now = NULL, *here;
	bool equal;

	if (definitions_at(cx, p, i, MOVE_FROM, &now) != 0) {
		/* dropped since, or something that cannot move: a statement is ahead that says so */
		if (cx->err->kind != ERR_NOT_FOUND && cx->err->kind != ERR_REFUSED)
			return -1;
		now = NULL;
	}
	*out = now;
	if (now != NULL)
		note_copied(all, now);
	if (now != NULL && is_converted(now))
		return 0;
	TRY(definitions_at(cx, p, i, MOVE_TO, &here));
	note_copied(all, here);
	err_clear(cx->err);
	if (now == NULL || !table_def_same_rows(now, here)) {
		*out = here;
		all->behind = true;
		return 0;
	}
	TRY(definitions_equal(cx, p, now, here, &equal));
	if (!equal && p->state->phase == STREAM_RUNNING)
		all->differs = now->name;
	return 0;
}

static int
read_following(
    struct ctx *cx, const struct pass *p, struct table_def **defs, struct definitions *out)
{
	size_t count = p->request->tables_count;
	struct table_def **behind = arena_array(cx->arena, struct table_def *, count);
	int found = 0;

	for (size_t i = 0; i < count; i++) {
		bool before = out->behind;

		out->behind = false;
		TRY(read_both(cx, p, i, &defs[i], out));
		if (out->behind)
			behind[found++] = defs[i];
		out->behind |= before;
	}
	return found == 0 ? 0 : check_ahead(cx, p, behind, found);
}

/* The preflight has said so already, unless the key has come since. */
static int
check_cascades(const struct table_def *def, const struct moved_tables *tables, struct err *err)
{
	for (int i = 0; def->silent && i < def->foreign_count; i++) {
		const struct foreign_key *k = &def->foreign_keys[i];

		if (k->cascades && table_set_find(&tables->from, k->database, k->table) < 0)
			return err_set(err, ERR_REFUSED,
			    "the foreign key '%s' of table '%s.%s' has%s: what it changes is in no binlog",
			    k->name, def->database, def->name, k->actions);
	}
	return 0;
}

int
definitions_read(struct ctx *cx, const struct pass *p, struct definitions *out)
{
	const struct move_request *q = p->request;
	struct table_def **defs = arena_array(cx->arena, struct table_def *, q->tables_count);

	*out = (struct definitions){ .common = is_common(p) };
	TRY(ddl_rows_copied(cx, p->dba, state_id(p->state), &out->copied));
	if (follows(p))
		TRY(read_following(cx, p, defs, out));
	else
		for (size_t i = 0; i < q->tables_count; i++) {
			TRY(definitions_at(cx, p, i, MOVE_FROM, &defs[i]));
			note_copied(out, defs[i]);
		}
	moved_tables_make(cx->arena, defs, table_set_at(cx->arena, q, MOVE_TO), &out->tables);
	for (size_t i = 0; i < q->tables_count; i++)
		TRY(check_cascades(defs[i], &out->tables, cx->err));
	return 0;
}
