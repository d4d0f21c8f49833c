#include "base/buf.h"
#include "sql/statement.h"
#include "test.h"

/* "kind table:role db.table:role ..." with marks for what else is known. */
static void
describe(struct buf *out, struct arena *a, const char *sql, unsigned modes)
{
	static const char *const roles[] = { "r", "w", "l", "d", "s", "c", "f", "h", "t", "q", "?" };
	struct statement s;
	struct err err = { 0 };
	struct slice text = slice_str(sql);

	if (statement_read(a, text, modes, &s, &err) != 0) {
		buf_add_str(out, "error");
		return;
	}
	buf_addf(out, "%s%s%s%s%s%s", statement_kind_name(s.kind), s.understood ? "" : " unclear",
	    s.changes_session ? " session" : "", s.implicit_commit ? " commits" : "",
	    s.read_only ? " readonly" : "", s.multiple ? " multiple" : "");
	for (size_t i = 0; i < s.tables_count; i++) {
		const struct table_ref *t = &s.tables[i];

		expect(t->start < t->end && t->end <= text.len);
		buf_add_char(out, ' ');
		if (!slice_is_null(t->database))
			buf_addf(out, "%.*s.", SLICE_ARG(t->database));
		buf_addf(out, "%.*s:%s%s",
		    SLICE_ARG(t->role == TABLE_ROUTINE ? t->routine : t->table), roles[t->role],
		    t->made ? "+" : "");
	}
}

static void
expect_modes(const char *sql, unsigned modes, const char *want)
{
	SCOPED(arena)
	struct arena arena = ARENA_INIT;
	SCOPED(buf)
	struct buf got = BUF_INIT;

	describe(&got, &arena, sql, modes);
	if (strcmp(got.data, want) != 0)
		test_fail(__FILE__, __LINE__, "%s\n   got %s\n  want %s", sql, got.data, want);
}

static void
is(const char *sql, const char *want)
{
	expect_modes(sql, 0, want);
}

TEST(plain_reads)
{
	is("SELECT 1", "select");
	is("select * from users", "select users:r");
	is("SELECT c FROM customer.users WHERE id=5", "select customer.users:r");
	is("SELECT c FROM `customer` . `users`", "select customer.users:r");
	is("select * from a, b c, d as e where 1", "select a:r b:r d:r");
	is("SELECT a FROM t ORDER BY a LIMIT 5, 6", "select t:r");
	is("SELECT DISTINCT c FROM sbtest1 WHERE id BETWEEN 1 AND 100 ORDER BY c",
	    "select sbtest1:r");
	is("select 1 from dual", "select");
	is("select 1 from `dual`", "select dual:r");
	is("SELECT SUM(K) FROM sbtest1 WHERE id BETWEEN ? AND ?", "select sbtest1:r");
	is("(select a from t)", "select t:r");
	is("((select a from t) union (select b from u)) order by 1", "select t:r u:r");
	is("select a from t union all select b from u union select c from v limit 3",
	    "select t:r u:r v:r");
	is("values (1,2),(3,4)", "select");
	is("select a from t group by a with rollup having count(*) > 1", "select t:r");
	is("select left(a,1), right(b,2), if(c,1,2), values(d) from t", "select t:r");
	is("SELECT `c` FROM `t` WHERE `from` = 'from users'", "select t:r");
	is("select a from t limit 3 offset 2", "select t:r");
	is(";", "empty");
	is(" /* nothing */ ", "empty");
	is(";;select 1;", "select");
}

TEST(names_that_are_not_tables)
{
	is("select 'users', \"users\" from t -- users", "select t:r");
	is("select users from t", "select t:r");
	is("select 1 as users from t", "select t:r");
	is("select a users from t", "select t:r");
	is("select a from t as users", "select t:r");
	is("select a from t users where users.a = 1", "select t:r users:q");
	is("select users.* from t users", "select users:q t:r");
	is("select a from t where users(1)", "write session t:r users:f");
	is("select @users from t", "select t:r");
	is("select a from t use index (users) where 1", "select t:r");
	is("select a from t partition (users) where 1", "select t:r");
	is("select a from t join u using (users)", "select t:r u:r");
}

