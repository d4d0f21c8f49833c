/* Servers that cannot take part in a move, by their greeting alone. */
#include "tablet/preflight.h"

#include "fake/fakemysql.h"
#include "task/sim.h"
#include "test.h"

static struct fake *server;
static struct err err;

typedef int check_fn(struct ctx *cx, const struct tablet_env *env, const struct move_request *q);

static int
check_from(struct ctx *cx, const struct tablet_env *env, const struct move_request *q)
{
	struct check_from_request request = { .move = *q };
	struct check_from_reply reply;

	return preflight_from(cx, env, &request, &reply);
}

static int
check_to(struct ctx *cx, const struct tablet_env *env, const struct move_request *q)
{
	struct check_to_request request = { .move = *q };
	struct check_to_reply reply;

	return preflight_to(cx, env, &request, &reply);
}

/* Nothing was said to it: so nothing was changed. */
static void
refused(check_fn *fn, const char *version, const char *words, const char *hint)
{
	static const struct credentials accounts = { .dba = { .user = "dba" } };
	struct moved_names table = { "t", "t" };
	struct tablet_env env = { .server = "db:1", .accounts = &accounts };
	struct move_request q = { .workflow = "w", .tables = &table, .tables_count = 1 };
	struct ctx cx = { .deadline = task_now() + 60 * SECOND, .err = &err };

	err_clear(&err);
	fake_version(server, version);
	expect_eq(fn(&cx, &env, &q), -1);
	expect_eq(err.kind, ERR_REFUSED);
	expect(strstr(err.text, words) != NULL);
	expect(strstr(err.text, "'db:1'") != NULL);
	expect_str(err.hint, hint);
	expect_eq(fake_count(server, "*"), 0);
}

static void
either_side(void *arg)
{
	static check_fn *const sides[] = { check_from, check_to };

	server = fake_start("db:1");
	for (int i = 0; i < 2; i++) {
		refused(sides[i], "8.0.36", "'8.0.36' is older than MySQL 8.4",
		    "use MySQL 8.4 or newer");
		refused(sides[i], "5.5.5-10.6.18-MariaDB",
		    "'10.6.18-MariaDB' is older than MariaDB 10.11", "use MariaDB 10.11 or newer");
	}
	fake_stop(server);
}

TEST(an_old_server_is_refused_at_either_end)
{
	struct task *t;

	sim_start(test_seed());
	t = task_spawn("test", either_side, NULL);
	expect(t != NULL);
	task_detach(t);
	sim_run_until(100 * SECOND);
	sim_stop();
}
