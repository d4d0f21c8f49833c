/*
 * moved_routine.h - a routine that moves with tables: what a workflow's record has of it, and what requests
 * say.
 */
#ifndef TOPO_MOVED_ROUTINE_H
#define TOPO_MOVED_ROUTINE_H

#include "topo/message.h"

enum routine_kind { ROUTINE_PROCEDURE, ROUTINE_FUNCTION };
extern const char *const routine_kind_names[]; /* "procedure", "function"; NULL-terminated */

struct moved_routine {
	const char *name; /* at both ends */
	const char *rule; /* what its routing rule calls it (name.h); of a record alone */
	enum routine_kind kind;
	bool both; /* it names no table: it stands at both ends, whichever serves */
	bool kept; /* the target had it before the move, the same one: it is not the move's to drop there */
};

extern const struct message moved_routine_message;

#endif
