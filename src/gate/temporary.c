#include "gate/temporary.h"

#include <string.h>

void
temporary_init(struct temporary_tables *t)
{
	buf_init(&t->names);
}

void
temporary_done(struct temporary_tables *t)
{
	buf_done(&t->names);
}

struct entry {
	const char *name, *place;
	size_t at, end;
};

static bool
next_entry(const struct temporary_tables *t, struct entry *e)
{
	if (e->end == t->names.len)
		return false;
	e->at = e->end;
	e->name = t->names.data + e->at;
	e->place = e->name + strlen(e->name) + 1;
	e->end = (size_t)(e->place - t->names.data) + strlen(e->place) + 1;
	return true;
}

/* "keyspace.table"? A keyspace has no dot in its name. */
static bool
is_named(const char *name, struct slice keyspace, struct slice table)
{
	return strlen(name) == keyspace.len + 1 + table.len &&
	    memcmp(name, keyspace.ptr, keyspace.len) == 0 && name[keyspace.len] == '.' &&
	    memcmp(name + keyspace.len + 1, table.ptr, table.len) == 0;
}

const char *
temporary_place(const struct temporary_tables *t, struct slice keyspace, struct slice table)
{
	for (struct entry e = { 0 }; next_entry(t, &e);) {
		if (is_named(e.name, keyspace, table))
			return e.place;
	}
	return NULL;
}

bool
temporary_hides(const struct temporary_tables *t, struct slice place, struct slice table)
{
	for (struct entry e = { 0 }; next_entry(t, &e);) {
		const char *dot = strchr(e.name, '.');

		if (slice_eq_str(place, e.place) && slice_eq_str(table, dot + 1))
			return true;
	}
	return false;
}

static void
remove_entry(struct temporary_tables *t, const struct entry *e)
{
	memmove(t->names.data + e->at, t->names.data + e->end, t->names.len - e->end);
	t->names.len -= e->end - e->at;
}

bool
temporary_note(
    struct temporary_tables *t, struct slice keyspace, struct slice table, const char *place)
{
	for (struct entry e = { 0 }; next_entry(t, &e);) {
		if (!is_named(e.name, keyspace, table))
			continue;
		if (strcmp(e.place, place) == 0)
			return true;
		remove_entry(t, &e);
		break;
	}
	if (t->names.len + keyspace.len + table.len + strlen(place) > TEMPORARY_MAX)
		return false;
	buf_addf(&t->names, "%.*s.%.*s", SLICE_ARG(keyspace), SLICE_ARG(table));
	buf_add_char(&t->names, '\0');
	buf_add(&t->names, place, strlen(place) + 1);
	return true;
}

void
temporary_forget(struct temporary_tables *t, struct slice keyspace, struct slice table)
{
	for (struct entry e = { 0 }; next_entry(t, &e);) {
		if (e.place[0] != '\0' && is_named(e.name, keyspace, table)) {
			remove_entry(t, &e);
			return;
		}
	}
}

void
temporary_forget_place(struct temporary_tables *t, const char *place)
{
	for (struct entry e = { 0 }; next_entry(t, &e);) {
		if (strcmp(e.place, place) != 0)
			continue;
		remove_entry(t, &e);
		e.end = e.at;
	}
}
