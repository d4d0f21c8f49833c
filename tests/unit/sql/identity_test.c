#include "sql/identity.h"

#include "base/buf.h"
#include "test.h"

/* 96 in the call's place: want, with $ for the literal, # for USER(), ~ for CURRENT_USER(). */
static void
expect_text(const char *sql, const char *want)
{
	struct arena arena = ARENA_INIT;
	struct err err = { 0 };
	struct statement st;
	struct identity_text text = { slice_str(sql), 0, 96, "app@10.1.2.3", "app@%", 0 };
	struct slice got = text.sql;
	struct buf full = BUF_INIT;

	expect_ok(statement_read(&arena, text.sql, 0, &st, &err), &err);
	text.from = st.query_at;
	if (identity_is_asked(&st))
		expect_ok(identity_replace(&arena, &text, &got, &err), &err);
	for (; *want != '\0'; want++) {
		if (*want == '$')
			buf_add_str(&full, "CAST(0000000096 AS UNSIGNED)");
		else if (*want == '#')
			buf_add_str(&full, "IF(TRUE, _utf8mb3'app@10.1.2.3', USER())");
		else if (*want == '~')
			buf_add_str(&full, "IF(TRUE, _utf8mb3'app@%', CURRENT_USER())");
		else
			buf_add_char(&full, *want);
	}
	expect_slice(got, buf_slice(&full));
	buf_done(&full);
	arena_done(&arena);
}

TEST(a_connection_id_is_a_literal_with_the_name_of_its_text)
{
	expect_text("select connection_id()", "select $ AS `connection_id()`");
	expect_text("SELECT  CONNECTION_ID ( ) ;", "SELECT  $ AS `CONNECTION_ID ( )` ;");
	expect_text("select distinct connection_id()+1, 5 from t",
	    "select distinct $+1 AS `connection_id()+1`, 5 from t");
	expect_text("select a, if(b, connection_id(), 1), c",
	    "select a, if(b, $, 1) AS `if(b, connection_id(), 1)`, c");
	expect_text("select connection_id() as x, connection_id() y, connection_id() 'z'",
	    "select $ as x, $ y, $ 'z'");
	expect_text("select connection_id() = (select connection_id()) c",
	    "select $ = (select $ AS `connection_id()`) c");
	expect_text("select connection_id() is null, connection_id() and true",
	    "select $ is null AS `connection_id() is null`, $ and true AS `connection_id() and true`");
	expect_text("select (select 1 from t where id=connection_id())",
	    "select (select 1 from t where id=$) AS `(select 1 from t where id=connection_id())`");
	expect_text("select x from (select connection_id() from t) d",
	    "select x from (select $ AS `connection_id()` from t) d");
	expect_text("select 1 union select connection_id() order by 1",
	    "select 1 union select $ AS `connection_id()` order by 1");
	expect_text("select case connection_id() when 1 then 2 end from t",
	    "select case $ when 1 then 2 end AS `case connection_id() when 1 then 2 end` from t");
	expect_text("insert into t values (1, connection_id())", "insert into t values (1, $)");
	expect_text(
	    "insert into t (connection_id) values (connection_id()) returning connection_id()",
	    "insert into t (connection_id) values ($) returning $ AS `connection_id()`");
	expect_text(
	    "update t set a=connection_id() where b=connection_id()", "update t set a=$ where b=$");
	expect_text("set @a = connection_id()", "set @a = $");
	expect_text("do connection_id()", "do $");
	expect_text("explain select connection_id()", "explain select $ AS `connection_id()`");
}

TEST(what_is_no_call_stays)
{
	expect_text("select connection_id from t", "select connection_id from t");
	expect_text("select db.connection_id() from t", "select db.connection_id() from t");
	expect_text("insert into connection_id () values (connection_id())",
	    "insert into connection_id () values ($)");
	expect_text("select 'connection_id()' -- connection_id()\n",
	    "select 'connection_id()' -- connection_id()\n");
	expect_text(
	    "create view v as select connection_id()", "create view v as select connection_id()");
	expect_text("kill connection_id()", "kill connection_id()");
	expect_text("set @@pseudo_thread_id = 5", "set @@pseudo_thread_id = 5");
	expect_text("select 1 c, @@pseudo_thread_id = 5 c",
	    "select 1 c, CAST(000000000000000000096 AS UNSIGNED) = 5 c");
	expect_text("select @@pseudo_thread_id",
	    "select CAST(000000000000000000096 AS UNSIGNED) AS `@@pseudo_thread_id`");
}

TEST(users_are_the_clients)
{
	expect_text("select user(), current_user, current_user ( ) from t",
	    "select # AS `user()`, ~ AS `current_user`, ~ AS `current_user ( )` from t");
	expect_text("select session_user(), system_user(), session_user ()",
	    "select # AS `session_user()`, # AS `system_user()`, session_user ()");
	expect_text("select a from t where owner = user() or owner=current_user",
	    "select a from t where owner = # or owner=~");
	expect_text("insert into t values (user(), connection_id())", "insert into t values (#, $)");
	expect_text("set @a = current_user", "set @a = ~");
	expect_text(
	    "select substring_index(user(), '@', 1) u", "select substring_index(#, '@', 1) u");
}

TEST(what_is_called_user_stays)
{
	expect_text("select user, host from mysql.user", "select user, host from mysql.user");
	expect_text("insert into user () values ()", "insert into user () values ()");
	expect_text("insert user () values (user())", "insert user () values (#)");
	expect_text("select u.current_user from u", "select u.current_user from u");
	expect_text("select `current_user`, user(1)", "select `current_user`, user(1)");
	expect_text("show grants for current_user()", "show grants for current_user()");
	expect_text("grant select on t to current_user", "grant select on t to current_user");
	expect_text("create definer=current_user view v as select user()",
	    "create definer=current_user view v as select user()");
	expect_text("set password for current_user = ''", "set password for current_user = ''");
}

TEST(a_table_that_is_filled_is_filled_now)
{
	expect_text("create table x as select connection_id(), user() u from t",
	    "create table x as select $ AS `connection_id()`, # u from t");
	expect_text("create table x (a int default (connection_id())) select connection_id() a",
	    "create table x (a int default (connection_id())) select $ a");
	expect_text("create table x (a varchar(99) default user())",
	    "create table x (a varchar(99) default user())");
}
