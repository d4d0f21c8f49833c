#include "unit/gate/routes.h"

#include "test.h"

struct route *
route_with(int64_t version, const struct test_rule *rule)
{
	const struct slice keyspaces[] = {
		slice_str("{\"name\":\"customer\",\"database\":\"customer\",\"created_us\":0}"),
		slice_str(
		    "{\"name\":\"new_customer\",\"database\":\"new_customer\",\"created_us\":0}"),
	};
	const char *to_table = rule->to_table != NULL ? rule->to_table : "users";
	struct buf tablets[2] = { BUF_INIT, BUF_INIT };
	SCOPED(buf)
	struct buf json = BUF_INIT;
	struct slice texts[2];
	struct routing_rule rules[2];
	struct rules_record record = {
		.version = version, .rules = rules, .count = version == 0 ? 0 : 2
	};
	struct route_source from = { .keyspaces = keyspaces,
		.keyspaces_count = 2,
		.tablets = texts,
		.tablets_count = 2,
		.epoch = 1 };
	struct route *route;
	struct err err = { 0 };

	for (int i = 0; i < 2; i++) {
		struct tablet_record t = { .alias = i == 0 ? "zone1-1" : "zone1-2",
			.cell = "zone1",
			.uid = i + 1,
			.keyspace = i == 0 ? "customer" : "new_customer",
			.shard = "0",
			.server = i == 0 ? "db1:3306" : "db2:3306",
			.http = "" };

		tablet_write(&tablets[i], &t);
		texts[i] = buf_slice(&tablets[i]);
		rules[i] = (struct routing_rule){ .from_keyspace = t.keyspace,
			.from_table = i == 1 ? to_table : "users",
			.to_keyspace = rule->to,
			.to_table = strcmp(rule->to, "customer") == 0 ? "users" : to_table,
			.phase = rule->phase,
			.workflow = rule->workflow != NULL ? rule->workflow : "new_customer/users",
			.attempt = rule->attempt,
			.reader_wait = rule->reader_wait,
			.grace = rule->grace,
			.on_grace = rule->on_grace };
	}
	rules_write(&json, &record);
	from.rules = buf_slice(&json);
	expect_ok(route_new(&from, &route, &err), &err);
	buf_done(&tablets[0]);
	buf_done(&tablets[1]);
	return route;
}

struct route *
route_of(int64_t version, const char *to, enum rule_phase phase)
{
	struct test_rule rule = {
		.to = to, .phase = phase, .attempt = 1, .reader_wait = SECOND, .grace = 10 * SECOND
	};

	return route_with(version, &rule);
}