TEST(quotes_and_modes)
{
	expect_modes("select a from \"users\"", SQL_ANSI_QUOTES, "select users:r");
	is("select a from \"users\"", "other unclear session select:? a:? from:?");
	expect_modes("select 'a\\' from users -- '", SQL_NO_BACKSLASH_ESCAPES, "select users:r");
	is("select 'a\\' from users -- '", "select");
	is("select a from `us``ers`", "select us`ers:r");
	is("select a from users where b = 'open", "error");
	is("select 1 /*! from users */", "select users:r");
	is("select 1 /*!40001 SQL_NO_CACHE */ from users", "select users:r");
	is("select 1 /*!80000 from users */", "other unclear session select:? from:? users:?");
	is("select 1 /* from users */", "select");
}

TEST(joins)
{
	is("select 1 from a join b on a.x=b.x left outer join c on (b.y=c.y), d",
	    "select a:r b:r a:q b:q c:r b:q c:q d:r");
	is("select 1 from a natural left join b cross join c straight_join d",
	    "select a:r b:r c:r d:r");
	is("select 1 from (users)", "select users:r");
	is("select 1 from ((a join b on 1) join (c, d))", "select a:r b:r c:r d:r");
	is("select 1 from {oj a left outer join b on a.i=b.i} where 1", "select a:r b:r a:q b:q");
	is("select 1 from a inner join (b left join c on 1=1) on 2=2 where x", "select a:r b:r c:r");
	is("select 1 from a use index (x) ignore key for join (y) join b force index (z) on 1",
	    "select a:r b:r");
	is("select 1 from a right join b using (x) where right(a.c,1)=2", "select a:r b:r a:q");
	is("select 1 from json_table(a.j, '$[*]' columns (x int path '$')) as jt, users",
	    "select a:q users:r");
	is("select 1 from something(3) as jt",
	    "other unclear session select:? from:? something:? as:? jt:?");
}

TEST(subqueries_and_derived_tables)
{
	is("select * from (select * from users) as users", "select users:r");
	is("select * from (select * from u) d join v on d.a = v.a", "select u:r v:r d:q v:q");
	is("select (select max(a) from u), b from t", "select u:r t:r");
	is("select 1 from t where exists (select 1 from u where u.a = t.a)",
	    "select t:r u:r u:q t:q");
	is("select 1 from t where a in (select a from u union select a from v)",
	    "select t:r u:r v:r");
	is("select 1 from t where (a, b) = any (select 1, 2 from u)", "select t:r u:r");
	is("select 1 from ((select a from t) union (select b from u)) d", "select t:r u:r");
	is("select 1 from (values (1),(2)) v", "select");
	is("select 1 from lateral (select a from t) d", "select t:r");
	is("select ((select 1 from a) + (select 2 from b)) from c", "select a:r b:r c:r");
	is("select extract(year from d), trim(both 'x' from s), substring(s from 1 for 2) from t",
	    "select t:r");
	is("select trim(leading (select a from users) from s) from t", "select users:r t:r");
	is("select group_concat(distinct a order by b separator ',') from t", "select t:r");
	is("select sum(a) over (partition by b order by c rows between 1 preceding and current row) from t",
	    "select t:r");
	is("select a, rank() over w from t window w as (partition by b)", "select t:r");
	is("select {d '2020-01-01'}, {fn now()} from t", "select t:r");
	is("select case when a then (select 1 from u) else 2 end from t", "select u:r t:r");
}

TEST(common_table_expressions)
{
	is("with c as (select * from users) select * from c", "select users:r");
	is("with users as (select * from customer.users) select * from users",
	    "select customer.users:r");
	is("with users as (select * from users) select * from users", "select users:r");
	is("with users as (select 1) select * from customer.users", "select customer.users:r");
	is("with a (x,y) as (select 1,2), b as (select * from a join t) select * from b, a",
	    "select t:r");
	is("with recursive c as (select 1 union all select n+1 from c) select * from c, t",
	    "select t:r");
	is("with recursive a as (select * from b), b as (select 1) select * from a",
	    "other unclear session with:? recursive:? a:? as:? select:? from:? b:? b:? as:? "
	    "select:? select:? from:? a:?");
	is("select * from (with c as (select 1) select * from c) d, c", "select c:r");
	is("select * from t where a in (with u as (select 1) select * from u) and exists (select 1 from u)",
	    "select t:r u:r");
}

