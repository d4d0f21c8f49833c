#include "unit/gate/routes.h"

#include "test.h"

static void
fill_tablet(int i, struct buf *out)
{
	struct tablet_record t = { .alias = i == 0 ? "zone1-1" : "zone1-2",
		.cell = "zone1",
		.uid = i + 1,
		.keyspace = i == 0 ? "customer" : "new_customer",
		.shard = "0",
		.server = i == 0 ? "db1:3306" : "db2:3306",
		.http = "" };

	tablet_write(out, &t);
}

static void
put_rules(const char *source, const char *target, bool both, const char *workflow, struct buf *json)
{
	const struct rule_place places[] = { { "customer", source }, { "new_customer", target } };

	for (int i = 0; i < 2; i++) {
		const struct rule_record r = { .name = places[i],
			.places = { places[0], places[1] },
			.workflow = workflow,
			.maker = "",
			.both = both };

		rule_write(&json[i], &r);
	}
}

/* Both names of users, and of two routines. */
static struct rule_set *
rules_of(int64_t version, const struct test_rule *rule, const char *workflow)
{
	enum { RULES = 6 };
	const char *to_table = rule->to_table != NULL ? rule->to_table : "users";
	struct buf json[RULES] = { BUF_INIT, BUF_INIT, BUF_INIT, BUF_INIT, BUF_INIT, BUF_INIT };
	struct slice texts[RULES];
	struct rule_set *set;
	struct err err = { 0 };

	put_rules("users", to_table, false, workflow, &json[0]);
	put_rules("bound()", "bound()", false, workflow, &json[2]);
	put_rules("free()", "free()", true, workflow, &json[4]);
	for (int i = 0; i < RULES; i++)
		texts[i] = buf_slice(&json[i]);
	expect_ok(rule_set_new(texts,
		      version == 0         ? 0
			  : rule->routines ? RULES
					   : 2,
		      version, &set, &err),
	    &err);
	for (int i = 0; i < RULES; i++)
		buf_done(&json[i]);
	return set;
}

struct route *
route_with(int64_t version, const struct test_rule *rule)
{
	const struct slice keyspaces[] = {
		slice_str("{\"name\":\"customer\",\"database\":\"customer\",\"created_us\":0}"),
		slice_str(
		    "{\"name\":\"new_customer\",\"database\":\"new_customer\",\"created_us\":0}"),
	};
	const char *workflow = rule->workflow != NULL ? rule->workflow : "new_customer/users";
	struct buf tablets[2] = { BUF_INIT, BUF_INIT };
	struct slice texts[2];
	const struct known_switch sw = {
		.record = { .workflow = workflow,
		    .serves = strcmp(rule->to, "customer") == 0 ? RULE_SOURCE : RULE_TARGET,
		    .phase = rule->phase,
		    .number = rule->attempt,
		    .reader_wait = rule->reader_wait,
		    .grace = rule->grace,
		    .on_grace = rule->on_grace,
		    .version = version },
		.revision = version,
	};
	struct route_source from = { .keyspaces = keyspaces,
		.keyspaces_count = 2,
		.tablets = texts,
		.tablets_count = 2,
		.rules = rules_of(version, rule, workflow),
		.switches = &sw,
		.switches_count = version == 0 ? 0 : 1,
		.stamp = { .number = (uint64_t)version, .epoch = 1 } };
	struct route *route;
	struct err err = { 0 };

	for (int i = 0; i < 2; i++) {
		fill_tablet(i, &tablets[i]);
		texts[i] = buf_slice(&tablets[i]);
	}
	expect_ok(route_new(&from, &route, &err), &err);
	rule_set_unref(from.rules);
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
