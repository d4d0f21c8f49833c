#include "rpc/definitions.h"

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