TEST(locking_reads)
{
	is("select a from t for update", "select locking t:l");
	is("select a from t where x lock in share mode", "select locking t:l");
	is("select a from t for update skip locked", "select locking t:l");
	is("select a from t join u for share of t nowait", "select locking t:l u:l");
	is("select a from t for update wait 5", "select locking t:l");
	is("select a from t where b in (select b from u for update)", "select locking t:r u:l");
	is("select a from t limit 1 for update", "select locking t:l");
}

TEST(reads_with_effects)
{
	is("select a from t into outfile 'x'", "write t:r");
	is("select a into outfile 'x' fields terminated by ',' from t", "write t:r");
	is("select a into outfile 'x' /*!50138 character set binary */ lines starting by 'y' from t",
	    "write t:r");
	is("select a into @v from t", "select session t:r");
	is("select a from t into @v, @w", "select session t:r");
	is("select a into dumpfile 'x' from t", "write t:r");
	is("select @v := a from t", "select session t:r");
	is("select get_lock('x', 1)", "select session");
	is("select release_lock('x')", "select");
	is("select sleep(1)", "select");
	is("select nextval(s)", "select session s:s");
	is("select next value for s", "select session s:s");
	is("select (next value for s)", "select session s:s");
	is("select mine(1) from t", "write session mine:f t:r");
	is("select db.mine(1) from t", "write session db.mine:f t:r");
	is("select `abs`(1) from t", "write session abs:f t:r");
	is("select last_insert_id()", "select");
	is("select last_insert_id(5)", "select session");
	is("select abs(1), st_astext(p), json_value(j,'$') from t", "select t:r");
	is("select 1 procedure analyse()", "other unclear session select:? procedure:? analyse:?");
}

TEST(inserts)
{
	is("insert into users values (1,2),(3,4)", "write users:w");
	is("INSERT users VALUES (1)", "write users:w");
	is("insert into customer.users (a, users) values (default, now())",
	    "write customer.users:w");
	is("insert low_priority ignore into t () values ()", "write t:w");
	is("insert into t select * from users", "write t:w users:r");
	is("insert into t (a) (select a from users)", "write t:w users:r");
	is("insert into t (a) ((select a from u) union (select a from v))", "write t:w u:r v:r");
	is("insert into t with c as (select 1 from u) select * from c", "write t:w u:r");
	is("insert into t set a = 1, b = (select max(b) from u)", "write t:w u:r");
	is("replace t set a = 1", "write t:w");
	is("replace into t partition (p0) values (1)", "write t:w");
	is("insert into t values (1) on duplicate key update a = values(a) + 1, b = (select 1 from u)",
	    "write t:w u:r");
	is("insert into t select a from u on duplicate key update t.a = u.a",
	    "write t:w u:r t:q u:q");
	is("insert into t (a) values (1) returning id, (select 1 from u)", "write t:w u:r");
	is("insert into t select a from u where b in (select c from v) returning a",
	    "write t:w u:r v:r");
	is("INSERT INTO sbtest1 (id, k, c, pad) VALUES (?, ?, ?, ?)", "write sbtest1:w");
	is("insert into t values (mine(1))", "write session t:w mine:f");
	is("insert into t table u", "write t:w u:r");
}

TEST(updates)
{
	is("update users set a = a + 1 where id = 5", "write users:w");
	is("update low_priority ignore users u set u.a = 1 order by id limit 3",
	    "write users:w u:q");
	is("update a, b set a.x = b.x where a.i = b.i", "write a:w b:w a:q b:q a:q b:q");
	is("update a join (select * from c) d on a.i = d.i set a.x = 1",
	    "write a:w c:r a:q d:q a:q");
	is("update customer.users set customer.users.a = 1",
	    "write customer.users:w customer.users:q");
	is("update t set a = (select max(a) from u)", "write t:w u:r");
	is("update t partition (p0) set a = 1", "write t:w");
	is("update t set a = get_lock('x',1)", "write session t:w");
	is("update t a", "other unclear session update:? t:? a:?");
}

