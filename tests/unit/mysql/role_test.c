#include "mysql/role.h"

#include "fake/fakemysql.h"
#include "mysql/client.h"
#include "mysql/flavour.h"
#include "task/sim.h"
#include "test.h"

#include <string.h>

static const enum mysql_role ours[] = { ROLE_DBA, ROLE_DDL, ROLE_WRITER, ROLE_READER, ROLE_STREAM,
	ROLE_PROBE };

/* What a server of that version is told, in order. */
static void
tables_of(const char *version, const struct role_setting *out[ROLE_TABLES])
{
	const struct dialect *d = NULL;
	struct err err = { 0 };

	expect_ok(flavour_find(version, &d, &err), &err);
	role_tables(d->settings, out);
}

static size_t
count(struct slice text, const char *what)
{
	size_t n = 0;

	for (const char *at = (const char *)text.ptr; (at = strstr(at, what)) != NULL; at++)
		n++;
	return n;
}

/* ", a=1, b=2" */
static void
put_stated(struct buf *all, const struct role_setting *at, enum mysql_role role)
{
	SCOPED(buf) struct buf sql = BUF_INIT;

	while (role_next(&at, role, &sql)) {
		expect(slice_starts(buf_slice(&sql), "SET "));
		expect(sql.len <= ROLE_SQL_MAX);
		buf_add_str(all, ", ");
		buf_add_slice(all, slice_cut(buf_slice(&sql), 4, SIZE_MAX));
	}
}

/* How many the role has of the table; of all of its names, each is there once at most. */
static size_t
expect_each_once(struct slice all, const struct role_setting *s, enum mysql_role role)
{
	size_t expected = 0;

	for (; s->name != NULL; s++) {
		SCOPED(buf) struct buf text = BUF_INIT;
		bool has = (s->roles & ROLE_BIT(role)) != 0;

		buf_addf(&text, ", %s=", s->name);
		expect(count(all, text.data) <= 1);
		buf_addf(&text, "%s", s->value);
		expect(!has || count(all, text.data) == 1);
		expected += has;
	}
	expect(expected > 0);
	return expected;
}

TEST(role_states_each_setting_once)
{
	static const char *const versions[] = { "10.11.19-MariaDB", "11.8.9-MariaDB", "8.4.0",
		"9.7.4" };
	const struct role_setting *tables[ROLE_TABLES];

	for (size_t v = 0; v < sizeof(versions) / sizeof(versions[0]); v++)
		for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
			SCOPED(buf) struct buf all = BUF_INIT;
			size_t expected = 0;

			tables_of(versions[v], tables);
			for (int t = 0; t < ROLE_TABLES; t++)
				put_stated(&all, tables[t], ours[i]);
			for (int t = 0; t < ROLE_TABLES; t++)
				expected += expect_each_once(buf_slice(&all), tables[t], ours[i]);
			expect(slice_starts(buf_slice(&all), ", character_set_client="));
			expect_eq(count(buf_slice(&all), ", "), expected);
		}
}

TEST(role_of_a_client_states_nothing)
{
	const struct role_setting *tables[ROLE_TABLES];
	SCOPED(buf) struct buf sql = BUF_INIT;

	tables_of("10.11.19-MariaDB", tables);
	for (int t = 0; t < ROLE_TABLES; t++)
		expect(!role_next(&tables[t], ROLE_CLIENT, &sql));
}

/* A long table is cut between two settings, never inside one. */
TEST(role_cuts_long_tables)
{
	static char value[ROLE_SQL_MAX / 2];
	struct role_setting rows[] = { { ROLE_BIT(ROLE_DBA), "a", value },
		{ ROLE_BIT(ROLE_DBA), "b", value }, { ROLE_BIT(ROLE_WRITER), "c", "1" },
		{ ROLE_BIT(ROLE_DBA), "d", "1" }, { 0 } };
	const struct role_setting *at = rows;
	SCOPED(buf) struct buf sql = BUF_INIT;

	memset(value, 'x', sizeof(value) - 1);
	expect(role_next(&at, ROLE_DBA, &sql));
	expect(slice_starts(buf_slice(&sql), "SET a=x"));
	expect_eq(sql.len, sizeof(value) - 1 + 6);
	expect(role_next(&at, ROLE_DBA, &sql));
	expect(slice_starts(buf_slice(&sql), "SET b=x"));
	expect_eq(sql.len, sizeof(value) - 1 + 6 + 5);
	expect(!role_next(&at, ROLE_DBA, &sql));
}

/* ---- A session's beginning, with a scripted server */

static struct err err;

static int
connect_in(enum mysql_role role)
{
	struct ctx cx = { .deadline = task_now() + 60 * SECOND, .err = &err };
	struct mysql_params params = { .address = "db:3306", .user = "vt_stream", .role = role };
	struct mysql_client *c = NULL;
	int rc = mysql_connect(&cx, &params, &c);

	mysql_close(c);
	return rc;
}

static void
beginnings(void *arg)
{
	struct fake *fake = fake_start("db:3306");
	struct fake_rule *reset, *set;

	expect_ok(connect_in(ROLE_CLIENT), &err);
	expect_eq(fake_unexpected(fake), 0);
	reset = fake_times(fake_on(fake, "@Reset connection"), 2);
	set = fake_times(fake_on(fake, "SET *sql_select_limit=18446744073709551615*"), 1);
	fake_error(
	    fake_times(fake_on(fake, "SET *"), 1), 1193, "HY000", "Unknown system variable 'x'");
	fake_on(fake, "SET *");
	expect(connect_in(ROLE_READER) != 0);
	expect_eq(err.kind, ERR_SERVER);
	expect(strstr(err.text, "beginning a session of 'vt_stream' at 'db:3306': ") != NULL);
	expect_ok(connect_in(ROLE_READER), &err);
	fake_error(fake_on(fake, "@Reset connection"), 1184, "08S01",
	    "Aborted connection 15 to db: 'unconnected' user: 'vt_stream' (init_connect command failed)");
	expect(connect_in(ROLE_READER) != 0);
	expect_eq(err.kind, ERR_REFUSED);
	expect(strstr(err.text, "the server's init_connect fails for this account") != NULL);
	expect(strstr(err.hint, "SET GLOBAL init_connect") != NULL);
	expect(reset != NULL && set != NULL);
	expect_eq(fake_unexpected(fake), 0);
	fake_stop(fake);
}

TEST(role_begins_a_session)
{
	struct task *t;

	sim_start(test_seed());
	t = task_spawn("test", beginnings, NULL);
	expect(t != NULL);
	task_detach(t);
	sim_run_until(1000 * SECOND);
	sim_stop();
}
