/*
 * rule_set.h - the rules of one version, read: immutable, shared by all routes that are made of them.
 *
 * Rules change seldom, switch keys in every hold: a route is made anew for each, and its rules are read once.
 * References are counted, since loops of several threads hold routes. Strings live as long as the set.
 */
#ifndef GATE_RULE_SET_H
#define GATE_RULE_SET_H

#include "base/map.h"
#include "topo/routing.h"

#include <stdatomic.h>

struct rule_set {
	_Atomic int refs;
	struct arena arena;
	int64_t version;
	struct rule_record *rules;
	size_t count;
	struct map by_name; /* "keyspace", NUL, "table" to rule_record */
};

/* Of the texts of rule records, with one reference. */
int rule_set_new(const struct slice *texts, size_t count, int64_t version, struct rule_set **out,
    struct err *err) MUST_USE;
struct rule_set *rule_set_ref(struct rule_set *s);
void rule_set_unref(struct rule_set *s); /* NULL is fine */
/* Index of the rule of that name; -1: none. */
int rule_set_find(const struct rule_set *s, struct slice keyspace, struct slice table);

#endif
