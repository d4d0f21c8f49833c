#include "tablet/read/window.h"

#include "base/check.h"
#include "base/mem.h"
#include "base/mutant.h"

#include <stdlib.h>

/* What a key in a map costs beside its bytes: slot, hash, length. */
enum { KEY_OVERHEAD = 32 };

static void
window_check(const struct window *w)
{
	check(!w->sealed || !w->overflowed);                                 /* (4) */
	check(!w->overflowed || w->touched.count == 0);                      /* (4) */
	check(w->overflowed || w->touched_bytes <= WINDOW_BYTES_MAX);        /* (4) */
	check(!w->sealed || w->touched.count == 0);                          /* (5) */
	check(w->id <= w->owner->next_id && w->node.list == &w->owner->all); /* (6) */
}

void
windows_check(const struct windows *ws)
{
	uint64_t before = 0;

	list_each(&ws->all, n) {
		const struct window *w = list_item(n, struct window, node);

		window_check(w);
		check(w->owner == ws && before < w->id); /* (6) */
		before = w->id;
	}
}

void
windows_init(struct windows *ws)
{
	*ws = (struct windows){ 0 };
	list_init(&ws->all);
}

/* Windows still here belong to chunks that were cancelled with everything else. */
void
windows_done(struct windows *ws)
{
	while (!list_empty(&ws->all))
		window_close(list_item(ws->all.first, struct window, node));
}

struct window *
window_open(struct windows *ws, int table, bool key_binary)
{
	struct window *w;

	windows_check(ws);
	w = mem_new(struct window);
	w->owner = ws;
	w->id = ++ws->next_id;
	w->table = table;
	w->key_binary = key_binary;
	map_init(&w->touched);
	map_init(&w->writing);
	list_push(&ws->all, &w->node);
	return w;
}

bool
window_touched(const struct window *w, struct slice key)
{
	check(!w->sealed); /* (2); once for each row of a chunk: no more is looked at */
	return map_get(&w->touched, key) != NULL;
}

/* The maps are sets: their values are never looked at. */
void
window_add(struct window *w, struct slice key)
{
	check(!w->sealed);
	map_put(&w->writing, key, w);
}

void
window_seal(struct window *w)
{
	check(!w->sealed && !w->overflowed); /* (4) */
	w->sealed = true;
	map_clear(&w->touched); /* (5) */
	window_check(w);
}

void
window_close(struct window *w)
{
	struct windows *ws = w->owner;

	windows_check(ws);
	list_remove(&w->node);
	map_done(&w->touched);
	map_done(&w->writing);
	free(w);
	waitlist_wake_all(&ws->closed);
}

static void
touch(struct window *w, struct slice key)
{
	if (slice_is_null(key) || w->overflowed)
		return;
	if (map_put(&w->touched, key, w) != NULL)
		return;
	w->touched_bytes += key.len + KEY_OVERHEAD;
	if (w->touched_bytes <= WINDOW_BYTES_MAX || mutant("tablet_touched_bounded"))
		return;
	w->overflowed = true; /* (4) */
	map_clear(&w->touched);
}

void
windows_touch(struct windows *ws, const struct source_txn *txn)
{
	windows_check(ws);
	list_each(&ws->all, n) {
		struct window *w = list_item(n, struct window, node);
		for (size_t i = 0; i < txn->count && !w->sealed; i++) {
			if (txn->changes[i].table != w->table)
				continue;
			touch(w, txn->changes[i].key_before);
			touch(w, txn->changes[i].key_after);
		}
	}
}

/* With a collation that is not binary, other bytes may be the same row of the target. */
static bool
blocks(const struct window *w, const struct change *c)
{
	if (!w->sealed || c->table != w->table)
		return false;
	if (!w->key_binary && !mutant("tablet_collation_blocks"))
		return true;
	return (!slice_is_null(c->key_before) && map_get(&w->writing, c->key_before) != NULL) ||
	    (!slice_is_null(c->key_after) && map_get(&w->writing, c->key_after) != NULL);
}

bool
windows_blocked(const struct windows *ws, const struct source_txn *txn)
{
	windows_check(ws);
	list_each(&ws->all, n) {
		const struct window *w = list_item(n, struct window, node);
		for (size_t i = 0; i < txn->count && w->sealed; i++)
			if (blocks(w, &txn->changes[i]))
				return true;
	}
	return false;
}

int
windows_wait(struct ctx *cx, struct windows *ws, const struct source_txn *txn)
{
	while (windows_blocked(ws, txn))
		if (waitlist_wait(cx, &ws->closed) != 0)
			return err_wrap(cx->err, "waiting for a chunk to be committed");
	return 0;
}
