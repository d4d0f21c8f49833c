/*
 * known_rules.h - what a gate knows of the routing rules and switch keys (topo/routing.h).
 *
 *   known_rules_list()     all of /routing/, as of one revision
 *   known_rules_follow()   what has changed since, from a watch: in order, each change once
 *   known_rules_post()     a switch key that vtctld has posted, which the watch may not have brought yet
 *
 * What came by list and watch is of one revision, and whole: the base. A post is kept beside it until the
 * base has caught up, and holds only if it is newer than the base and speaks of no rules that the base has
 * not:
 *
 *   posted revision      its version of the rules
 *   <= base's            any                          the base has that key, or a newer one, or it is gone
 *   since >  base's            <= base's                    used
 *   >  base's            >  base's                    not yet, until the base has those
 *
 * A release is posted before it is written: the switch key is open, and has the revision at which it said
 * SWITCHED. It is used in the place of that one, whether base or post, until there is a newer one:
 *
 *   57  switched, posted or read     reads go to the new side, writes wait
 *   57  open, posted                 writes go there
 *       a list of 60: 57, switched   the same: it has not been written yet
 *   63  open, by the watch           the post is dropped
 *
 * Invariants
 *   (1) What is used of a workflow, its switch key and its rules, is as it was at one revision: the
 *       base's, or a newer one at which its rules were still the base's (routing.h (2)).
 *   (2) Of each switch key the revision that is used only grows, and of one revision SWITCHED is followed by
 *       OPEN alone. The base's revision only grows; a list that was overtaken by the watch is dropped.
 *   (3) A rule has its switch key (routing.h (3)); a list in which one has not is an error, and changes
 *       nothing.
 */
#ifndef GATE_KNOWN_RULES_H
#define GATE_KNOWN_RULES_H

#include "gate/rule_set.h"

struct known_switch {
	struct switch_record record;
	int64_t revision; /* of its last change */
};

struct known_rules {
	int64_t revision;       /* of the base; 0: nothing was read yet */
	int64_t version;        /* of the base's rules */
	struct map items;       /* of the base: by key, to struct item */
	struct map posts;       /* by workflow, to struct item */
	struct rule_set *rules; /* of the base; one reference */
};

void known_rules_init(struct known_rules *k);
void known_rules_done(struct known_rules *k);
int known_rules_list(struct known_rules *k, const struct topo_list *l, struct err *err) MUST_USE;
/* e is not compacted. */
int known_rules_follow(struct known_rules *k, const struct topo_events *e, struct err *err) MUST_USE;
/* False: it is no news. */
bool known_rules_post(struct known_rules *k, const struct switch_record *sw, int64_t revision);
/* All switch keys that are to be used, in the order of their workflows; in the arena, strings too. */
struct known_switch *known_rules_switches(
    const struct known_rules *k, struct arena *a, size_t *count);

#endif
