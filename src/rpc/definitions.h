/*
 * definitions.h - views and triggers that clients have made, as one tablet tells another what to make.
 */
#ifndef RPC_DEFINITIONS_H
#define RPC_DEFINITIONS_H

#include "topo/message.h"

struct view_definition {
	const char *name;
	const char *sql;                 /* SHOW CREATE VIEW, in its own database */
	const char *charset, *collation; /* of the session that made it */
};
extern const struct message view_message;

struct trigger_definition {
	const char *name;
	const char *table;   /* at the end that it was read at */
	const char *when;    /* "BEFORE INSERT" */
	const char *definer; /* `user`@`host`, or `role`, as SQL has it */
	const char *body;
	const char *sql_mode, *charset, *collation; /* of the session that made it */
	const char *database_collation;             /* of the database at that time */
};

struct trigger_list {
	struct trigger_definition *items; /* as they fire, those of a table together */
	size_t count;
};

extern const struct message trigger_message;

/* The member of that name in a struct, of type struct trigger_list. */
#define TRIGGER_MEMBER(holder)                                                                     \
	.name = "triggers", .type = MEMBER_LIST, .offset = offsetof(holder, triggers.items),       \
	.of = &trigger_message, .count = offsetof(holder, triggers.count)

#endif
