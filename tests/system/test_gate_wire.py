"""What drivers take for granted of a server's packets: the gate's are the same, byte by byte."""
import pytest

from lib import combo, proc, raw

pytestmark = pytest.mark.skipif(bool(combo.missing_programs()), reason="not all programs are built")


@pytest.fixture(scope="module")
def doors(shared_combo):
    """Opens a connection at the gate or at the server of customer."""
    server = {"port": shared_combo.port("server", "customer"), "user": "vt_app",
              "password": shared_combo.credentials()["vt_app"]["password"]}
    return {"gate": {"port": shared_combo.gate_port}, "server": server}


def both(doors, ask, **how):
    """What ask(client) gives at either."""
    answers = []
    for where in doors.values():
        with raw.Client(**where, **how) as c:
            answers.append(ask(c))
    return answers


def test_the_greeting_is_a_servers(doors):
    def ask(c):
        return c.version, c.status, c.plugin, c.welcome
    proc.wait_for(lambda: both(doors, ask)[0] == both(doors, ask)[1], 30, "the tablets to tell the version",
                  lambda: str(both(doors, ask)))
    with raw.Client(**doors["gate"]) as c:
        assert c.version.removeprefix("5.5.5-") == c.value("SELECT VERSION()")


@pytest.mark.parametrize("eof", [0, raw.DEPRECATE_EOF])
def test_extended_metadata_goes_through(doors, eof):
    def ask(c):
        told = c.query("SELECT CAST('{}' AS CHAR) a, CAST('00112233-4455-6677-8899-aabbccddeeff' AS UUID) u, "
                       "CAST('1::2' AS INET6) i, JSON_OBJECT('k', 1) j, POINT(1, 2) p")
        c.query("SET @x = (SELECT 5), sql_mode = CONCAT(@@sql_mode, '')")      # the gate's own questions
        return told, c.query("SELECT @@sql_mode")
    gate, server = both(doors, ask, caps=raw.USUAL & ~raw.DEPRECATE_EOF | eof, mariadb_caps=raw.EXTENDED_METADATA)
    assert gate == server
    assert b"uuid" in b"".join(gate[0][0])


def test_the_statement_prepared_last_is_executed_by_minus_one(doors):
    """A driver sends both in one go, before it knows the number."""
    def ask(c):
        told = []
        for sql in ("SELECT 5 AS a", "SELEC 5", "DO 0"):
            c.seq = 0
            c.send(bytes([raw.STMT_PREPARE]) + sql.encode())
            c.seq = 0
            c.send(bytes([raw.STMT_EXECUTE]) + raw.execution(raw.LAST))
            prepared = c.packet()
            told += [prepared[:1] if prepared[0] == 0 else prepared]
            told += [c.packet() for _ in range(sql.startswith("SELECT"))]
            c.seq = 1
            told += c.answer()
        told.append(c.ask(raw.STMT_RESET, (7777).to_bytes(4, "little")))
        told.append(c.ask(raw.STMT_EXECUTE, raw.execution(7777)))
        return told + [c.ask(raw.STMT_FETCH, (7777).to_bytes(4, "little") + b"\1\0\0\0")]
    gate, server = both(doors, ask)
    assert gate == server


def test_commands_sent_ahead_are_answered_in_their_order(doors):
    def ask(c):
        for i in range(50):
            c.seq = 0
            c.send(bytes([raw.QUERY]) + f"SELECT {i}, 'row'".encode())
        told = []
        for i in range(50):
            c.seq = 1
            told.append(c.answer())
        return told
    gate, server = both(doors, ask)
    assert gate == server


def test_tls_that_was_not_offered_is_refused(doors):
    """A client that goes on in another language must not wait for ever; compression is test_gate_compression.py's."""
    with raw.Client(**doors["gate"], greet=False) as c:
        assert c.offered & raw.SSL == 0
        c.send((raw.USUAL | raw.SSL).to_bytes(4, "little") + bytes(28))
        number, state, text = raw.error([[c.packet()]])
        assert (number, state) == (1043, "08S01") and "TLS" in text, text


