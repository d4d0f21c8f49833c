/*
 * heap.h - binary heap of intrusive nodes, smallest first (timers).
 */
#ifndef BASE_HEAP_H
#define BASE_HEAP_H

#include <stddef.h>
#include <stdint.h>

struct heap_node {
	int64_t key;
	uint64_t order; /* ties leave in the order they came */
	size_t index;   /* position + 1, or 0 when in no heap */
};

struct heap {
	struct heap_node **nodes;
	size_t count, cap;
	uint64_t pushes;
};

void heap_init(struct heap *h);
void heap_done(struct heap *h);
void heap_push(struct heap *h, struct heap_node *n, int64_t key); /* n is in no heap */
void heap_remove(struct heap *h, struct heap_node *n);            /* no-op when in none */
struct heap_node *heap_min(const struct heap *h);                 /* NULL when empty */
struct heap_node *heap_pop(struct heap *h);

#endif
