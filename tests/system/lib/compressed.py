"""Clients that compress, by the protocol's zlib or zstd: PyMySQL, which cannot itself, and lib/raw.py's, with frames below.

Frames and packets must both be numbered as they should: both clients look at each packet's number.
"""
import ctypes
import zlib

import pymysql

from . import raw

ZLIB, ZSTD = 1 << 5, 1 << 26
FLAGS = {"zlib": ZLIB, "zstd": ZSTD, "both": ZLIB | ZSTD, None: 0}
LEAST, FRAME_MAX = 50, (1 << 24) - 1


class Zlib:
    compress, decompress = staticmethod(zlib.compress), staticmethod(lambda data, size: zlib.decompress(data))


class Zstd:
    library = ctypes.CDLL("libzstd.so.1")
    for function in ("ZSTD_compress", "ZSTD_decompress", "ZSTD_compressBound"):
        getattr(library, function).restype = ctypes.c_size_t
    library.ZSTD_compressBound.argtypes = [ctypes.c_size_t]
    library.ZSTD_compress.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int]
    library.ZSTD_decompress.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t]

    @classmethod
    def compress(cls, data):
        out = ctypes.create_string_buffer(cls.library.ZSTD_compressBound(len(data)))
        size = cls.library.ZSTD_compress(out, len(out), data, len(data), 3)
        return out.raw[:size]

    @classmethod
    def decompress(cls, data, size):
        out = ctypes.create_string_buffer(size + 1)
        got = cls.library.ZSTD_decompress(out, size, data, len(data))
        return out.raw[:got]


class Frames:
    """Of one connection. read(n) and write(bytes) are those below."""

    def __init__(self, algorithm, read, write):
        self.packing, self.read_raw, self.write_raw = Zstd if algorithm == "zstd" else Zlib, read, write
        self.number, self.data, self.packed, self.plain = 0, b"", 0, 0

    def read(self, count):
        parts, have = [self.data], len(self.data)
        while have < count:
            parts.append(self.read_frame())
            have += len(parts[-1])
        data = b"".join(parts)
        self.data = data[count:]
        return data[:count]

    def read_frame(self):
        head = self.read_raw(7)
        length, size = int.from_bytes(head[:3], "little"), int.from_bytes(head[4:], "little")
        assert head[3] == self.number, f"frame number {head[3]}, expected {self.number}"
        self.number = (self.number + 1) & 0xff
        body = self.read_raw(length)
        if size == 0:
            self.plain += 1
            return body
        self.packed += 1
        data = self.packing.decompress(body, size)
        assert len(data) == size and size >= LEAST
        return data

    def begin_command(self):
        assert self.data == b""
        self.number = 0

    def write(self, data):
        for at in range(0, len(data), FRAME_MAX):
            self.write_frame(data[at:at + FRAME_MAX])

    def write_frame(self, data):
        packed, size = (self.packing.compress(data), len(data)) if len(data) >= LEAST else (data, 0)
        self.write_raw(len(packed).to_bytes(3, "little") + bytes([self.number]) + size.to_bytes(3, "little") + packed)
        self.number = (self.number + 1) & 0xff


class Connection(pymysql.connections.Connection):
    """compress: "zlib", "zstd", or "both", which is zlib wherever that is offered; None."""

    def __init__(self, *args, compress=None, level=3, **more):
        self.compress, self.level, self.frames = compress, level, None
        super().__init__(*args, client_flag=FLAGS[compress] | more.pop("client_flag", 0), **more)

    def _request_authentication(self):
        super()._request_authentication()
        if self.compress:
            self.frames = Frames("zlib" if self.compress == "both" else self.compress, super()._read_bytes,
                                 super()._write_bytes)

    def write_packet(self, payload):
        # The response, which is longer than the request for TLS and the first packet with these flags.
        if self.client_flag & ZSTD and self.level is not None and not self.frames and len(payload) > 32 and \
                payload[:4] == self.client_flag.to_bytes(4, "little"):
            payload += bytes([self.level])
        super().write_packet(payload)

    def _execute_command(self, command, sql):
        while self._result is not None and self._result.has_next:
            self.next_result()
        if self.frames:
            self.frames.begin_command()
        super()._execute_command(command, sql)

    def _read_bytes(self, num_bytes):
        return self.frames.read(num_bytes) if self.frames else super()._read_bytes(num_bytes)

    def _write_bytes(self, data):
        (self.frames.write if self.frames else super()._write_bytes)(data)


class Socket:
    """One whose bytes go in frames."""

    def __init__(self, below, algorithm):
        self.below, self.frames = below, Frames(algorithm, self.read_exactly, below.sendall)
        self.sendall, self.settimeout, self.close = self.frames.write, below.settimeout, below.close

    def read_exactly(self, count):
        data = b""
        while len(data) < count:
            more = self.below.recv(count - len(data))
            if not more:
                raise EOFError("the connection has ended")
            data += more
        return data

    def recv(self, _):
        return self.frames.read_frame()


class Client(raw.Client):
    """level None: none is said; frames: what is taken of compress, where it is "both"."""

    def __init__(self, port, compress="zlib", level=3, frames=None, caps=raw.USUAL, **more):
        self.tail = bytes([level]) if FLAGS[compress] & ZSTD and level is not None else b""
        self.frames = None
        super().__init__(port, caps=caps | FLAGS[compress], **more)
        if self.welcome[0] == 0 and compress:
            self.socket = Socket(self.socket, frames or ("zlib" if compress == "both" else compress))
            self.frames = self.socket.frames

    def send(self, payload):
        tail, self.tail = self.tail, b""            # the response is what a client sends first
        super().send(payload + tail)

    def at_number(self, number):
        self.seq = number
        if self.frames:
            self.frames.number = number

    def command(self, command, argument=b""):
        self.at_number(0)
        super().command(command, argument)

    def next_answer(self):
        """Of commands that were sent ahead, each of one frame and one packet."""
        self.at_number(1)
        return self.answer()
