#include "tablet/compare/key_list.h"

#include "base/mem.h"

#include <stdlib.h>

void
key_list_done(struct key_list *l)
{
	buf_done(&l->bytes);
	free(l->ends);
	*l = (struct key_list)KEY_LIST_INIT;
}

void
key_list_add(struct key_list *l, const struct table_def *def, const struct look *k,
    const struct difference *d)
{
	bool target = d->kind == DIFFERENCE_TARGET_ONLY;

	table_rows_bound(
	    &l->bytes, def, target ? &k->target : &k->chunk->rows, target ? d->target : d->source);
	l->ends = mem_grow(l->ends, &l->cap, l->count + 1, sizeof(*l->ends));
	l->ends[l->count++] = l->bytes.len;
}

void
key_list_add_once(struct key_list *l, struct slice bound)
{
	for (size_t i = 0; i < l->count; i++)
		if (slice_eq(key_list_get(l, i), bound))
			return;
	buf_add_slice(&l->bytes, bound);
	l->ends = mem_grow(l->ends, &l->cap, l->count + 1, sizeof(*l->ends));
	l->ends[l->count++] = l->bytes.len;
}

struct slice
key_list_get(const struct key_list *l, size_t i)
{
	return slice_cut(buf_slice(&l->bytes), i > 0 ? l->ends[i - 1] : 0, l->ends[i]);
}

int
key_list_look(
    struct ctx *cx, struct looker *l, const struct key_list *keys, size_t *first, struct look *out)
{
	struct slice some[KEYS_AT_ONCE];
	struct row_span span = { SLICE_NULL, SLICE_NULL, .keys = some };

	while (span.keys_count < KEYS_AT_ONCE && *first + span.keys_count < keys->count) {
		some[span.keys_count] = key_list_get(keys, *first + span.keys_count);
		span.keys_count++;
	}
	*first += span.keys_count;
	span.limit =
	    span.keys_count + 1; /* one more: so it comes short, and the answer is checked */
	TRY(look_at(cx, l, &span, out));
	return out->again
	    ? err_set(cx->err, ERR_RETRY, "the tail handed on too much while rows were compared")
	    : 0;
}
