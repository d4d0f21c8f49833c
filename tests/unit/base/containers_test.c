/* list, map, idmap, heap: against simple models, with random operations. */
#include "base/heap.h"
#include "base/list.h"
#include "base/idmap.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/rand.h"
#include "test.h"

#include <stdio.h>
#include <stdlib.h>

struct item {
	struct list_node node;
	int number;
};

static void
expect_list(const struct list *l, const char *want)
{
	char got[64] = "";
	size_t len = 0;

	list_each(l, n)
		len += (size_t)snprintf(
		    got + len, sizeof got - len, "%d", list_item(n, struct item, node)->number);
	expect_str(got, want);
	expect_eq(l->count, len);
	expect(list_empty(l) == (len == 0));
}

TEST(list_keeps_order)
{
	struct list l;
	struct item items[5] = { { .number = 0 } };

	list_init(&l);
	for (int i = 0; i < 5; i++)
		items[i].number = i;
	list_push(&l, &items[1].node);
	list_push(&l, &items[2].node);
	list_push_front(&l, &items[0].node);
	list_push(&l, &items[4].node);
	list_insert_before(&l, &items[4].node, &items[3].node);
	expect_list(&l, "01234");
	list_remove(&items[2].node);
	list_remove(&items[2].node);
	expect(items[2].node.list == NULL);
	expect_list(&l, "0134");
	list_remove(&items[0].node);
	list_remove(&items[4].node);
	expect_list(&l, "13");
	expect(list_pop(&l) == &items[1].node && list_pop(&l) == &items[3].node &&
	    list_pop(&l) == NULL);
	expect_list(&l, "");
	expect(l.first == NULL && l.last == NULL);
}

TEST(list_each_may_remove_the_item_it_is_at)
{
	struct list l;
	struct item items[9] = { { .number = 0 } };

	list_init(&l);
	for (int i = 0; i < 9; i++) {
		items[i].number = i;
		list_push(&l, &items[i].node);
	}
	list_each(&l, n)
		if (list_item(n, struct item, node)->number % 3 != 1)
			list_remove(n);
	expect_list(&l, "147");
}

static struct slice
key_of(char *text, size_t size, int number)
{
	return slice_of(text, (size_t)snprintf(text, size, "key-%d", number));
}

enum { KEYS = 500 };

/* Every key of the model is in the map with its value, and no other. */
static void
expect_map(const struct map *m, int *const model[KEYS])
{
	char text[32];
	size_t count = 0, seen = 0;
	struct slice key;
	void *value;

	for (int i = 0; i < KEYS; i++) {
		expect(map_get(m, key_of(text, sizeof text, i)) == model[i]);
		count += model[i] != NULL;
	}
	for (size_t i = 0; map_next(m, &i, &key, &value); seen++)
		expect(map_get(m, key) == value);
	expect_eq(seen, count);
	expect_eq(m->count, count);
}

TEST(map_agrees_with_a_model)
{
	struct rand r;
	struct map m;
	static int *model[KEYS];
	int values[8];
	char text[32];

	rand_seed(&r, test_seed());
	map_init(&m);
	for (int step = 0; step < 20000; step++) {
		int i = (int)rand_below(&r, KEYS);
		int *value = &values[rand_below(&r, 8)];
		bool put = rand_below(&r, 100) <
		    (step / 2000 % 2 == 0 ? 70 : 30); /* grows, then shrinks */
		struct slice key = key_of(text, sizeof text, i);

		expect((put ? map_put(&m, key, value) : map_take(&m, key)) == model[i]);
		model[i] = put ? value : NULL;
		if (step % 500 == 0)
			expect_map(&m, model);
	}
	expect_map(&m, model);
	map_clear(&m);
	expect_eq(m.count, 0);
	expect(map_get(&m, slice_str("key-1")) == NULL);
	map_done(&m);
}

/* Numbers one after the other, as they are given out, and some from anywhere. */
static uint32_t
id_of(int number)
{
	return number % 5 == 0 ? (uint32_t)number * 0x01000193u : (uint32_t)number;
}

static void
expect_idmap(const struct idmap *m, int *const model[KEYS])
{
	size_t count = 0, seen = 0, i = 0;

	for (int n = 0; n < KEYS; n++) {
		expect(idmap_get(m, id_of(n)) == model[n]);
		count += model[n] != NULL;
	}
	while (idmap_next(m, &i) != NULL)
		seen++;
	expect_eq(seen, count);
	expect_eq(m->count, count);
}

