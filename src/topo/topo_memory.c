/*
 * topo_memory.c - the store for tests and simulations: a world of keys that handles of one loop share.
 *
 * Every call yields once before it acts and once after, as a call to a real store does: what a caller
 * believed before may have changed, and others may act between the act and the caller's learning of it.
 * Leases are looked at whenever the world is: one whose time has passed is ended before anything else
 * happens, and a watch sleeps to the end of the next one at most. So a simulation ends when its tasks have.
 */
#include "base/check.h"
#include "base/list.h"
#include "base/mem.h"
#include "task/waitlist.h"
#include "topo/topo.h"

#include <stdlib.h>

struct entry {
	char *key, *value;
	size_t value_len;
	int64_t created, modified, lease;
};

/* One put or delete of a past revision. */
struct change {
	struct list_node node;
	struct entry entry; /* value NULL: deleted */
	int64_t revision;
};

struct memory_lease {
	struct list_node node;
	int64_t id;
	usec ttl, renewed; /* renewed on task_boottime() */
	uint64_t counter;
};

/*
 * Invariants
 *   (1) entries are sorted by key, each key once.
 *   (2) every entry's lease is 0 or in leases.
 *   (3) history holds every change with a revision in (dropped, revision].
 */
struct world {
	int handles;
	struct entry **entries;
	size_t count, cap;
	struct list history, leases;
	size_t history_bytes;
	int64_t revision, dropped, last_lease;
	struct waitlist changed;
};

struct memory {
	struct topo topo;
	struct world *world;
	bool cut;
};

static void
entry_done(struct entry *e)
{
	free(e->key);
	free(e->value);
}

/* ---- Keys */