TEST(deletes)
{
	is("delete from users where id = 1", "write users:w");
	is("delete from users", "write users:w");
	is("delete low_priority quick ignore from t as x where x.a order by b limit 1",
	    "write t:w x:q");
	is("delete from t partition (p0, p1) where a", "write t:w");
	is("delete t1 from t1 join t2 on t1.a = t2.a", "write t1:w t1:w t2:w t1:q t2:q");
	is("delete t1.*, db.t2.* from t1, db.t2 where 1", "write t1:w db.t2:w t1:w db.t2:w");
	is("delete from t1, t2 using t1 join t2 join t3 where 1", "write t1:w t2:w t1:w t2:w t3:w");
	is("delete u from users as u where u.a = 1", "write u:q users:w u:q");
	is("delete users from users as users where 1", "write users:q users:w");
	is("delete users from users users join t where 1", "write users:q users:w t:w");
	is("delete from u using users u", "write u:q users:w");
	is("delete from t where a in (select a from u)", "write t:w u:r");
	is("delete from t where a returning a, b", "write t:w");
	is("delete history from t", "other unclear session delete:? history:? from:? t:?");
}

TEST(loading)
{
	is("load data infile 'x' into table users", "write users:w");
	is("load data local infile 'x' replace into table db.users character set utf8 fields "
	   "terminated by ',' "
	   "lines terminated by '\\n' ignore 1 lines (a, @b) set c = @b + 0",
	    "write session db.users:w lines:f");
	is("load xml infile 'x' into table t rows identified by '<r>'", "write t:w");
}

TEST(definitions)
{
	is("create table users (id int primary key, users int)", "ddl commits users:d+");
	is("create table if not exists a.b like users", "ddl commits a.b:d+ users:d");
	is("create table t (like users)", "ddl commits t:d+ users:d");
	is("create table t (a varchar(9) check (a like 'users'))", "ddl commits t:d+");
	is("create table t (a int references users (id), foreign key (b) references db.v (c))",
	    "ddl commits t:d+ users:d db.v:d");
	is("create table t select * from users", "ddl commits t:d+ users:r");
	is("create table t as select * from users", "ddl commits t:d+ users:r");
	is("create table t (a int) engine=innodb as (select a from users union select 1)",
	    "ddl commits t:d+ users:r");
	is("create table t (a int) with system versioning", "ddl commits t:d+");
	is("create table t with c as (select 1 from u) select * from c", "ddl commits t:d+ u:r");
	is("create table m (a int) engine=merge union=(a, b.c)", "ddl commits m:d+ a:d b.c:d");
	is("create temporary table users (a int)", "ddl session users:d+");
	is("create or replace table users (a int)", "ddl commits users:d+");
	is("alter table users add column x int, algorithm=inplace", "ddl commits users:d");
	is("alter online ignore table if exists users wait 5 drop column y", "ddl commits users:d");
	is("alter table a rename to b.c", "ddl commits a:d b.c:d+");
	is("alter table a rename users", "ddl commits a:d users:d+");
	is("alter table a rename column users to b, rename index x to y", "ddl commits a:d");
	is("alter table a exchange partition p with table users", "ddl commits a:d users:d");
	is("alter table a convert table users to partition p values less than (5)",
	    "ddl commits a:d users:d");
	is("alter table a add constraint foreign key (x) references users(id)",
	    "ddl commits a:d users:d");
	is("drop table if exists a, b.users cascade", "ddl commits a:d b.users:d");
	is("drop temporary table users", "ddl users:d");
	is("drop view v", "ddl commits v:d");
	is("rename table a to b, c.d to users", "ddl commits a:d b:d+ c.d:d users:d+");
	is("truncate table users", "ddl commits users:d");
	is("truncate users", "ddl commits users:d");
	is("create unique index i on users (a)", "ddl commits users:d");
	is("create or replace index if not exists i using btree on db.users (a)",
	    "ddl commits db.users:d");
	is("drop index i on users", "ddl commits users:d");
	is("create view v as select * from users", "ddl commits v:d+ users:r");
	is("create or replace algorithm=merge definer=root@localhost sql security definer view v "
	   "(a) as select 1 from u "
	   "with cascaded check option",
	    "ddl commits v:d+ u:r");
	is("drop database customer", "ddl commits customer.:d");
	is("create schema if not exists x character set utf8", "ddl commits x.:d");
	is("create trigger x before insert on users for each row set @a = 1",
	    "ddl commits x:t users:d");
	is("create or replace definer=a@b trigger if not exists d.x after update on d.t "
	   "for each row follows y "
	   "begin declare z int; insert into log select new.id from u; set z = (select 1 from e.v); end",
	    "ddl commits d.x:t d.t:d d.log:w new:q d.u:r e.v:r");
	is("create trigger x before insert on users for each row begin prepare p from 'select 1'; end",
	    "ddl unclear commits create:? trigger:? x:? before:? insert:? on:? users:? for:? each:? row:? "
	    "begin:? prepare:? p:? from:? end:?");
	is("drop trigger if exists d.x", "ddl commits d.x:t");
	is("handler d.t open as h", "other session d.t:r");
	is("handler h read `PRIMARY` = (1) where a = 5 limit 3", "other h:h");
	is("handler h close", "other h:h");
	is("create function f() returns int return (select 1 from users)",
	    "ddl unclear commits create:? function:? f:? returns:? int:? return:? "
	    "select:? from:? users:?");
	is("drop trigger x", "ddl commits x:t");
	is("drop procedure if exists db.x", "ddl commits");
	is("create user x identified by 'y'", "admin commits");
	is("drop role x", "admin commits");
}

