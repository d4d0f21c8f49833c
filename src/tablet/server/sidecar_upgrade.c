/*
 * sidecar_upgrade.c - what release 0.1 left in its database _vt, taken over.
 *
 * Each step can be done again, so that a kill anywhere costs nothing; the row of schema_version comes
 * after all of them. Until then no program but this one is at work at the server, so what the old
 * rows say holds, and a fence refuses all the time what it refused:
 *
 *   1  the fence's rows are copied, armed or not
 *   2  each table's triggers, which read _vt.fence, are followed by new ones that read the copy; the old
 *      ones go under the same lock
 *   3  the other tables are renamed in one statement; _vt.fence, which no trigger reads any more, goes
 *
 * The database _vt stays: it may be another's by now.
 */
#include "base/fault.h"
#include "base/mutant.h"
#include "sql/quote.h"
#include "tablet/server/sidecar.h"
#include "tablet/server/write_lock.h"

/* How the triggers of 0.1 were called and what they read. */
#define PREFIX_0_1 FENCE_PREFIX_0_1
#define READS_0_1  " FROM " SIDECAR_0_1 ".fence WHERE "

/* Tests cut the upgrade off here. */
static int
passage(struct ctx *cx, const char *name)
{
	return fault(name) ? err_set(cx->err, ERR_RETRY, "fault %s", name) : 0;
}

static int
copy_fences(struct ctx *cx, struct ddl *d, const char *sidecar)
{
	SCOPED(buf) struct buf sql = BUF_INIT;

	buf_add_str(&sql, "INSERT INTO ");
	sidecar_table(&sql, sidecar, "fence");
	buf_addf(&sql,
	    " (workflow, db, tbl, armed, attempt) SELECT workflow, db, tbl, %s, attempt FROM ",
	    mutant("tablet_sidecar_unarmed") ? "0" : "armed");
	sidecar_table(&sql, SIDECAR_0_1, "fence");
	/* of an upgrade that was cut short, with 0.1 at work again in between */
	buf_add_str(&sql, " ON DUPLICATE KEY UPDATE armed=VALUES(armed), attempt=VALUES(attempt)");
	return ddl_run(cx, d, buf_slice(&sql));
}

/* ---- Triggers */

/* One of 0.1's, as information_schema shows it. */
struct trigger {
	struct slice database, table, name, verb, body;
};

/* "`db`.`name`" */
static void
add_name(struct buf *out, const struct trigger *t, bool old)
{
	SCOPED(buf) struct buf name = BUF_INIT;

	buf_add_str(&name, old ? PREFIX_0_1 : FENCE_PREFIX);
	buf_add_slice(&name, slice_cut(t->name, sizeof(PREFIX_0_1) - 1, t->name.len));
	quote_table(out, t->database, buf_slice(&name));
}

/* Where the body says which table it reads; its end when it does not. */
static size_t
find_read(struct slice body)
{
	size_t at = 0;

	while (at < body.len && !slice_starts(slice_cut(body, at, body.len), READS_0_1))
		at++;
	return at;
}

static void
add_create(struct buf *out, const struct trigger *t, const char *sidecar)
{
	size_t at = find_read(t->body);

	buf_add_str(out, "CREATE TRIGGER IF NOT EXISTS ");
	add_name(out, t, false);
	buf_addf(out, " BEFORE %.*s ON ", SLICE_ARG(t->verb));
	quote_table(out, t->database, t->table);
	buf_add_str(out, " FOR EACH ROW ");
	buf_add_slice(out, slice_cut(t->body, 0, at));
	buf_add_str(out, " FROM ");
	sidecar_table(out, sidecar, "fence");
	buf_add_str(out, " WHERE ");
	buf_add_slice(out, slice_cut(t->body, at + sizeof(READS_0_1) - 1, t->body.len));
}

struct triggers {
	const struct trigger *of; /* of one table */
	size_t count;
	const char *sidecar;
};

