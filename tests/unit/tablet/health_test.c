/* A tablet's record and health in the topology. */
#include "tablet/health.h"

#include "fake/fakemysql.h"
#include "task/sim.h"
#include "test.h"
#include "topo/record.h"

static struct topo *topo;
static struct err err;
static struct arena arena;

static void
in_sim(task_fn *fn)
{
	struct task *t;

	sim_start(test_seed());
	expect_ok(topo_memory_open(&topo, &err), &err);
	t = task_spawn("test", fn, NULL);
	expect(t != NULL);
	task_detach(t);
	sim_run_until(1000 * SECOND);
	topo_close(topo);
	sim_stop();
	arena_done(&arena);
}

/* ---- A keyspace has one primary */

static struct tablet_record
tablet(const char *alias, int uid, const char *server)
{
	return (struct tablet_record){ .alias = alias,
		.cell = "zone1",
		.uid = uid,
		.keyspace = "customer",
		.shard = "0",
		.type = TABLET_PRIMARY,
		.server = server,
		.http = "127.0.0.1:1" };
}

static int
enter(struct topo *where, struct tablet_record record)
{
	struct tablet_env env = { .alias = record.alias, .server = record.server };
	struct health h = { .env = &env, .topo = where, .healthy = true };
	struct ctx cx = { .deadline = task_now() + 10 * SECOND, .err = &err, .arena = &arena };
	int rc = health_register(&cx, &h, &record);

	health_done(&h);
	return rc;
}

/* "zone1-100 at a:1", of all records. */
static const char *
entered(void)
{
	struct ctx cx = { .deadline = NEVER, .err = &err, .arena = &arena };
	struct topo_list all;
	struct buf text = BUF_INIT;

	expect_ok(topo_list(&cx, topo, "/tablets/", &all), &err);
	for (size_t i = 0; i < all.count; i++) {
		struct tablet_record r;

		expect_ok(tablet_read(&arena, all.items[i].value, &r, &err), &err);
		buf_addf(&text, "%s%s at %s", i > 0 ? ", " : "", r.alias, r.server);
	}
	const char *copy = arena_slice_str(&arena, buf_slice(&text));
	buf_done(&text);
	return copy;
}

static void
second_primary(void *arg)
{
	struct tablet_record replica = tablet("zone1-60", 60, "c:3");
	struct tablet_record other = tablet("zone1-70", 70, "d:4");

	expect_ok(enter(topo, tablet("zone1-100", 100, "a:1")), &err);
	expect_eq(enter(topo, tablet("zone1-50", 50, "b:2")), -1);
	expect_eq(err.kind, ERR_REFUSED);
	expect_str(err.text,
	    "keyspace 'customer' has a primary already: tablet 'zone1-100' at 'a:1'; to "
	    "take its place stop it and start this one with --cell zone1 --uid 100");
	expect_str(entered(), "zone1-100 at a:1");
	replica.type = TABLET_REPLICA;
	other.keyspace = "new_customer";
	expect_ok(enter(topo, replica), &err);
	expect_ok(enter(topo, other), &err);
	expect_str(entered(), "zone1-100 at a:1, zone1-60 at c:3, zone1-70 at d:4");
}

TEST(a_second_primary_is_refused_by_name)
{
	in_sim(second_primary);
}

static void
comes_back(void *arg)
{
	expect_ok(enter(topo, tablet("zone1-100", 100, "a:1")), &err);
	expect_ok(enter(topo, tablet("zone1-100", 100, "a:1")), &err);
	expect_ok(enter(topo, tablet("zone1-100", 100, "b:2")), &err);
	expect_str(entered(), "zone1-100 at b:2");
}

TEST(a_primary_may_come_back_with_another_server)
{
	in_sim(comes_back);
}

/* A topology in which somebody else is faster between what was read and what is written. */
struct racing {
	struct topo base;
	struct tablet_record rival;
	bool raced;
};

static int
racing_get(struct ctx *cx, struct topo *t, const char *key, struct topo_kv *out)
{
	return topo_get(cx, topo, key, out);
}

static int
racing_list(struct ctx *cx, struct topo *t, const char *prefix, struct topo_list *out)
{
	return topo_list(cx, topo, prefix, out);
}