TEST(transactions_and_session)
{
	is("begin", "begin commits");
	is("BEGIN WORK", "begin commits");
	is("begin not atomic select 1; end",
	    "other unclear session commits begin:? not:? atomic:? select:? end:?");
	is("start transaction read only", "begin commits readonly");
	is("start transaction with consistent snapshot, read write", "begin commits");
	is("start slave", "admin commits");
	is("commit", "commit");
	is("commit and chain", "commit");
	is("rollback", "rollback");
	is("rollback to savepoint x", "savepoint");
	is("rollback work to x", "savepoint");
	is("savepoint users", "savepoint");
	is("release savepoint x", "savepoint");
	is("set names utf8mb4 collate utf8mb4_bin", "set session");
	is("set character set utf8", "set session");
	is("set autocommit = on, @a = (select max(id) from users)", "set session users:r");
	is("set transaction isolation level read committed", "set session");
	is("set password for x = 'y'", "admin session commits");
	is("set statement max_statement_time = 1 for select * from users", "select users:r");
	is("set statement a=1, b=2 for delete from users", "write users:w");
	is("use customer", "use");
	is("use `customer`", "use");
	is("xa start 'x'", "xa session");
	is("lock tables users read, b as c write", "lock tables session commits users:l b:l");
	is("lock table db.users low_priority write wait 5",
	    "lock tables session commits db.users:l");
	is("unlock tables", "lock tables commits");
	is("prepare s from 'select * from users'", "prepare session");
	is("execute s using @a", "prepare session");
	is("deallocate prepare s", "prepare session");
	is("call p(1, (select 1 from users))", "call session p:f users:r");
	is("call p", "call session p:f");
	is("call d.p", "call session d.p:f");
	is("call `d x`.`p``y`(@a)", "call session d x.p`y:f");
	is("call d.package.p(1)", "call session d.:f");
	is("do sleep(1)", "select");
	is("handler users open", "other session users:r");
	is("signal sqlstate '45000'", "other unclear session signal:? sqlstate:?");
	is("get diagnostics @a = number", "show session");
}

