/*
 * routing.h - where tables are served: a record for each name, and a switch key for each workflow.
 *
 *   /routing/version                     struct version_record: how often the rules have changed
 *   /routing/rules/<keyspace>/<table>    struct rule_record: the two places that a name may be served at
 *   /routing/switches/<workflow>         struct switch_record: at which of the two, and what waits
 *
 * A rule is a name's, and changes seldom: when a move is made, cancelled or taken over by the next one. It
 * says which workflow governs it, and both places. The workflow's switch key says which of the two serves,
 * and has all that is phase: hold, commit and release are one compare-and-swap of this one key, whatever
 * number of tables it moves. A rule without a workflow is served at its first place.
 *
 *      rule customer.users       source customer.users, target new_customer.users  \  governed by
 *      rule new_customer.users   source customer.users, target new_customer.users  /  new_customer/users
 *
 *      switch new_customer/users   source, open                                     both are customer.users
 *                                  source, hold 3  -> target, switched 3 -> target, open
 *
 * Invariants
 *   (1)  Whatever changes a rule compares and raises /routing/version: rules change one transaction after
 *        the other. Swapping a switch key does not: workflows do not meet there.
 *   (2)  A switch key's member version is that of the rules when a rule of its workflow was last given to
 *        it, taken from it or changed: such a transaction writes that switch key as well.
 *   (3)  A rule's workflow has a switch key: it is made with the workflow's first rule, or before, and goes
 *        with the last one, or later.
 *   (4)  While a switch key is held (HOLD, SWITCHED, NAMING) no other workflow takes a rule of it.
 *
 * What a reader may believe. A list of /routing/ is of one revision, and so whole. A switch key that comes
 * from elsewhere, newer than that list (vtctld posts it, so that a hold need not wait for a watch), may be
 * used with the list's rules when the list's version is not below the switch key's member version: by (2)
 * no rule of that workflow has changed between the two. Else the list is older than a rule that the switch
 * key speaks of, and is read again first. So by (3) nobody ever has a rule without its switch key.
 *
 *   revision  writes                                   a gate that was posted each of the three
 *     40      rules of users (version 7), switch open  list of 40: version 7
 *     52      switch: hold 1, version 7                7 >= 7: held at once, by the list of 40
 *     55      a rule of orders (version 8), its switch (no business of users)
 *     57      switch: switched 1, version 7            7 >= 7: switched, whether it has read 55 or not
 *     90      another move takes the rules of users:   its switch has version 9: 9 > 8, or 7; the gate
 *     reads the
 *             version 9, both switch keys              list first, and only then goes by that switch
 *
 * Until version 0.2 all of it was one record, /routing_rules; routing_upgrade.h reads that.
 */
#ifndef TOPO_ROUTING_H
#define TOPO_ROUTING_H

#include "topo/record.h"
#include "topo/topo.h"

#define ROUTING_PREFIX      "/routing/"
#define ROUTING_VERSION_KEY "/routing/version"

struct rule_place {
	const char *keyspace, *table;
};

enum rule_side { RULE_SOURCE, RULE_TARGET };

struct rule_record {
	struct rule_place name;
	struct rule_place places[2]; /* by enum rule_side, of its workflow's */
	const char *workflow;        /* that governs it; "": nobody, the first place serves */
	const char *maker;           /* struct routing_rule's; rule_maker() */
	bool both;                   /* struct routing_rule's */
};

struct switch_record {
	const char *workflow; /* "new_customer/users" */
	enum rule_side serves;
	enum rule_phase phase;
	/* HOLD, SWITCHED: the attempt. PAUSE, NAMING: one that each has for itself */
	int64_t number;
	usec reader_wait, grace;
	enum on_grace on_grace;
	/* It has switched: clients find the tables by its rules, which are nobody's to remove. */
	bool committed;
	int64_t version; /* (2) */
};

/* A list of /routing/, read. */
struct routing {
	int64_t revision; /* of the topology; newer than all that is in it */
	int64_t version;
	int64_t version_modified; /* of the key; 0: none yet */
	struct rule_record *rules;
	int64_t *rules_modified;
	size_t rules_count;
	struct switch_record *switches; /* in the order of their workflows */
	int64_t *switches_modified;
	size_t switches_count;
	/* What it comes to: one rule for each of rules, in the same order. */
	struct rules_record view;
};

/* Keys, in the arena; workflow is escaped already, as "new_customer/users" (name_pair()). */
const char *rule_key(struct arena *a, const char *keyspace, const char *table);
const char *switch_key(struct arena *a, const char *workflow);

void rule_write(struct buf *out, const struct rule_record *r);
int rule_read(struct arena *a, struct slice json, struct rule_record *out, struct err *err) MUST_USE;
void switch_write(struct buf *out, const struct switch_record *r);
int switch_read(
    struct arena *a, struct slice json, struct switch_record *out, struct err *err) MUST_USE;
void routing_version_write(struct buf *out, int64_t version);
int routing_version_read(struct arena *a, struct slice json, int64_t *out, struct err *err) MUST_USE;

/* Reads what topo_list() has found under /routing/, into the arena; the list's own memory is not kept.
 * Members that a newer program has put there are passed over. ERR_CORRUPT where (3) does not hold, or a
 * record is wrong: then no rule is to be believed, and the caller stays with those that it has. */
int routing_read(
    struct arena *a, const struct topo_list *l, struct routing *out, struct err *err) MUST_USE;
/* The same of the topology now, in cx->arena; waits. */
int routing_load(struct ctx *cx, struct topo *t, struct routing *out) MUST_USE;
/* By the workflow's id. NULL: there is none. Points into r. */
const struct switch_record *routing_switch(const struct routing *r, const char *workflow);

/*
 * What vtctld posts to a gate: what it is to have, and to acknowledge with a struct ack_record. Without
 * a switch that is rules of this version, or newer ones; with one it is that switch key, as it
 * became with that revision, or a newer one, when its phase is drained.
 */
struct rules_post {
	int64_t version;
	bool has_switch;
	struct switch_record sw;
	int64_t revision;
};
void rules_post_write(struct buf *out, const struct rules_post *p);
int rules_post_read(
    struct arena *a, struct slice json, struct rules_post *out, struct err *err) MUST_USE;

/* What rule and its workflow's switch come to; sw is NULL for a rule without a workflow. */
struct routing_rule rule_view(const struct rule_record *r, const struct switch_record *sw);
/* Who may remove it; "": nobody, since a move that has switched governs it. */
const char *rule_maker(const struct rule_record *r, const struct switch_record *sw);

#endif
