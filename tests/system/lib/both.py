"""Conversations: the same steps through vtgate and at a server of one's own, answer by answer.

A conversation is some lines of a file in conversations/:

    # name
    [text]                    options, each on a line of its own, see below
    SELECT 1
    @db new_customer          a step that is no statement

Both sides have the databases customer and new_customer, in customer the tables s and t, filled anew before each
conversation; at the gate t was moved to new_customer.t. The session begins in customer.

    option              what it says
    [text]              its statements are not sent as prepared ones (else each conversation is played both ways)
    [multi]             the client says CLIENT.MULTI_STATEMENTS
    [differs: why]      not so yet: the test fails as soon as all answers are the same, for this line to be taken out

    step                what it compares
    SQL                 rows byte by byte, names and types of columns, counts, insert id, warnings; number and state of
                        an error
    @prepare SQL <- [1, "x"]   the same, as a prepared statement with parameters (JSON: numbers, strings, null), also
                        where statements go as text
    @prepared SQL       what the answer to COM_STMT_PREPARE says: its parameters' and its columns' whole definitions
    @cursor SQL         the same of the answer to COM_STMT_EXECUTE with a cursor, and the rows that COM_STMT_FETCH gives
    @fields TABLE       COM_FIELD_LIST: whole definitions
    @db NAME            COM_INIT_DB
    @status             the last answer's status flags (STATUS)
    @meta               the last result's columns: the whole definitions
    @message            the last error's text
    @warnings           SHOW WARNINGS
    @reset              COM_RESET_CONNECTION
    @new                another connection from here on; the one before is closed
    @on NAME            the connection of that name (the first one is "a"); opened when there is none
    @rows               the last result's rows in any order (the step before is compared only by this)
    @refused N text     the gate, and only it, answered the last statement with error N and such a text
    @direct SQL         a statement for the server's side only: what the gate's cluster has in another way
"""
import json
import re
import struct

import pymysql
from pymysql.constants import CLIENT, COMMAND, SERVER_STATUS
from pymysql.protocol import FieldDescriptorPacket, MysqlPacket

TABLES = [
    "CREATE OR REPLACE TABLE s(id INT PRIMARY KEY, v VARCHAR(30))",
    "INSERT INTO s VALUES(1,'x'),(2,'y')",
]
MOVED = "CREATE TABLE IF NOT EXISTS t(id INT PRIMARY KEY AUTO_INCREMENT, v VARCHAR(30), n INT, KEY(n))"
FILL = ["DELETE FROM t", "INSERT INTO t VALUES(1,'a',1),(2,'b',2),(3,'c',3)"]

# Flags that say something of the session or the answer; the others tell of plans and of time.
STATUS = {1: "in-transaction", 2: "autocommit", 8: "more-results", 64: "cursor", 256: "db-dropped",
          512: "no-backslash-escapes", 4096: "out-parameters", 8192: "read-only", 32768: "ansi-quotes"}
STMT_CLOSE, STMT_PREPARE, STMT_EXECUTE, RESET_CONNECTION, FIELD_LIST, STMT_FETCH = 25, 22, 23, 31, 4, 28
NO_PREPARE = 1295                   # "not supported in the prepared statement protocol yet"
TYPE_LONGLONG, TYPE_VAR_STRING, TYPE_NULL, TYPE_DOUBLE = 8, 253, 6, 5


class Conversation:
    def __init__(self, name, where):
        self.name, self.where = name, where
        self.text = self.multi = False
        self.differs = None
        self.steps = []

    def option(self, line):
        said = re.fullmatch(r"\[(text|multi|differs: (.+))\]", line)
        if not said:
            raise ValueError(f"{self.where}: there is no option {line}")
        self.text |= line == "[text]"
        self.multi |= line == "[multi]"
        self.differs = said.group(2) or self.differs


