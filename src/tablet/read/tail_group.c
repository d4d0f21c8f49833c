#include "tablet/read/tail_group.h"

#include "base/check.h"
#include "base/mem.h"
#include "base/mutant.h"
#include "rpc/tablet.h"
#include "tablet/read/own_rows.h"
#include "tablet/table/table_row.h"

#include <stdlib.h>

/* A kept event: this, then len bytes of its body. */
struct kept_event {
	uint32_t len;
	uint16_t map;
	uint8_t type;
	uint8_t unused;
};

_Static_assert(GROUP_MAPS_MAX <= UINT16_MAX, "kept_event.map holds any map's index");

/* Names have no NUL. */
static struct slice
full_name(struct tail_group *g, struct slice database, struct slice table)
{
	buf_reset(&g->name);
	buf_add_slice(&g->name, database);
	buf_add_char(&g->name, '\0');
	buf_add_slice(&g->name, table);
	return buf_slice(&g->name);
}

void
group_state_init(struct tail_group *g, const struct group_params *params)
{
	*g = (struct tail_group){ .params = *params };
	arena_init(&g->arena);
	spool_init(&g->events, params->spill_dir, GROUP_MEMORY);
	g->types = mem_zalloc(sizeof(g->types[0]) * (size_t)(params->tables->count + 1));
	map_init(&g->by_name);
	buf_init(&g->name);
	for (int t = 0; t < params->tables->count; t++) {
		const struct table_def *def = params->tables->items[t].def;

		map_put(&g->by_name, full_name(g, slice_str(def->database), slice_str(def->name)),
		    (void *)(uintptr_t)&params->tables->items[t]);
		g->types[t] =
		    mem_zalloc(sizeof(struct column_type) * (size_t)(def->columns_count + 1));
		for (int i = 0; i < def->columns_count; i++)
			g->types[t][i] = def->columns[i].type;
	}
}

void
group_state_done(struct tail_group *g)
{
	for (int t = 0; g->types != NULL && t < g->params.tables->count; t++)
		free(g->types[t]);
	free(g->types);
	g->types = NULL;
	free(g->maps);
	g->maps = NULL;
	spool_done(&g->events);
	buf_done(&g->name);
	map_done(&g->by_name);
	arena_done(&g->arena);
}

void
group_begin(struct tail_group *g)
{
	arena_reset(&g->arena);
	g->maps_count = 0;
	g->savepoints = NULL;
	spool_reset(&g->events);
	g->events_at = 0;
	g->started = false;
	g->heartbeat[0] = 0;
	g->by_stream = g->frozen = false;
	g->deltas = SLICE_NULL;
}

/* ---- Tables */

/* Of a set of a thousand, for each table of each statement at the source. */
static int
find_table(struct tail_group *g, const struct tablemap *map)
{
	const struct group_params *p = &g->params;
	const struct moved_table *t = map_get(&g->by_name, full_name(g, map->database, map->table));

	if (t != NULL)
		return (int)(t - p->tables->items);
	if (!slice_eq_str(map->database, p->id.sidecar))
		return GROUP_TABLE_OTHER;
	if (slice_eq_str(map->table, "heartbeat") && !p->guards)
		return GROUP_TABLE_HEARTBEAT;
	if (slice_eq_str(map->table, "stream") && p->guards)
		return GROUP_TABLE_STREAM;
	if (slice_eq_str(map->table, "run_part") && p->guards && !mutant("guard_parts_of_runs"))
		return GROUP_TABLE_RUN_PART;
	return GROUP_TABLE_OTHER;
}

/* The newest of that number. */
static struct group_map *
find_map(const struct tail_group *g, uint64_t id)
{
	for (size_t i = g->maps_count; i > 0; i--)
		if (g->maps[i - 1].id == id && g->maps[i - 1].table != GROUP_TABLE_FREE)
			return &g->maps[i - 1];
	return NULL;
}

