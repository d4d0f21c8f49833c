/*
 * moved_routine.h - a routine or event that moves with tables: what a workflow's record has of it, and what
 * requests say.
 */
#ifndef TOPO_MOVED_ROUTINE_H
#define TOPO_MOVED_ROUTINE_H

#include "topo/message.h"

enum routine_kind { ROUTINE_PROCEDURE, ROUTINE_FUNCTION, ROUTINE_EVENT };
extern const char *const routine_kind_names[]; /* "procedure", "function", "event"; NULL-terminated */

struct moved_routine {
	const char *name; /* at both ends */
	const char *rule; /* what its routing rule calls it (name.h); of a record alone */
	enum routine_kind kind;
	bool both; /* it names no table: it stands at both ends, whichever serves */
	bool kept; /* the target had it before the move, the same one: it is not the move's to drop there */
};

/* What its routing rule calls it (name.h), in the arena. */
const char *moved_routine_rule(struct arena *a, const struct moved_routine *r);

extern const struct message moved_routine_message;

#endif
