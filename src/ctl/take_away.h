/*
 * take_away.h - what an administrator takes away: a keyspace, a tablet's record, routing rules.
 *
 * Only what nobody uses. A server and its data are not touched: what goes is what the topology says of them.
 *
 *   keyspace   refused while a move that is not over uses it, a routing rule names it, another
 *              keyspace follows
 *              it, or it has tablets; with recursive their records go with it
 *   tablet     refused while a move that is not over has it at one of its ends; a primary's unless it
 *              is allowed
 *   rules      those that finished moves have left. Refused where a move that is not over governs one,
 *              and where
 *              the table that the name would stand for then is there: clients would read an old table
 *
 * A vttablet that runs enters itself again when it starts the next time.
 */
#ifndef CTL_TAKE_AWAY_H
#define CTL_TAKE_AWAY_H

#include "ctl/rules.h"

/* The tablets whose records went with it and whose vttablets run: *running, in cx->arena. */
struct taken {
	const char **running;
	size_t running_count;
};

int take_away_keyspace(struct ctx *cx, struct ctl *c, const char *keyspace, bool recursive,
    struct taken *out) MUST_USE;
int take_away_tablet(struct ctx *cx, struct ctl *c, const char *alias, bool allow_primary,
    struct taken *out) MUST_USE;

/* A name and where it is to be served, "customer.users" each. */
struct wanted_rules {
	const struct moved_names *rules;
	size_t count;
	bool dry_run; /* asks alone */
};
/* The rules become those of wanted; what is missing there is taken away, and every gate knows. No rule
 * is made
 * or changed so: ERR_REFUSED. *out is what they are then. */
int take_away_rules(struct ctx *cx, struct ctl *c, const struct wanted_rules *wanted,
    struct rules_record *out) MUST_USE;

#endif
