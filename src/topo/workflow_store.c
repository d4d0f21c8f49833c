#include "topo/workflow_store.h"

#include "base/mutant.h"

#include <limits.h>

const char *
workflow_key(struct arena *a, const char *id)
{
	return arena_printf(a, "/workflows/%s", id);
}

static const char *
parts_of(struct arena *a, const char *id)
{
	return arena_printf(a, "/workflow_parts/%s/", id);
}

static const char *
tables_key(struct arena *a, const char *id, int move, size_t n)
{
	return arena_printf(a, "%s%d/tables/%03zu", parts_of(a, id), move, n);
}

static const char *
journal_key(struct arena *a, const char *id, int move)
{
	return arena_printf(a, "%s%d/journal", parts_of(a, id), move);
}

static size_t
tables_parts(size_t tables)
{
	return (tables + WORKFLOW_PART_TABLES - 1) / WORKFLOW_PART_TABLES;
}

/* NULL: there is none. */
static const struct workflow_part *
find(const struct workflow_texts *x, const char *key)
{
	for (size_t i = 0; i < x->parts_count; i++) {
		if (strcmp(x->parts[i].key, key) == 0)
			return &x->parts[i];
	}
	return NULL;
}

/* ---- Read */

/* All that the head speaks of is there. */
static bool
is_complete(struct arena *a, const struct workflow_texts *x, const struct workflow_head *h)
{
	if (h->whole)
		return true;
	for (size_t i = 0; i < tables_parts(h->tables); i++) {
		if (find(x, tables_key(a, x->id, h->r.move, i)) == NULL)
			return false;
	}
	return find(x, journal_key(a, x->id, h->r.move)) != NULL;
}

/* *newer: a part is newer than the head. */
static void
take_parts(struct arena *a, const struct topo_list *l, struct workflow_texts *out, bool *newer)
{
	*newer = false;
	out->parts = arena_array(a, struct workflow_part, l->count);
	out->parts_count = l->count;
	for (size_t i = 0; i < l->count; i++) {
		const struct topo_kv *kv = &l->items[i];

		out->parts[i] = (struct workflow_part){ arena_slice_str(a, kv->key), kv->value };
		*newer |= kv->modified > out->revision && !mutant("topo_parts_newer");
	}
}

int
workflow_fetch(struct ctx *cx, struct topo *t, const char *id, struct workflow_texts *out)
{
	const char *key = workflow_key(cx->arena, id);
	int64_t before = 0;

	for (;;) {
		struct topo_kv kv;
		struct topo_list l;
		struct workflow_head h;
		bool newer;

		TRY(topo_get(cx, t, key, &kv));
		TRY(topo_list(cx, t, parts_of(cx->arena, id), &l));
		*out = (struct workflow_texts){
			.id = arena_strdup(cx->arena, id), .revision = kv.modified, .head = kv.value
		};
		take_parts(cx->arena, &l, out, &newer);
		TRY(workflow_head_read(cx->arena, kv.value, &h, cx->err));
		if (!newer && is_complete(cx->arena, out, &h))
			return 0;
		if (!newer && kv.modified == before) /* nobody has written between: they are gone */
			return err_set(cx->err, ERR_CORRUPT,
			    "workflow '%s' has lost keys of its tables, or its journal", id);
		before = kv.modified;
	}
}

const struct workflow_texts *
workflow_texts_copy(struct arena *a, const struct workflow_texts *x)
{
	struct workflow_texts *copy = arena_new(a, struct workflow_texts);

	*copy = (struct workflow_texts){ .id = arena_strdup(a, x->id),
		.revision = x->revision,
		.head = arena_dup(a, x->head),
		.parts = arena_array(a, struct workflow_part, x->parts_count),
		.parts_count = x->parts_count };
	for (size_t i = 0; i < x->parts_count; i++)
		copy->parts[i] = (struct workflow_part){ arena_strdup(a, x->parts[i].key),
			arena_dup(a, x->parts[i].text) };
	return copy;
}

static int
assemble_tables(struct arena *a, const struct workflow_texts *x, const struct workflow_head *h,
    struct workflow_record *out, struct err *err)
{
	size_t parts = tables_parts(h->tables);

