#include "sql/connection_id.h"

#include "base/buf.h"
#include "test.h"

/* 96 in the call's place: want, with $ for the literal. */
static void
expect_text(const char *sql, const char *want)
{
	struct arena              arena = ARENA_INIT;
	struct err                err = { 0 };
	struct statement          st;
	struct connection_id_text text = { slice_str(sql), 0, 96 };
	struct slice              got = text.sql;
	struct buf                full = BUF_INIT;

	expect_ok(statement_read(&arena, text.sql, 0, &st, &err), &err);
	if (connection_id_is_asked(&st))
		expect_ok(connection_id_replace(&arena, &text, &got, &err), &err);
	for (; *want != '\0'; want++) {
		if (*want == '$')
			buf_add_str(&full, "CAST(0000000096 AS UNSIGNED)");
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
	expect_text("insert into t (connection_id) values (connection_id()) returning connection_id()",
	    "insert into t (connection_id) values ($) returning $ AS `connection_id()`");
	expect_text("update t set a=connection_id() where b=connection_id()", "update t set a=$ where b=$");
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
	expect_text("create view v as select connection_id()", "create view v as select connection_id()");
	expect_text("kill connection_id()", "kill connection_id()");
	expect_text("set @@pseudo_thread_id = 5", "set @@pseudo_thread_id = 5");
	expect_text("select @@pseudo_thread_id",
	    "select CAST(000000000000000000096 AS UNSIGNED) AS `@@pseudo_thread_id`");
}
