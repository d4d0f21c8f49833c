#include "tablet/table/moved_table.h"

#include "tablet/table/bare_sql.h"
#include "tablet/table/table_row.h"

static const char *
keep(struct arena *a, const struct buf *text)
{
	return arena_slice_str(a, buf_slice(text));
}

/* The names are there. */
static void
make_texts(struct arena *a, struct moved_table *t)
{
	SCOPED(buf) struct buf columns = BUF_INIT, bare = BUF_INIT, complete = BUF_INIT;

	table_row_select_list(&columns, t->def);
	bare_sql_create(&bare, t->def, t->database, t->name);
	bare_sql_complete(&complete, t->def, t->database, t->name);
	t->plan = (struct row_plan){ keep(a, &columns) };
	t->bare_sql = keep(a, &bare);
	t->complete_sql = keep(a, &complete);
}

static bool
any_silent(struct table_def *const *defs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (defs[i]->silent)
			return true;
	}
	return false;
}

static void
find_referrers(
    struct arena *a, struct table_def *const *defs, struct moved_table *items, size_t count)
{
	const struct referrers *found = referrers_find(a, defs, count);

	for (size_t i = 0; i < count; i++)
		items[i].referrers = found[i];
}

void
moved_tables_make(
    struct arena *a, struct table_def *const *defs, struct table_set to, struct moved_tables *out)
{
	struct moved_table *items = arena_array(a, struct moved_table, to.count);
	const char **from = arena_array(a, const char *, to.count);
	bool ordered = any_silent(defs, to.count);

	for (size_t i = 0; i < to.count; i++) {
		items[i] = (struct moved_table){
			.index = (int)i,
			.def = defs[i],
			.database = to.database,
			.name = to.tables[i],
			.full_name = arena_printf(a, "%s.%s", to.database, to.tables[i]),
		};
		make_texts(a, &items[i]);
		from[i] = defs[i]->name;
	}
	if (ordered)
		find_referrers(a, defs, items, to.count);
	*out = (struct moved_tables){ items, (int)to.count,
		{ to.count == 0 ? "" : defs[0]->database, from, to.count }, to, ordered };
}

void
moved_tables_of(struct arena *a, struct table_def *const *defs, int count, struct moved_tables *out)
{
	struct moved_table *items = arena_array(a, struct moved_table, count);

	for (int i = 0; i < count; i++)
		items[i] = (struct moved_table){ .index = i, .def = defs[i] };
	*out = (struct moved_tables){ .items = items, .count = count };
}