TEST(looking)
{
	is("show databases", "show");
	is("show tables", "show");
	is("show full tables from customer like 'u%'", "show customer.:r");
	is("show create table customer.users", "show customer.users:r");
	is("show columns from users", "show users:r");
	is("show full columns from users from customer like 'x'", "show customer.users:r");
	is("show index in users in customer where a = 1", "show customer.users:r");
	is("show table status from customer", "show customer.:r");
	is("show warnings limit 5", "show");
	is("show count(*) errors", "show");
	is("show variables where variable_name in (select a from users)", "show users:r");
	is("show grants for x@localhost", "show");
	is("explain select * from users", "show users:r");
	is("explain extended update users set a = 1", "show users:r");
	is("explain format=json delete from users", "show users:r");
	is("describe users", "show users:r");
	is("desc customer.users a", "show customer.users:r");
	is("explain users", "show users:r");
	is("explain for connection 5", "show");
	is("explain analyze select 1 from users",
	    "other unclear session explain:? analyze:? select:? from:? users:?");
	is("analyze select * from users", "select users:r");
	is("analyze update users set a=1", "write users:w");
	is("analyze format=json select * from users", "select users:r");
	is("analyze table users, b", "admin commits users:r b:r");
	is("optimize local table users", "admin commits users:r");
	is("check table users for upgrade", "admin commits users:r");
	is("flush tables", "admin commits");
	is("flush local tables users, b", "admin commits users:l b:l");
	is("flush tables with read lock", "admin session commits");
	is("flush hosts, tables with read lock", "admin session commits");
	is("flush tables users, customer.b with read lock",
	    "admin session commits users:l customer.b:l");
	is("flush table users for export", "admin session commits users:l");
	is("backup lock users", "admin session commits users:l");
	is("backup stage start", "admin session commits");
	is("kill 5", "admin commits");
	is("grant select on customer.users to x", "admin commits");
	is("help 'x'", "show");
}

TEST(nonsense_is_unclear)
{
	is("selct * from users", "other unclear session selct:? from:? users:?");
	is("select from where where", "select where:r");
	is("select * from a b c", "other unclear session select:? from:? a:? b:? c:?");
	is("select * from a from b", "other unclear session select:? from:? a:? from:? b:?");
	is("select (select", "other unclear session select:? select:?");
	is("select 1)", "other unclear session select:?");
	is("select a.b.c.d.e from t",
	    "other unclear session select:? a:? a.b:? b.c:? c.d:? d.e:? from:? t:?");
	is("select * from t for system_time as of now() x",
	    "other unclear session select:? from:? t:? for:? system_time:? as:? of:? now:? x:?");
	is("if 1 then select 1; end if", "other unclear session if:? then:? select:? end:? if:?");
}

TEST(several_statements)
{
	is("select 1; drop table users", "select multiple");
	is("select 1;;", "select");
	is("insert into a values (1); select 2", "write multiple a:w");
}

static unsigned
uses_of(const char *sql)
{
	SCOPED(arena)
	struct arena arena = ARENA_INIT;
	struct statement s;
	struct err err = { 0 };

	expect_ok(statement_read(&arena, slice_str(sql), 0, &s, &err), &err);
	return s.uses;
}

TEST(what_is_asked_of_the_connection)
{
	expect_eq(uses_of("select last_insert_id()"), USES_LAST_INSERT_ID);
	expect_eq(uses_of("insert into t values (last_insert_id(), 2)"), USES_LAST_INSERT_ID);
	expect_eq(uses_of("select @@identity, @@session.`last_insert_id`"), USES_LAST_INSERT_ID);
	expect_eq(uses_of("select found_rows(), row_count()"), USES_FOUND_ROWS | USES_ROW_COUNT);
	expect_eq(uses_of("select sql_calc_found_rows * from t"), USES_CALC_ROWS);
	expect_eq(
	    uses_of("select distinct sql_no_cache sql_calc_found_rows a from t"), USES_CALC_ROWS);
	expect_eq(uses_of("show warnings"), USES_WARNINGS);
	expect_eq(uses_of("select @@warning_count"), USES_WARNINGS);
	expect_eq(uses_of("select database(), schema()"), USES_DATABASE);
	expect_eq(uses_of("select connection_id()"), USES_IDENTITY);
	expect_eq(uses_of("load data local infile 'x' into table t"), USES_LOCAL_FILE);
	expect_eq(uses_of("select 1"), 0);
}

