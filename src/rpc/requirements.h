/*
 * requirements.h - what a database server must have for moves, each of it met or not, for people to read.
 *
 *   met        as it must be
 *   warns      moves work; what is told may hurt, or something beside moves does not work
 *   not known  it could not be asked
 *   not met    no move works until it is mended
 */
#ifndef RPC_REQUIREMENTS_H
#define RPC_REQUIREMENTS_H

#include "topo/message.h"

enum { REQUIREMENTS_MAX = 128 }; /* twice of what there is */

enum requirement_state {
	REQUIREMENT_MET,
	REQUIREMENT_WARNS,
	REQUIREMENT_NOT_KNOWN,
	REQUIREMENT_NOT_MET,
};
extern const char *const requirement_state_names[]; /* "met", ...; NULL-terminated */

struct requirement {
	const char *what; /* "binlog_row_image is FULL" */
	enum requirement_state state;
	const char *why;  /* it is not met; "" */
	const char *mend; /* the statement that mends it, or what to do; "" */
};

/* All zero: none. items has room for REQUIREMENTS_MAX once there is one; to a list that was read nothing is
 * added. */
struct requirements {
	struct requirement *items;
	size_t count;
};

extern const struct message requirement_message;

/* The texts are copied; NULL is "". */
void requirements_add(struct arena *a, struct requirements *list, const struct requirement *one);
/* The first that is not met, or NULL. */
const struct requirement *requirements_unmet(const struct requirements *list);
/* For people: a line each, and below what is not met the statement that mends it, once for all of it. */
void requirements_print(struct buf *out, const struct requirements *list);

#endif