/*
 * A number that comes again is the newer table's: after DDL, or when the server counts anew. What is
 * kept needs the older one still, and the newer stands behind it.
 */
static struct group_map *
place_map(struct tail_group *g, uint64_t id)
{
	struct group_map *older = find_map(g, id);

	if (older != NULL && older->table == GROUP_TABLE_OTHER)
		return older;
	for (size_t i = 0; older == NULL && i < g->maps_count; i++)
		if (g->maps[i].table == GROUP_TABLE_FREE)
			return &g->maps[i];
	if (g->maps_count == GROUP_MAPS_MAX)
		return NULL;
	g->maps = mem_grow(g->maps, &g->maps_cap, g->maps_count + 1, sizeof(g->maps[0]));
	return &g->maps[g->maps_count++];
}

/* A transaction may go through any number of tables, a statement's numbers end with it. */
static void
free_maps(struct tail_group *g)
{
	for (size_t i = 0; i < g->maps_count; i++)
		if (g->maps[i].table == GROUP_TABLE_OTHER)
			g->maps[i].table = GROUP_TABLE_FREE;
}

/* Statements of a long transaction map the same table again and again. */
static bool
known_map(const struct tail_group *g, uint64_t id, int table)
{
	const struct group_map *m = find_map(g, id);

	return m != NULL && m->table == table;
}

static struct row_columns
columns_of(const struct tail_group *g, int table)
{
	const struct table_def *def = g->params.tables->items[table].def;

	return (struct row_columns){ g->types[table], (size_t)def->columns_count,
		(size_t)def->hidden_count };
}

static bool
is_passed(const struct tail_group *g, int table)
{
	return table >= 0 && g->params.passed != NULL && passed_is(g->params.passed, table);
}

int
group_map(struct tail_group *g, const struct event *e, struct err *err)
{
	SCOPED(arena) struct arena scratch = ARENA_INIT;
	struct row_shape shape;
	struct tablemap map;
	struct group_map *slot;

	TRY(tablemap_read(&scratch, e->body, &map, err));
	int table = find_table(g, &map);
	if (table >= 0) {
		struct row_columns columns = columns_of(g, table);
		if (row_shape_init(&shape, &map, &columns, err) != 0) {
			if (!is_passed(g, table))
				return -1;
			err_clear(err); /* as it was before it was altered */
			table = GROUP_TABLE_OTHER;
		}
	}
	if (known_map(g, map.id, table))
		return 0;
	slot = place_map(g, map.id);
	if (slot == NULL)
		return err_set(err, ERR_REFUSED, "a statement that writes more than %d tables",
		    GROUP_MAPS_MAX);
	*slot = (struct group_map){ .id = map.id, .table = table };
	if (table != GROUP_TABLE_OTHER)
		tablemap_dup(&g->arena, &map, &slot->map);
	if (table >= 0)
		slot->body = arena_dup(&g->arena, e->body);
	return 0;
}

/* ---- Keeping */

static int
keep(struct tail_group *g, const struct event *e, size_t map, struct err *err)
{
	struct kept_event head = {
		.len = (uint32_t)e->body.len, .map = (uint16_t)map, .type = e->type
	};

	TRY(spool_add(&g->events, slice_of(&head, sizeof(head)), err));
	return spool_add(&g->events, e->body, err);
}

static bool
is_ascii(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] >= 0x80)
			return false;
	return true;
}

static struct group_savepoint *
take_savepoint(struct tail_group *g, struct slice name)
{
	struct group_savepoint **at = &g->savepoints, *found;

	while (*at != NULL && !slice_eq_nocase((*at)->name, name))
		at = &(*at)->before;
	found = *at;
	if (found != NULL)
		*at = found->before;
	return found;
}

