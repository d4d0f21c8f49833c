#include "sql/reader.h"

#include "base/check.h"
#include "sql/multibyte.h"

const struct token *
reader_now(const struct reader *r)
{
	return &r->tokens[r->at];
}

const struct token *
reader_ahead(const struct reader *r, size_t n)
{
	return &r->tokens[r->at + n < r->count ? r->at + n : r->count];
}

void
reader_step(struct reader *r)
{
	if (r->at < r->count)
		r->at++;
}

bool
reader_is(const struct reader *r, enum keyword keyword)
{
	return reader_now(r)->keyword == keyword;
}

bool
reader_is_punct(const struct reader *r, uint8_t c)
{
	return reader_now(r)->kind == TOKEN_PUNCT && reader_now(r)->punct == c;
}

struct slice
reader_text(const struct reader *r, const struct token *t)
{
	return slice_cut(r->sql, t->start, t->end);
}

bool
reader_is_text(const struct reader *r, const char *word)
{
	const struct token *t = reader_now(r);

	return t->kind == TOKEN_WORD && slice_eq_nocase(reader_text(r, t), slice_str(word));
}

bool
reader_is_name(const struct reader *r)
{
	return reader_now(r)->kind == TOKEN_WORD || reader_now(r)->kind == TOKEN_QUOTED;
}

bool
reader_done(const struct reader *r)
{
	return r->at >= r->count || reader_is_punct(r, ';');
}

bool
reader_accept(struct reader *r, enum keyword keyword)
{
	bool here = reader_is(r, keyword);

	if (here)
		reader_step(r);
	return here;
}

bool
reader_accept_punct(struct reader *r, uint8_t c)
{
	bool here = reader_is_punct(r, c);

	if (here)
		reader_step(r);
	return here;
}

bool
reader_accept_text(struct reader *r, const char *word)
{
	bool here = reader_is_text(r, word);

	if (here)
		reader_step(r);
	return here;
}

void
reader_unclear(struct reader *r)
{
	r->unclear = true;
	r->at = r->count; /* nothing after this is read */
}

void
reader_expect(struct reader *r, enum keyword keyword)
{
	if (!reader_accept(r, keyword))
		reader_unclear(r);
}

void
reader_expect_punct(struct reader *r, uint8_t c)
{
	if (!reader_accept_punct(r, c))
		reader_unclear(r);
}

/* "a``b" of a quoted name becomes "a`b". */
static struct slice
undouble(struct reader *r, struct slice inner, uint8_t quote)
{
	uint8_t *out;
	size_t len = 0;

	if (inner.len == 0 || memchr(inner.ptr, quote, inner.len) == NULL)
		return inner;
	out = arena_alloc(r->arena, inner.len);
	for (size_t i = 0; i < inner.len; i++) {
		bool pair = multibyte_len(slice_cut(inner, i, inner.len), r->modes) == 2;

		out[len++] = inner.ptr[i];
		if (pair)
			out[len++] = inner.ptr[++i];
		else if (inner.ptr[i] == quote)
			i++;
	}
	return slice_of(out, len);
}

struct slice
reader_name(struct reader *r, const struct token *t)
{
	struct slice text = reader_text(r, t);

	if (t->kind != TOKEN_QUOTED)
		return text;
	return undouble(r, slice_cut(text, 1, text.len - 1), text.ptr[0]);
}

void
reader_add(struct reader *r, const struct table_ref *ref)
{
	struct statement *s = r->out;

	if (s->tables_count == r->refs_room) {
		size_t room = r->refs_room == 0 ? 4 : r->refs_room * 2;
		struct table_ref *wider = arena_alloc(r->arena, sizeof *wider * room);

		if (s->tables_count > 0)
			memcpy(wider, s->tables, sizeof *wider * s->tables_count);
		s->tables = wider;
		r->refs_room = room;
	}
	s->tables[s->tables_count++] = *ref;
}

static bool
is_cte(const struct reader *r, struct slice name)
{
	const struct cte *c = r->ctes;

	while (c != NULL && !slice_eq_nocase(c->name, name))
		c = c->outer;
	return c != NULL;
}

void
reader_table(struct reader *r, enum table_role role)
{
	const struct token *first = reader_now(r);
	struct table_ref ref = { .role = role, .database = SLICE_NULL, .start = first->start };

	if (reader_is_punct(r, '.')) { /* ".t" is a table of the default database */
		reader_step(r);
		first = reader_now(r);
	}
	if (!reader_is_name(r)) {
		reader_unclear(r);
		return;
	}
	ref.table = reader_name(r, first);
	ref.end = first->end;
	reader_step(r);
	if (reader_is_punct(r, '.') && reader_ahead(r, 1)->punct != '*') { /* t.* is for the caller */
		reader_step(r);
		if (!reader_is_name(r)) {
			reader_unclear(r);
			return;
		}
		ref.database = ref.table;
		ref.table = reader_name(r, reader_now(r));
		ref.end = reader_now(r)->end;
		reader_step(r);
	}
	if (!slice_is_null(ref.database) || !is_cte(r, ref.table))
		reader_add(r, &ref);
}

void
reader_database(struct reader *r, enum table_role role)
{
	struct table_ref ref = { .role = role, .table = SLICE_NULL };

	if (!reader_is_name(r)) {
		reader_unclear(r);
		return;
	}
	ref.database = reader_name(r, reader_now(r));
	ref.start = reader_now(r)->start;
	ref.end = reader_now(r)->end;
	reader_step(r);
	reader_add(r, &ref);
}

void
reader_table_list(struct reader *r, enum table_role role)
{
	do {
		reader_table(r, role);
	} while (reader_accept_punct(r, ','));
}

void
reader_leaves(struct reader *r, unsigned what)
{
	r->out->leaves |= what;
	r->out->changes_session = r->out->changes_session || what != 0;
}

void
reader_skip_parens(struct reader *r)
{
	size_t open = 1;

	reader_expect_punct(r, '(');
	while (open > 0 && r->at < r->count) {
		if (reader_is_punct(r, '('))
			open++;
		else if (reader_is_punct(r, ')'))
			open--;
		reader_step(r);
	}
	if (open > 0)
		reader_unclear(r);
}
