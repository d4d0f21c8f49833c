#include "gate/digest.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/mutant.h"
#include "gate/planner.h"
#include "sql/fingerprint.h"
#include "sql/tokens.h"
#include "task/task.h"

#include <stdlib.h>

enum {
	FRONT_SLOTS = 1024, /* of statements that are found by their number */
	WEIGHTS = 65,       /* how often something was met lately, in powers of two */
};

/* What digest and span begin with. */
struct kept {
	int64_t count;
	int64_t lately; /* how often it was met, older times counting less */
	usec last;      /* when */
	int users;      /* statements of it that are under way: it stays */
	bool left;      /* its digests have begun anew meanwhile: it goes with the last of them */
	size_t key_len;
	uint8_t *key; /* in the map, too; a NUL behind it */
};

/* Those that are used most. */
struct store {
	struct map by_key;
	struct kept *items[DIGESTS_MAX];
	size_t count, max;
	int64_t left, left_count; /* how many have left, and how often those were met */
};

struct digest {
	struct kept kept;
	int64_t errors, rows, total_us, max_us;
	int64_t latency[LATENCY_BUCKETS];
	struct touched tables; /* what a transaction that runs it has named */
	bool more_tables;
	size_t tables_count;
	uint32_t names[DIGEST_TABLES_MAX]; /* in the order of the names */
	const char *text;                  /* in key */
};

struct span {
	struct kept kept;
	struct touched tables;
};

struct front {
	uint64_t number, keyspace; /* the latter's hash; 0: of a prepared statement */
	struct digest *digest;
};

struct name {
	char *keyspace, *text; /* text: "customer.users" */
};

struct digests {
	usec since;
	int64_t since_wall;
	uint32_t begun;
	int64_t count;
	struct store digests, spans;
	struct map by_name; /* to the number */
	struct name names[DIGEST_NAMES_MAX];
	size_t names_count;
	struct front front[FRONT_SLOTS];
};

/* ---- Keeping those that are used most */

static void
kept_met(struct kept *k)
{
	k->count++;
	k->lately++;
	k->last = task_now();
}

static void
store_begin(struct store *s, size_t max)
{
	map_init(&s->by_key);
	s->count = 0;
	s->max = max;
	s->left = s->left_count = 0;
}

static void
kept_free(struct kept *k)
{
	free(k->key);
	free(k);
}

static void
store_end(struct store *s)
{
	for (size_t i = 0; i < s->count; i++) {
		if (s->items[i]->users > 0)
			s->items[i]->left = true;
		else
			kept_free(s->items[i]);
	}
	map_done(&s->by_key);
}

/* The power of two below which it lies. */
static int
weight(const struct kept *k)
{
	return k->lately <= 0 ? 0 : 64 - __builtin_clzll((uint64_t)k->lately);
}

/* A weight, such that at least so many are of this or a lower one. */
static int
least_weight(const struct store *s, size_t wanted)
{
	size_t counts[WEIGHTS] = { 0 }, below = 0;
	int w = 0;

	for (size_t i = 0; i < s->count; i++)
		counts[weight(s->items[i])]++;
	while ((below += counts[w]) < wanted)
		w++;
	return w;
}

/* The quarter that was used least lately. */
static void
store_leave(struct store *s)
{
	size_t kept = 0, leave = (s->count + 3) / 4;
	int least = least_weight(s, leave);

	for (size_t i = 0; i < s->count; i++) {
		struct kept *k = s->items[i];

		if (weight(k) > least || leave == 0 || k->users > 0) {
			k->lately /= 2;
			s->items[kept++] = k;
			continue;
		}
		leave--;
		s->left++;
		s->left_count += k->count;
		(void)map_take(&s->by_key, slice_of(k->key, k->key_len));
		kept_free(k);
	}
	s->count = kept;
}

/* Takes k over. There is room. */
static void
store_put(struct store *s, struct slice key, struct kept *k)
{
	k->key = (uint8_t *)mem_strndup(key.ptr, key.len);
	k->key_len = key.len;
	(void)map_put(&s->by_key, key, k);
	s->items[s->count++] = k;
}

/* ---- Beginning, and beginning anew */

static void
begin(struct digests *d, usec now)
{
	d->since = now;
	d->since_wall = clock_wall();
	d->begun++;
	d->count = 0;
	store_begin(&d->digests, DIGESTS_MAX);
	store_begin(&d->spans, DIGEST_SPANS_MAX);
	map_init(&d->by_name);
	d->names_count = 0;
	memset(d->front, 0, sizeof(d->front));
}

