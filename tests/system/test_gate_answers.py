"""The same statements directly and through vtgate have the same answers: rows, types, counts, errors."""
import contextlib
import os

import pymysql
import pytest
from pymysql.constants import CLIENT

STATEMENTS = r"""
create table if not exists d (id int auto_increment primary key, a varchar(20), b decimal(10,2), c datetime(6), d bit(3), e enum('x','y'), f set('p','q'), g blob, h double, j json)
insert into d (a,b,c,d,e,f,g,h) values ('hello',1.50,'2020-01-01 10:00:00.5',b'101','x','p,q','\\0bin',-0.0)
select last_insert_id()
select * from d
insert into d (a) values ('a'),('b'),('c')
select row_count()
select last_insert_id(), @@identity
update d set a='z' where id > 1
select row_count()
insert ignore into d (id,a) values (1,'dup')
show warnings
select @@warning_count
select sql_calc_found_rows id from d limit 1
select found_rows()
select * from nosuch
selct 1
insert into d (id) values (1)
set @x = 5
select @x, @x+1
set @y := (select max(id) from d)
select @y
select @z := 7
select @z
set sql_mode = 'ansi_quotes'
select "id" from "d" limit 1
set sql_mode = default
select "id"
set names latin1
select @@character_set_client, @@collation_connection
set names utf8mb4
select @@character_set_client
begin
insert into d (a) values ('txn')
savepoint s1
insert into d (a) values ('txn2')
rollback to s1
select count(*) from d
rollback
select count(*) from d
begin
savepoint s2
savepoint `s``3`
rollback to s2
insert into d (a) values ('txn3')
release savepoint s2
release savepoint s2
rollback to `s``3`
rollback
begin
release savepoint s2
savepoint s4
select count(*) from d
release savepoint s4
commit
insert into d (a) values ('back') returning id > 0
select last_insert_id() > 0
set autocommit=0
savepoint s5
insert into d (a) values ('ac2')
rollback to s5
commit
begin
set autocommit=1
insert into d (a) values ('on')
rollback
select count(*) from d
set autocommit=0
insert into d (a) values ('ac')
select count(*) from d
rollback
select count(*) from d
select @@autocommit
set autocommit=1
select @@autocommit
create temporary table tt (x int)
insert into tt values (1),(2)
select sum(x) from tt
drop temporary table tt
lock tables d write
insert into d (a) values ('locked')
unlock tables
select get_lock('l',1)
select release_lock('l')
show tables
show create table d
describe d
show columns from d like 'a'
explain select * from d where id=1
show status like 'nosuchthing'
select database()
select user() is not null
use information_schema
select database()
use customer
set session transaction isolation level read committed
select @@tx_isolation
set transaction isolation level serializable
begin
select @@tx_isolation
commit
select 1 union select 2 order by 1 desc
(select 1) union (select 2)
with c as (select 1 as q) select * from c
select sleep(0)
do sleep(0)
delete from d where id=1
truncate d
analyze table d
check table d
prepare s1 from 'select 1+?'
set @q=4
execute s1 using @q
deallocate prepare s1
call nosuch()
start transaction read only
insert into d (a) values ('ro')
commit
select 18446744073709551615, -1, 1e100, null, x'00ff', date'2020-01-01'
select repeat('x', 100000)
drop table d
""".strip().split("\n")

# What a client chooses when it connects.
WAYS = {"plain": {}, "found rows": {"client_flag": CLIENT.FOUND_ROWS}, "latin1": {"charset": "latin1"}}


def connect(combo, gate, **way):
    if gate:
        return pymysql.connect(host="127.0.0.1", port=combo.gate_port, user="app", database="customer", **way)
    return pymysql.connect(host="127.0.0.1", port=combo.port("server", "customer"), user="vt_app",
                           password=combo.credentials()["vt_app"]["password"], database="customer", **way)


def ask(connection, sql):
    cursor = connection.cursor()
    try:
        count = cursor.execute(sql)
    except pymysql.MySQLError as e:
        return "error", e.args
    columns = [c[:2] for c in cursor.description] if cursor.description else None
    return count, cursor.fetchall(), columns, cursor.lastrowid


def play(combo, gate, way):
    connection = connect(combo, gate, **way)
    answers = [ask(connection, sql) for sql in STATEMENTS]
    connection.close()
    return answers


@pytest.mark.parametrize("way", WAYS)
def test_answers_are_the_servers_own(shared_combo, way):
    direct = play(shared_combo, False, WAYS[way])
    through = play(shared_combo, True, WAYS[way])
    for sql, want, got in zip(STATEMENTS, direct, through):
        assert got == want, sql


FENCE = "SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 1290, MESSAGE_TEXT = 'switchyard fence: table customer.fenced has moved'"


@pytest.mark.parametrize("sql", ["LOAD DATA LOCAL INFILE '{file}' INTO TABLE fenced", "CALL shows_and_writes()",
                                 "INSERT INTO fenced VALUES (1) RETURNING id"])
