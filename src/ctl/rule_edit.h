/*
 * rule_edit.h - a change of routing rules, as one transaction.
 *
 *   rule_edit_load()        reads all of /routing/
 *   rule_edit_...           changes rules, and who governs them, in what was read
 *   rule_edit_txn()         what that is as a transaction: it compares all that it writes, and the version
 *
 * It keeps the invariants (1) to (3) of topo/routing.h: the version goes up by one, and every switch key that
 * a rule was given to, taken from, or changed under is written with it, made with its first rule and
 * deleted with its last. A transaction takes so many operations; who has more to change begins anew
 * with what is left, until there is nothing more. Most of a set's rules have one switch key, so that it is a
 * hundred rules at once: the two thousand of a thousand tables are twenty transactions.
 *
 * What is read lives in the ctx's arena, and what is put in is borrowed until the transaction is done.
 */
#ifndef CTL_RULE_EDIT_H
#define CTL_RULE_EDIT_H

#include "ctl/cluster.h"
#include "topo/name_index.h"
#include "topo/routing.h"
#include "topo/workflow_store.h"

enum {
	/* The workflow's record comes with them. */
	RULE_EDIT_OPS_MAX = (int)TOPO_OPS_MAX - (int)WORKFLOW_OPS_MAX,
	RULE_EDIT_OPS_OF_ONE = 3, /* of a rule, which may bring two switch keys */
};

enum rule_edited { RULE_SAME, RULE_PUT, RULE_GONE };

struct rule_edit {
	struct arena *arena;
	struct routing r; /* with room for as many rules and switches more as a transaction takes */
	struct name_index names;  /* of the rules that were read */
	enum rule_edited *edited; /* as r.rules */
	bool *touched;            /* as r.switches */
	size_t read_count;        /* of r.rules; behind them those that were added */
	size_t count;             /* rules that are edited */
	size_t needed;            /* operations: they, their switch keys, and the version */
	struct topo_compare compares[RULE_EDIT_OPS_MAX];
	struct topo_op ops[RULE_EDIT_OPS_MAX];
};

int rule_edit_load(struct ctx *cx, struct ctl *c, struct rule_edit *e) MUST_USE;
bool rule_edit_full(const struct rule_edit *e);
/* NULL for a rule that nobody governs. */
const struct switch_record *rule_edit_governor(
    const struct rule_edit *e, const struct rule_record *r);
/* Where it is served. */
const struct rule_place *rule_edit_place(const struct rule_edit *e, const struct rule_record *r);
/* The workflow's switch key, to be changed. One that is not there is made, and serves that side. */
struct switch_record *rule_edit_switch(
    struct rule_edit *e, const char *workflow, enum rule_side serves);
/* NULL: there is no such name. */
struct rule_record *rule_edit_find(const struct rule_edit *e, const struct rule_place *name);
/* Rule i becomes that one; or is added. */
void rule_edit_put(struct rule_edit *e, struct rule_record *old, const struct rule_record *now);
void rule_edit_remove(struct rule_edit *e, struct rule_record *r);
/* It stays where it is served, and nobody governs it any more. */
void rule_edit_settle(struct rule_edit *e, struct rule_record *r);
/* ops_count 0: nothing was changed. */
struct topo_txn rule_edit_txn(struct rule_edit *e);

#endif