	out->tables_count = 0;
	if (parts > x->parts_count) /* no memory for what is not there */
		return err_set(err, ERR_CORRUPT,
		    "workflow '%s' has not the keys of the %zu tables that its head says", x->id,
		    h->tables);
	out->tables = arena_array(a, struct workflow_table, h->tables);
	for (size_t i = 0; i < parts; i++) {
		const struct workflow_part *p = find(x, tables_key(a, x->id, out->move, i));
		struct workflow_record some;

		if (p == NULL)
			break;
		TRY(workflow_tables_read(a, p->text, &some, err));
		if (some.tables_count > h->tables - out->tables_count)
			break;
		for (size_t k = 0; k < some.tables_count; k++)
			out->tables[out->tables_count++] = some.tables[k];
	}
	return out->tables_count == h->tables
	    ? 0
	    : err_set(err, ERR_CORRUPT, "workflow '%s' has not the %zu tables that its head says",
		  x->id, h->tables);
}

int
workflow_assemble(
    struct arena *a, const struct workflow_texts *x, struct workflow_record *out, struct err *err)
{
	struct workflow_head h;
	const struct workflow_part *journal;

	TRY(workflow_head_read(a, x->head, &h, err));
	*out = h.r;
	if (h.whole)
		return 0;
	TRY(assemble_tables(a, x, &h, out, err));
	journal = find(x, journal_key(a, x->id, out->move));
	return journal == NULL ? 0 : workflow_events_read(a, journal->text, out, err);
}

int
workflow_whole(struct ctx *cx, struct topo *t, const char *id, struct workflow_record *out)
{
	struct workflow_texts x;

	TRY(workflow_fetch(cx, t, id, &x));
	return workflow_assemble(cx->arena, &x, out, cx->err);
}

int
workflow_find(struct ctx *cx, struct topo *t, struct workflow_query *q)
{
	struct topo_list all;

	TRY(topo_list(cx, t, q->prefix, &all));
	q->items = arena_array(cx->arena, struct workflow_found, all.count);
	q->count = 0;
	for (size_t i = 0; i < all.count; i++) {
		const char *key = arena_slice_str(cx->arena, all.items[i].key);
		struct workflow_found *f = &q->items[q->count];
		struct workflow_head h;

		TRY(workflow_head_read(cx->arena, all.items[i].value, &h, cx->err));
		*f = (struct workflow_found){ key + strlen("/workflows/"), h.r };
		if (q->wanted != NULL && !q->wanted(f, q->arg))
			continue;
		if (workflow_whole(cx, t, f->id, &f->r) == 0)
			q->count++;
		else if (cx->err->kind != ERR_NOT_FOUND) /* deleted since */
			return -1;
		else
			err_clear(cx->err);
	}
	return 0;
}

/* ---- Written */

struct writing {
	struct arena *a;
	const struct workflow_texts *was;
	struct workflow_texts now;
	struct topo_op *ops;
	size_t count;
};

static void
put(struct writing *w, const char *key, struct slice text)
{
	w->ops[w->count++] = (struct topo_op){ .key = key, .value = text };
}

static void
keep(struct writing *w, const char *key, struct slice text)
{
	w->now.parts[w->now.parts_count++] = (struct workflow_part){ key, text };
}

/* What has not changed is not written. */
static void
put_part(struct writing *w, const char *key, const struct buf *json)
{
	const struct workflow_part *old = find(w->was, key);
	struct slice text;

	if (old != NULL && slice_eq(old->text, buf_slice(json))) {
		keep(w, old->key, old->text);
		return;
	}
	text = arena_dup(w->a, buf_slice(json));
	put(w, key, text);
	keep(w, key, text);
}

static void
put_parts(struct writing *w, const struct workflow_record *r)
{
	SCOPED(buf) struct buf json = BUF_INIT;

	for (size_t i = 0; i < tables_parts(r->tables_count); i++) {
		size_t first = i * WORKFLOW_PART_TABLES, left = r->tables_count - first;

		buf_reset(&json);
		workflow_tables_write(&json, r->tables + first,
		    left < WORKFLOW_PART_TABLES ? left : WORKFLOW_PART_TABLES);
		put_part(w, tables_key(w->a, w->was->id, r->move, i), &json);
	}
	buf_reset(&json);
	workflow_events_write(&json, r);
	put_part(w, journal_key(w->a, w->was->id, r->move), &json);
}

