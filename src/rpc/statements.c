#include "rpc/statements.h"

#include "base/map.h"

#include <stdlib.h>
#include <string.h>

#define COUNTER(of, member)                                                                        \
	{                                                                                          \
#member, MEMBER_I64, offsetof(struct of, member), NULL, 0, NULL, NULL, false       \
	}

static const struct member bucket_members[] = {
	COUNTER(latency_bucket, below_us),
	COUNTER(latency_bucket, count),
	{ 0 },
};
static const struct message latency_part = { "part of a latency histogram", bucket_members,
	sizeof(struct latency_bucket), NULL };

/* clang-format off */
static const struct member digest_members[] = {
	{ .name = "text", .type = MEMBER_STR, .offset = offsetof(struct statement_digest, text) },
	{ .name = "tables", .type = MEMBER_TEXTS, .offset = offsetof(struct statement_digest, tables),
	    .count = offsetof(struct statement_digest, tables_count) },
	{ .name = "more_tables", .type = MEMBER_BOOL,
	    .offset = offsetof(struct statement_digest, more_tables) },
	COUNTER(statement_digest, count),
	COUNTER(statement_digest, errors),
	COUNTER(statement_digest, rows),
	COUNTER(statement_digest, ago_us),
	COUNTER(statement_digest, total_us),
	COUNTER(statement_digest, max_us),
	{ .name = "latency", .type = MEMBER_LIST, .offset = offsetof(struct statement_digest, latency),
	    .of = &latency_part, .count = offsetof(struct statement_digest, latency_count) },
	{ 0 },
};
static const struct message digest = { "digest of a statement", digest_members,
	sizeof(struct statement_digest), NULL };

static const struct member span_members[] = {
	{ .name = "tables", .type = MEMBER_TEXTS, .offset = offsetof(struct table_span, tables),
	    .count = offsetof(struct table_span, tables_count) },
	{ .name = "more_tables", .type = MEMBER_BOOL, .offset = offsetof(struct table_span, more_tables) },
	COUNTER(table_span, count),
	COUNTER(table_span, ago_us),
	{ 0 },
};
static const struct message span = { "tables of a transaction", span_members, sizeof(struct table_span),
	NULL };

static const struct member record_members[] = {
	COUNTER(statements_record, since_us),
	COUNTER(statements_record, seen_us),
	COUNTER(statements_record, youngest_us),
	COUNTER(statements_record, gates),
	{ .name = "silent", .type = MEMBER_TEXTS, .offset = offsetof(struct statements_record, silent),
	    .count = offsetof(struct statements_record, silent_count) },
	COUNTER(statements_record, count),
	COUNTER(statements_record, left),
	COUNTER(statements_record, left_count),
	COUNTER(statements_record, left_spans),
	{ .name = "statements", .type = MEMBER_LIST,
	    .offset = offsetof(struct statements_record, statements), .of = &digest,
	    .count = offsetof(struct statements_record, statements_count) },
	{ .name = "spans", .type = MEMBER_LIST, .offset = offsetof(struct statements_record, spans),
	    .of = &span, .count = offsetof(struct statements_record, spans_count) },
	{ 0 },
};

static const struct member request_members[] = {
	{ .name = "keyspace", .type = MEMBER_STR, .offset = offsetof(struct statements_request, keyspace) },
	{ 0 },
};
/* clang-format on */

const struct message statements_record_message = { "record of statements", record_members,
	sizeof(struct statements_record), NULL };
const struct message statements_request_message = { "request for statements", request_members,
	sizeof(struct statements_request), NULL };

/* ---- Latency */

int
latency_bucket_of(usec time)
{
	uint64_t units = time < 0 ? 0 : (uint64_t)time / LATENCY_FIRST_US;
	int bucket = units == 0 ? 0 : 64 - __builtin_clzll(units);

	return bucket < LATENCY_BUCKETS ? bucket : LATENCY_BUCKETS - 1;
}

int64_t
latency_below(int bucket)
{
	return bucket == LATENCY_BUCKETS - 1 ? 0 : (int64_t)LATENCY_FIRST_US << bucket;
}

int64_t
statement_quantile_us(const struct statement_digest *d, int thousandths)
{
	int64_t wanted = (d->count * thousandths + 999) / 1000, seen = 0;

	for (size_t i = 0; i < d->latency_count; i++) {
		const struct latency_bucket *b = &d->latency[i];

		seen += b->count;
		if (seen >= wanted && b->below_us != 0 && b->below_us < d->max_us)
			return b->below_us;
		if (seen >= wanted)
			break;
	}
	return d->max_us;
}

static void
add_latency(struct arena *a, struct statement_digest *to, const struct statement_digest *from)
{
	struct latency_bucket *sum = arena_array(a, struct latency_bucket, LATENCY_BUCKETS);
	size_t n = 0;

	for (int b = 0; b < LATENCY_BUCKETS; b++) {
		int64_t count = 0;

		for (size_t i = 0; i < to->latency_count; i++)
			count +=
			    to->latency[i].below_us == latency_below(b) ? to->latency[i].count : 0;
		for (size_t i = 0; i < from->latency_count; i++)
			count += from->latency[i].below_us == latency_below(b)
			    ? from->latency[i].count
			    : 0;
		if (count > 0)
			sum[n++] = (struct latency_bucket){ latency_below(b), count };
	}
	to->latency = sum;
	to->latency_count = n;
}

