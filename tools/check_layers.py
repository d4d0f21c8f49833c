#!/usr/bin/python3
"""Includes only go down the floors, no cycle between modules, third-party headers in one file each.

usage: check_layers.py [ROOT]

A module is a folder and a noun: gate/route is route.h and route.c. A floor may have rooms, folders of its own
with an order among them.
"""
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import csource

# The floors, from the ground. Beside a floor's own folder and all lower floors
# a file may include what the arrows of its own floor allow.
FLOORS = [['base'], ['task'], ['mysql', 'binlog', 'sql', 'http'], ['topo', 'rpc'],
          ['gate', 'tablet', 'ctl', 'combo', 'client'], ['cmd']]
ARROWS = {'binlog': {'mysql'}, 'rpc': {'topo'}}

# The rooms of a floor that has them, from the ground: a file may include its own room's and lower ones', and
# what stands on the floor itself, above all rooms, may include any.
ROOMS = {'tablet': ['server', 'table', 'read', 'write', 'copy', 'compare', 'guard', 'stream']}

# Bytes in, values out: no descriptor, no clock, no log, no ctx, so that they can be
# fuzzed and tested with captured bytes. The modules named are the exceptions: they wait.
PURE = {'mysql': {'mysql/bulk', 'mysql/client', 'mysql/compressed', 'mysql/login', 'mysql/packet', 'mysql/reply_relay', 'mysql/server'}, 'binlog': {'binlog/dump', 'binlog/dump_way', 'binlog/dump_mariadb', 'binlog/dump_mysql'}, 'sql': set()}
IMPURE = re.compile(r'task/|base/(clock|log)\.h$')

# Each library is known to one file (and what stands beside it is why there are two).
THIRD_PARTY = [
    (r'openssl/', ['src/task/tls.c', 'src/mysql/crypto.c']),         # TLS; digests and keys
    (r'sqlite3\.h', ['src/topo/topo_sqlite.c']),
    (r'jansson\.h', ['src/topo/record.c', 'src/rpc/api.c', 'src/topo/json.c']),
    (r'microhttpd\.h', ['src/http/http.c', 'src/http/serve.c']),
    (r'curl/', ['src/http/http.c', 'src/http/call.c']),
    (r'zstd\.h', ['src/base/pack.c']),
    (r'zlib\.h', ['src/base/pack.c', 'src/binlog/checksum.c']),    # packing; CRC32
    (r'xxhash\.h', ['src/base/hash.c']),
    (r'valgrind/', ['src/task/stack.c', 'src/task/switch.c']),
    (r'sanitizer/', ['src/task/switch.c', 'src/task/stack.c', 'src/base/arena.c',
                     'tests/unit/base/mem_test.c']),
    (r'(mysql|mariadb|errmsg)[/.]', ['tests/load/', 'bench/']),                # the independent client
]

# Headers of libc and the kernel, free for all.
SYSTEM = re.compile(r'''(?x)
    (sys|linux|netinet|arpa|net|asm)/[\w./]+
  | (aio|assert|ctype|dirent|dlfcn|endian|errno|execinfo|fcntl|float|fnmatch|ftw|getopt|glob|grp|inttypes|limits|locale
    |malloc|math|netdb|poll|pthread|pwd|regex|sched|semaphore|setjmp|signal|spawn|stdalign|stdarg|stdatomic|stdbool
    |stddef|stdint|stdio|stdlib|stdnoreturn|string|strings|syslog|termios|time|ucontext|unistd|utime|wchar)\.h''')

# (module, module): reason. Kept empty if at all possible.
CYCLE_EXCEPTIONS = {}


def floor_of(folder):
    return next((i for i, floor in enumerate(FLOORS) if folder in floor), None)


def may_include(folder, target):
    if target == folder or target in ARROWS.get(folder, ()):
        return True
    here, there = floor_of(folder), floor_of(target)
    return here is not None and there is not None and there < here


def folder_of(path):
    """The floor's folder whose law a file follows, or None for test code outside of tests/unit."""
    parts = path.split('/')
    if parts[0] == 'src' and len(parts) > 2:
        return parts[1]
    if parts[:2] == ['tests', 'unit'] and len(parts) > 3:
        return parts[2]
    return None


def module_of(path):
    return os.path.splitext(path.split('/', 1)[1])[0]