struct digests *
digests_new(usec now)
{
	struct digests *d = mem_new(struct digests);

	begin(d, now);
	return d;
}

static void
end(struct digests *d)
{
	store_end(&d->digests);
	store_end(&d->spans);
	for (size_t i = 0; i < d->names_count; i++) {
		free(d->names[i].keyspace);
		free(d->names[i].text);
	}
	map_done(&d->by_name);
}

void
digests_free(struct digests *d)
{
	if (d == NULL)
		return;
	end(d);
	free(d);
}

/* ---- A statement's tables */

/* What a statement names, once each. */
struct named_tables {
	uint32_t numbers[DIGEST_TABLES_MAX];
	size_t count;
	bool more;
};

static bool
is_named(const struct digest_statement *u, const struct table_ref *t, struct slice *keyspace)
{
	*keyspace = slice_is_null(t->database) ? u->keyspace : t->database;
	if (!planner_is_table(t) || t->role == TABLE_HANDLER || t->made ||
	    slice_is_null(t->table) || slice_is_null(*keyspace))
		return false;
	return u->temporary->names.len == 0 ||
	    temporary_place(u->temporary, *keyspace, t->table) == NULL;
}

/* Numbers begin with 1. */
static uint32_t
number_of(struct digests *d, struct arena *scratch, struct slice keyspace, struct slice table)
{
	SCOPED(buf) struct buf key = BUF_INIT;

	buf_add_slice(&key, keyspace);
	buf_add_char(&key, '\0');
	buf_add_slice(&key, table);
	uintptr_t known = (uintptr_t)map_get(&d->by_name, buf_slice(&key));
	if (known != 0)
		return (uint32_t)known;
	if (d->names_count == DIGEST_NAMES_MAX)
		return 0;
	char *name = arena_slice_str(scratch, keyspace);
	d->names[d->names_count++] = (struct name){ mem_strdup(name),
		mem_strdup(name_of_table(scratch, name, arena_slice_str(scratch, table))) };
	(void)map_put(&d->by_name, buf_slice(&key), (void *)(uintptr_t)d->names_count);
	return (uint32_t)d->names_count;
}

/* Once each, in the order of their numbers. */
static void
add_number(struct named_tables *t, uint32_t number)
{
	size_t at = 0;

	while (at < t->count && t->numbers[at] < number)
		at++;
	if (at < t->count && t->numbers[at] == number)
		return;
	if (t->count == DIGEST_TABLES_MAX) {
		t->more = true;
		return;
	}
	memmove(t->numbers + at + 1, t->numbers + at, sizeof(*t->numbers) * (t->count - at));
	t->numbers[at] = number;
	t->count++;
}

/* False: there are more tables than have numbers. */
static bool
name_tables(struct digests *d, struct arena *scratch, const struct digest_statement *u,
    struct named_tables *out)
{
	*out = (struct named_tables){ .count = 0 };
	for (size_t i = 0; i < u->statement->tables_count; i++) {
		const struct table_ref *t = &u->statement->tables[i];
		struct slice keyspace;
		uint32_t number;

		if (!is_named(u, t, &keyspace))
			continue;
		number = number_of(d, scratch, keyspace, t->table);
		if (number == 0)
			return false;
		add_number(out, number);
	}
	return true;
}

/* ---- The tables of a transaction */

void
touched_forget(struct touched *t)
{
	*t = (struct touched){ .count = 0 };
}

static void
touched_one(struct touched *t, uint32_t number)
{
	uint8_t at = 0;

	while (at < t->count && t->tables[at] < number)
		at++;
	if (at < t->count && t->tables[at] == number)
		return;
	if (t->count == TOUCHED_MAX) {
		t->more = true;
		return;
	}
	memmove(t->tables + at + 1, t->tables + at, sizeof(*t->tables) * (size_t)(t->count - at));
	t->tables[at] = number;
	t->count++;
}

static void
touched_add(const struct digests *d, struct touched *to, const struct touched *more)
{
	if (more->begun != d->begun) /* their numbers mean nothing any more */
		return;
	if (to->begun != d->begun)
		*to = (struct touched){ .begun = d->begun };
	for (uint8_t i = 0; i < more->count; i++)
		touched_one(to, more->tables[i]);
	to->more = to->more || more->more;
}