TEST(transaction_details)
{
	SCOPED(arena)
	struct arena arena = ARENA_INIT;
	struct statement s;
	struct err err = { 0 };

	expect_ok(statement_read(
		      &arena, slice_str("start transaction with consistent snapshot"), 0, &s, &err),
	    &err);
	expect(s.snapshot && !s.read_only);
	expect_ok(statement_read(&arena, slice_str("commit and chain"), 0, &s, &err), &err);
	expect(s.chain);
	expect_ok(
	    statement_read(&arena, slice_str("commit and no chain release"), 0, &s, &err), &err);
	expect(!s.chain);
	expect_ok(statement_read(&arena, slice_str("use `my db`"), 0, &s, &err), &err);
	expect_slice(s.use_database, slice_str("my db"));
}

TEST(spans_cover_the_name_as_written)
{
	SCOPED(arena)
	struct arena arena = ARENA_INIT;
	struct statement s;
	struct err err = { 0 };
	struct slice sql =
	    slice_str("select a.`b`.c from `a` . b, show_ as x where y in (select 1 from\n`a``c`)");

	expect_ok(statement_read(&arena, sql, 0, &s, &err), &err);
	expect_eq(s.tables_count, 4);
	expect_slice(slice_cut(sql, s.tables[0].start, s.tables[0].end), slice_str("a.`b`"));
	expect_slice(slice_cut(sql, s.tables[1].start, s.tables[1].end), slice_str("`a` . b"));
	expect_slice(slice_cut(sql, s.tables[2].start, s.tables[2].end), slice_str("show_"));
	expect_slice(slice_cut(sql, s.tables[3].start, s.tables[3].end), slice_str("`a``c`"));
	expect_slice(s.tables[3].table, slice_str("a`c"));
	sql = slice_str("show columns from users from `customer` like 'x'");
	expect_ok(statement_read(&arena, sql, 0, &s, &err), &err);
	expect_slice(
	    slice_cut(sql, s.tables[0].start, s.tables[0].end), slice_str("users from `customer`"));
}

/* "select 1 from t where a in (select ..." n deep */
static bool
understood_at_depth(int n)
{
	SCOPED(arena)
	struct arena arena = ARENA_INIT;
	SCOPED(buf)
	struct buf sql = BUF_INIT;
	struct statement s;
	struct err err = { 0 };

	buf_add_str(&sql, "select 1 from t");
	for (int i = 0; i < n; i++)
		buf_add_str(&sql, " where a in (select 1 from t");
	for (int i = 0; i < n; i++)
		buf_add_char(&sql, ')');
	expect_ok(statement_read(&arena, buf_slice(&sql), 0, &s, &err), &err);
	expect(s.tables_count > 0);
	return s.understood;
}

TEST(depth_is_bounded)
{
	SCOPED(arena)
	struct arena arena = ARENA_INIT;
	SCOPED(buf)
	struct buf sql = BUF_INIT;
	struct statement s;
	struct err err = { 0 };

	expect(understood_at_depth(5));
	expect(!understood_at_depth(100));
	expect(!understood_at_depth(10000));
	buf_add_str(&sql, "select ");
	for (int i = 0; i < 100000; i++)
		buf_add_char(&sql, '(');
	expect_ok(statement_read(&arena, buf_slice(&sql), 0, &s, &err), &err);
	expect(!s.understood);
	buf_reset(&sql);
	buf_add_str(&sql, "select 1 from ");
	for (int i = 0; i < 100000; i++)
		buf_add_char(&sql, '(');
	expect_ok(statement_read(&arena, buf_slice(&sql), 0, &s, &err), &err);
	expect(!s.understood);
}

TEST(long_value_lists_stay_small)
{
	SCOPED(arena)
	struct arena arena = ARENA_INIT;
	SCOPED(buf)
	struct buf sql = BUF_INIT;
	struct statement s;
	struct err err = { 0 };

	buf_add_str(&sql, "insert into users values (1,'a',NULL)");
	for (int i = 0; i < 20000; i++)
		buf_addf(&sql, ",(%d,'abc',-5)", i);
	expect_ok(statement_read(&arena, buf_slice(&sql), 0, &s, &err), &err);
	expect(s.understood && s.tables_count == 1 && s.kind == STATEMENT_WRITE);
	expect(arena.used_bytes < 16384);
}
