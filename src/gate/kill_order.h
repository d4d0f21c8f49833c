/*
 * kill_order.h - what goes from worker to worker for a KILL or a list of clients, and comes back (kill.h,
 * processes.h).
 */
#ifndef GATE_KILL_ORDER_H
#define GATE_KILL_ORDER_H

#include <stdbool.h>
#include <stdint.h>

enum { KILL_USER_MAX = 80 }; /* bytes of a user's name: 1045 says no more either */

enum kill_result { KILL_UNKNOWN, KILL_DENIED, KILL_DONE };

struct kill_order {
	uint32_t asker;               /* id of the client that says KILL */
	uint64_t ticket;              /* of its question */
	uint32_t id;                  /* 0: all of user */
	char user[KILL_USER_MAX + 1]; /* the asker's */
	bool query, soft;
	bool list;  /* nothing is killed: the clients of that user are listed */
	char *rows; /* of a list, on the way back; whoever takes the answer frees it */
	enum kill_result result;
	uint64_t count; /* how many were killed */
	int answers;    /* how many of these come back in all */
};

#endif