/* Under the table's lock. */
static int
replace_triggers(struct ctx *cx, struct mysql_client *c, const char *table, void *arg)
{
	const struct triggers *all = arg;
	SCOPED(buf) struct buf sql = BUF_INIT;

	for (size_t i = 0; i < all->count; i++) {
		buf_reset(&sql);
		add_create(&sql, &all->of[i], all->sidecar);
		TRY(mysql_exec(cx, c, buf_slice(&sql), NULL));
		TRY(passage(cx, "sidecar.trigger.after"));
	}
	for (size_t i = 0; i < all->count; i++) {
		buf_reset(&sql);
		buf_add_str(&sql, "DROP TRIGGER IF EXISTS ");
		add_name(&sql, &all->of[i], true);
		TRY(mysql_exec(cx, c, buf_slice(&sql), NULL));
	}
	return 0;
}

/* Of the whole server, by table; in cx->arena. */
static int
list_triggers(struct ctx *cx, struct mysql_client *c, struct trigger **out, size_t *count)
{
	struct mysql_rows rows;

	TRY(mysql_selectf(cx, c, &rows,
	    "SELECT event_object_schema, event_object_table, trigger_name, event_manipulation, "
	    "action_statement FROM information_schema.triggers WHERE LEFT(trigger_name, %zu)='" PREFIX_0_1
	    "' ORDER BY 1, 2, 3",
	    sizeof(PREFIX_0_1) - 1));
	*out = arena_array(cx->arena, struct trigger, rows.rows + 1);
	*count = 0;
	for (size_t i = 0; i < rows.rows; i++) {
		const struct slice *v = rows.values + i * rows.columns;

		if (find_read(v[4]) < v[4].len)
			(*out)[(*count)++] = (struct trigger){ v[0], v[1], v[2], v[3], v[4] };
	}
	return 0;
}

static int
move_triggers(struct ctx *cx, struct ddl *d, const char *sidecar)
{
	struct trigger *all;
	size_t count, end;

	TRY(list_triggers(cx, d->session, &all, &count));
	for (size_t i = 0; i < count; i = end) {
		const char *table = arena_slice_str(cx->arena, all[i].table);

		for (end = i + 1; end < count && slice_eq(all[end].database, all[i].database) &&
		     slice_eq(all[end].table, all[i].table);
		     end++)
			;
		struct triggers of = { &all[i], end - i, sidecar };

		struct write_lock_set set = {
			.database = arena_slice_str(cx->arena, all[i].database),
			.tables = &table,
			.count = 1,
			.work = replace_triggers,
			.arg = &of,
		};
		TRY(write_lock_run(cx, d, &set));
	}
	return 0;
}

/* ---- Tables */

static int
rename_tables(struct ctx *cx, struct ddl *d, const char *sidecar, const struct sidecar_view *old)
{
	SCOPED(buf) struct buf sql = BUF_INIT;

	for (int t = 0; t < SIDECAR_TABLES; t++) {
		if (t == SIDECAR_FENCE || (old->forms[t] & FORM_OLD) == 0)
			continue;
		buf_add_str(&sql, sql.len == 0 ? "RENAME TABLE " : ", ");
		sidecar_table(&sql, SIDECAR_0_1, sidecar_table_name(t));
		buf_add_str(&sql, " TO ");
		sidecar_table(&sql, sidecar, sidecar_table_name(t));
	}
	return sql.len == 0 ? 0 : ddl_run(cx, d, buf_slice(&sql));
}

static int
drop_fence(struct ctx *cx, struct ddl *d)
{
	return ddl_runf(cx, d, "DROP TABLE IF EXISTS " SIDECAR_0_1 ".fence");
}

int
sidecar_upgrade(struct ctx *cx, struct ddl *d, const char *sidecar, const struct sidecar_view *old)
{
	bool in_place = strcmp(sidecar, SIDECAR_0_1) == 0;
	bool fences = (old->forms[SIDECAR_FENCE] & FORM_OLD) != 0;

	if (fences && !in_place)
		TRY(copy_fences(cx, d, sidecar)); /* 1 */
	TRY(passage(cx, "sidecar.fences.after"));
	if (mutant("tablet_sidecar_rename_first")) {
		TRY(drop_fence(cx, d));
		TRY(passage(cx, "sidecar.triggers.after"));
	}
	if (fences)
		TRY(move_triggers(cx, d, sidecar)); /* 2 */
	TRY(passage(cx, "sidecar.triggers.after"));
	if (in_place)
		return 0;
	TRY(rename_tables(cx, d, sidecar, old)); /* 3 */
	TRY(passage(cx, "sidecar.rename.after"));
	return fences ? drop_fence(cx, d) : 0;
}