def read(path):
    """The conversations of a file."""
    found = []
    with open(path, encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            line = line.rstrip("\n")
            if line.startswith("# "):
                found.append(Conversation(line[2:].strip(), f"{path}:{number}"))
            elif not line.strip() or line.startswith("##"):
                continue
            elif re.fullmatch(r"\[[a-z].*\]", line):
                found[-1].option(line)
            else:
                found[-1].steps.append(line)
    return found


class Packet(MysqlPacket):
    """An ERR is an answer here, and no exception."""
    def is_error_packet(self):
        return False


class Gone(Exception):
    """The connection has ended."""


class Answer:
    def __init__(self):
        self.kind, self.what, self.rows, self.definitions, self.text, self.status = "ok", None, None, None, None, 0

    def __repr__(self):
        said = f"{self.kind} {self.what}"
        return said if self.rows is None else f"{said} {self.rows[:30]}"

    def same(self, other):
        return (self.kind, self.what, self.rows) == (other.kind, other.what, other.rows)


def lenenc(data, at):
    first = data[at]
    if first < 0xfb:
        return first, at + 1
    size = {0xfc: 2, 0xfd: 3, 0xfe: 8}[first]
    return int.from_bytes(data[at + 1:at + 1 + size], "little"), at + 1 + size


def error_of(data):
    a = Answer()
    a.kind, a.what, a.text = "error", (struct.unpack("<H", data[1:3])[0], data[4:9].decode()), data[9:].decode(errors="replace")
    return a


def ok_of(data):
    a = Answer()
    affected, at = lenenc(data, 1)
    insert_id, at = lenenc(data, at)
    a.status, warnings = struct.unpack("<HH", data[at:at + 4])
    a.what = {"affected": affected, "insert id": insert_id, "warnings": warnings}
    return a


def is_end(data):
    return data[0] == 0xfe and len(data) < 9


class Client:
    """One connection, its packets read here so that nothing of an answer is lost."""

    def __init__(self, flags, **where):
        self.c = pymysql.connect(autocommit=None, read_timeout=300, charset="utf8mb4", client_flag=flags, **where)
        self.last = Answer()

    def close(self):
        try:
            self.c.close()
        except pymysql.MySQLError:
            pass

    def packet(self):
        try:
            return self.c._read_packet(Packet)
        except (pymysql.MySQLError, OSError) as e:
            raise Gone(f"connection lost: {type(e).__name__}") from None

    def command(self, command, data=b""):
        try:
            self.c._execute_command(command, data)
        except (pymysql.MySQLError, OSError) as e:
            raise Gone(f"connection lost: {type(e).__name__}") from None

    def definitions(self, count):
        found = [self.c._read_packet(FieldDescriptorPacket) for _ in range(count)]
        if count:
            self.packet()
        return found

    def result(self):
        data = self.packet().get_all_data()
        if data[0] == 0xff:
            return error_of(data)
        if data[0] == 0:
            return ok_of(data)
        a = Answer()
        a.kind, a.definitions, a.rows = "rows", self.definitions(lenenc(data, 0)[0]), []
        a.what = [(d.name, d.type_code, d.charsetnr) for d in a.definitions]
        while True:
            data = self.packet().get_all_data()
            if data[0] == 0xff:
                return error_of(data)
            if is_end(data):
                warnings, a.status = struct.unpack("<HH", data[1:5])
                a.what.append(f"warnings {warnings}")
                return a
            a.rows.append(data)

    def answer(self):
        """All results of a command, as one answer when there is one."""
        results = [self.result()]
        while results[-1].status & SERVER_STATUS.SERVER_MORE_RESULTS_EXISTS:
            results.append(self.result())
        if len(results) == 1:
            return results[0]
        a = Answer()
        a.kind, a.what, a.status = "results", [(r.kind, r.what, r.rows) for r in results], results[-1].status
        a.definitions = results[0].definitions
        return a

    def asked_definitions(self, command, data):
        """Of COM_STMT_PREPARE and COM_FIELD_LIST."""
        self.command(command, data)
        first = self.packet().get_all_data()
        if first[0] == 0xff:
            return error_of(first)
        a = Answer()
        a.kind, found = "definitions", []
        if command == STMT_PREPARE:
            number, columns, params = struct.unpack("<IHH", first[1:9])
            found = self.definitions(params) + self.definitions(columns)
            self.command(STMT_CLOSE, struct.pack("<I", number))
        while command == FIELD_LIST and not is_end(first):
            found.append(FieldDescriptorPacket(first, "utf8"))
            first = self.packet().get_all_data()
        a.what = [definition(d) for d in found]
        return a

    def cursor(self, sql):
        self.command(STMT_PREPARE, sql.encode())
        number, columns, params = struct.unpack("<IHH", self.packet().get_all_data()[1:9])
        self.definitions(params)
        self.definitions(columns)
        self.command(STMT_EXECUTE, struct.pack("<IBI", number, 1, 1))
        a, count = Answer(), lenenc(self.packet().get_all_data(), 0)[0]
        a.kind, a.what, a.rows = "rows", [definition(d) for d in self.definitions(count)], []
        self.command(STMT_FETCH, struct.pack("<II", number, 100))
        while not is_end(data := self.packet().get_all_data()):
            a.rows.append(data)
        self.command(STMT_CLOSE, struct.pack("<I", number))
        return a

    def query(self, sql):
        self.command(COMMAND.COM_QUERY, sql.encode())
        return self.answer()

    def prepared(self, sql, values=(), binary_only=False):
        self.command(STMT_PREPARE, sql.encode())
        data = self.packet().get_all_data()
        if data[0] == 0xff:
            failed = error_of(data)
            return failed if binary_only or failed.what[0] != NO_PREPARE else self.query(sql)
        number, columns, params = struct.unpack("<IHH", data[1:9])
        self.definitions(params)
        self.definitions(columns)
        self.command(STMT_EXECUTE, struct.pack("<IBI", number, 0, 1) + parameters(values))
        a = self.answer()
        self.command(STMT_CLOSE, struct.pack("<I", number))
        return a


def parameters(values):
    if not values:
        return b""
    nulls, types, data = bytearray((len(values) + 7) // 8), b"", b""
    for i, v in enumerate(values):
        if v is None:
            nulls[i // 8] |= 1 << i % 8
            types += struct.pack("<H", TYPE_NULL)
        elif isinstance(v, int):
            types, data = types + struct.pack("<H", TYPE_LONGLONG), data + struct.pack("<q", v)
        elif isinstance(v, float):
            types, data = types + struct.pack("<H", TYPE_DOUBLE), data + struct.pack("<d", v)
        else:
            raw = v.encode()
            assert len(raw) < 251
            types, data = types + struct.pack("<H", TYPE_VAR_STRING), data + bytes([len(raw)]) + raw
    return bytes(nulls) + b"\x01" + types + data


class Side:
    def __init__(self, conversation, protocol, where):
        self.binary = protocol == "prepared"
        self.flags = CLIENT.MULTI_STATEMENTS if conversation.multi else 0
        self.where, self.clients, self.now = where, {}, "a"
        self.client()

    def client(self):
        if self.now not in self.clients:
            self.clients[self.now] = Client(self.flags, **self.where)
        return self.clients[self.now]

    def close(self):
        for c in self.clients.values():
            c.close()

    def play(self, step):
        """Runs what is to be run; what a later step asks of it stays in last."""
        try:
            return self.run(step)
        except Gone as e:
            a = Answer()
            a.kind, a.what = "gone", str(e)
            return a

    def run(self, step):
        c = self.client()
        if step == "@new":
            c.close()
            del self.clients[self.now]
            c = self.client()
        elif step.startswith("@on "):
            self.now = step[4:]
            c = self.client()
        elif step.startswith("@db "):
            c.command(COMMAND.COM_INIT_DB, step[4:].encode())
            c.last = c.result()
        elif step == "@reset":
            c.command(RESET_CONNECTION)
            c.last = c.result()
        elif step.startswith("@prepare "):
            sql, _, values = step[9:].partition(" <- ")
            c.last = c.prepared(sql, json.loads(values) if values else (), True)
        elif step.startswith("@prepared "):
            c.last = c.asked_definitions(STMT_PREPARE, step[10:].encode())
        elif step.startswith("@cursor "):
            c.last = c.cursor(step[8:])
        elif step.startswith("@fields "):
            c.last = c.asked_definitions(FIELD_LIST, step[8:].encode() + b"\0")
        elif step == "@warnings":
            return c.query("SHOW WARNINGS")
        elif step.startswith("@direct "):
            c.query(step[8:])
        elif step.startswith("@"):
            raise ValueError(f"there is no step {step}")
        else:
            c.last = c.prepared(step) if self.binary else c.query(step)
        return c.last


def flags(status):
    return [name for bit, name in STATUS.items() if status & bit]


def definition(d):
    return {k: v for k, v in vars(d).items() if not k.startswith("_")}


LOOKS = {
    "@status": lambda a: flags(a.status),
    "@meta": lambda a: [definition(d) for d in a.definitions or []],
    "@message": lambda a: a.text,
    "@rows": lambda a: sorted(a.rows or []),
}


def differences(conversation, protocol, gate, direct):
    """Plays it; [(step, gate's answer, server's answer)] where they are not the same."""
    sides = Side(conversation, protocol, gate), Side(conversation, protocol, direct)
    found = []
    try:
        steps = conversation.steps
        for step, following in zip(steps, steps[1:] + [""]):
            if step in LOOKS:
                seen = [LOOKS[step](side.client().last) for side in sides]
                if seen[0] != seen[1]:
                    found.append((step, *seen))
            elif step.startswith("@refused "):
                _, number, text = step.split(" ", 2)
                a = sides[0].client().last
                if a.kind != "error" or a.what[0] != int(number) or text not in a.text:
                    found.append((step, f"{a} {a.text}", "(refused by the gate)"))
            elif step.startswith("@direct "):
                sides[1].play(step)
            else:
                mine, servers = [side.play(step) for side in sides]
                elsewhere = following == "@rows" or following.startswith("@refused ")
                if not elsewhere and not mine.same(servers):
                    found.append((step, f"{mine} {mine.text or ''}", f"{servers} {servers.text or ''}"))
    finally:
        for side in sides:
            side.close()
    return found