/* Those of the move before stay while its head does; what else there was goes. */
static void
drop_others(struct writing *w, int move_before)
{
	const char *kept = arena_printf(w->a, "%s%d/", parts_of(w->a, w->was->id), move_before);

	for (size_t i = 0; i < w->was->parts_count; i++) {
		const struct workflow_part *p = &w->was->parts[i];

		if (find(&w->now, p->key) != NULL)
			continue;
		if (strncmp(p->key, kept, strlen(kept)) == 0)
			keep(w, p->key, p->text);
		else
			put(w, p->key, SLICE_NULL);
	}
}

/* 0: none, or one whose parts are in its head. */
static int
move_before(struct arena *a, const struct workflow_record *r, int *move, struct err *err)
{
	struct workflow_head h;

	*move = 0;
	if (r->before == NULL || r->before[0] == '\0' || strcmp(r->before, BEFORE_NOTHING) == 0)
		return 0;
	TRY(workflow_head_read(a, slice_str(r->before), &h, err));
	if (!mutant("topo_parts_before_go"))
		*move = h.r.move;
	return 0;
}

/* A number that no part has. */
static int
next_move(struct arena *a, const struct workflow_texts *x)
{
	size_t skip = strlen(parts_of(a, x->id));
	int last = 0;

	for (size_t i = 0; i < x->parts_count; i++) {
		struct slice move;
		struct err ignored = { 0 };
		int n;

		(void)slice_split(slice_str(x->parts[i].key + skip), '/', &move);
		if (parse_int(move, 1, INT_MAX - 1, &n, &ignored) == 0 && n > last)
			last = n;
	}
	return last + 1;
}

static int
write_all(struct ctx *cx, struct writing *w, struct workflow_record *r)
{
	SCOPED(buf) struct buf head = BUF_INIT;
	const char *key = workflow_key(w->a, w->was->id);
	int before = 0;

	if (r == NULL) {
		put(w, key, SLICE_NULL);
		drop_others(w, before);
		return 0;
	}
	if (r->move == 0)
		r->move = next_move(w->a, w->was);
	TRY(move_before(w->a, r, &before, cx->err));
	workflow_head_write(&head, r);
	w->now.head = arena_dup(w->a, buf_slice(&head));
	put(w, key, w->now.head);
	put_parts(w, r);
	drop_others(w, before);
	return 0;
}

int
workflow_replace(struct ctx *cx, struct topo *t, struct workflow_texts *x,
    struct workflow_record *r, const struct topo_txn *others)
{
	static const struct topo_txn none = { .ops_count = 0 };
	const struct topo_txn *o = others == NULL ? &none : others;
	size_t parts = x->parts_count + 1 + (r == NULL ? 0 : tables_parts(r->tables_count));
	struct writing w = { .a = cx->arena,
		.was = x,
		.now = { .id = x->id, .parts = arena_array(cx->arena, struct workflow_part, parts) },
		.ops = arena_array(cx->arena, struct topo_op, 1 + parts + o->ops_count) };
	struct topo_compare *compares =
	    arena_array(cx->arena, struct topo_compare, 1 + o->compares_count);
	struct topo_result result;

	TRY(write_all(cx, &w, r));
	compares[0] = (struct topo_compare){ workflow_key(cx->arena, x->id), x->revision };
	for (size_t i = 0; i < o->compares_count; i++)
		compares[1 + i] = o->compares[i];
	for (size_t i = 0; i < o->ops_count; i++)
		w.ops[w.count++] = o->ops[i];
	const struct topo_txn txn = { compares, 1 + o->compares_count, w.ops, w.count, o->unsynced,
		o->read };
	TRY(topo_txn(cx, t, &txn, &result));
	if (!result.succeeded)
		return err_set(
		    cx->err, ERR_CONFLICT, "workflow '%s' was changed by somebody else", x->id);
	w.now.revision = r == NULL ? 0 : result.revision;
	*x = w.now;
	return 0;
}
