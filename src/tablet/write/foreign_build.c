#include "tablet/write/foreign_build.h"

#include "base/fault.h"
#include "base/log.h"
#include "base/mutant.h"
#include "sql/quote.h"
#include "tablet/server/ddl.h"
#include "tablet/table/definition.h"

enum { ADD_WITHIN_S = 10 }; /* milliseconds, at a table that nobody uses */

/* One that is missing. */
struct missing_key {
	const struct foreign_key *key;
	const struct table_def *def; /* the child's, at the source */
	struct foreign_place place;  /* at the target */
};

/* ---- The proof */

/* Of which a server makes no text, or one that nobody reads. */
static bool
shown_as_bytes(enum column_kind kind)
{
	return kind == COLUMN_BYTES || kind == COLUMN_BIT || kind == COLUMN_GEOMETRY ||
	    kind == COLUMN_VECTOR;
}

/* "CONCAT_WS(', ', '`id`=', ...)": the row's key as people read it, in one column; of a strict
 * table the whole row. */
static void
add_row_name(struct buf *out, const struct table_def *def)
{
	bool all = table_def_is_strict(def);

	buf_add_str(out, "CONCAT_WS(', '");
	for (int i = 0; i < (all ? def->columns_count : def->key_count); i++) {
		const struct column *column = &def->columns[all ? i : def->key[i]];
		bool bytes = shown_as_bytes(column->type.kind);
		SCOPED(buf) struct buf name = BUF_INIT;

		quote_ident(&name, slice_str(column->name));
		buf_add_str(out, ", CONCAT(");
		quote_string(out, buf_slice(&name));
		/* Columns of several character sets have none in common. */
		buf_addf(out, bytes ? ", '=0x', HEX(c.%s))" : ", '=', CONVERT(c.%s USING utf8mb4))",
		    name.data);
	}
	buf_add_char(out, ')');
}

static int
violated(struct ctx *cx, const struct missing_key *m, struct slice row)
{
	const struct foreign_key *k = m->key;

	err_set(cx->err, ERR_CONFLICT,
	    "the row %.*s of '%s.%s' violates the foreign key '%s': '%s.%s' has no row that it refers to",
	    SLICE_ARG(slice_cut(row, 0, 150)), m->def->database, m->def->name, k->name, k->database,
	    k->table);
	return err_hint(cx->err,
	    "delete or change such rows where they are served: it goes on by itself; or take the move back");
}

/* Reads both tables by their keys; nothing is written meanwhile. */
static int
prove(struct ctx *cx, struct mysql_client *dba, const struct missing_key *m)
{
	SCOPED(buf) struct buf row_name = BUF_INIT;
	SCOPED(buf) struct buf sql = BUF_INIT;
	struct mysql_rows rows;

	if (mutant("tablet_keys_unproved"))
		return 0;
	add_row_name(&row_name, m->def);
	foreign_sql_orphan(&sql, m->key, &m->place, row_name.data);
	TRY(mysql_select(cx, dba, buf_slice(&sql), &rows));
	return rows.rows == 0 ? 0 : violated(cx, m, rows.values[0]);
}

/* ---- One key */

static int
add_key(struct ctx *cx, struct ddl *d, const struct missing_key *m)
{
	struct ctx within = ctx_within(cx, ADD_WITHIN_S * SECOND);
	SCOPED(buf) struct buf sql = BUF_INIT;

	foreign_sql_add(&sql, m->key, &m->place);
	buf_addf(&sql, ", ALGORITHM=%s", mysql_dialect(d->session)->foreign_algorithm);
	if (ddl_run(&within, d, buf_slice(&sql)) == 0)
		return 0;
	err_wrap(cx->err, "adding the foreign key '%s' to table '%s.%s'", m->key->name,
	    m->place.database, m->place.table);
	if (cx->err->kind != ERR_TIMEOUT)
		return -1;
	cx->err->kind = ERR_CONFLICT; /* the applier is not to wait for whoever it is */
	return err_hint(cx->err, "it goes on when nobody uses the table at the target");
}

static int
prove_and_add(struct ctx *cx, struct mysql_client *dba, struct ddl *d, const struct missing_key *m)
{
	int ms = fault_sleep_ms("stream.key.proved");

	TRY(prove(cx, dba, m));
	if (ms > 0)
		TRY(task_sleep(cx, ms * MSEC));
	if (fault("stream.key.before"))
		return err_set(cx->err, ERR_RETRY, "fault");
	TRY(add_key(cx, d, m));
	if (fault("stream.key.after"))
		return err_set(cx->err, ERR_RETRY, "fault");
	return 0;
}

static int
build_key(struct ctx *cx, const struct foreign_build *b, struct mysql_client *dba,
    const struct missing_key *m)
{
	SCOPED(ddl) struct ddl d = { 0 };

	TRY(ddl_open(cx, b->env, &d));
	TRY(applier_suspend(cx, b->applier));
	int rc = prove_and_add(cx, dba, &d, m);
	applier_resume(b->applier);
	if (rc == 0)
		log_info("foreign key '%s' of '%s.%s' is proved and added", m->key->name,
		    m->place.database, m->place.table);
	return rc;
}

/* ---- All of them */

static bool
has_key(const struct table_def *target, const char *name)
{
	for (int i = 0; i < target->foreign_count; i++) {
		if (strcmp(target->foreign_keys[i].name, name) == 0)
			return true;
	}
	return false;
}

static int
build_of_table(struct ctx *cx, const struct foreign_build *b, struct mysql_client *dba,
    const struct moved_table *t)
{
	const struct moved_tables *all = b->tables;
	const struct table_def *def = t->def;
	const struct schema_place place = { t->database, t->name, def->common, false };
	struct table_def *target;
	const char *mine, *wanted;

	TRY(schema_read(cx, dba, &place, &target));
	for (int n = 0; n < def->foreign_count; n++) {
		const struct foreign_key *k = &def->foreign_keys[n];
		int parent = table_set_find(&all->from, k->database, k->table);

		if (parent < 0 || has_key(target, k->name))
			continue;
		TRY(build_key(cx, b, dba,
		    &(struct missing_key){
			k, def, { t->database, t->name, all->to.tables[parent] } }));
	}
	if (def->foreign_count > 0)
		TRY(schema_read(cx, dba, &place, &target));
	TRY(definition_hash(cx->arena, target->told_sql, &all->to, &mine, cx->err));
	TRY(definition_hash(cx->arena, def->told_sql, &all->from, &wanted, cx->err));
	return schema_check_hash(target, mine, wanted, cx->err);
}

int
foreign_build(struct ctx *cx, const struct foreign_build *b)
{
	SCOPED(client) struct mysql_client *dba = NULL;

	TRY(env_dba(cx, b->env, &dba));
	for (int i = 0; i < b->tables->count; i++) {
		SCOPED(arena) struct arena scratch = ARENA_INIT;
		struct ctx inner = *cx;

		inner.arena = &scratch;
		TRY(build_of_table(&inner, b, dba, &b->tables->items[i]));
	}
	return 0;
}
