#include "gate/known_rules.h"

#include "base/check.h"
#include "base/mem.h"
#include "base/mutant.h"

#include <stdlib.h>

static const char rules_prefix[] = ROUTING_PREFIX "rules/";
static const char switches_prefix[] = ROUTING_PREFIX "switches/";

/* A key's value; of a switch key what it says. */
struct item {
	struct arena arena;
	struct slice key, value;
	int64_t modified;
	struct switch_record sw;
};

static void
item_free(struct item *it)
{
	if (it == NULL)
		return;
	arena_done(&it->arena);
	free(it);
}

static struct item *
item_new(struct slice key, struct slice value, int64_t modified)
{
	struct item *it = mem_new(struct item);

	arena_init(&it->arena);
	it->key = arena_dup(&it->arena, key);
	it->value = arena_dup(&it->arena, value);
	it->modified = modified;
	return it;
}

static void
clear(struct map *m)
{
	struct slice key;
	void *it;

	for (size_t i = 0; map_next(m, &i, &key, &it);)
		item_free(it);
	map_done(m);
	map_init(m);
}

void
known_rules_init(struct known_rules *k)
{
	*k = (struct known_rules){ .revision = 0 };
	map_init(&k->items);
	map_init(&k->posts);
}

void
known_rules_done(struct known_rules *k)
{
	clear(&k->items);
	clear(&k->posts);
	map_done(&k->items);
	map_done(&k->posts);
	rule_set_unref(k->rules);
	k->rules = NULL;
}

/* ---- The base: changed in place, on a copy that takes its place when all is well */

/* *rules becomes true when a rule, or their version, is another one. */
static int
base_put(struct known_rules *k, const struct topo_kv *kv, bool *rules, struct err *err)
{
	struct item *it = item_new(kv->key, kv->value, kv->modified);

	if (slice_starts(kv->key, switches_prefix)) {
		if (switch_read(&it->arena, it->value, &it->sw, err) != 0) {
			item_free(it);
			return -1;
		}
	} else {
		*rules = true;
		if (slice_eq_str(kv->key, ROUTING_VERSION_KEY) &&
		    routing_version_read(&it->arena, it->value, &k->version, err) != 0) {
			item_free(it);
			return -1;
		}
	}
	item_free(map_put(&k->items, it->key, it));
	return 0;
}

static int
compare_items(const void *a, const void *b)
{
	const struct item *const *x = a, *const *y = b;

	return slice_cmp((*x)->key, (*y)->key);
}

static struct item **
sorted(const struct map *items, const char *prefix, struct arena *a, size_t *count)
{
	struct item **out = arena_array(a, struct item *, items->count + 1);
	struct slice key;
	void *it;

	*count = 0;
	for (size_t i = 0; map_next(items, &i, &key, &it);) {
		if (slice_starts(key, prefix))
			out[(*count)++] = it;
	}
	if (*count > 0)
		qsort(out, *count, sizeof *out, compare_items);
	return out;
}

static int
read_set(struct known_rules *k, struct err *err)
{
	SCOPED(arena) struct arena arena = ARENA_INIT;
	struct item **items;
	struct slice *texts;
	struct rule_set *set;
	size_t count;

	items = sorted(&k->items, rules_prefix, &arena, &count);
	texts = arena_array(&arena, struct slice, count + 1);
	for (size_t i = 0; i < count; i++)
		texts[i] = items[i]->value;
	TRY(rule_set_new(texts, count, k->version, &set, err));
	rule_set_unref(k->rules);
	k->rules = set;
	return 0;
}

/* (3) */
static int
check_switches(const struct known_rules *k, struct err *err)
{
	SCOPED(arena) struct arena arena = ARENA_INIT;

	for (size_t i = 0; i < k->rules->count; i++) {
		const struct rule_record *r = &k->rules->rules[i];

		if (r->workflow[0] == '\0' ||
		    map_get(&k->items, slice_str(switch_key(&arena, r->workflow))) != NULL)
			continue;
		return err_set(err, ERR_CORRUPT,
		    "the rule of '%s.%s' belongs to workflow '%s', without a switch key",
		    r->name.keyspace, r->name.table, r->workflow);
	}
	return 0;
}

