/*
 * list.h - intrusive doubly linked list with a count.
 *
 * The list does not own its items. An item is on at most one list through one
 * node; node.list tells which. All zero is an item on no list and an empty
 * list after list_init().
 */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include "base/check.h"

#include <stdbool.h>
#include <stddef.h>

struct list_node {
	struct list_node *prev, *next;
	struct list *list; /* NULL when on none */
};

struct list {
	struct list_node *first, *last;
	size_t count;
};

void list_init(struct list *l);
void list_push_front(struct list *l, struct list_node *n);
void list_insert_before(struct list *l, struct list_node *at, struct list_node *n);

/* Puts n, which is on no list, at the end. */
static inline void
list_push(struct list *l, struct list_node *n)
{
	check(n->list == NULL);
	*n = (struct list_node){ l->last, NULL, l };
	*(l->last == NULL ? &l->first : &l->last->next) = n;
	l->last = n;
	l->count++;
}

/* No-op when on none. */
static inline void
list_remove(struct list_node *n)
{
	struct list *l = n->list;

	if (l == NULL)
		return;
	check(l->count > 0);
	*(n->prev == NULL ? &l->first : &n->prev->next) = n->next;
	*(n->next == NULL ? &l->last : &n->next->prev) = n->prev;
	l->count--;
	*n = (struct list_node){ NULL, NULL, NULL };
}

/* From the front; NULL when empty. */
static inline struct list_node *
list_pop(struct list *l)
{
	struct list_node *n = l->first;

	if (n != NULL)
		list_remove(n);
	return n;
}

static inline bool
list_empty(const struct list *l)
{
	return l->first == NULL;
}

/* The struct that contains node. */
#define list_item(node, type, member) ((type *)(void *)((char *)(node)-offsetof(type, member)))

/* list_each(&pool->idle, n) { struct conn *c = list_item(n, struct conn, node); ... }
 * The body may remove n itself, nothing else. */
#define list_each(l, n)                                                                            \
	for (struct list_node *n = (l)->first, *n##_next = n ? n->next : NULL; n != NULL;          \
	     n = n##_next, n##_next = n ? n->next : NULL)

#endif
