/*
 * routes.h - routes for tests: keyspaces customer (db1:3306) and new_customer (db2:3306), and rules
 * for users.
 */
#ifndef TESTS_UNIT_GATE_ROUTES_H
#define TESTS_UNIT_GATE_ROUTES_H

#include "gate/route.h"

struct test_rule {
	const char *to; /* keyspace */
	enum rule_phase phase;
	int attempt;
	usec reader_wait, grace;
	enum on_grace on_grace;
	const char *workflow; /* NULL: new_customer/users */
	const char *to_table; /* what new_customer calls it; NULL: users */
	bool routines;        /* rules for bound(), and for free(), which stands at both sides */
};

/* Both names of users go to keyspace to; version 0: no rules at all. */
struct route *route_of(int64_t version, const char *to, enum rule_phase phase);
struct route *route_with(int64_t version, const struct test_rule *rule);

#endif
