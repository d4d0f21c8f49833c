#include "base/list.h"

#include "base/check.h"

void
list_init(struct list *l)
{
	*l = (struct list){ NULL, NULL, 0 };
}

/* Puts n between prev and next, either of which may be NULL for an end of the list. */
static void
list_link(struct list *l, struct list_node *prev, struct list_node *n, struct list_node *next)
{
	check(n->list == NULL);
	*n = (struct list_node){ prev, next, l };
	*(prev == NULL ? &l->first : &prev->next) = n;
	*(next == NULL ? &l->last : &next->prev) = n;
	l->count++;
}

void
list_push_front(struct list *l, struct list_node *n)
{
	list_link(l, NULL, n, l->first);
}

void
list_insert_before(struct list *l, struct list_node *at, struct list_node *n)
{
	check(at->list == l);
	list_link(l, at->prev, n, at);
}