static const struct item *
base_of(const struct known_rules *k, const char *workflow)
{
	SCOPED(arena) struct arena arena = ARENA_INIT;

	return map_get(&k->items, slice_str(switch_key(&arena, workflow)));
}

static bool
is_release_of(const struct item *there, const struct switch_record *sw, int64_t revision)
{
	return there != NULL && there->modified == revision &&
	    (there->sw.phase == RULE_SWITCHED || mutant("gate_hold_released")) &&
	    sw->phase == RULE_OPEN;
}

static bool
is_news(const struct known_rules *k, const struct item *post)
{
	return post->modified > k->revision ||
	    is_release_of(base_of(k, post->sw.workflow), &post->sw, post->modified);
}

/* The posts that the base has caught up with. */
static void
drop_posts(struct known_rules *k)
{
	struct slice key;
	void *value;

	for (size_t i = 0; map_next(&k->posts, &i, &key, &value);) {
		struct item *it = value;

		if (is_news(k, it))
			continue;
		(void)map_take(&k->posts, key);
		item_free(it);
		i = 0; /* the order may be another one now */
	}
}

static int
fill(struct known_rules *k, const struct topo_list *l, struct err *err)
{
	bool rules = false;

	for (size_t i = 0; i < l->count; i++)
		TRY(base_put(k, &l->items[i], &rules, err));
	k->revision = l->revision;
	TRY(read_set(k, err));
	return check_switches(k, err);
}

int
known_rules_list(struct known_rules *k, const struct topo_list *l, struct err *err)
{
	struct known_rules read;

	if (k->rules != NULL && l->revision < k->revision)
		return 0; /* (2) */
	known_rules_init(&read);
	if (fill(&read, l, err) != 0) {
		known_rules_done(&read);
		return -1;
	}
	clear(&k->items);
	map_done(&k->items);
	k->items = read.items;
	rule_set_unref(k->rules);
	k->rules = read.rules;
	k->version = read.version;
	k->revision = read.revision;
	map_done(&read.posts);
	drop_posts(k);
	return 0;
}

int
known_rules_follow(struct known_rules *k, const struct topo_events *e, struct err *err)
{
	bool rules = false;

	for (size_t i = 0; i < e->count; i++) {
		const struct topo_event *event = &e->items[i];

		if (event->revision <= k->revision)
			continue;
		if (!slice_is_null(event->kv.value)) {
			TRY(base_put(k, &event->kv, &rules, err));
			continue;
		}
		rules = rules || slice_starts(event->kv.key, rules_prefix);
		item_free(map_take(&k->items, event->kv.key));
	}
	if (e->revision > k->revision)
		k->revision = e->revision;
	if (rules)
		TRY(read_set(k, err));
	drop_posts(k);
	return rules ? check_switches(k, err) : 0;
}

/* ---- Posts */

bool
known_rules_post(struct known_rules *k, const struct switch_record *sw, int64_t revision)
{
	const struct item *there = map_get(&k->posts, slice_str(sw->workflow));
	SCOPED(buf) struct buf json = BUF_INIT;
	struct err err = { 0 };
	struct item *it;

	if (there != NULL && revision <= there->modified && !is_release_of(there, sw, revision))
		return false;
	if (revision <= k->revision && !is_release_of(base_of(k, sw->workflow), sw, revision))
		return false;
	switch_write(&json, sw);
	it = item_new(slice_str(sw->workflow), buf_slice(&json), revision);
	check(switch_read(&it->arena, it->value, &it->sw, &err) == 0);
	item_free(map_put(&k->posts, it->key, it));
	return true;
}

static bool
is_used(const struct known_rules *k, const struct item *post)
{
	return post != NULL && is_news(k, post) &&
	    (post->sw.version <= k->version || mutant("gate_switch_without_rules"));
}

struct known_switch *
known_rules_switches(const struct known_rules *k, struct arena *a, size_t *count)
{
	struct item **items = sorted(&k->items, switches_prefix, a, count);
	struct known_switch *out = arena_array(a, struct known_switch, *count + 1);

	for (size_t i = 0; i < *count; i++) {
		const struct item *post = map_get(&k->posts, slice_str(items[i]->sw.workflow));
		const struct item *it = is_used(k, post) ? post : items[i];

		out[i] = (struct known_switch){ it->sw, it->modified };
		out[i].record.workflow = arena_strdup(a, it->sw.workflow);
	}
	return out;
}