/* ---- A statement's digest */

static void
put_fingerprint(struct buf *out, struct arena *scratch, const struct digest_statement *u)
{
	const struct statement *s = u->statement;
	struct tokens tokens;
	struct err err;

	/* One that was found in the cache was read long ago. */
	if (s->tokens != NULL)
		fingerprint_put(out, u->sql, s->tokens, s->tokens_count, DIGEST_TEXT_MAX);
	else if (tokens_read(scratch, u->sql, u->modes, &tokens, &err) == 0)
		fingerprint_put(out, u->sql, tokens.items, tokens.count, DIGEST_TEXT_MAX);
}

/* Numbers, then the text with its NUL. */
static void
put_key(struct buf *out, const struct named_tables *t)
{
	buf_add(out, t->numbers, sizeof(*t->numbers) * t->count);
	buf_add_char(out, t->more ? '+' : '.');
}

static int
cmp_names(const void *a, const void *b, void *arg)
{
	const struct digests *d = arg;
	const uint32_t *x = a, *y = b;

	return strcmp(d->names[*x - 1].text, d->names[*y - 1].text);
}

static struct digest *
add_digest(struct digests *d, struct slice key, const struct named_tables *t)
{
	struct digest *one;

	if (d->digests.count == d->digests.max) {
		store_leave(&d->digests);
		memset(d->front, 0, sizeof(d->front)); /* it may point to those that have left */
	}
	if (d->digests.count == d->digests.max) { /* all are under way */
		d->digests.left++;
		return NULL;
	}
	one = mem_new(struct digest);
	store_put(&d->digests, key, &one->kept);
	one->text = (const char *)one->kept.key + sizeof(*t->numbers) * t->count + 1;
	one->more_tables = one->tables.more = t->more;
	one->tables.begun = d->begun;
	one->tables_count = t->count;
	memcpy(one->names, t->numbers, sizeof(*t->numbers) * t->count);
	one->tables.count = (uint8_t)(t->count < TOUCHED_MAX ? t->count : TOUCHED_MAX);
	one->tables.more = t->more || t->count > TOUCHED_MAX;
	memcpy(one->tables.tables, t->numbers, sizeof(*t->numbers) * one->tables.count);
	if (t->count > 1)
		qsort_r(one->names, t->count, sizeof(*one->names), cmp_names, d);
	return one;
}

static struct digest *
find_digest(struct digests *d, struct arena *scratch, const struct digest_statement *u)
{
	SCOPED(buf) struct buf key = BUF_INIT;
	struct named_tables tables;

	if (!name_tables(d, scratch, u, &tables)) {
		end(d);
		begin(d, task_now());
		/* One statement has fewer than there is room for. */
		(void)name_tables(d, scratch, u, &tables);
	}
	put_key(&key, &tables);
	put_fingerprint(&key, scratch, u);
	struct digest *one = map_get(&d->digests.by_key, buf_slice(&key));
	return one != NULL ? one : add_digest(d, buf_slice(&key), &tables);
}

/* By its number, where the loop has read it before. */
static struct digest *
digest_of(struct digests *d, struct arena *scratch, const struct digest_statement *u)
{
	uint64_t number = u->statement->number, keyspace;
	struct front *f;
	struct digest *one;

	if (number == 0 || u->temporary->names.len > 0)
		return find_digest(d, scratch, u);
	keyspace = u->prepared ? 0 : hash_bytes(u->keyspace);
	f = &d->front[(number + keyspace) % FRONT_SLOTS];
	if (f->number == number && f->keyspace == keyspace)
		return f->digest;
	one = find_digest(d, scratch, u);
	if (one != NULL)
		*f = (struct front){ number, keyspace, one };
	return one;
}

struct digest *
digests_begin(struct digests *d, struct arena *scratch, const struct digest_statement *u)
{
	struct digest *one = digest_of(d, scratch, u);

	if (one != NULL && !mutant("gate_digest_leaves"))
		one->kept.users++;
	return one;
}

void
digests_done(
    struct digests *d, struct digest *one, const struct digest_outcome *o, struct touched *touched)
{
	d->count++;
	if (one == NULL) {
		d->digests.left_count++;
		return;
	}
	one->kept.users--;
	kept_met(&one->kept);
	one->errors += o->failed;
	one->rows += (int64_t)o->rows;
	one->total_us += o->took;
	if (o->took > one->max_us)
		one->max_us = o->took;
	one->latency[latency_bucket_of(o->took)]++;
	if (touched != NULL && !o->failed && one->tables.count > 0)
		touched_add(d, touched, &one->tables);
	if (one->kept.left && one->kept.users == 0)
		kept_free(&one->kept);
}

