#include "tablet/stream/copy_anew.h"

#include "base/fault.h"
#include "base/log.h"
#include "base/mutant.h"
#include "sql/quote.h"
#include "tablet/copy/copy_state.h"
#include "tablet/read/place.h"
#include "tablet/read/xids.h"
#include "tablet/server/stream_ddl.h"
#include "tablet/stream/definitions.h"

enum { ER_NO_SUCH_TABLE = 1146 };

/* One table's. */
struct anew {
	const struct pass *pass;
	struct ddl_row *row;
	size_t table;
	struct table_def *def;
	const struct moved_table *moved;
};

/* ---- 1 */

/* Another table stands under the name: what XA had prepared before that is of the one that went, and comes
 * with the name. Where none is prepared now, none of the time before P is. */
static int
check_prepared(struct ctx *cx, const struct anew *a)
{
	SCOPED(buf) struct buf prepared = BUF_INIT;

	if (!a->row->away)
		return 0;
	TRY(xids_recover(cx, a->pass->source, &prepared));
	if (prepared.len == 0)
		return 0;
	return err_set(cx->err, ERR_RETRY,
	    "table '%s' was changed for another one: that one is copied once no XA transaction is prepared "
	    "at the source; there are %.200s",
	    a->row->table, prepared.data);
}

static int
lock_definition(struct ctx *cx, const struct anew *a)
{
	const struct move_request *q = a->pass->request;
	SCOPED(buf) struct buf name = BUF_INIT;
	struct mysql_rows rows;

	quote_table(&name, slice_str(q->from.database), slice_str(q->tables[a->table].from));
	TRY(mysql_exec(cx, a->pass->source, slice_str("START TRANSACTION"), NULL));
	return mysql_selectf(cx, a->pass->source, &rows, "SELECT 1 FROM %s LIMIT 0", name.data);
}

static int
read_still(struct ctx *cx, struct anew *a)
{
	struct place_reader reader = place_reader(a->pass->env, a->pass->request->from.server);
	SCOPED(position) struct position place = { 0 };

	TRY(lock_definition(cx, a));
	TRY(check_prepared(cx, a));
	TRY(place_now(cx, a->pass->source, &reader, &place));
	a->row->copied_from = (struct position){ .offset = place.offset };
	memcpy(a->row->copied_from.file, place.file, sizeof(place.file));
	a->row->copied_from.gtid = arena_strdup(cx->arena, position_gtid(&place));
	TRY(definitions_at(cx, a->pass, a->table, MOVE_FROM, &a->def));
	return mysql_exec(cx, a->pass->source, slice_str("COMMIT"), NULL);
}

static int
refuse(struct ctx *cx, const struct anew *a, const char *why)
{
	err_set(cx->err, ERR_REFUSED,
	    "table '%s.%s', which moves, was altered while its rows were being copied (%.200s), and its copy "
	    "cannot begin anew: %s",
	    a->pass->request->from.database, a->row->table,
	    arena_slice_str(cx->arena, a->row->statement), why);
	return err_hint(
	    cx->err, "vtctlclient Workflow delete %s, then move anew", a->pass->state->workflow);
}

static int
read_definition(struct ctx *cx, struct anew *a)
{
	struct err why;

	if (read_still(cx, a) == 0)
		return 0;
	why = *cx->err;
	if (why.kind == ERR_NOT_FOUND || why.mysql_errno == ER_NO_SUCH_TABLE)
		return refuse(cx, a, "there is no such table any more");
	return why.kind == ERR_REFUSED ? refuse(cx, a, why.text) : -1;
}

/* ---- Can it be? */

static const char *
find_flaw(const struct anew *a)
{
	if (a->row->several)
		return "the statement changes another table of the move, too";
	if (a->def->engine != NULL)
		return "the table is kept by an engine without transactions";
	if (a->def->versioned)
		return "the table is SYSTEM VERSIONED";
	if (a->def->silent)
		return "its foreign keys change rows, of which the binlog has nothing";
	return NULL;
}

