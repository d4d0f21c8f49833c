#include "sim/copy_world.h"

#include "base/parse.h"

#include <stdlib.h>

/* ---- What must hold after every commit at the target */

static uint64_t
number(struct slice s)
{
	uint64_t n;

	check(parse_u64(s, &n, &(struct err){ 0 }) == 0);
	return n;
}

/* From columns <prefix>_gtid, _file, _offset. */
static void
read_position(
    const struct mini_table *t, const struct slice *row, const char *prefix, struct position *out)
{
	char name[40];

	position_done(out);
	snprintf(name, sizeof(name), "%s_gtid", prefix);
	int at = table_column(t, slice_str(name));
	check(at >= 0);
	position_set_gtid(out, row[at]);
	snprintf(out->file, sizeof(out->file), "%.*s", SLICE_ARG(row[at + 1]));
	out->offset = number(row[at + 2]);
}

static uint64_t
seq_of(const struct position *p)
{
	const char *dash = strrchr(position_gtid(p), '-');

	return dash == NULL ? 0 : strtoull(dash + 1, NULL, 10);
}

/* Strict tables are copied behind the consistency point, and count from INDEXING on. */
static void
check_exact(struct world *w, const struct position *applied, const struct position *cp, bool strict)
{
	const char *differs = sim_table_differs(&w->table, seq_of(applied), strict, &w->arena);

	if (differs != NULL)
		fail(w, "the target is not the source at %s, consistent from %s on: %s",
		    position_gtid(applied), position_gtid(cp), differs);
}

static bool
is_complete(struct slice phase)
{
	return slice_eq_str(phase, "indexing") || slice_eq_str(phase, "running");
}

static void
check_no_indexes(struct world *w, struct slice phase)
{
	if (is_complete(phase))
		fail(w, "%.*s, and after a crash the stream would not know that it is exact",
		    SLICE_ARG(phase));
}

static void
committed(void *arg)
{
	struct world *w = arg;
	const struct mini_table *t = store_find(
	    minidb_store(w->table.target), slice_str(SIDECAR_DEFAULT), slice_str("stream"));
	const struct slice *row =
	    t == NULL || t->count == 0 ? NULL : row_at(t->rows[0], NULL, UINT64_MAX);
	SCOPED(position) struct position applied = { 0 }, cp = { 0 }, dirty = { 0 };

	if (row == NULL || w->deleting)
		return;
	read_position(t, row, "applied", &applied);
	read_position(t, row, "cp", &cp);
	read_position(t, row, "dirty", &dirty);
	if (position_is_set(&w->applied) && position_cmp(&applied, &w->applied) < 0)
		fail(w, "the applied position went back from %s:%llu to %s:%llu", w->applied.file,
		    (unsigned long long)w->applied.offset, applied.file,
		    (unsigned long long)applied.offset);
	position_copy(&w->applied, &applied);
	struct slice phase = row[table_column(t, slice_str("phase"))];
	bool half_written = position_cmp(&applied, &dirty) < 0;
	bool consistent = position_is_set(&cp) && position_cmp(&applied, &cp) >= 0;
	bool ahead = world_has_parts_ahead(w, seq_of(&applied));

	if (consistent && !half_written && !ahead)
		check_exact(w, &applied, &cp, is_complete(phase));
	else if (!ahead)
		check_no_indexes(w, phase);
	/* Likelier in a run past the consistency point. */
	snap(w, ahead || (half_written && position_is_set(&cp)) ? 4 : consistent ? 16 : 64);
}

struct move_request
copy_world_request(const struct world *w, struct moved_names *tables)
{
	for (int i = 0; i < sim_table_count(&w->table); i++)
		tables[i].from = tables[i].to = sim_table_name(&w->table, i);
	return (struct move_request){ .workflow = WORKFLOW,
		.side = MOVE_TO,
		.from = { SOURCE, "src", SIDECAR_DEFAULT },
		.to = { "", "dst", "" },
		.tables = tables,
		.tables_count = (size_t)sim_table_count(&w->table) };
}

static int
open_engine(struct ctx *cx, struct world *w)
{
	struct moved_names tables[SCHEMA_TABLES_MAX];
	struct move_request request = copy_world_request(w, tables);

	TRY(engine_open(cx, &w->process.engine));
	return stream_of(w) != NULL ? 0 : engine_create(cx, &w->process.engine, &request);
}

const struct world_kind copy_world = {
	.round = 1,
	.fixed = 60,
	.fresh = 60, /* with the fixed ones about two seconds of a core */
	.committed = committed,
	.open = open_engine,
};
