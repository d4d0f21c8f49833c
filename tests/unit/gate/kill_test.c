/*
 * kill_test.c - KILL of a gate's clients, wherever their statements are.
 */
#include "test.h"
#include "unit/gate/world.h"

enum { UNKNOWN = 1094, NOT_READ = 1235, INTERRUPTED = 1317, KILLED = 1927, NO_QUERY = 1957 };

static void
held_story(struct ctx *cx, struct world *w)
{
	struct mysql_client *a = world_client(cx, "customer"), *b = world_client(cx, "customer"),
			    *killer = world_client(cx, "customer");
	struct background one, other;

	world_rules(w, 1, "customer", RULE_HOLD);
	world_start(w, &one, a, "update users set a=1");
	world_start(w, &other, b, "update users set a=2");
	world_pause(cx, SECOND);
	expect_eq(world_do(cx, killer, "kill query 1"), 0);
	world_pause(cx, SECOND);
	expect(one.done && one.rc == INTERRUPTED && !other.done);
	expect_eq(world_do(cx, a, "do 0"), 0);
	expect_eq(world_do(cx, killer, "kill 2"), 0);
	world_pause(cx, SECOND);
	expect(other.done && other.rc == KILLED);
	world_rules(w, 2, "customer", RULE_OPEN);
	expect_eq(world_do(cx, a, "do 1"), 0);
	world_expect(w, "db1: do 0\ndb1: do 1\n"); /* nothing of what was killed */
	mysql_close(a);
	mysql_close(b);
	mysql_close(killer);
}

TEST(what_waits_at_the_gate_is_killed_there)
{
	world_run(held_story);
}

/* The KILL arrives late: by then the number must not be another statement's. */
static void
late_story(struct ctx *cx, struct world *w)
{
	struct mysql_client *a = world_client(cx, "customer"),
			    *killer = world_client(cx, "customer");
	struct background slow, next;

	w->slow = SECOND;
	w->slow_kill = 3 * SECOND;
	world_start(w, &slow, a, "insert into slow values (1)");
	world_pause(cx, SECOND / 2);
	expect_eq(world_do(cx, killer, "kill soft query 1"), 0);
	world_pause(cx, SECOND);
	expect(slow.done && slow.rc == 0);
	world_start(w, &next, a, "insert into t values (2)");
	world_pause(cx, SECOND);
	expect(!next.done && strstr(w->said.data, "values (2)") == NULL);
	world_pause(cx, 3 * SECOND);
	expect(next.done && next.rc == 0);
	expect(strstr(w->said.data, "db1: KILL SOFT QUERY ") != NULL);
	mysql_close(a);
	mysql_close(killer);
}

TEST(a_backend_is_kept_until_its_kill_has_been_answered)
{
	world_run(late_story);
}

static void
idle_story(struct ctx *cx, struct world *w)
{
	struct mysql_client *a = world_client(cx, "customer"),
			    *killer = world_client(cx, "customer");

	expect_eq(world_do(cx, a, "begin"), 0);
	expect_eq(world_do(cx, killer, "kill query 1"), 0);
	expect_eq(world_do(cx, a, "insert into t values (1)"), 0);
	expect_eq(world_do(cx, killer, "kill 77"), UNKNOWN);
	expect_eq(world_do(cx, killer, "kill query (select 1)"), NOT_READ);
	expect_eq(world_do(cx, killer, "kill query id 1"), NO_QUERY);
	expect_eq(world_do(cx, killer, "kill query connection_id()"), INTERRUPTED);
	world_expect(w, "db1: begin\ndb1: insert into t values (1)\n");
	expect_eq(world_do(cx, killer, "kill connection 1"), 0);
	world_pause(cx, SECOND);
	expect_eq(w->gate_loop.sessions.count, 1);
	expect_eq(w->gate_loop.pool.count, 0); /* what was open ended with its connection */
	expect_eq(world_do(cx, killer, "kill user current_user()"), KILLED);
	mysql_close(a);
	mysql_close(killer);
}

TEST(idle_clients_are_killed_here)
{
	world_run(idle_story);
}