TEST(idmap_agrees_with_a_model)
{
	struct rand r;
	struct idmap m = { NULL, 0, 0 };
	static int *model[KEYS];
	int values[8];

	rand_seed(&r, test_seed());
	expect(idmap_get(&m, 1) == NULL && idmap_take(&m, 1) == NULL);
	for (int step = 0; step < 20000; step++) {
		int i = (int)rand_below(&r, KEYS);
		int *value = &values[rand_below(&r, 8)];
		bool put = rand_below(&r, 100) < (step / 2000 % 2 == 0 ? 70 : 30);

		expect(
		    (put ? idmap_put(&m, id_of(i), value) : idmap_take(&m, id_of(i))) == model[i]);
		model[i] = put ? value : NULL;
		if (step % 500 == 0)
			expect_idmap(&m, model);
	}
	expect_idmap(&m, model);
	idmap_clear(&m);
	expect_eq(m.count, 0);
	expect(idmap_get(&m, 1) == NULL);
	idmap_done(&m);
	expect(idmap_put(&m, 0, values) == NULL && idmap_get(&m, 0) == values);
	idmap_done(&m);
}

TEST(map_copies_keys_and_takes_any_bytes)
{
	struct map m;
	char key[] = "a\0b";
	int one = 1, two = 2;

	map_init(&m);
	expect(map_get(&m, slice_str("x")) == NULL && map_take(&m, slice_str("x")) == NULL);
	expect(map_put(&m, slice_of(key, 3), &one) == NULL);
	key[2] = 'c';
	expect(map_put(&m, slice_of(key, 3), &two) == NULL);
	expect(map_get(&m, slice_of("a\0b", 3)) == &one);
	expect(map_put(&m, SLICE_NULL, &one) == NULL);
	expect(map_get(&m, slice_str("")) == &one);
	expect_eq(m.count, 3);
	map_done(&m);
	map_done(&m);
}

struct timer {
	struct heap_node node;
	uint64_t came;
};

TEST(heap_gives_the_smallest_and_ties_in_order)
{
	enum { TIMERS = 2000 };
	struct rand r;
	struct heap h;
	struct timer *timers = mem_zalloc(sizeof *timers * TIMERS);
	struct heap_node *n, *last = NULL;
	size_t in = 0;

	rand_seed(&r, test_seed());
	heap_init(&h);
	for (size_t i = 0; i < TIMERS; i++, in++)
		heap_push(&h, &timers[i].node, (int64_t)rand_below(&r, 300) - 150);
	for (size_t i = 0; i < TIMERS; i += 3, in--)
		heap_remove(&h, &timers[i].node);
	heap_remove(&h, &timers[0].node); /* in none: nothing happens */
	expect_eq(h.count, in);
	while ((n = heap_pop(&h)) != NULL) {
		expect_eq(n->index, 0);
		if (last != NULL)
			expect(
			    last->key < n->key || (last->key == n->key && last->order < n->order));
		last = n;
		in--;
	}
	expect_eq(in, 0);
	expect(heap_min(&h) == NULL);
	heap_done(&h);
	free(timers);
}

TEST(heap_remove_restores_order_upwards_too)
{
	struct rand r;

	rand_seed(&r, test_seed());
	for (int round = 0; round < 2000; round++) {
		struct heap h;
		struct heap_node nodes[16] = { { .index = 0 } };
		int64_t last = INT64_MIN;

		heap_init(&h);
		for (int i = 0; i < 16; i++)
			heap_push(&h, &nodes[i], (int64_t)rand_below(&r, 100));
		heap_remove(&h, &nodes[rand_below(&r, 16)]);
		for (struct heap_node *n; (n = heap_pop(&h)) != NULL; last = n->key)
			expect(n->key >= last);
		heap_done(&h);
	}
}

TEST(heap_done_leaves_the_nodes_free)
{
	struct heap h;
	struct heap_node n = { .index = 0 };

	heap_init(&h);
	heap_push(&h, &n, 1);
	heap_done(&h);
	heap_push(&h, &n, 1);
	expect(heap_min(&h) == &n);
	heap_done(&h);
}
