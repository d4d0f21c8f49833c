/*
 * acknowledge.h - the gates' word that they go by the rules, or by a workflow's switch key.
 *
 * Every registered gate is posted what it is to have (struct rules_post): the version of the rules, which it
 * reads from the topology, or one switch key. It answers when all of it goes by that; for a switch key
 * whose phase is to be drained, when it is. A gate that cannot be reached may have written its word into
 * the topology, and one whose lease has ended is waited for no longer: it serves no table that has a rule.
 *
 * A workflow waits for its own switch key alone. How long the clients of another one keep a gate from
 * draining does not matter to it, nor to a move that is created: that waits for rules, and nobody has to
 * be drained for them.
 */
#ifndef CTL_ACKNOWLEDGE_H
#define CTL_ACKNOWLEDGE_H

#include "ctl/cluster.h"
#include "topo/routing.h"

struct gate_at {
	const char *id, *http;
	int64_t lease; /* it is waited for no longer than that is alive */
};

struct gates {
	struct gate_at *items;
	size_t count;
};

/* The switch key as it became with that revision of the topology (0: there is none), and the gates that were
 * registered in the same revision: one that registers later reads the rules after that. */
struct swapped {
	struct switch_record sw;
	int64_t revision;
	struct gates gates;
};

/* Of a list of GATES_FOLDER. */
int gates_from(
    struct arena *a, const struct topo_list *list, struct gates *out, struct err *err) MUST_USE;
/* Until every gate has the rules as they are now. ERR_TIMEOUT at cx's deadline names a gate that has not. */
int rules_known(struct ctx *cx, struct ctl *c) MUST_USE;
/* Until every gate has acknowledged the workflow's switch key as it is now; without one, as rules_known(). */
int switch_acknowledged(struct ctx *cx, struct ctl *c, const char *workflow) MUST_USE;
/* A copy that shares with s the workflow's id alone, which is the workflow's own. */
struct swapped swapped_copy(struct arena *a, const struct swapped *s);
/* Until those gates have acknowledged the switch key as it became with that revision, or a newer one. */
int swap_acknowledged(struct ctx *cx, struct ctl *c, const struct swapped *s) MUST_USE;

#endif