def test_a_fence_met_late_is_a_deadlock_to_the_client(shared_combo, folder, sql):
    """The answer, or the file, is under way when the refusal comes: the client is asked to try again."""
    file = os.path.join(folder, "rows")
    with open(file, "w") as f:
        f.write("1\n2\n")
    server = shared_combo.port("server", "customer")
    shared_combo.mariadb(f"""CREATE OR REPLACE TABLE fenced (id INT PRIMARY KEY);
        CREATE TRIGGER fence BEFORE INSERT ON fenced FOR EACH ROW {FENCE};
        DELIMITER //
        CREATE OR REPLACE PROCEDURE shows_and_writes() BEGIN SELECT 1; INSERT INTO fenced VALUES (1); END//""",
                         "customer", server, "vt_dba")
    with contextlib.closing(connect(shared_combo, True, local_infile=True, autocommit=True)) as gate:
        answer = ask(gate, sql.format(file=file))
        if answer[0] != "error":                # what came before it is a result of its own
            with pytest.raises(pymysql.MySQLError) as late:
                gate.next_result()
            answer = "error", late.value.args
        assert answer[1][0] == 1213, answer
        assert ask(gate, "SELECT COUNT(*) FROM fenced")[1] == ((0,),)
    shared_combo.mariadb("DROP PROCEDURE shows_and_writes; DROP TABLE fenced", "customer", server, "vt_dba")


def test_keyspaces_are_databases(shared_combo):
    gate = connect(shared_combo, True)
    assert [row[0] for row in ask(gate, "SHOW DATABASES")[1]] == ["customer", "information_schema", "new_customer"]
    assert ask(gate, "USE nosuch") == ("error", (1049, "Unknown database 'nosuch'"))
    ask(gate, "USE new_customer")
    assert ask(gate, "SELECT DATABASE()")[1] == (("new_customer",),)
    gate.close()


def test_a_login_finds_the_one_database_of_its_name(shared_combo):
    """No keyspace has been used yet that could say where databases are that are none."""
    def login():
        try:
            with contextlib.closing(pymysql.connect(host="127.0.0.1", port=shared_combo.gate_port, user="app",
                                                    database="alone")) as gate:
                return ask(gate, "SELECT x, DATABASE() FROM t")[1]
        except pymysql.MySQLError as e:
            return e.args[0]

    def at(keyspace, sql):
        shared_combo.mariadb(sql, port=shared_combo.port("server", keyspace), user="vt_dba")
    make = "GRANT ALL ON alone.* TO vt_app@'127.0.0.1'; CREATE DATABASE alone; CREATE TABLE alone.t SELECT 1 AS x"
    said = [login()]
    try:
        for keyspace in ("new_customer", "customer"):
            at(keyspace, make)
            said.append(login())
    finally:
        for keyspace in ("new_customer", "customer"):
            at(keyspace, "DROP DATABASE IF EXISTS alone")
    assert said == [1049, ((1, "alone"),), 1235]


def test_a_database_that_is_made_anew_can_be_used(shared_combo):
    """The server has taken it from the connection: a USE of the same name must reach it."""
    with contextlib.closing(connect(shared_combo, True, autocommit=True)) as gate:
        for sql in ("USE new_customer", "CREATE TABLE old (id INT)", "DROP DATABASE new_customer"):
            assert ask(gate, sql)[0] != "error", sql
        assert ask(gate, "SELECT DATABASE()")[1] == ((None,),)
        for sql in ("CREATE DATABASE new_customer", "USE new_customer", "CREATE TABLE made_anew (id INT)"):
            assert ask(gate, sql)[0] != "error", sql
        assert ask(gate, "SHOW TABLES")[1] == (("made_anew",),)
        assert ask(gate, "SELECT DATABASE()")[1] == (("new_customer",),)
        ask(gate, "DROP TABLE made_anew")


def test_many_idle_clients_are_small(shared_combo):
    before = shared_combo.memory_kb("vtgate")
    clients = [connect(shared_combo, True) for _ in range(400)]
    for c in clients:
        assert ask(c, "SELECT 1")[1] == ((1,),)
    grown = shared_combo.memory_kb("vtgate") - before
    for c in clients:
        c.close()
    assert grown < 400 * 64, f"{grown} kB for 400 clients"


def test_clients_with_computed_variables_share_backends(shared_combo):
    """More than vtgate's --max-backends: a value that was computed binds nobody to its connection for long."""
    clients = [connect(shared_combo, True) for _ in range(700)]
    for n, c in enumerate(clients):
        said = ask(c, f"SET @x = CONCAT('v', {n})")
        assert said[0] == 0, said
    for n, c in enumerate(clients):
        assert ask(c, "SELECT @x")[1] == ((f"v{n}",),)
    for c in clients:
        c.close()


def test_clients_share_backends(shared_combo):
    clients = [connect(shared_combo, True, autocommit=True) for _ in range(700)]    # more than vtgate's --max-backends
    for c in clients:
        assert ask(c, "SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name = 'customer'")[1] == ((1,),)
    ask(clients[0], "SET @x = 5")
    for c in clients[1:]:
        assert ask(c, "SELECT @x")[1] == ((None,),)
    assert ask(clients[0], "SELECT @x")[1] == ((5,),)
    for c in clients:
        c.close()
