/*
 * key_list.h - keys of rows that are to be looked at again, as bounds (table/bounds.h). All zero is empty.
 */
#ifndef TABLET_COMPARE_KEY_LIST_H
#define TABLET_COMPARE_KEY_LIST_H

#include "tablet/compare/look.h"

enum { KEYS_AT_ONCE = 50 }; /* of one look: a millisecond or two at each end */

struct key_list {
	struct buf bytes;
	size_t *ends; /* of each, in bytes */
	size_t count, cap;
};

/* clang-format off */
#define KEY_LIST_INIT { BUF_INIT, NULL, 0, 0 }
/* clang-format on */

/* Frees; the list is empty and usable again. */
void key_list_done(struct key_list *l);
/* The difference's row; of one that is at both ends the source's. */
void key_list_add(struct key_list *l, const struct table_def *def, const struct look *k,
    const struct difference *d);
/* One that is there already is not added again. */
void key_list_add_once(struct key_list *l, struct slice bound);
struct slice key_list_get(const struct key_list *l, size_t i);
/* Looks at KEYS_AT_ONCE of them at most, from *first on, which goes behind them. As look_at(), but for again:
 * ERR_RETRY. */
int key_list_look(struct ctx *cx, struct looker *l, const struct key_list *keys, size_t *first,
    struct look *out) MUST_USE;

#endif
