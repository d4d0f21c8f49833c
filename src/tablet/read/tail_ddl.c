#include "tablet/read/tail_ddl.h"

#include "sql/quote.h"

/* What is known while one is read. */
struct reading {
	const struct query_event *q;
	const struct moved_tables *tables;
	struct statement s;
	struct source_txn *txn;
	struct txn_ddl *ddl;
};

static const struct moved_table *
moved(const struct reading *r, const struct table_ref *ref)
{
	struct slice db = slice_is_null(ref->database) ? r->q->database : ref->database;

	for (int i = 0; i < r->tables->count; i++) {
		const struct table_def *def = r->tables->items[i].def;

		if (slice_eq_str(ref->table, def->name) && slice_eq_str(db, def->database))
			return &r->tables->items[i];
	}
	return NULL;
}

/* A text in another character set than ours cannot have a name of ours that is beyond ASCII. */
static bool
is_ascii(const char *name)
{
	for (; *name != '\0'; name++) {
		if ((unsigned char)*name >= 0x80)
			return false;
	}
	return true;
}

static void
refuse(struct reading *r, const char *why)
{
	if (r->ddl->why_not[0] == '\0')
		r->ddl->why_not = why;
}

/* Every name in it, as tables are called at the target. */
static void
rename_tables(struct reading *r)
{
	SCOPED(buf) struct buf text = BUF_INIT;
	SCOPED(buf) struct buf name = BUF_INIT;
	struct slice sql = r->q->sql;
	size_t from = 0;

	for (size_t i = 0; i < r->s.tables_count; i++) {
		const struct table_ref *ref = &r->s.tables[i];
		const struct moved_table *t = moved(r, ref);

		if (t == NULL || ref->start < from) {
			refuse(r,
			    arena_printf(&r->txn->arena,
				"names '%.*s' too, which does not move with it",
				SLICE_ARG(ref->table)));
			continue;
		}
		if (!is_ascii(t->name) || !is_ascii(t->database))
			refuse(r, "has a name at the target that is not ASCII");
		r->ddl->several |= ref->role == TABLE_DDL && !ref->looked_at &&
		    t != &r->tables->items[r->ddl->table];
		buf_add_slice(&text, slice_cut(sql, from, ref->start));
		buf_reset(&name);
		quote_table(&name, slice_str(t->database), slice_str(t->name));
		buf_add_slice(&text, buf_slice(&name));
		from = ref->end;
	}
	buf_add_slice(&text, slice_cut(sql, from, sql.len));
	r->ddl->repeated = arena_dup(&r->txn->arena, buf_slice(&text));
}

/* RENAME TABLE t TO _t_del, _t_gho TO t: the name of what comes in its place; NULL: nothing does. */
static const struct table_ref *
find_swapped(const struct reading *r)
{
	for (size_t i = 1; i < r->s.tables_count; i++) {
		const struct table_ref *to = &r->s.tables[i];

		if (r->s.renames && to->made && moved(r, to) != NULL)
			return &r->s.tables[i - 1];
	}
	return NULL;
}

static bool
ends_with(struct slice name, const char *end)
{
	size_t len = strlen(end);

	return name.len >= len && slice_eq_str(slice_cut(name, name.len - len, name.len), end);
}

static void
name_swap(struct reading *r)
{
	const struct table_ref *by = find_swapped(r);
	const char *tool = by == NULL      ? ""
	    : ends_with(by->table, "_gho") ? ", as gh-ost does"
	    : ends_with(by->table, "_new") ? ", as pt-online-schema-change does"
					   : "";

	if (by != NULL)
		r->ddl->why_not = arena_printf(&r->txn->arena,
		    "puts the table '%.*s' in its place%s: that one's rows were not followed",
		    SLICE_ARG(by->table), tool);
}

static void
read_change(struct reading *r)
{
	struct repeat repeat;

	repeat_read(&r->s, r->q->sql, !slice_is_null(r->q->status.time_zone), &repeat);
	r->ddl->change = repeat.change;
	r->ddl->rows_stay = repeat.rows_stay;
	r->ddl->why_not = repeat.why_not == NULL ? "" : repeat.why_not;
	if (r->s.tables_count == 0 || moved(r, &r->s.tables[0]) == NULL) {
		r->ddl->change = TABLE_CHANGE_AWAY;
		refuse(r, "changes another table with it");
	}
	if (r->ddl->change == TABLE_CHANGE_AWAY)
		name_swap(r);
	if (!r->q->status.is_whole)
		refuse(r, "ran in a session of which the binlog tells more than is understood");
	rename_tables(r);
}

struct source_txn *
tail_ddl_make(
    const struct query_event *q, uint32_t seconds, const struct moved_tables *tables, int table)
{
	struct reading r = { .q = q, .tables = tables, .txn = source_txn_new() };
	SCOPED(buf) struct buf session = BUF_INIT;
	struct err err;

	r.ddl = arena_new(&r.txn->arena, struct txn_ddl);
	query_status_sql(&session, &q->status, seconds);
	*r.ddl = (struct txn_ddl){
		.table = table,
		.change = TABLE_CHANGE_AWAY,
		.statement = arena_dup(&r.txn->arena, q->sql),
		.session = arena_dup(&r.txn->arena, buf_slice(&session)),
		.why_not = "is not understood",
	};
	if (statement_read(&r.txn->arena, q->sql, tail_query_modes(q), &r.s, &err) == 0)
		read_change(&r);
	r.txn->ddl = r.ddl;
	r.txn->first = r.txn->last = true;
	r.txn->bytes = r.txn->arena.used_bytes;
	return r.txn;
}