/* One of the same name takes the place of the older. */
void
group_savepoint(struct tail_group *g, struct slice name)
{
	struct group_savepoint *s = take_savepoint(g, name);

	if (s == NULL) {
		s = arena_new(&g->arena, struct group_savepoint);
		s->name = arena_dup(&g->arena, name);
	}
	s->at = spool_bytes(&g->events);
	s->before = g->savepoints;
	g->savepoints = s;
}

/* The server compares names of savepoints without regard to case. Which letters beyond ASCII it takes for the
 * same is not known here, so that such a name counts as unknown. */
bool
group_rollback_to(struct tail_group *g, struct slice name)
{
	struct group_savepoint *s = g->savepoints;

	while (s != NULL && is_ascii(s->name) && !slice_eq_nocase(s->name, name))
		s = s->before;
	if (s == NULL || !is_ascii(s->name) || !is_ascii(name))
		return false;
	g->savepoints = s;
	spool_truncate(&g->events, s->at);
	return true;
}

/* One row a statement: REPLACE writes it as an insert or as an update. */
static void
note_heartbeat(struct tail_group *g, struct rows *rows, const struct tablemap *map)
{
	struct own_heartbeat h;

	if (!own_heartbeat_read(rows, map, &g->arena, &h) ||
	    !slice_eq_str(h.workflow, g->params.id.workflow) || h.token.len >= sizeof(g->heartbeat))
		return;
	memcpy(g->heartbeat, h.token.ptr, h.token.len);
	g->heartbeat[h.token.len] = 0;
}

static bool
is_of_stream(const struct tail_group *g, struct slice workflow, uint64_t round)
{
	return slice_eq_str(workflow, g->params.id.workflow) &&
	    (round == (uint64_t)g->params.id.round || mutant("guard_any_round"));
}

static void
note_stream(struct tail_group *g, struct rows *rows, const struct tablemap *map)
{
	struct own_stream s;

	if (!own_stream_read(rows, map, &g->arena, &s) || !is_of_stream(g, s.workflow, s.round))
		return;
	g->by_stream = true;
	g->frozen = slice_eq_str(s.phase, stream_phase_name(STREAM_FROZEN));
	g->deltas = arena_dup(&g->arena, s.deltas); /* the event is gone when the group ends */
}

/* A part of a run, whose position comes with another one. */
static void
note_run_part(struct tail_group *g, struct rows *rows, const struct tablemap *map)
{
	struct own_run_part part;

	if (own_run_part_read(rows, map, &g->arena, &part) &&
	    is_of_stream(g, part.workflow, part.round))
		g->by_stream = true;
}

static int
take_rows(struct tail_group *g, const struct event *e, const struct group_map *m, struct err *err)
{
	struct rows rows;

	if (m->table == GROUP_TABLE_OTHER)
		return 0;
	struct row_columns columns = { 0 };
	if (m->table >= 0)
		columns = columns_of(g, m->table);
	if (rows_read(e, m->table >= 0 ? &columns : NULL, &rows, err) != 0)
		return err_wrap(
		    err, "table '%.*s.%.*s'", SLICE_ARG(m->map.database), SLICE_ARG(m->map.table));
	if (m->table >= 0)
		return keep(g, e, (size_t)(m - g->maps), err);
	if (m->table == GROUP_TABLE_STREAM)
		note_stream(g, &rows, &m->map);
	else if (m->table == GROUP_TABLE_RUN_PART)
		note_run_part(g, &rows, &m->map);
	else
		note_heartbeat(g, &rows, &m->map);
	return 0;
}

int
group_rows(struct tail_group *g, const struct event *e, struct err *err)
{
	enum { DUMMY_ID = 0xffffff }; /* an event that only ends its statement */
	struct cursor c = cursor_of(e->body);
	uint64_t id = cursor_le(&c, 6);
	bool ends = (cursor_le(&c, 2) & ROWS_STATEMENT_END) != 0;
	const struct group_map *m = find_map(g, id);

	if (m != NULL)
		TRY(take_rows(g, e, m, err));
	else if (id != DUMMY_ID)
		return err_set(err, ERR_CORRUPT, "rows of a table that was not mapped");
	if (ends)
		free_maps(g);
	return 0;
}

