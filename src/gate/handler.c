#include "gate/handler.h"

#include <string.h>

enum { HANDLERS_MAX = 4 * 1024 }; /* bytes of names; one that is not kept is unknown (1109) */

/* name, keyspace and table, each with its NUL. */
struct entry {
	struct slice name, keyspace, table;
	size_t at, end;
};

static struct slice
next_part(const struct buf *b, size_t *at)
{
	struct slice part = slice_str(b->data + *at);

	*at += part.len + 1;
	return part;
}

static bool
next_entry(const struct buf *b, struct entry *e)
{
	if (e->end == b->len)
		return false;
	e->at = e->end;
	e->name = next_part(b, &e->end);
	e->keyspace = next_part(b, &e->end);
	e->table = next_part(b, &e->end);
	return true;
}

/* Names of handlers are aliases: their case does not count. */
static bool
find(const struct buf *b, struct slice name, struct entry *e)
{
	*e = (struct entry){ .end = 0 };
	while (next_entry(b, e)) {
		if (slice_eq_nocase(e->name, name))
			return true;
	}
	return false;
}

static bool
is_handler(const struct statement *st)
{
	return st->kind == STATEMENT_OTHER && st->understood && !slice_is_null(st->handler) &&
	    st->tables_count == 1;
}

const struct statement *
handler_read(struct session *s, const struct statement *st)
{
	struct statement *copy;
	struct entry e;

	if (!is_handler(st) || st->tables[0].role != TABLE_HANDLER)
		return st;
	copy = arena_new(&s->arena, struct statement);
	*copy = *st;
	copy->tables_count = 0; /* unknown: a server says so */
	if (!find(&s->handlers, copy->handler, &e))
		return copy;
	copy->tables = arena_new(&s->arena, struct table_ref);
	*copy->tables = st->tables[0];
	copy->tables->database = arena_dup(&s->arena, e.keyspace);
	copy->tables->table = arena_dup(&s->arena, e.table);
	copy->tables_count = 1;
	return copy;
}

static void
put_part(struct buf *b, struct slice part)
{
	buf_add_slice(b, part);
	buf_add_char(b, '\0');
}

void
handler_note(struct session *s, const struct statement *st, struct slice keyspace)
{
	const struct table_ref *t = &st->tables[0];
	struct entry e;

	if (!is_handler(st) || s->failed)
		return;
	if (find(&s->handlers, st->handler, &e) && (st->closes || t->role != TABLE_HANDLER)) {
		memmove(s->handlers.data + e.at, s->handlers.data + e.end, s->handlers.len - e.end);
		s->handlers.len -= e.end - e.at;
	}
	if (t->role == TABLE_HANDLER || s->handlers.len > HANDLERS_MAX)
		return;
	put_part(&s->handlers, st->handler);
	put_part(&s->handlers, slice_is_null(t->database) ? keyspace : t->database);
	put_part(&s->handlers, t->table);
}