/* ---- Transactions that have ended */

static struct span *
add_span(struct digests *d, struct slice key, const struct touched *t)
{
	struct span *s = mem_new(struct span);

	if (d->spans.count == d->spans.max)
		store_leave(&d->spans);
	store_put(&d->spans, key, &s->kept);
	s->tables = *t;
	return s;
}

void
digests_transaction(struct digests *d, struct touched *t)
{
	uint8_t key[sizeof(t->tables) + 1];
	size_t len = sizeof(*t->tables) * t->count;
	struct span *s;

	if (t->begun == d->begun && t->count + t->more >= 2) {
		memcpy(key, t->tables, len);
		key[len++] = t->more;
		s = map_get(&d->spans.by_key, slice_of(key, len));
		if (s == NULL)
			s = add_span(d, slice_of(key, len), t);
		kept_met(&s->kept);
	}
	touched_forget(t);
}

/* ---- Copies */

static bool
is_asked(const struct digests *d, const uint32_t *names, size_t count, const char *keyspace)
{
	bool asked = keyspace[0] == '\0';

	for (size_t i = 0; !asked && i < count; i++)
		asked = strcmp(d->names[names[i] - 1].keyspace, keyspace) == 0;
	return asked;
}

static const char **
copy_names(const struct digests *d, struct arena *a, const uint32_t *names, size_t count)
{
	const char **out = arena_array(a, const char *, count);

	for (size_t i = 0; i < count; i++)
		out[i] = arena_strdup(a, d->names[names[i] - 1].text);
	return out;
}

static void
copy_digest(const struct digests *d, struct arena *a, const struct digest *one,
    struct statement_digest *out)
{
	*out = (struct statement_digest){ .text = arena_strdup(a, one->text),
		.tables = copy_names(d, a, one->names, one->tables_count),
		.tables_count = one->tables_count,
		.more_tables = one->more_tables,
		.count = one->kept.count,
		.errors = one->errors,
		.rows = one->rows,
		.ago_us = task_now() - one->kept.last,
		.total_us = one->total_us,
		.max_us = one->max_us };
	out->latency = arena_array(a, struct latency_bucket, LATENCY_BUCKETS);
	for (int b = 0; b < LATENCY_BUCKETS; b++) {
		if (one->latency[b] > 0)
			out->latency[out->latency_count++] =
			    (struct latency_bucket){ latency_below(b), one->latency[b] };
	}
}

static void
copy_span(const struct digests *d, struct arena *a, const struct span *s, struct table_span *out)
{
	uint32_t names[TOUCHED_MAX];

	memcpy(names, s->tables.tables, sizeof(names));
	qsort_r(names, s->tables.count, sizeof(*names), cmp_names, (void *)(uintptr_t)d);
	*out = (struct table_span){ .tables = copy_names(d, a, names, s->tables.count),
		.tables_count = s->tables.count,
		.more_tables = s->tables.more,
		.count = s->kept.count,
		.ago_us = task_now() - s->kept.last };
}

void
digests_copy(const struct digests *d, struct arena *a, const struct statements_request *what,
    struct statements_record *out)
{
	*out = (struct statements_record){ .since_us = d->since_wall,
		.seen_us = task_now() - d->since,
		.count = d->count,
		.left = d->digests.left,
		.left_count = d->digests.left_count,
		.left_spans = d->spans.left,
		.statements = arena_array(a, struct statement_digest, d->digests.count),
		.spans = arena_array(a, struct table_span, d->spans.count) };
	out->youngest_us = out->seen_us;
	for (size_t i = 0; i < d->digests.count; i++) {
		const struct digest *one = (const void *)d->digests.items[i];

		if (is_asked(d, one->names, one->tables_count, what->keyspace))
			copy_digest(d, a, one, &out->statements[out->statements_count++]);
	}
	for (size_t i = 0; i < d->spans.count; i++) {
		const struct span *s = (const void *)d->spans.items[i];

		if (is_asked(d, s->tables.tables, s->tables.count, what->keyspace))
			copy_span(d, a, s, &out->spans[out->spans_count++]);
	}
}