/* ---- Adding up */

struct merge {
	struct arena *arena;
	struct map statements, spans; /* what is the same in all, to where it is in out */
	struct statements_record *out;
};

static void
add_tables(struct buf *key, const char *const *tables, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		buf_add_str(key, tables[i]);
		buf_add_char(key, '\0');
	}
}

static void
merge_statement(struct merge *m, const struct statement_digest *d)
{
	SCOPED(buf) struct buf key = BUF_INIT;

	add_tables(&key, d->tables, d->tables_count);
	buf_add_char(&key, d->more_tables ? '+' : '.');
	buf_add_str(&key, d->text);
	struct statement_digest *to = map_get(&m->statements, buf_slice(&key));
	if (to == NULL) {
		to = &m->out->statements[m->out->statements_count++];
		*to = *d;
		(void)map_put(&m->statements, buf_slice(&key), to);
		return;
	}
	to->count += d->count;
	to->errors += d->errors;
	to->rows += d->rows;
	to->ago_us = d->ago_us < to->ago_us ? d->ago_us : to->ago_us;
	to->total_us += d->total_us;
	to->max_us = d->max_us > to->max_us ? d->max_us : to->max_us;
	add_latency(m->arena, to, d);
}

static void
merge_span(struct merge *m, const struct table_span *s)
{
	SCOPED(buf) struct buf key = BUF_INIT;

	add_tables(&key, s->tables, s->tables_count);
	buf_add_char(&key, s->more_tables ? '+' : '.');
	struct table_span *to = map_get(&m->spans, buf_slice(&key));
	if (to == NULL) {
		to = &m->out->spans[m->out->spans_count++];
		*to = *s;
		(void)map_put(&m->spans, buf_slice(&key), to);
		return;
	}
	to->count += s->count;
	to->ago_us = s->ago_us < to->ago_us ? s->ago_us : to->ago_us;
}

static void
merge_totals(struct statements_record *out, const struct statements_record *r)
{
	if (out->since_us == 0 || (r->since_us != 0 && r->since_us < out->since_us))
		out->since_us = r->since_us;
	out->seen_us = r->seen_us > out->seen_us ? r->seen_us : out->seen_us;
	if (out->youngest_us < 0 || r->youngest_us < out->youngest_us)
		out->youngest_us = r->youngest_us;
	out->gates += r->gates;
	out->count += r->count;
	out->left += r->left;
	out->left_count += r->left_count;
	out->left_spans += r->left_spans;
}

static int
more_first(int64_t a, int64_t b)
{
	return a > b ? -1 : a < b;
}

/* Equally frequent ones by their text, so that the same record is always shown the same. */
static int
by_count(const void *a, const void *b)
{
	const struct statement_digest *x = a, *y = b;
	int order = more_first(x->count, y->count);

	return order != 0 ? order : strcmp(x->text, y->text);
}

static int
spans_by_count(const void *a, const void *b)
{
	const struct table_span *x = a, *y = b;

	return more_first(x->count, y->count);
}

/* The bounds hold for a record of all gates too. */
static void
cut(struct statements_record *r)
{
	for (size_t i = STATEMENTS_MAX; i < r->statements_count; i++) {
		r->left++;
		r->left_count += r->statements[i].count;
	}
	if (r->statements_count > STATEMENTS_MAX)
		r->statements_count = STATEMENTS_MAX;
	if (r->spans_count > STATEMENTS_SPANS_MAX) {
		r->left_spans += (int64_t)r->spans_count - STATEMENTS_SPANS_MAX;
		r->spans_count = STATEMENTS_SPANS_MAX;
	}
}

static void
make_room(struct merge *m, const struct statements_record *const *all, size_t count)
{
	size_t statements = 0, spans = 0;

	for (size_t i = 0; i < count; i++) {
		statements += all[i]->statements_count;
		spans += all[i]->spans_count;
	}
	m->out->statements = arena_array(m->arena, struct statement_digest, statements);
	m->out->spans = arena_array(m->arena, struct table_span, spans);
}

void
statements_merge(struct arena *a, const struct statements_record *const *all, size_t count,
    struct statements_record *out)
{
	struct merge m = { .arena = a, .out = out };

	*out = (struct statements_record){ .youngest_us = -1 };
	map_init(&m.statements);
	map_init(&m.spans);
	make_room(&m, all, count);
	for (size_t i = 0; i < count; i++) {
		merge_totals(out, all[i]);
		for (size_t n = 0; n < all[i]->statements_count; n++)
			merge_statement(&m, &all[i]->statements[n]);
		for (size_t n = 0; n < all[i]->spans_count; n++)
			merge_span(&m, &all[i]->spans[n]);
	}
	map_done(&m.statements);
	map_done(&m.spans);
	if (out->youngest_us < 0)
		out->youngest_us = 0;
	if (out->statements_count > 0)
		qsort(out->statements, out->statements_count, sizeof(*out->statements), by_count);
	if (out->spans_count > 0)
		qsort(out->spans, out->spans_count, sizeof(*out->spans), spans_by_count);
	cut(out);
}