bool
group_has_rows(const struct tail_group *g)
{
	return spool_bytes(&g->events) > 0;
}

bool
group_matters(const struct tail_group *g)
{
	return group_has_rows(g) || g->heartbeat[0] != 0 || g->deltas.len > 0;
}

/* ---- Handing on */

/* The next kept event, its body in the arena. */
static int
take_event(struct tail_group *g, struct arena *a, struct kept_event *head, struct slice *body,
    struct err *err)
{
	uint8_t *copy;

	TRY(spool_read(&g->events, g->events_at, head, sizeof(*head), err));
	copy = arena_alloc(a, head->len + 1);
	TRY(spool_read(&g->events, g->events_at + sizeof(*head), copy, head->len, err));
	g->events_at += sizeof(*head) + head->len;
	*body = slice_of(copy, head->len);
	return 0;
}

static bool
has_more(const struct tail_group *g)
{
	return g->events_at < spool_bytes(&g->events);
}

/* What a mutant does: other bytes than the copy's for what a collation calls the same key. */
static void
unpad(struct buf *key)
{
	while (key->len > 3 && key->data[key->len - 3] == ' ') {
		buf_truncate(key, key->len - 3);
		buf_add(key, "\0\0", 2);
	}
}

static int
set_key(struct source_txn *txn, const struct table_def *def, const struct slice *row,
    struct slice *out, struct err *err)
{
	SCOPED(buf) struct buf key = BUF_INIT;

	if (row == NULL || table_def_is_strict(def))
		return 0;
	for (int i = 0; i < def->key_count; i++)
		if (slice_is_null(row[def->key[i]]))
			return err_set(err, ERR_CORRUPT, "a row of '%s.%s' has NULL in its key",
			    def->database, def->name);
	table_row_key(&key, def, row);
	if (mutant("sim_key_of_tail_unpadded"))
		unpad(&key);
	*out = arena_dup(&txn->arena, buf_slice(&key));
	return 0;
}

struct adder {
	struct source_txn *txn;
	size_t cap; /* of txn->changes while it grows outside of the arena */
};

static int
add_change(struct adder *to, const struct row_change *row, const struct table_def *def, int table,
    struct err *err)
{
	struct source_txn *txn = to->txn;
	struct change *c;

	txn->changes = mem_grow(txn->changes, &to->cap, txn->count + 1, sizeof(*c));
	c = &txn->changes[txn->count++];
	*c = (struct change){ .table = table, .before = row->before, .after = row->after };
	c->kind = row->kind == ROW_INSERT ? CHANGE_INSERT
	    : row->kind == ROW_UPDATE     ? CHANGE_UPDATE
					  : CHANGE_DELETE;
	txn->strict = txn->strict || table_def_is_strict(def);
	if (c->after != NULL)
		TRY(table_row_check(def, c->after, err));
	TRY(set_key(txn, def, c->before, &c->key_before, err));
	return set_key(txn, def, c->after, &c->key_after, err);
}

static int
add_event(struct tail_group *g, struct adder *to, struct err *err)
{
	struct kept_event head;
	struct event e = { 0 };
	struct rows rows;
	struct row_change row;
	struct row_shape shape;
	const struct group_map *map;
	int rc;

	TRY(take_event(g, &to->txn->arena, &head, &e.body, err));
	map = &g->maps[head.map];
	if (is_passed(g, map->table))
		return 0;
	e.type = head.type;
	shape = (struct row_shape){ &map->map, columns_of(g, map->table) };
	TRY(rows_read(&e, &shape.columns, &rows, err));
	while ((rc = rows_next(&rows, &shape, &to->txn->arena, &row, err)) == 1) {
		TRY(add_change(to, &row, g->params.tables->items[map->table].def, map->table, err));
		to->txn->changes[to->txn->count - 1].unchecked =
		    (rows.flags & (ROWS_NO_FK_CHECKS | ROWS_SQL_FK)) != 0;
	}
	to->txn->strict = to->txn->strict || g->params.tables->ordered;
	return rc;
}

