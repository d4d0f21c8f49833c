#include "gate/prepared.h"

#include "base/check.h"
#include "base/hash.h"
#include "base/mem.h"
#include "mysql/command.h"

#include <stdlib.h>

int
prepared_new(struct slice text, unsigned modes, struct prepared **out, struct err *err)
{
	struct prepared *p = mem_new(struct prepared);

	arena_init(&p->arena);
	buf_init(&p->types);
	buf_init(&p->long_data);
	p->text = arena_dup(&p->arena, text);
	p->hash = hash_bytes(text);
	p->keyspace = p->base = SLICE_NULL;
	p->modes = modes;
	if (statement_read(&p->arena, p->text, modes, &p->statement, err) != 0) {
		prepared_free(p);
		return -1;
	}
	*out = p;
	return 0;
}

void
prepared_set_keyspace(struct prepared *p, struct slice keyspace, struct slice base)
{
	p->keyspace = slice_is_null(keyspace) ? SLICE_NULL : arena_dup(&p->arena, keyspace);
	p->base = slice_is_null(base) ? SLICE_NULL : arena_dup(&p->arena, base);
}

void
prepared_free(struct prepared *p)
{
	if (p == NULL)
		return;
	buf_done(&p->types);
	buf_done(&p->long_data);
	arena_done(&p->arena);
	free(p);
}

struct prepared *
prepared_find(const struct idmap *statements, uint32_t id)
{
	return idmap_get(statements, id);
}

void
prepared_put(struct idmap *statements, struct prepared *p)
{
	check(idmap_put(statements, p->id, p) == NULL);
}

void
prepared_drop(struct idmap *statements, uint32_t id)
{
	prepared_free(idmap_take(statements, id));
}

void
prepared_forget_all(struct idmap *statements)
{
	struct prepared *p;

	for (size_t i = 0; (p = idmap_next(statements, &i)) != NULL;)
		prepared_free(p);
	idmap_clear(statements);
}

/* What is planned may be something else than what was prepared: a DROP TRIGGER, a HANDLER that is known. */
struct plan_kept *
prepared_kept(struct prepared *p, const struct plan_input *in)
{
	return in->statement == &p->statement && in->sql.ptr == p->text.ptr ? &p->kept : NULL;
}

/* ---- long data ---- */

void
prepared_add_long_data(struct prepared *p, struct slice packet)
{
	uint32_t len = (uint32_t)packet.len;

	if (p->long_data_lost || p->long_data.len + packet.len > LONG_DATA_MAX) {
		p->long_data_lost = true;
		buf_done(&p->long_data);
		return;
	}
	buf_add(&p->long_data, &len, sizeof len);
	buf_add_slice(&p->long_data, packet);
}

bool
prepared_next_long_data(const struct prepared *p, size_t *at, struct slice *packet)
{
	uint32_t len;

	if (*at == p->long_data.len)
		return false;
	memcpy(&len, p->long_data.data + *at, sizeof len);
	*packet = slice_of(p->long_data.data + *at + sizeof len, len);
	*at += sizeof len + len;
	return true;
}

/* ---- executions ---- */

/* COM_STMT_EXECUTE: int<1> 0x17 | int<4> number | int<1> cursor | int<4> 1 |
 * if there are parameters: NULL bits, int<1> types follow, [int<2> type for each], values */
enum { EXECUTE_HEAD = 10 };

static uint8_t *
put(uint8_t *to, struct slice s)
{
	if (s.len > 0)
		memcpy(to, s.ptr, s.len);
	return to + s.len;
}

struct slice
prepared_execute_packet(
    struct prepared *p, struct slice packet, uint32_t remote, struct arena *arena)
{
	size_t nulls = (p->params + 7u) / 8u, types = 2u * p->params, bound = EXECUTE_HEAD + nulls;
	bool has_types;
	uint8_t *first, *to;

	if (packet.len < EXECUTE_HEAD || (p->params > 0 && packet.len < bound + 1))
		return SLICE_NULL;
	has_types = p->params > 0 && packet.ptr[bound] != 0;
	if (has_types && packet.len < bound + 1 + types)
		return SLICE_NULL;
	first = to = arena_alloc(arena, packet.len + p->types.len);
	if (p->params == 0 || has_types) {
		to = put(to, packet);
	} else {
		to = put(to, slice_cut(packet, 0, bound));
		*to++ = p->types.len > 0;
		to = put(to, buf_slice(&p->types));
		to = put(to, slice_cut(packet, bound + 1, packet.len));
	}
	if (has_types) {
		buf_reset(&p->types);
		buf_add_slice(&p->types, slice_cut(packet, bound + 1, bound + 1 + types));
	}
	command_set_statement_id(first, remote);
	return slice_of(first, (size_t)(to - first));
}

/* ---- numbers on a backend ---- */

/* One word: the number in the low half, a part of the text's hash above, and a bit that makes it no
 * NULL. */
static uintptr_t
word_of(uint64_t hash, uint32_t remote)
{
	return (uintptr_t)remote | (uintptr_t)(hash >> 33) << 32 | (uintptr_t)1 << 63;
}

uint64_t
prepared_hash(const struct prepared *p, struct slice text)
{
	return text.ptr == p->text.ptr && text.len == p->text.len ? p->hash : hash_bytes(text);
}

bool
remote_find(const struct backend *b, uint32_t id, uint64_t hash, uint32_t *remote)
{
	uintptr_t word = (uintptr_t)idmap_get(&b->statements, id);

	*remote = (uint32_t)word;
	return word != 0 && word == word_of(hash, *remote);
}

void
remote_put(struct backend *b, uint32_t id, uint64_t hash, uint32_t remote)
{
	(void)idmap_put(&b->statements, id, (void *)word_of(hash, remote));
}

bool
remote_known(const struct backend *b, uint32_t id, uint32_t *remote)
{
	uintptr_t word = (uintptr_t)idmap_get(&b->statements, id);

	*remote = (uint32_t)word;
	return word != 0;
}

bool
remote_take(struct backend *b, uint32_t id, uint32_t *remote)
{
	uintptr_t word = (uintptr_t)idmap_take(&b->statements, id);

	*remote = (uint32_t)word;
	return word != 0;
}

/* ---- names of SQL's own ---- */

static void
named_free(struct named *n)
{
	free((void *)(uintptr_t)n->text.ptr);
	free((void *)(uintptr_t)n->keyspace.ptr);
	free((void *)(uintptr_t)n->base.ptr);
	free(n);
}

static struct slice
own(struct slice s)
{
	return slice_is_null(s) ? SLICE_NULL : slice_of(mem_strndup(s.ptr, s.len), s.len);
}

void
named_put(struct map *named, struct slice name, const struct named *n)
{
	struct named *kept = mem_new(struct named);

	*kept = (struct named){ own(n->text), own(n->keyspace), own(n->base), n->modes, n->params };
	check(map_put(named, name, kept) == NULL);
}

bool
named_drop(struct map *named, struct slice name)
{
	struct named *n = map_take(named, name);

	if (n != NULL)
		named_free(n);
	return n != NULL;
}

void
named_forget_all(struct map *named)
{
	struct slice key;
	void *n;

	for (size_t i = 0; map_next(named, &i, &key, &n);)
		named_free(n);
	map_clear(named);
}