static int
racing_txn(struct ctx *cx, struct topo *t, const struct topo_txn *txn, struct topo_result *out)
{
	struct racing *r = (struct racing *)t;

	if (!r->raced) {
		r->raced = true;
		expect_ok(enter(topo, r->rival), &err);
	}
	return topo_txn(cx, topo, txn, out);
}

static int
racing_grant(struct ctx *cx, struct topo *t, usec ttl, int64_t *lease)
{
	return topo->ops->lease_grant(cx, topo, ttl, lease);
}

static int
racing_renew(struct ctx *cx, struct topo *t, int64_t lease)
{
	return topo->ops->lease_renew(cx, topo, lease);
}

static int
racing_revoke(struct ctx *cx, struct topo *t, int64_t lease)
{
	return topo->ops->lease_revoke(cx, topo, lease);
}

static const struct topo_ops racing_ops = {
	.get = racing_get,
	.list = racing_list,
	.txn = racing_txn,
	.lease_grant = racing_grant,
	.lease_renew = racing_renew,
	.lease_revoke = racing_revoke,
};

static void
two_at_once(void *arg)
{
	struct racing r = { .base = { &racing_ops }, .rival = tablet("zone1-50", 50, "b:2") };

	expect_eq(enter(&r.base, tablet("zone1-100", 100, "a:1")), -1);
	expect_eq(err.kind, ERR_REFUSED);
	expect(strstr(err.text, "tablet 'zone1-50' at 'b:2'") != NULL);
	expect_str(entered(), "zone1-50 at b:2");
}

TEST(of_two_primaries_that_come_at_once_one_is_refused)
{
	in_sim(two_at_once);
}

/* The rival is this tablet's own former program, whose last word came late. */
static void
itself_at_once(void *arg)
{
	struct racing r = { .base = { &racing_ops }, .rival = tablet("zone1-100", 100, "a:1") };

	expect_ok(enter(&r.base, tablet("zone1-100", 100, "b:2")), &err);
	expect_str(entered(), "zone1-100 at b:2");
}

TEST(a_primary_that_comes_twice_at_once_is_entered)
{
	in_sim(itself_at_once);
}

/* ---- What it tells of itself */

static int64_t lag_ms;

static int64_t
lag(const void *arg)
{
	return lag_ms;
}

static void
run_health(void *arg)
{
	struct ctx cx = { .deadline = NEVER, .err = &err };

	expect_eq(health_run(&cx, arg), -1);
	expect_eq(err.kind, ERR_CANCELLED);
}

static struct health_record
told(void)
{
	struct err unused;
	struct ctx cx = { .deadline = NEVER, .err = &unused, .arena = &arena };
	struct topo_kv kv;
	struct health_record r;

	expect_ok(topo_get(&cx, topo, "/health/zone1-100", &kv), &unused);
	expect_ok(health_read(&arena, kv.value, &r, &unused), &unused);
	return r;
}

static void
lag_moves(void *arg)
{
	static const int64_t lags[] = { 0, 40, 1700, -1, 20, 260 };
	static const int64_t seen[] = { 0, 0, 1700, -1, 20, 260 }; /* 40 is shown as 0 */
	static const struct credentials accounts = { .dba = { .user = "dba" } };
	struct tablet_env env = { .alias = "zone1-100", .server = "a:1", .accounts = &accounts };
	struct tablet_record record = tablet("zone1-100", 100, "a:1");
	struct health h = { .env = &env, .topo = topo, .healthy = true, .lag_ms = lag };
	struct ctx cx = { .deadline = NEVER, .err = &err, .arena = &arena };
	struct fake *server = fake_start("a:1");
	struct group life;

	fake_lenient(server);
	expect_ok(health_register(&cx, &h, &record), &err);
	group_init(&life);
	expect_str(told().version, "");
	expect_ok(group_spawn(&life, "health", run_health, &h, &err), &err);
	expect_ok(task_sleep(&cx, SECOND / 2), &err);
	expect(told().version[0] != '\0'); /* although nothing else has changed */
	for (size_t i = 0; i < sizeof(lags) / sizeof(lags[0]); i++) {
		lag_ms = lags[i];
		expect_ok(task_sleep(&cx, 2 * SECOND), &err);
		expect_eq(told().lag_ms, seen[i]);
	}
	group_done(&life);
	health_done(&h);
	fake_stop(server);
}

TEST(the_lag_is_told_as_it_changes)
{
	in_sim(lag_moves);
}