int
group_next(struct tail_group *g, struct source_txn **out, struct err *err)
{
	struct source_txn *txn;
	int rc = 0;

	*out = NULL;
	if (g->started && !has_more(g))
		return 0;
	txn = source_txn_new();
	struct adder to = { .txn = txn };
	txn->first = !g->started;
	while (rc == 0 && has_more(g) && txn->arena.used_bytes < GROUP_PART)
		rc = add_event(g, &to, err);
	g->started = true;
	if (rc != 0) {
		source_txn_free(txn);
		return -1;
	}
	txn->last = !has_more(g);
	txn->bytes = txn->arena.used_bytes + to.cap * sizeof(struct change);
	memcpy(txn->heartbeat, g->heartbeat, sizeof(txn->heartbeat));
	txn->by_stream = g->by_stream;
	txn->deltas = txn->last ? arena_dup(&txn->arena, g->deltas) : SLICE_NULL;
	*out = txn;
	return 0;
}

/* ---- Packing */

enum { PACKED_HEAD = 5 };

static int
pack_event(struct spool *out, uint8_t type, struct slice body, struct err *err)
{
	uint8_t head[PACKED_HEAD] = { (uint8_t)body.len, (uint8_t)(body.len >> 8),
		(uint8_t)(body.len >> 16), (uint8_t)(body.len >> 24), type };

	TRY(spool_add(out, slice_of(head, sizeof(head)), err));
	return spool_add(out, body, err);
}

/* A map stands before the first rows of its number, and again where another table's have come in between. */
int
group_pack(struct tail_group *g, struct spool *out, struct err *err)
{
	size_t before = SIZE_MAX;

	while (has_more(g)) {
		SCOPED(arena) struct arena scratch = ARENA_INIT;
		struct slice body;
		struct kept_event head;

		TRY(take_event(g, &scratch, &head, &body, err));
		if (head.map != before)
			TRY(pack_event(out, EVENT_TABLE_MAP, g->maps[head.map].body, err));
		TRY(pack_event(out, head.type, body, err));
		before = head.map;
	}
	return 0;
}

static int
unpack_event(struct tail_group *g, const struct spool *from, uint64_t *at, struct err *err)
{
	SCOPED(arena) struct arena scratch = ARENA_INIT;
	uint64_t left = spool_bytes(from) - *at;
	uint8_t head[PACKED_HEAD];
	struct event e = { 0 };
	uint8_t *body;
	size_t len;

	if (left < PACKED_HEAD)
		return err_set(err, ERR_CORRUPT, "rows of a prepared XA transaction end early");
	TRY(spool_read(from, *at, head, sizeof(head), err));
	len = head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16 | (size_t)head[3] << 24;
	if (left - PACKED_HEAD < len)
		return err_set(err, ERR_CORRUPT, "rows of a prepared XA transaction end early");
	body = arena_alloc(&scratch, len + 1);
	TRY(spool_read(from, *at + PACKED_HEAD, body, len, err));
	*at += PACKED_HEAD + len;
	e.type = head[4];
	e.body = slice_of(body, len);
	if (e.type == EVENT_TABLE_MAP)
		return group_map(g, &e, err);
	if (!event_is_rows(e.type))
		return err_set(err, ERR_CORRUPT, "rows of a prepared XA transaction are none");
	return group_rows(g, &e, err);
}

int
group_unpack(struct tail_group *g, const struct spool *from, struct err *err)
{
	uint64_t at = 0;

	while (at < spool_bytes(from))
		TRY(unpack_event(g, from, &at, err));
	return 0;
}