/* Index of the first entry whose key is not less than key. */
static size_t
lower_bound(const struct world *w, const char *key)
{
	size_t from = 0, to = w->count;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (strcmp(w->entries[middle]->key, key) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

static struct entry *
find(const struct world *w, const char *key)
{
	size_t i = lower_bound(w, key);

	return i < w->count && strcmp(w->entries[i]->key, key) == 0 ? w->entries[i] : NULL;
}

static struct entry *
insert(struct world *w, const char *key)
{
	size_t i = lower_bound(w, key);
	struct entry *e = mem_new(struct entry);

	w->entries = mem_grow(w->entries, &w->cap, w->count + 1, sizeof(struct entry *));
	memmove(w->entries + i + 1, w->entries + i, (w->count - i) * sizeof(struct entry *));
	w->entries[i] = e;
	w->count++;
	e->key = mem_strdup(key);
	return e;
}

static void
erase(struct world *w, struct entry *e)
{
	size_t i = lower_bound(w, e->key);

	check(i < w->count && w->entries[i] == e);
	w->count--;
	memmove(w->entries + i, w->entries + i + 1, (w->count - i) * sizeof(struct entry *));
	entry_done(e);
	free(e);
}

static struct topo_kv
copy_out(struct arena *a, const struct entry *e)
{
	return (struct topo_kv){
		.key = arena_dup(a, slice_str(e->key)),
		.value = arena_dup(a, slice_of(e->value, e->value_len)),
		.created = e->created,
		.modified = e->modified,
		.lease = e->lease,
	};
}

/* ---- History */

static void
drop_oldest(struct world *w)
{
	struct change *c = list_item(list_pop(&w->history), struct change, node);
	w->dropped = c->revision;
	w->history_bytes -= c->entry.value_len;
	entry_done(&c->entry);
	free(c);
}

/* Keeps both bounds, never half of a revision, and always the last one. */
static void
trim(struct world *w)
{
	while (w->history.first != NULL) {
		const struct change *c = list_item(w->history.first, struct change, node);
		bool over = w->revision - c->revision >= TOPO_HISTORY ||
		    w->history_bytes > TOPO_HISTORY_BYTES;

		if (c->revision > w->dropped && (!over || c->revision == w->revision))
			return;
		drop_oldest(w);
	}
}

static void
remember(struct world *w, const struct entry *e, bool deleted)
{
	struct change *c = mem_new(struct change);

	c->revision = w->revision;
	c->entry = *e;
	c->entry.key = mem_strdup(e->key);
	c->entry.value = deleted ? NULL : mem_strndup(e->value, e->value_len);
	c->entry.value_len = deleted ? 0 : e->value_len;
	c->entry.modified = w->revision;
	w->history_bytes += c->entry.value_len;
	list_push(&w->history, &c->node);
}

static void
put(struct world *w, const struct topo_op *op)
{
	struct entry *e = find(w, op->key);

	if (e == NULL) {
		e = insert(w, op->key);
		e->created = w->revision;
	}
	free(e->value);
	e->value = mem_strndup(op->value.ptr, op->value.len);
	e->value_len = op->value.len;
	e->modified = w->revision;
	e->lease = op->lease;
	remember(w, e, false);
}

static void
delete_entry(struct world *w, struct entry *e)
{
	remember(w, e, true);
	erase(w, e);
}

/* After the changes of a revision. */
static void
publish(struct world *w)
{
	trim(w);
	waitlist_wake_all(&w->changed);
}

/* ---- Leases */

static int
lease_find(const struct world *w, int64_t id, struct memory_lease **out, struct err *err)
{
	list_each(&w->leases, n) {
		*out = list_item(n, struct memory_lease, node);
		if ((*out)->id == id)
			return 0;
	}
	return err_set(err, ERR_NOT_FOUND, "lease %lld has ended", (long long)id);
}

static void
lease_end(struct world *w, struct memory_lease *l)
{
	int64_t before = w->revision;

	for (size_t i = 0; i < w->count;) {
		if (w->entries[i]->lease != l->id) {
			i++;
			continue;
		}
		w->revision = before + 1;
		delete_entry(w, w->entries[i]);
	}
	list_remove(&l->node);
	free(l);
	if (w->revision != before)
		publish(w);
}

static void
leases_expire(struct world *w)
{
	usec now = task_boottime();

	list_each(&w->leases, n) {
		struct memory_lease *l = list_item(n, struct memory_lease, node);

		if (now - l->renewed >= l->ttl)
			lease_end(w, l);
	}
}

/* How long until the next lease may end; NEVER without leases. */
static usec
until_next_expiry(const struct world *w)
{
	usec now = task_boottime(), least = NEVER;

	list_each(&w->leases, n) {
		const struct memory_lease *l = list_item(n, struct memory_lease, node);
		usec left = l->renewed + l->ttl - now;

		if (left < least)
			least = left;
	}
	return least;
}

/* ---- Calls */

static int
reach(struct ctx *cx, const struct memory *m)
{
	if (m->cut)
		return err_set(cx->err, ERR_RETRY, "the topology cannot be reached");
	return 0;
}

/* The way there. After it the world is up to date. */
static int
begin(struct ctx *cx, struct topo *t, struct world **out)
{
	struct memory *m = (struct memory *)t;

	TRY(task_yield(cx));
	TRY(reach(cx, m));
	leases_expire(m->world);
	*out = m->world;
	return 0;
}

/* The way back: the act is done whatever happens to the caller meanwhile. */
static int
end(struct ctx *cx)
{
	struct err ignored = { 0 };
	struct ctx back = ctx_shielded(cx, NEVER, &ignored);
	check(task_yield(&back) == 0); /* shielded, and not late before NEVER */
	return 0;
}

static int
memory_get(struct ctx *cx, struct topo *t, const char *key, struct topo_kv *out)
{
	struct world *w;

	TRY(begin(cx, t, &w));
	const struct entry *e = find(w, key);
	if (e == NULL)
		return err_set(cx->err, ERR_NOT_FOUND, "'%s' does not exist", key);
	*out = copy_out(cx->arena, e);
	return end(cx);
}

static struct topo_list
list_under(struct arena *a, const struct world *w, const char *prefix)
{
	size_t len = strlen(prefix), from = lower_bound(w, prefix);
	struct topo_list l = { .revision = w->revision };

	while (
	    from + l.count < w->count && strncmp(w->entries[from + l.count]->key, prefix, len) == 0)
		l.count++;
	l.items = arena_array(a, struct topo_kv, l.count);
	for (size_t i = 0; i < l.count; i++)
		l.items[i] = copy_out(a, w->entries[from + i]);
	return l;
}

static int
memory_list(struct ctx *cx, struct topo *t, const char *prefix, struct topo_list *out)
{
	struct world *w;

	TRY(begin(cx, t, &w));
	*out = list_under(cx->arena, w, prefix);
	return end(cx);
}

static bool
compares_hold(const struct world *w, const struct topo_txn *txn)
{
	for (size_t i = 0; i < txn->compares_count; i++) {
		const struct entry *e = find(w, txn->compares[i].key);

		if ((e == NULL ? 0 : e->modified) != txn->compares[i].modified)
			return false;
	}
	return true;
}

static int
leases_exist(const struct world *w, const struct topo_txn *txn, struct err *err)
{
	for (size_t i = 0; i < txn->ops_count; i++) {
		const struct topo_op *op = &txn->ops[i];
		struct memory_lease *l;

		if (op->lease != 0 && !slice_is_null(op->value))
			TRY(lease_find(w, op->lease, &l, err));
	}
	return 0;
}

/* Does all ops as one revision; none when they change nothing. */
static void
do_ops(struct world *w, const struct topo_txn *txn)
{
	int64_t before = w->revision;

	for (size_t i = 0; i < txn->ops_count; i++) {
		const struct topo_op *op = &txn->ops[i];
		struct entry *e = find(w, op->key);

		if (slice_is_null(op->value) && e == NULL)
			continue;
		w->revision = before + 1;
		if (slice_is_null(op->value))
			delete_entry(w, e);
		else
			put(w, op);
	}
	if (w->revision != before)
		publish(w);
}

static int
memory_txn(struct ctx *cx, struct topo *t, const struct topo_txn *txn, struct topo_result *out)
{
	struct world *w;

	TRY(begin(cx, t, &w));
	out->succeeded = compares_hold(w, txn);
	if (out->succeeded) {
		TRY(leases_exist(w, txn, cx->err));
		do_ops(w, txn);
		if (txn->read != NULL)
			txn->read->out = list_under(cx->arena, w, txn->read->prefix);
	}
	out->revision = w->revision;
	return end(cx);
}

static bool
is_under(const struct change *c, const char *prefix, size_t len, int64_t revision)
{
	return c->revision > revision && strncmp(c->entry.key, prefix, len) == 0;
}

static void
collect(struct arena *a, const struct world *w, const char *prefix, struct topo_events *out)
{
	size_t len = strlen(prefix), count = 0;

	list_each(&w->history, n)
		count += is_under(list_item(n, struct change, node), prefix, len, out->revision);
	out->items = arena_array(a, struct topo_event, count);
	list_each(&w->history, m) {
		const struct change *c = list_item(m, struct change, node);

		if (is_under(c, prefix, len, out->revision))
			out->items[out->count++] =
			    (struct topo_event){ copy_out(a, &c->entry), c->revision };
	}
	out->revision = w->revision;
}

/* Until the world changes or a lease is due, but not past the caller's deadline. */
static int
wait_change(struct ctx *cx, struct world *w)
{
	usec left = until_next_expiry(w);
	struct ctx part = left == NEVER ? *cx : ctx_within(cx, left);

	if (waitlist_wait(&part, &w->changed) == 0)
		return 0;
	if (cx->err->kind != ERR_TIMEOUT || task_now() >= cx->deadline)
		return err_wrap(cx->err, "watching the topology");
	err_clear(cx->err);
	return 0;
}

static int
memory_watch(
    struct ctx *cx, struct topo *t, const char *prefix, int64_t revision, struct topo_events *out)
{
	const struct memory *m = (struct memory *)t;
	struct world *w;

	*out = (struct topo_events){ .revision = revision };
	TRY(begin(cx, t, &w));
	for (;;) {
		if (out->revision < w->dropped || out->revision > w->revision) {
			out->compacted = true;
			return end(cx);
		}
		collect(cx->arena, w, prefix, out);
		if (out->count > 0)
			return end(cx);
		TRY(wait_change(cx, w));
		TRY(reach(cx, m));
		leases_expire(w);
	}
}

static int
memory_lease_grant(struct ctx *cx, struct topo *t, usec ttl, int64_t *lease)
{
	struct world *w;

	TRY(begin(cx, t, &w));
	struct memory_lease *l = mem_new(struct memory_lease);

	l->id = *lease = ++w->last_lease;
	l->ttl = ttl;
	l->renewed = task_boottime();
	list_push(&w->leases, &l->node);
	waitlist_wake_all(&w->changed); /* watches now sleep until its end at most */
	return end(cx);
}

/* begin() for a call on a lease. */
static int
begin_lease(struct ctx *cx, struct topo *t, int64_t lease, struct world **w, struct memory_lease **l)
{
	TRY(begin(cx, t, w));
	return lease_find(*w, lease, l, cx->err);
}

static int
memory_lease_renew(struct ctx *cx, struct topo *t, int64_t lease)
{
	struct memory_lease *l;
	struct world *w;

	TRY(begin_lease(cx, t, lease, &w, &l));
	l->renewed = task_boottime();
	l->counter++;
	return end(cx);
}

static int
memory_lease_revoke(struct ctx *cx, struct topo *t, int64_t lease)
{
	struct memory_lease *l;
	struct world *w;

	TRY(begin_lease(cx, t, lease, &w, &l));
	lease_end(w, l);
	return end(cx);
}

static int
memory_lease_counter(struct ctx *cx, struct topo *t, int64_t lease, uint64_t *counter, usec *ttl)
{
	struct memory_lease *l;
	struct world *w;

	TRY(begin_lease(cx, t, lease, &w, &l));
	*counter = l->counter;
	*ttl = l->ttl;
	return end(cx);
}

static void
world_free(struct world *w)
{
	while (w->count > 0)
		erase(w, w->entries[w->count - 1]);
	free(w->entries);
	while (w->history.first != NULL)
		drop_oldest(w);
	for (struct list_node *n; (n = list_pop(&w->leases)) != NULL;)
		free(list_item(n, struct memory_lease, node));
	free(w);
}

static void
memory_close(struct topo *t)
{
	struct memory *m = (struct memory *)t;

	if (--m->world->handles == 0) {
		check(waitlist_empty(&m->world->changed));
		world_free(m->world);
	}
	free(m);
}

static const struct topo_ops memory_ops = {
	.name = "memory",
	.get = memory_get,
	.list = memory_list,
	.txn = memory_txn,
	.watch = memory_watch,
	.lease_grant = memory_lease_grant,
	.lease_renew = memory_lease_renew,
	.lease_revoke = memory_lease_revoke,
	.lease_counter = memory_lease_counter,
	.close = memory_close,
};

static struct topo *
handle_new(struct world *w)
{
	struct memory *m = mem_new(struct memory);

	m->topo.ops = &memory_ops;
	m->world = w;
	w->handles++;
	return &m->topo;
}

int
topo_memory_open(struct topo **out, struct err *err)
{
	struct world *w = mem_new(struct world);

	list_init(&w->history);
	list_init(&w->leases);
	*out = handle_new(w);
	return 0;
}

int
topo_memory_share(struct topo *other, struct topo **out, struct err *err)
{
	if (other->ops != &memory_ops)
		return err_set(
		    err, ERR_REFUSED, "the %s topology has no world in memory", other->ops->name);
	*out = handle_new(((struct memory *)other)->world);
	return 0;
}

void
topo_memory_cut(struct topo *t, bool cut)
{
	struct memory *m = (struct memory *)t;

	check(t->ops == &memory_ops);
	m->cut = cut;
	waitlist_wake_all(&m->world->changed); /* watches look again and fail */
}