def room_of(path):
    """(floor's folder, number of the room or None: above all rooms) of "tablet/read/tail.h"; None without rooms."""
    parts = path.split('/')
    if parts[0] not in ROOMS:
        return None
    if len(parts) < 3:
        return parts[0], None
    return parts[0], ROOMS[parts[0]].index(parts[1]) if parts[1] in ROOMS[parts[0]] else -1


def check_room(source, line, name):
    if not source.path.startswith('src/'):
        return []
    here, there = room_of(source.path.split('/', 1)[1]), room_of(name)
    if here is None or there is None or here[0] != there[0]:
        return []
    if -1 in (here[1], there[1]):
        return [(source.path, line, f'"{name}": a room that ROOMS does not know')]
    if here[1] is None or there[1] is not None and there[1] <= here[1]:
        return []
    return [(source.path, line, f'"{name}" is not below {os.path.dirname(source.path)}')]


def check_third_party(source, line, name):
    if SYSTEM.fullmatch(name):
        return []
    for pattern, homes in THIRD_PARTY:
        if re.match(pattern, name):
            if any(source.path == h or h.endswith('/') and source.path.startswith(h) for h in homes):
                return []
            if source.path.startswith('tests/') and not source.path.startswith('tests/unit/'):
                return []       # a test may look at the product with its own library
            return [(source.path, line, f'<{name}> belongs in {" or ".join(homes)} only')]
    return [(source.path, line, f'<{name}> is not known here: give it one home in THIRD_PARTY')]


def check_pure(source, line, name):
    folder = folder_of(source.path)
    if not source.path.startswith('src/') or folder not in PURE:
        return []
    if module_of(source.path) in PURE[folder]:
        return []
    waits = any(os.path.splitext(name)[0] in names for names in PURE.values())
    if IMPURE.match(name) or waits:
        return [(source.path, line, f'"{name}" in {folder}, which takes bytes and gives values')]
    return []


def check_include(source, line, quote, name):
    if quote == '<':
        return check_third_party(source, line, name)
    folder, target = folder_of(source.path), name.split('/')[0]
    if source.path.startswith('src/') and floor_of(folder) is None:
        return [(source.path, line, f'{folder} has no floor: give it one in FLOORS')]
    if '/' not in name:
        if name == 'test.h' or floor_of(folder) is None:
            return []
        return [(source.path, line, f'"{name}" without its folder')]
    if floor_of(folder) is None or floor_of(target) is None:
        return []
    if not may_include(folder, target):
        return [(source.path, line, f'"{name}" is not below {folder}')]
    return check_room(source, line, name) + check_pure(source, line, name)


def cycles(edges):
    """Strongly connected components of more than one module (Tarjan)."""
    index, low, stack, on, out = {}, {}, [], set(), []

    def visit(v):
        index[v] = low[v] = len(index)
        stack.append(v)
        on.add(v)
        for w in sorted(edges.get(v, ())):
            if w not in index:
                visit(w)
                low[v] = min(low[v], low[w])
            elif w in on:
                low[v] = min(low[v], index[w])
        if low[v] == index[v]:
            part = []
            while not part or part[-1] != v:
                part.append(stack.pop())
                on.discard(part[-1])
            if len(part) > 1:
                out.append(sorted(part))

    for v in sorted(edges):
        if v not in index:
            visit(v)
    return out


def module_edges(sources):
    """{module: {module it includes: where}}, without the exceptions."""
    edges = {}
    for source in sources:
        if not source.path.startswith('src/'):
            continue
        here = module_of(source.path)
        for line, quote, name in source.includes():
            there = os.path.splitext(name)[0]
            if quote == '"' and there != here and (here, there) not in CYCLE_EXCEPTIONS:
                edges.setdefault(here, {}).setdefault(there, (source.path, line))
    return edges


def check_cycles(sources):
    edges, findings = module_edges(sources), []
    for part in cycles(edges):
        inside = [(v, w, *edges[v][w]) for v in part for w in sorted(edges[v]) if w in part]
        path, line = inside[0][2:]
        findings.append((path, line, 'cycle between modules: '
                         + ', '.join(f'{v} -> {w} ({p}:{n})' for v, w, p, n in inside)))
    return findings


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), '..')
    sources = csource.sources(root, ['src', 'tests', 'bench', 'demo'])
    sources = [s for s in sources if not s.path.startswith('tests/tools/')]
    findings = check_cycles(sources)
    for source in sources:
        for line, quote, name in source.includes():
            findings += check_include(source, line, quote, name)
    return csource.report('check_layers', findings, f'{len(sources)} files')


if __name__ == '__main__':
    sys.exit(main())
