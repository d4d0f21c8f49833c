#include "gate/registration.h"
#include "gate/source.h"

#include "task/sim.h"
#include "test.h"

/* Two programs on one store: a's and b's handles on it. */
struct store {
	struct topo *a, *b;
	void (*scenario)(struct ctx *cx, struct store *s);
	bool ended;
};

static const usec TTL = 3 * SECOND;

static const struct gate_record GATE_A = { .id = "gate",
	.http = "127.0.0.1:1",
	.mysql = "127.0.0.1:2" },
				GATE_B = {
					.id = "gate", .http = "127.0.0.1:3", .mysql = "127.0.0.1:4"
				};

static void
run(void *arg)
{
	struct store *s = arg;
	struct err err = { 0 };
	SCOPED(arena)
	struct arena arena = ARENA_INIT;
	struct ctx cx = { .deadline = NEVER, .err = &err, .arena = &arena };

	expect_ok(topo_memory_open(&s->a, &err), &err);
	expect_ok(topo_memory_share(s->a, &s->b, &err), &err);
	s->scenario(&cx, s);
	topo_close(s->b);
	topo_close(s->a);
	s->ended = true;
}

static void
in_world(void (*scenario)(struct ctx *cx, struct store *s))
{
	struct store s = { .scenario = scenario };

	sim_start(test_seed());
	task_detach(task_spawn("scenario", run, &s));
	sim_run();
	sim_stop();
	expect(s.ended);
}

static struct topo_lease *
lease_of(struct ctx *cx, struct topo *t)
{
	struct topo_lease *l = NULL;

	expect_ok(topo_lease_start(cx, t, TTL, &l), cx->err);
	return l;
}

static void
expect_registered(struct ctx *cx, struct topo *t, const struct gate_record *want)
{
	struct topo_kv kv;
	struct gate_record found;

	expect_ok(topo_get(cx, t, "/gates/gate", &kv), cx->err);
	expect_ok(gate_read(cx->arena, kv.value, &found, cx->err), cx->err);
	expect_str(found.http, want->http);
	expect_eq(kv.lease, found.lease);
}

/* Written over, it would not be found any more, and when the second gate ends there would be no record. */
static void
refuse_second(struct ctx *cx, struct store *s)
{
	struct topo_lease *first = lease_of(cx, s->a), *second = lease_of(cx, s->b);
	usec begun = task_now();

	expect_ok(registration_start(cx, s->a, first, &GATE_A), cx->err);
	expect_eq(registration_start(cx, s->b, second, &GATE_B), -1);
	expect_eq(cx->err->kind, ERR_CONFLICT);
	expect_str(cx->err->text,
	    "another gate is registered as 'gate' (it serves clients at "
	    "127.0.0.1:2): choose another --id");
	expect(task_now() - begun > TTL);
	topo_lease_stop(second);
	expect_registered(cx, s->a, &GATE_A);
	topo_lease_stop(first);
}

TEST(registration_of_a_living_gate_is_not_written_over)
{
	in_world(refuse_second);
}

static void
wait_for_dead(struct ctx *cx, struct store *s)
{
	struct gate_record dead = GATE_A;
	struct topo_lease *l;

	expect_ok(s->a->ops->lease_grant(cx, s->a, TTL, &dead.lease), cx->err);
	expect_ok(registration_put(cx, s->a, &dead), cx->err);
	l = lease_of(cx, s->b); /* nobody renews the other */
	expect_ok(registration_start(cx, s->b, l, &GATE_B), cx->err);
	expect_registered(cx, s->b, &GATE_B);
	topo_lease_stop(l);
}

TEST(registration_waits_out_the_lease_of_a_gate_that_is_gone)
{
	in_world(wait_for_dead);
}

static void
start_again(struct ctx *cx, struct store *s)
{
	struct gate_record dead = GATE_A;
	struct topo_lease *l = lease_of(cx, s->b);
	usec begun = task_now();

	expect_ok(s->a->ops->lease_grant(cx, s->a, TTL, &dead.lease), cx->err);
	expect_ok(registration_put(cx, s->a, &dead), cx->err);
	expect_ok(registration_start(cx, s->b, l, &GATE_A), cx->err);
	expect(task_now() - begun < 100 * MSEC);
	expect_ok(task_sleep(cx, 2 * TTL), cx->err); /* the dead one's lease ends: not our key */
	expect_registered(cx, s->b, &GATE_A);
	topo_lease_stop(l);
}

TEST(registration_of_a_gate_started_again_at_its_port_is_taken_over_at_once)
{
	in_world(start_again);
}

TEST(registration_default_id_is_a_name_with_the_port)
{
	char id[REGISTRATION_ID_MAX];
	struct err err = { 0 };

	registration_default_id(id, "[::1]:65535");
	expect_ok(name_check("id", id, &err), &err);
	expect_str(id + strlen(id) - 6, "-65535");
}

/* ---- what tablets tell ---- */

static void
put_version(struct ctx *cx, struct topo *t, const char *key, const char *version)
{
	SCOPED(buf)
	struct buf json = BUF_INIT;

	health_write(
	    &json, &(struct health_record){ .state = "", .reason = "", .version = version });
	expect_ok(topo_set(cx, t, key, buf_slice(&json), 0), cx->err);
}

static void
versions(struct ctx *cx, struct store *s)
{
	static const char *const told[] = { "", "10.11.14-MariaDB", "10.11.6-MariaDB-log",
		"11.4.2-MariaDB" };
	struct source source = { .revision = 0 };
	struct known_rules rules;

	arena_init(&source.arena);
	known_rules_init(&rules);
	expect_ok(source_renew(cx, s->a, &source, &rules), cx->err);
	expect_str(source.version, "");
	for (size_t i = 0; i < sizeof told / sizeof told[0]; i++)
		put_version(cx, s->a, arena_printf(cx->arena, "/health/zone1-%zu", i), told[i]);
	expect(source_is_old(cx, &source, s->a, SOURCE_HEALTH));
	expect(source_is_old(cx, &source, s->a, "/tablets/"));
	expect_ok(source_renew(cx, s->a, &source, &rules), cx->err);
	expect_str(source.version, "10.11.6-MariaDB-log");
	expect(!source_is_old(cx, &source, s->a, SOURCE_HEALTH));
	for (size_t i = 0; i < sizeof told / sizeof told[0]; i++)
		put_version(cx, s->a, arena_printf(cx->arena, "/health/zone1-%zu", i), "");
	expect_ok(source_renew(cx, s->a, &source, &rules), cx->err); /* nobody tells: as it was */
	expect_str(source.version, "10.11.6-MariaDB-log");
	source_done(&source);
	known_rules_done(&rules);
}

TEST(clients_are_greeted_with_the_oldest_servers_version)
{
	in_world(versions);
}
