#include "sql/statement_cache.h"

#include "base/hash.h"
#include "base/mem.h"
#include "sql/shape.h"

#include <stdlib.h>

/* A slice of the text as places in the shape; from > to: SLICE_NULL. */
struct kept_slice {
	uint16_t from, to;
};

struct kept_table {
	struct table_ref ref; /* its slices and places are those below */
	struct kept_slice database, table, span;
};

struct kept {
	uint64_t hash;
	unsigned modes;
	uint16_t len;
	struct statement statement; /* tables: those below */
	struct kept_table tables[STATEMENT_CACHE_TABLES];
	uint8_t bytes[]; /* len of the shape */
};

struct statement_cache {
	uint64_t hits, numbers;
	struct kept *slots[STATEMENT_CACHE_SLOTS];
	struct shape shape; /* of the present text: too large for a stack */
};

/* A new member that points into the text must be kept as a place: look at can_keep() and restore(). DDL, with
 * its query_at and body_at, is not kept. */
_Static_assert(
    sizeof(struct statement) == 208, "struct statement has changed: does the cache know?");

struct statement_cache *
statement_cache_new(void)
{
	return mem_new(struct statement_cache);
}

void
statement_cache_free(struct statement_cache *c)
{
	for (size_t i = 0; c != NULL && i < STATEMENT_CACHE_SLOTS; i++)
		free(c->slots[i]);
	free(c);
}

uint64_t
statement_cache_hits(const struct statement_cache *c)
{
	return c->hits;
}

uint64_t
statement_cache_number(struct statement_cache *c)
{
	return c == NULL ? 0 : ++c->numbers;
}

/* ---- keeping ---- */

static bool
is_within(struct slice sql, struct slice part)
{
	return slice_is_null(part) ||
	    (part.ptr >= sql.ptr && part.ptr + part.len <= sql.ptr + sql.len);
}

static bool
can_keep(struct slice sql, const struct statement *s)
{
	bool kind = s->kind == STATEMENT_SELECT || s->kind == STATEMENT_SELECT_LOCKING ||
	    s->kind == STATEMENT_WRITE;

	if (!kind || !s->understood || s->changes_session || s->multiple || s->uses != 0 ||
	    s->leaves != 0 || s->tables_count > STATEMENT_CACHE_TABLES)
		return false;
	for (size_t i = 0; i < s->tables_count; i++) {
		/* a name with doubled quotes is in the arena */
		if (!is_within(sql, s->tables[i].database) || !is_within(sql, s->tables[i].table))
			return false;
	}
	return true;
}

static struct kept_slice
keep_slice(const struct shape *shape, struct slice sql, struct slice part)
{
	size_t from;

	if (slice_is_null(part))
		return (struct kept_slice){ 1, 0 };
	from = (size_t)(part.ptr - sql.ptr);
	return (struct kept_slice){ (uint16_t)shape_from_text(shape, from),
		(uint16_t)shape_from_text(shape, from + part.len) };
}

static void
keep(struct statement_cache *c, uint64_t hash, const struct statement_text *text,
    struct statement *s)
{
	struct slice sql = text->sql;
	const struct shape *shape = &c->shape;
	struct kept **slot = &c->slots[hash % STATEMENT_CACHE_SLOTS];
	struct kept *k = mem_alloc(sizeof *k + shape->len);

	/* A new number for each keeping: what somebody has stored by the old one was made from another
	 * text. */
	s->number = statement_cache_number(c);
	*k = (struct kept){
		.hash = hash, .modes = text->modes, .len = (uint16_t)shape->len, .statement = *s
	};
	k->statement.tokens = NULL;
	k->statement.tokens_count = 0;
	for (size_t i = 0; i < s->tables_count; i++) {
		const struct table_ref *t = &s->tables[i];

		k->tables[i] = (struct kept_table){ .ref = *t,
			.database = keep_slice(shape, sql, t->database),
			.table = keep_slice(shape, sql, t->table),
			.span = keep_slice(shape, sql, slice_cut(sql, t->start, t->end)) };
	}
	memcpy(k->bytes, shape->bytes, shape->len);
	free(*slot);
	*slot = k;
}

/* ---- finding again ---- */

static const struct kept *
find(const struct statement_cache *c, uint64_t hash, unsigned modes)
{
	const struct kept *k = c->slots[hash % STATEMENT_CACHE_SLOTS];

	if (k == NULL || k->hash != hash || k->modes != modes || k->len != c->shape.len ||
	    memcmp(k->bytes, c->shape.bytes, k->len) != 0)
		return NULL;
	return k;
}

static struct slice
restore_slice(const struct shape *shape, struct slice sql, struct kept_slice k)
{
	if (k.from > k.to)
		return SLICE_NULL;
	return slice_cut(sql, shape_to_text(shape, k.from), shape_to_text(shape, k.to));
}

static void
restore(struct arena *a, const struct shape *shape, struct slice sql, const struct kept *k,
    struct statement *out)
{
	size_t n = k->statement.tables_count;

	*out = k->statement;
	out->tables = n == 0 ? NULL : arena_array(a, struct table_ref, n);
	for (size_t i = 0; i < n; i++) {
		const struct kept_table *t = &k->tables[i];
		struct table_ref *ref = &out->tables[i];

		*ref = t->ref;
		ref->database = restore_slice(shape, sql, t->database);
		ref->table = restore_slice(shape, sql, t->table);
		ref->start = shape_to_text(shape, t->span.from);
		ref->end = shape_to_text(shape, t->span.to);
	}
}

int
statement_cache_read(struct statement_cache *c, struct arena *a, const struct statement_text *text,
    struct statement *out, struct err *err)
{
	struct slice sql = text->sql;
	const struct kept *k;
	uint64_t hash;

	/* In those character sets half of a character may be a quote, which the pass over the bytes does
	 * not know. */
	if (c == NULL || (text->modes & SQL_MULTIBYTE) != 0 || !shape_of(sql, &c->shape))
		return statement_read(a, sql, text->modes, out, err);
	hash = hash_bytes(slice_of(c->shape.bytes, c->shape.len));
	k = find(c, hash, text->modes);
	if (k != NULL) {
		c->hits++;
		restore(a, &c->shape, sql, k, out);
		return 0;
	}
	TRY(statement_read(a, sql, text->modes, out, err));
	if (can_keep(sql, out))
		keep(c, hash, text, out);
	return 0;
}
