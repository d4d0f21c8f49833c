"""A client that sends packets as they are given and reads answers packet by packet: what drivers hide."""
import hashlib
import socket
import struct

QUIT, INIT_DB, QUERY, PROCESS_KILL, PING, CHANGE_USER = 1, 2, 3, 12, 14, 17
STMT_PREPARE, STMT_EXECUTE, STMT_CLOSE, STMT_RESET, SET_OPTION, STMT_FETCH = 22, 23, 25, 26, 27, 28
LAST = 0xffffffff                   # the statement that was prepared last

FOUND_ROWS, WITH_DB, COMPRESS, SSL, MULTI_STATEMENTS, DEPRECATE_EOF = 1 << 1, 1 << 3, 1 << 5, 1 << 11, 1 << 16, 1 << 24
USUAL = 0x4 | WITH_DB | 0x80 | 0x200 | 0x2000 | 0x8000 | 1 << 17 | 1 << 18 | 1 << 19 | DEPRECATE_EOF
EXTENDED_METADATA = 1 << 3          # of MariaDB's own
MORE_RESULTS, CURSOR_EXISTS = 0x8, 0x40


def lenenc(data, at):
    first = data[at]
    if first < 0xfb:
        return first, at + 1
    size = {0xfc: 2, 0xfd: 3, 0xfe: 8}[first]
    return int.from_bytes(data[at + 1:at + 1 + size], "little"), at + 1 + size


def scrambled(password, scramble):
    if not password:
        return b""
    once = hashlib.sha1(password.encode()).digest()
    mask = hashlib.sha1(scramble + hashlib.sha1(once).digest()).digest()
    return bytes(a ^ b for a, b in zip(once, mask))


class Client:
    def __init__(self, port, user="app", password="", database="customer", caps=USUAL, mariadb_caps=0, greet=True):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.settimeout(60)
        self.data, self.seq, self.caps = b"", 0, caps
        self.read_greeting(self.packet())
        if greet:
            self.login(user, password, database, mariadb_caps)

    def read_greeting(self, data):
        end = data.index(b"\0", 1)
        self.version = data[1:end].decode()
        self.id, first, low, self.collation, self.status, high = struct.unpack_from("<I8sxHBHH", data, end + 1)
        at = end + 1 + struct.calcsize("<I8sxHBHH") + 1 + 6
        self.offered, self.mariadb_offered = low | high << 16, struct.unpack_from("<I", data, at)[0]
        self.scramble = first + data[at + 4:at + 16]
        self.plugin = data[at + 17:].rstrip(b"\0").decode()

    def login(self, user, password, database, mariadb_caps):
        answer = scrambled(password, self.scramble)
        self.send(struct.pack("<IIB19sI", self.caps, 1 << 24, 45, b"", mariadb_caps) + user.encode() + b"\0" +
                  bytes([len(answer)]) + answer + database.encode() + b"\0mysql_native_password\0")
        self.welcome = self.packet()

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, payload):
        self.socket.sendall(struct.pack("<I", len(payload))[:3] + bytes([self.seq]) + payload)
        self.seq = (self.seq + 1) & 0xff

    def packet(self):
        """The next payload; their numbers must follow one another."""
        while len(self.data) < 4 or len(self.data) < 4 + int.from_bytes(self.data[:3], "little"):
            more = self.socket.recv(1 << 16)
            if not more:
                raise EOFError("the connection has ended")
            self.data += more
        end = 4 + int.from_bytes(self.data[:3], "little")
        assert self.data[3] == self.seq, f"packet number {self.data[3]}, expected {self.seq}"
        self.seq = (self.data[3] + 1) & 0xff
        payload, self.data = self.data[4:end], self.data[end:]
        return payload

    def command(self, command, argument=b""):
        self.seq = 0
        self.send(bytes([command]) + (argument.encode() if isinstance(argument, str) else argument))

    def result(self):
        """The packets of one result; self.more tells whether another follows."""
        packets = [self.packet()]
        self.more, first = False, packets[0]
        if first[0] == 0:
            at = lenenc(first, lenenc(first, 1)[1])[1]
            self.ended(struct.unpack_from("<H", first, at)[0])
        elif first[0] == 0xfe:
            self.ended(struct.unpack_from("<H", first, 3)[0])
        elif first[0] not in (0xfb, 0xff):
            self.rows(packets, lenenc(first, 0)[0])
        return packets

    def rows(self, packets, columns):
        packets += [self.packet() for _ in range(columns)]
        if not self.caps & DEPRECATE_EOF:
            packets.append(self.packet())
            if struct.unpack_from("<H", packets[-1], 3)[0] & CURSOR_EXISTS:
                self.ended(struct.unpack_from("<H", packets[-1], 3)[0])
                return
        while True:
            packets.append(self.packet())
            if packets[-1][0] == 0xff:
                return
            if packets[-1][0] == 0xfe and len(packets[-1]) < 0xffffff:
                self.ended(struct.unpack_from("<H", packets[-1], 3)[0])
                return

    def ended(self, status):
        self.status, self.more = status, bool(status & MORE_RESULTS)

    def answer(self):
        results = [self.result()]
        while self.more:
            results.append(self.result())
        return results

    def ask(self, command, argument=b""):
        self.command(command, argument)
        return self.answer()

    def query(self, sql):
        return self.ask(QUERY, sql)

    def value(self, sql):
        """The first column of the first row."""
        results = self.query(sql)
        row = results[0][lenenc(results[0][0], 0)[0] + 1 + (not self.caps & DEPRECATE_EOF)]
        size, at = lenenc(row, 0)
        return row[at:at + size].decode()


def execution(number, flags=0):
    return struct.pack("<IBI", number, flags, 1)


def error(results):
    """Number, state and text of the error that an answer ends in."""
    data = results[-1][-1]
    assert data[0] == 0xff, results
    return struct.unpack("<H", data[1:3])[0], data[4:9].decode(), data[9:].decode()