/* Whoever asked for the move was not told of such a key, and the target would go on without. */
static int
check_foreign(struct ctx *cx, const struct anew *a)
{
	const struct table_set set = table_set_at(cx->arena, a->pass->request, MOVE_FROM);

	for (int i = 0; i < a->def->foreign_count; i++) {
		const struct foreign_key *k = &a->def->foreign_keys[i];

		if (table_set_find(&set, k->database, k->table) < 0)
			return refuse(cx, a,
			    arena_printf(cx->arena,
				"its foreign key '%s' refers to table '%s.%s', which does not move with it",
				k->name, k->database, k->table));
	}
	return 0;
}

/* Past the last chunk indexes stand where foreign keys change rows (complete_strict()), and what converges
 * would meet them. */
static int
check_others(struct ctx *cx, struct anew *a)
{
	for (size_t i = 0;
	     a->pass->state->phase != STREAM_COPYING && i < a->pass->request->tables_count; i++) {
		struct table_def *def;

		TRY(definitions_at(cx, a->pass, i, MOVE_FROM, &def));
		if (def->silent)
			return refuse(
			    cx, a, "all rows are copied, and foreign keys of the move change some");
	}
	return 0;
}

static int
check_possible(struct ctx *cx, struct anew *a)
{
	const char *flaw = find_flaw(a);

	if (flaw != NULL)
		return refuse(cx, a, flaw);
	TRY(check_foreign(cx, a));
	return check_others(cx, a);
}

/* ---- 2 and 3 */

static void
name_table(struct ctx *cx, struct anew *a)
{
	const struct move_request *q = a->pass->request;
	const char **name = arena_array(cx->arena, const char *, 1);
	struct moved_tables *one = arena_new(cx->arena, struct moved_tables);

	name[0] = q->tables[a->table].to;
	moved_tables_make(cx->arena, &a->def, (struct table_set){ q->to.database, name, 1 }, one);
	a->moved = &one->items[0];
}

/* The ranges go before the rows: a range that is said to be copied has its rows. */
static int
begin_anew(struct ctx *cx, const struct anew *a)
{
	struct stream_id id = state_id(a->pass->state);
	struct mysql_client *c = a->pass->dba;
	SCOPED(buf) struct buf sql = BUF_INIT;

	TRY(state_copies_again(cx, c, a->pass->state));
	ddl_rows_copies_sql(&sql, id, a->row);
	TRY(mysql_exec(cx, c, slice_str("START TRANSACTION"), NULL));
	TRY(mysql_exec(cx, c, buf_slice(&sql), NULL));
	if (!mutant("ddl_ranges_kept"))
		TRY(copy_state_forget(cx, c, id, a->moved->full_name));
	return mysql_exec(cx, c, slice_str("COMMIT"), NULL);
}

static int
make_table(struct ctx *cx, const struct anew *a)
{
	SCOPED(buf) struct buf name = BUF_INIT;
	SCOPED(ddl) struct ddl d = { 0 };

	quote_table(&name, slice_str(a->moved->database), slice_str(a->moved->name));
	TRY(stream_ddl_open(cx, a->pass->env, state_id(a->pass->state), &d));
	TRY(ddl_runf(cx, &d, "DROP TABLE IF EXISTS %s", name.data));
	if (fault("stream.ddl.dropped"))
		return err_set(cx->err, ERR_RETRY, "fault");
	return ddl_run(cx, &d, slice_str(a->moved->bare_sql));
}

int
copy_anew(struct ctx *cx, const struct pass *p, size_t table, struct ddl_row *row)
{
	struct anew a = { .pass = p, .row = row, .table = table };

	TRY(read_definition(cx, &a));
	TRY(check_possible(cx, &a));
	name_table(cx, &a);
	log_info("stream %s copies table '%s' anew, from %s:%llu on", p->state->workflow,
	    row->table, row->copied_from.file, (unsigned long long)row->copied_from.offset);
	TRY(begin_anew(cx, &a));
	TRY(make_table(cx, &a));
	row->state = DDL_COPIED;
	if (fault("stream.ddl.anew"))
		return err_set(cx->err, ERR_RETRY, "fault");
	return 0;
}
