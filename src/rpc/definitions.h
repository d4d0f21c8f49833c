/*
 * definitions.h - views, triggers and routines that clients have made, as one tablet tells another what to
 * make.
 */
#ifndef RPC_DEFINITIONS_H
#define RPC_DEFINITIONS_H

#include "topo/moved_routine.h"

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

struct routine_definition {
	struct moved_routine of;
	/* SHOW CREATE, in its own database; an event that is enabled where it serves is DISABLE ON SLAVE
	 * here */
	const char *sql;
	const char *body;      /* what it does, as the server tells it apart */
	const char *time_zone; /* of an event: of the session that made it; "" */
	const char *sql_mode, *charset, *collation; /* of the session that made it */
	const char *database_collation;             /* of the database at that time */
};

struct routine_list {
	struct routine_definition *items;
	size_t count;
};

extern const struct message routine_message;
/* In the same order, and made by the same texts? */
bool routines_same(const struct routine_list *a, const struct routine_list *b);

/* The member of that name in a struct, of type struct routine_list. */
#define ROUTINE_MEMBER(holder)                                                                     \
	.name = "routine_texts", .type = MEMBER_LIST, .offset = offsetof(holder, routines.items),  \
	.of = &routine_message, .count = offsetof(holder, routines.count)

#endif
