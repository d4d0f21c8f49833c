#include "rpc/definitions.h"

#include <string.h>

/* clang-format off */
static const struct member view_members[] = {
	{ .name = "name", .type = MEMBER_STR, .offset = offsetof(struct view_definition, name),
	    .needed = true },
	{ .name = "sql", .type = MEMBER_STR, .offset = offsetof(struct view_definition, sql),
	    .needed = true },
	{ .name = "charset", .type = MEMBER_STR, .offset = offsetof(struct view_definition, charset) },
	{ .name = "collation", .type = MEMBER_STR,
	    .offset = offsetof(struct view_definition, collation) },
	{ 0 },
};
/* clang-format on */
const struct message view_message = { "view", view_members, sizeof(struct view_definition), NULL };

#define TRIGGER(member)                                                                            \
	.name = #member, .type = MEMBER_STR, .offset = offsetof(struct trigger_definition, member)

/* clang-format off */
static const struct member trigger_members[] = {
	{ TRIGGER(name), .needed = true },
	{ TRIGGER(table), .needed = true },
	{ TRIGGER(when), .needed = true },
	{ TRIGGER(definer), .needed = true },
	{ TRIGGER(body), .needed = true },
	{ TRIGGER(sql_mode) },
	{ TRIGGER(charset), .needed = true },
	{ TRIGGER(collation), .needed = true },
	{ TRIGGER(database_collation) },
	{ 0 },
};
/* clang-format on */
const struct message trigger_message = { "trigger", trigger_members,
	sizeof(struct trigger_definition), NULL };

#define ROUTINE(member)                                                                            \
	.name = #member, .type = MEMBER_STR, .offset = offsetof(struct routine_definition, member)

/* clang-format off */
static const struct member routine_members[] = {
	{ .name = "of", .type = MEMBER_OBJECT, .offset = offsetof(struct routine_definition, of),
	    .of = &moved_routine_message, .needed = true },
	{ ROUTINE(sql), .needed = true },
	{ ROUTINE(body) },
	{ ROUTINE(time_zone) },
	{ ROUTINE(sql_mode) },
	{ ROUTINE(charset), .needed = true },
	{ ROUTINE(collation), .needed = true },
	{ ROUTINE(database_collation) },
	{ 0 },
};
/* clang-format on */
const struct message routine_message = { "routine", routine_members,
	sizeof(struct routine_definition), NULL };

static bool
routine_same(const struct routine_definition *a, const struct routine_definition *b)
{
	return a->of.kind == b->of.kind && strcmp(a->of.name, b->of.name) == 0 &&
	    strcmp(a->sql, b->sql) == 0 && strcmp(a->sql_mode, b->sql_mode) == 0 &&
	    strcmp(a->charset, b->charset) == 0 && strcmp(a->collation, b->collation) == 0 &&
	    strcmp(a->time_zone, b->time_zone) == 0;
}

bool
routines_same(const struct routine_list *a, const struct routine_list *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (!routine_same(&a->items[i], &b->items[i]))
			return false;
	}
	return true;
}
