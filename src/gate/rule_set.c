#include "gate/rule_set.h"

#include "base/check.h"
#include "base/mem.h"

#include <limits.h>
#include <stdlib.h>

/* NUL between them, which no name has: a dot may be part of either. */
static size_t
write_key(char *out, struct slice keyspace, struct slice table)
{
	memcpy(out, keyspace.ptr, keyspace.len);
	out[keyspace.len] = '\0';
	memcpy(out + keyspace.len + 1, table.ptr, table.len);
	return keyspace.len + 1 + table.len;
}

static int
read_rules(struct rule_set *s, const struct slice *texts, size_t count, struct err *err)
{
	s->rules = arena_array(&s->arena, struct rule_record, count + 1);
	for (size_t i = 0; i < count; i++) {
		struct rule_record *r = &s->rules[i];
		struct slice keyspace, table;

		TRY(rule_read(&s->arena, texts[i], r, err));
		keyspace = slice_str(r->name.keyspace);
		table = slice_str(r->name.table);
		char *key = arena_alloc(&s->arena, keyspace.len + 1 + table.len);
		(void)map_put(&s->by_name, slice_of(key, write_key(key, keyspace, table)), r);
		s->count++;
	}
	return 0;
}

int
rule_set_new(const struct slice *texts, size_t count, int64_t version, struct rule_set **out,
    struct err *err)
{
	struct rule_set *s = mem_new(struct rule_set);

	check(count < INT_MAX);
	atomic_init(&s->refs, 1);
	arena_init(&s->arena);
	map_init(&s->by_name);
	s->version = version;
	if (read_rules(s, texts, count, err) != 0) {
		rule_set_unref(s);
		return -1;
	}
	*out = s;
	return 0;
}

struct rule_set *
rule_set_ref(struct rule_set *s)
{
	check(atomic_fetch_add(&s->refs, 1) > 0);
	return s;
}

void
rule_set_unref(struct rule_set *s)
{
	if (s == NULL || atomic_fetch_sub(&s->refs, 1) > 1)
		return;
	map_done(&s->by_name);
	arena_done(&s->arena);
	free(s);
}

int
rule_set_find(const struct rule_set *s, struct slice keyspace, struct slice table)
{
	char key[NAME_PAIR_MAX];
	const struct rule_record *r;

	/* A longer name is no table, and no rule has one. */
	if (keyspace.len > NAME_MAX_BYTES || table.len > NAME_MAX_BYTES)
		return -1;
	r = map_get(&s->by_name, slice_of(key, write_key(key, keyspace, table)));
	return r == NULL ? -1 : (int)(r - s->rules);
}
