#include "base/heap.h"

#include "base/check.h"
#include "base/mem.h"

#include <stdbool.h>
#include <stdlib.h>

void
heap_init(struct heap *h)
{
	*h = (struct heap){ NULL, 0, 0, 0 };
}

void
heap_done(struct heap *h)
{
	for (size_t i = 0; i < h->count; i++)
		h->nodes[i]->index = 0;
	free(h->nodes);
	heap_init(h);
}

static bool
before(const struct heap_node *a, const struct heap_node *b)
{
	return a->key < b->key || (a->key == b->key && a->order < b->order);
}

static void
place(struct heap *h, size_t i, struct heap_node *n)
{
	h->nodes[i] = n;
	n->index = i + 1;
}

/* n belongs at i or above: moves parents down until it fits. */
static void
sift_up(struct heap *h, size_t i, struct heap_node *n)
{
	while (i > 0 && before(n, h->nodes[(i - 1) / 2])) {
		place(h, i, h->nodes[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	place(h, i, n);
}

/* n belongs at i or below: moves the smaller child up until it fits. */
static void
sift_down(struct heap *h, size_t i, struct heap_node *n)
{
	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= h->count)
			break;
		if (child + 1 < h->count && before(h->nodes[child + 1], h->nodes[child]))
			child++;
		if (!before(h->nodes[child], n))
			break;
		place(h, i, h->nodes[child]);
		i = child;
	}
	place(h, i, n);
}

void
heap_push(struct heap *h, struct heap_node *n, int64_t key)
{
	check(n->index == 0);
	h->nodes = mem_grow(h->nodes, &h->cap, h->count + 1, sizeof(struct heap_node *));
	n->key = key;
	n->order = h->pushes++;
	sift_up(h, h->count++, n);
}

void
heap_remove(struct heap *h, struct heap_node *n)
{
	if (n->index == 0)
		return;
	size_t i = n->index - 1;

	check(i < h->count && h->nodes[i] == n);
	struct heap_node *last = h->nodes[--h->count];

	n->index = 0;
	if (last == n)
		return;
	if (i > 0 && before(last, h->nodes[(i - 1) / 2]))
		sift_up(h, i, last);
	else
		sift_down(h, i, last);
}

struct heap_node *
heap_min(const struct heap *h)
{
	return h->count == 0 ? NULL : h->nodes[0];
}

struct heap_node *
heap_pop(struct heap *h)
{
	struct heap_node *n = heap_min(h);

	if (n != NULL)
		heap_remove(h, n);
	return n;
}
