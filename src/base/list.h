/*
 * list.h - intrusive doubly linked list with a count.
 *
 * The list does not own its items. An item is on at most one list through one
 * node; node.list tells which. All zero is an item on no list and an empty
 * list after list_init().
 */
#ifndef BASE_LIST_H
#define BASE_LIST_H

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
void list_push(struct list *l, struct list_node *n); /* at the end; n is on no list */
void list_push_front(struct list *l, struct list_node *n);
void list_insert_before(struct list *l, struct list_node *at, struct list_node *n);
void list_remove(struct list_node *n);      /* no-op when on none */
struct list_node *list_pop(struct list *l); /* from the front; NULL when empty */

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
