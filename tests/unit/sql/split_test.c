#include "sql/split.h"

#include "test.h"

#include <stdio.h>

/* The statement that the text begins with ends where '|' stands in it (or at its end). */
static void
expect_cut(const char *marked)
{
	const char *mark = strchr(marked, '|');
	char text[512];
	struct err err = { 0 };
	size_t end, want = mark != NULL ? (size_t)(mark - marked) : strlen(marked);

	(void)snprintf(text, sizeof text, "%.*s%s", (int)want, marked, mark != NULL ? mark + 1 : "");
	expect_ok(split_first(slice_str(text), 0, &end, &err), &err);
	if (end != want)
		fprintf(stderr, "cut at %zu: %s\n", end, text);
	expect_eq(end, want);
}

TEST(statements_end_at_their_semicolon)
{
	expect_cut("select 1|; select 2");
	expect_cut("select 1");
	expect_cut("select ';', \";\", `;` /* ; */ -- ;\n|; select 2");
	expect_cut("; select 1|; select 2");
	expect_cut("/*! select 1; */ select 2|; select 3");
	expect_cut("begin|; select 1");
	expect_cut("begin work|; select 1; end");
	expect_cut("create table begin (case_ int)|; select 1");
	expect_cut("create table t (a int) comment 'procedure'|; select 1");
	expect_cut("drop procedure if exists p|; select 1");
	expect_cut("select case a when 1 then 2 end from t|; select 1");
}

TEST(programs_keep_their_semicolons)
{
	expect_cut("create procedure p() select 1|; call p()");
	expect_cut("create procedure if not exists p() begin select 1; select 2; end|; call p()");
	expect_cut("create definer=`a`@`b` procedure p() begin if a then b; end if; end|; select 1");
	expect_cut("create trigger t before insert on s for each row set new.a = 1|; select 1");
	expect_cut(
	    "create trigger t before insert on s for each row begin set new.a = 1; end|; select 1");
	expect_cut(
	    "create or replace trigger t after insert on s for each row follows x "
	    "if new.a then set @b = 1; elseif new.b then set @b = 2; else set @b = 3; end if|; do 1");
	expect_cut("create event e on schedule every 1 day do begin delete from t; end|; select 1");
	expect_cut("alter event e do begin delete from t; end|; select 1");
	expect_cut(
	    "create function f() returns int begin declare x int; "
	    "while x < 3 do set x = x + 1; end while; repeat set x = x + if(x, 1, 2); until x > 9 "
	    "end repeat; l: loop leave l; end loop; for i in 1..3 do select i; end for; "
	    "case x when 1 then select 1; else begin end; end case; "
	    "return case x when 1 then 2 end; end|; select f()");
	expect_cut(
	    "create procedure p() begin declare exit handler for sqlexception begin rollback; end; "
	    "declare continue handler for not found set a = 1; select begin.a from begin; end|; do 1");
	expect_cut("begin not atomic select 1; end|; select 2");
	expect_cut("begin not atomic for r in (select 1) do select r.a; end for; end|; select 2");
	expect_cut("begin not atomic if not a then select 1; end if; end|; select 2");
	expect_cut("begin not atomic case a when 1 then if (b) then select 1; end if; end case; "
		   "end|; select 2");
	expect_cut("if 1 then select 1; end if|; select 2");
	expect_cut("l: begin not atomic select 1; end l|; select 2");
	expect_cut("create procedure p() begin repeat fetch c into a; if not done then if b < c then "
		   "set @d = 1; end if; end if; until done end repeat; close c; end|; call p()");
	expect_cut(
	    "create procedure p() begin if not exists (select 1) then select 2; end if; "
	    "if exists (select 1) then select 3; end if; drop table if exists t; "
	    "create table if not exists t (a int); alter table t add column if not exists b int; "
	    "end|; do 1");
	expect_cut("create event e on schedule every 1 day do drop table if exists t|; select 1");
	expect_cut(
	    "create event e on schedule every 1 day do alter table t add if not exists b int|; do 1");
	expect_cut(
	    "create event e on schedule every 1 day do if not exists (select 1) then select 2; "
	    "end if|; do 1");
	expect_cut("create procedure p() begin select case a when 1 then repeat('x', 2) when 2 then "
		   "if(a, 1, 2) else if(b, case b when 1 then if(a, 3, 4) end, 5) end; "
		   "case a when 1 then if (a > 1) then select 1; end if; "
		   "else repeat select 2; until a end repeat; end case; end|; do 1");
	expect_cut(
	    "create procedure p() begin if a then set b = replace(c, 'd', 'e'); else insert into t "
	    "select if(a, b, c); end if; end|; do 1");
	expect_cut(
	    "create procedure p() begin select 1; select 2"); /* unended: for the server to say */
}

TEST(what_is_cut_off_the_end)
{
	expect_slice(split_trim(slice_str("select 1; ;\n; ")), slice_str("select 1"));
	expect_slice(split_trim(slice_str(" ;\t")), slice_str(""));
	expect_slice(split_trim(slice_str("select ';'")), slice_str("select ';'"));
}
