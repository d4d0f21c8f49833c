/*
 * place_watch_test.c - one connection asks a real server for its place, for all who want to know.
 */
#include "tablet/read/place_watch.h"

#include "base/parse.h"
#include "real/mariadb.h"
#include "task/group.h"
#include "test.h"

#include <stdio.h>
#include <string.h>

static struct mariadb server;
static struct credentials accounts;
static struct place_watches places;
static struct tablet_env env;
static struct err err;
static struct arena arena;

static struct ctx
ctx(void)
{
	return (struct ctx){ .deadline = task_now() + 60 * SECOND, .err = &err, .arena = &arena };
}

static struct mysql_client *
begin(int server_id)
{
	struct mysql_params params = { .user = "root" };
	struct mysql_client *c = NULL;
	struct ctx cx = ctx();

	mariadb_start(&server, test_dir(), server_id);
	snprintf(accounts.stream.user, sizeof(accounts.stream.user), "root");
	place_watches_init(&places);
	env = (struct tablet_env){
		.server = server.address, .accounts = &accounts, .places = &places
	};
	params.address = server.address;
	expect_ok(mysql_connect(&cx, &params, &c), &err);
	return c;
}

static int
connections(struct mysql_client *c)
{
	struct ctx cx = ctx();
	struct mysql_rows rows;
	int n = 0;

	expect_ok(
	    mysql_select(&cx, c,
		slice_str("SELECT COUNT(*) FROM information_schema.processlist WHERE user = 'root'"),
		&rows),
	    &err);
	expect_ok(parse_int(rows.values[0], 0, 1000, &n, &err), &err);
	return n;
}

static struct place_watch *
take(void)
{
	struct place_watch *w = NULL;

	expect_ok(place_watch_take(&env, server.address, &w, &err), &err);
	return w;
}

static uint64_t
next(struct place_watch *w)
{
	SCOPED(position) struct position at = { 0 };
	struct ctx cx = ctx();

	expect_ok(place_watch_next(&cx, w, &at), &err);
	return at.offset;
}

static void
shared_task(void *arg)
{
	struct mysql_client *c = begin(71);
	struct place_watch *a = take(), *b = take();
	struct ctx cx = ctx();
	uint64_t before = next(a);

	expect(a == b);
	expect_eq(connections(c), 2);
	expect_ok(mysql_exec(&cx, c, slice_str("CREATE DATABASE d"), NULL), &err);
	expect(next(b) > before ||
	    next(b) > before); /* the first may have been asked for before that */
	place_watch_done(&a);
	expect_eq(next(b) > before, true);
	place_watch_done(&b);
	place_watch_done(&b);
	for (int i = 0; connections(c) != 1; i++)
		expect(i < 1000 && task_sleep(&cx, 10 * MSEC) == 0);
	mysql_close(c);
}

TEST(one_connection_asks_for_all_as_long_as_anybody_wants_to_know)
{
	in_task(shared_task, &arena);
}

static void
failed_task(void *arg)
{
	struct mysql_client *c = begin(72);
	struct place_watch *a = take(), *b = take(), *later;
	struct position at = { 0 };
	struct ctx cx = ctx();

	(void)next(a);
	mysql_close(c);
	mariadb_kill(&server);
	for (int i = 0; place_watch_next(&cx, a, &at) == 0; i++)
		expect(i < 1000);
	expect(place_watch_next(&cx, b, &at) != 0); /* told now and later */
	later = take();
	expect(later != a);
	expect(place_watch_next(&cx, later, &at) != 0);
	expect(strstr(err.text, "connecting to") != NULL);
	place_watch_done(&a);
	place_watch_done(&later);
	place_watch_done(&b);
	position_done(&at);
}

TEST(an_error_is_told_to_all_who_have_it_and_to_nobody_after_them)
{
	in_task(failed_task, &arena);
}

static struct place_watch *taken;

static void
take_main(void *arg)
{
	taken = take();
}

/* Its task is waited for, and somebody comes meanwhile. */
static void
late_task(void *arg)
{
	struct mysql_client *c = begin(73);
	struct place_watch *a = take();
	struct ctx cx = ctx();
	struct group g;

	(void)next(a);
	group_init(&g);
	expect_ok(group_spawn(&g, "taker", take_main, NULL, &err), &err);
	place_watch_done(&a);
	expect_ok(group_wait(&cx, &g), &err);
	group_done(&g);
	expect(next(taken) > 0);
	place_watch_done(&taken);
	mysql_close(c);
}

TEST(what_is_ended_is_handed_to_nobody)
{
	in_task(late_task, &arena);
}
