#include "mysql/gtid.h"

#include "base/mem.h"
#include "base/parse.h"

#include <inttypes.h>
#include <stdlib.h>

static int
parse_u32(struct slice s, uint32_t *out, struct err *err)
{
	uint64_t v;

	TRY(parse_u64(s, &v, err));
	if (v > UINT32_MAX)
		return err_set(err, ERR_REFUSED, "%" PRIu64 " has more than 32 bits", v);
	*out = (uint32_t)v;
	return 0;
}

int
gtid_parse(struct slice text, struct gtid *out, struct err *err)
{
	struct slice domain, server, rest = slice_split(text, '-', &domain), seq;

	seq = slice_is_null(rest) ? SLICE_NULL : slice_split(rest, '-', &server);
	if (slice_is_null(seq))
		return err_set(err, ERR_REFUSED, "GTID '%.*s' is not domain-server-sequence",
		    SLICE_ARG(slice_cut(text, 0, 100)));
	if (parse_u32(domain, &out->domain, err) != 0 ||
	    parse_u32(server, &out->server, err) != 0 || parse_u64(seq, &out->seq, err) != 0)
		return err_wrap(err, "GTID '%.*s'", SLICE_ARG(slice_cut(text, 0, 100)));
	return 0;
}

void
gtid_print(struct buf *out, struct gtid g)
{
	buf_addf(out, "%" PRIu32 "-%" PRIu32 "-%" PRIu64, g.domain, g.server, g.seq);
}

void
gtid_list_done(struct gtid_list *l)
{
	free(l->items);
	*l = (struct gtid_list){ 0 };
}

/* Where the domain is, or would be. */
static size_t
place_of(const struct gtid_list *l, uint32_t domain)
{
	size_t low = 0, high = l->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (l->items[middle].domain < domain)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct gtid *
gtid_list_find(const struct gtid_list *l, uint32_t domain)
{
	size_t i = place_of(l, domain);

	return i < l->count && l->items[i].domain == domain ? &l->items[i] : NULL;
}

int
gtid_list_set(struct gtid_list *l, struct gtid g, struct err *err)
{
	size_t i = place_of(l, g.domain);

	if (i < l->count && l->items[i].domain == g.domain) {
		l->items[i] = g;
		return 0;
	}
	if (l->count == GTID_DOMAINS_MAX)
		return err_set(
		    err, ERR_CORRUPT, "a position of more than %d domains", GTID_DOMAINS_MAX);
	l->items = mem_grow(l->items, &l->cap, l->count + 1, sizeof(*l->items));
	memmove(l->items + i + 1, l->items + i, (l->count - i) * sizeof(*l->items));
	l->items[i] = g;
	l->count++;
	return 0;
}

int
gtid_list_add(struct gtid_list *l, struct gtid g, struct err *err)
{
	const struct gtid *last = gtid_list_find(l, g.domain);

	if (last != NULL && last->seq >= g.seq)
		return err_set(err, ERR_CORRUPT, "GTID %u-%u-%" PRIu64 " after %u-%u-%" PRIu64,
		    g.domain, g.server, g.seq, g.domain, last->server, last->seq);
	return gtid_list_set(l, g, err);
}

bool
gtid_list_same(const struct gtid_list *a, const struct gtid_list *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		const struct gtid *x = &a->items[i], *y = &b->items[i];

		if (x->domain != y->domain || x->server != y->server || x->seq != y->seq)
			return false;
	}
	return true;
}

static int
add_each(struct gtid_list *l, struct slice text, struct err *err)
{
	while (!slice_is_null(text)) {
		struct slice one;
		struct gtid g;

		text = slice_split(text, ',', &one);
		TRY(gtid_parse(slice_trim(one), &g, err));
		if (gtid_list_find(l, g.domain) != NULL)
			return err_set(
			    err, ERR_REFUSED, "a position with domain %u twice", g.domain);
		TRY(gtid_list_add(l, g, err));
	}
	return 0;
}

int
gtid_list_parse(struct gtid_list *l, struct slice text, struct err *err)
{
	l->count = 0;
	text = slice_trim(text);
	return text.len == 0 ? 0 : add_each(l, text, err);
}

void
gtid_list_print(struct buf *out, const struct gtid_list *l)
{
	for (size_t i = 0; i < l->count; i++) {
		if (i > 0)
			buf_add_char(out, ',');
		gtid_print(out, l->items[i]);
	}
}

bool
gtid_list_contains(const struct gtid_list *l, struct gtid g)
{
	const struct gtid *last = gtid_list_find(l, g.domain);

	return last != NULL && last->seq >= g.seq;
}

bool
gtid_list_covers(const struct gtid_list *whole, const struct gtid_list *part)
{
	for (size_t i = 0; i < part->count; i++) {
		if (!gtid_list_contains(whole, part->items[i]))
			return false;
	}
	return true;
}
