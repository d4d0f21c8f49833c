#!/usr/bin/python3
"""Words that belong to one flavour of server stand behind the dialect (src/mysql/dialect.h).

usage: check_flavour.py [ROOT]

Outside src/mysql and src/binlog no string literal says what only MariaDB or only MySQL
understands, and no enum has a number of an error that only one of them knows: code asks the
row of the connection's server. Literals that stand side by side are one. ALLOWED has what is
left, file by file, with a count that only shrinks; with a ROOT of its own nothing is allowed.
"""
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import csource

HOMES = ('src/mysql/', 'src/binlog/')

STATEMENTS = [
    r'SET STATEMENT\b', r'\bNOWAIT\b', r'\bWAIT \d', r'EXECUTE IMMEDIATE', r'\bFOR SHARE\b', r'SET_VAR',
    r'CREATE OR REPLACE (TABLE|TRIGGER|DATABASE|USER|ROLE|FUNCTION|PROCEDURE|EVENT|INDEX|SEQUENCE|SERVER)',
    r'(COLUMN|INDEX|KEY|CONSTRAINT) IF (NOT )?EXISTS', r'\bRETURNING\b',
    r'MASTER STATUS', r'BINARY LOG STATUS', r'SLAVE HOSTS', r'SHOW REPLICAS', r'(SLAVE|REPLICA) STATUS',
    r'MASTER_POS_WAIT', r'SOURCE_POS_WAIT', r'MASTER_GTID_WAIT', r'WAIT_FOR_EXECUTED',
    # rights
    r'BINLOG (MONITOR|ADMIN|REPLAY)', r'SLAVE (ADMIN|MONITOR)', r'CONNECTION ADMIN', r'READ_ONLY ADMIN',
    r'\b[A-Z]+_ADMIN\b', r'IDENTIFIED (VIA|WITH)',
]
NAMES = [
    # variables, status, functions, tables
    r'binlog_snapshot', r'gtid_(binlog|slave|current|domain|executed|purged|mode|sub)', r'BINLOG_GTID_POS',
    r'\bt(ransaction|x)_isolation\b', r'\bt(ransaction|x)_read_only\b', r'max_(statement|execution)_time',
    r'idle_\w*transaction_timeout', r'binlog_annotate', r'log_bin_compress', r'binlog_transaction_compression',
    r'enforce_storage_engine', r'check_constraint_checks', r'information_schema_stats_expiry',
    r'innodb_(sys_)?tablestats', r'innodb_sys_', r'global_priv',
    # collations, formats, versions
    r'nopad', r'uca1400', r'_0900_', r'mysql56_temporal_format', r'mariadb', r'5\.5\.5',
]
WORD = re.compile('|'.join(STATEMENTS) + '|(?i:' + '|'.join(NAMES) + ')')
STRING = re.compile(r'"((?:[^"\\\n]|\\.)*)"')

# MariaDB has 1900 to 1999 and 4000 on for itself, MySQL 3000 to 3999 and 5000 on.
FIRST_OF_ONE = 1900

# path: (how many, what it needs). The counts shrink.
ALLOWED = {
    'src/client/command.c': (1, "advice to people: names a program of MariaDB's"),
    'src/combo/dbkind.c': (7, 'the servers that are started: a row for each kind'),
    'src/combo/dbkind.h': (1, 'their names'),
    'src/gate/dispatch.c': (1, 'the name by which the session has said that transactions only read'),
    'src/gate/refuse.h': (3, 'numbers that clients know: those of the server that they take us for'),
    'src/gate/route.c': (1, 'the version that is told before any server is known'),
    'src/gate/settings.c': (4, "what clients may call it: both flavours' names, on purpose"),
    'src/gate/variables.c': (4, "what clients may call it: both flavours' names, on purpose"),
    'src/sql/keyword.c': (3, 'the functions of both flavours, on purpose'),
    'src/sql/lexer.c': (2, 'executable comments by version: a number that the caller makes of the dialect'),
    'src/tablet/table/create_table.c': (1, 'the comment behind old temporal columns'),
}


def literals(source):
    """(line, text) of each run of literals."""
    line, text = 0, None
    for t in source.tokens + [csource.Token('punct', ';', 0)]:
        if t.kind == 'string' and t.text[0] == '"':
            line, text = (line, text) if text is not None else (t.line, '')
            text += t.text[1:-1]
        elif text is not None:
            yield line, text
            text = None
    for t in source.pp:
        if not re.match(r'\s*#\s*include', t.text):
            for m in STRING.finditer(t.text):
                yield t.line, m.group(1)


def check(source):
    for line, text in literals(source):
        if m := WORD.search(text):
            yield line, f'"{m.group()}" belongs to one flavour'
    for name, equals, value in zip(source.tokens, source.tokens[1:], source.tokens[2:]):
        if name.text.startswith('ER_') and equals.text == '=' and value.text.isdigit() \
                and int(value.text) >= FIRST_OF_ONE:
            yield name.line, f'error {value.text} belongs to one flavour'


def judge(found, allowed):
    """found: {path: [(line, text)]}. What is not allowed, and what is allowed without need."""
    for path in sorted(set(found) | set(allowed)):
        these, most = found.get(path, []), allowed.get(path, (0, ''))[0]
        if len(these) > most:
            for line, text in these:
                yield path, line, text + (f' ({most} of {len(these)} are allowed)' if most else '')
        elif len(these) < most:
            yield path, 1, f'{len(these)} words of one flavour: ALLOWED has {most}, shrink it'


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), '..')
    sources = [s for s in csource.sources(root, ['src']) if not s.path.startswith(HOMES)]
    found = {s.path: list(check(s)) for s in sources}
    allowed = ALLOWED if len(sys.argv) == 1 else {}
    left = sum(len(f) for f in found.values())
    return csource.report('check_flavour', list(judge(found, allowed)), f'{len(sources)} files, {left} words')


if __name__ == '__main__':
    sys.exit(main())