@pytest.mark.parametrize("eof", [0, raw.DEPRECATE_EOF])
def test_many_packets_of_several_statements_are_numbered_through(doors, eof):
    """More than 256 packets, a row of more than one packet, and an error in the middle of rows."""
    def ask(c):
        told = c.query("SELECT 1; SELECT seq FROM seq_1_to_600; SELECT REPEAT('x', 17000000), 2; SELECT 3")
        told += c.query("BEGIN; SELECT seq FROM seq_1_to_300 WHERE seq < 250; "
                        "SELECT CASE WHEN seq < 9 THEN seq ELSE (SELECT 1 UNION SELECT 2) END FROM seq_1_to_10; SELECT 4")
        return told, c.query("ROLLBACK; SELECT 5")
    caps = raw.USUAL & ~raw.DEPRECATE_EOF | eof | raw.MULTI_STATEMENTS
    gate, server = both(doors, ask, caps=caps)
    assert gate == server


def test_a_file_is_read_in_the_middle_of_several_statements(doors):
    def ask(c):
        c.query("CREATE OR REPLACE TABLE filed (id INT PRIMARY KEY, v VARCHAR(20))")
        c.command(raw.QUERY, "SELECT 1; LOAD DATA LOCAL INFILE 'x' INTO TABLE filed; SELECT * FROM filed; SELECT 2")
        told = [c.result(), c.result()]
        c.send(b"1\tone\n2\t")
        c.send(b"two\n")
        c.send(b"")
        told += c.answer()
        c.query("DROP TABLE filed")
        return told
    gate, server = both(doors, ask, caps=raw.USUAL | raw.MULTI_STATEMENTS)
    assert gate == server


def test_users_change(doors):
    """A new session; who is refused stays who it was."""
    def change(c, user, password, database):
        c.command(raw.CHANGE_USER, user.encode() + b"\0\0" + database.encode() + b"\0" + b"\x2d\0mysql_native_password\0")
        told = c.packet()
        if told[0] == 0xfe:
            c.send(raw.scrambled(password, told[1 + len("mysql_native_password") + 1:-1]))
            told = c.packet()
        return told[:3]

    def ask(where):
        user, password = where.get("user", "app"), where.get("password", "")
        with raw.Client(**where) as c:
            c.query("SET @a = 5, sql_mode = 'ANSI_QUOTES'")
            c.query("BEGIN")
            c.ask(raw.STMT_PREPARE, "DO 0")
            told = [change(c, user, password, "new_customer"), c.query("SELECT @a, DATABASE(), @@sql_mode"),
                    c.ask(raw.STMT_EXECUTE, raw.execution(1)), change(c, user, password, ""), c.query("SELECT DATABASE()"),
                    change(c, user, password, "customer"), change(c, "nobody", "", "customer"),
                    c.query("SELECT DATABASE()")[0][2], c.ask(raw.PING)]
        return told
    gate = ask(doors["gate"])
    assert [told[0] for told in (gate[0], gate[3], gate[5])] == [0, 0, 0]
    assert gate[1][0][4][:1] == b"\xfb", "a user variable is there no more"
    assert raw.error(gate[2])[0] == 1243, "nor a prepared statement"
    assert gate[4][0][2] == b"\xfb"
    assert gate[6] == b"\xff\x15\x04" and gate[7] == b"\x08customer"


@pytest.mark.parametrize("command, argument", [(0, b""), (5, b"x"), (6, b"x"), (7, b"\1"), (13, b""), (15, b""), (16, b""),
                                               (27, b"\7\0"), (29, b""), (200, b""), (99, b"x" * 300)])
def test_commands_that_are_not_served_are_refused_as_servers_do(doors, command, argument):
    gate, server = both(doors, lambda c: (c.ask(command, argument), c.query("SELECT 1")))
    assert gate == server
