#!/usr/bin/python3
"""Writes docs/types.md from the table that the types' test runs (tests/system/lib/types.py).

usage: make_types.py            writes it
       make_types.py --check    fails where it is not what would be written
"""
import os
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..')
sys.path.insert(0, os.path.join(ROOT, 'tests', 'system'))

from lib import types  # noqa: E402

PATH = os.path.join(ROOT, 'docs', 'types.md')
NAMES = {types.MARIADB: 'MariaDB', types.MYSQL: 'MySQL'}
HEAD = """\
# What is carried, and what becomes of it

What a table can have, and what a move does with it in each direction. Everything here is tried with real servers,
MariaDB 10.11 and 11.8 and MySQL 9.7, by a test that reads the same table: the values of a column, its type's least and greatest and
NULL among them, are copied, written while the copy runs, after it, and while the tablet is dead, and then are the same bytes at the other end.

* **same**: the same bytes, and a definition that means the same
* **translated**: how
* **refused**: before anything is made, by the name of the column, key or table. The words are those of the message. **ALTER**: its hint
  has the statement that makes a table of it which is taken, and the test has run that
* **stops the copy**: no definition tells it, so it is seen when a row is read that holds such a value; the column is named
* **-**: there is no such thing where the table would come from

`tools/make_types.py` writes this page; edit `tests/system/lib/types.py`.
"""


def cell(row, direction):
    source, target = direction
    if source not in row.at:
        return '-'
    outcome = row.becomes.get(direction, types.SAME)
    if isinstance(outcome, types.Translated):
        return f'translated: {outcome.how}'
    if isinstance(outcome, types.Refused):
        until = f'refused by {NAMES[target]} before {outcome.before}' if outcome.before else 'refused'
        return f'{until}: {code(outcome.words)}{"; ALTER" if outcome.mended else ""}'
    if isinstance(outcome, types.Stops):
        return f'stops the copy: {code(outcome.words)}'
    return 'same'


def code(text):
    quote = '``' if '`' in text else '`'
    space = ' ' if '`' in text else ''
    return f'{quote}{space}{text}{space}{quote}'


def label(row):
    since = [f'{NAMES[brand]} {version}' for brand, version in row.since.items()]
    return code(row.label or row.name().replace('|', '\\|')) + (f' (from {", ".join(since)} on)' if since else '')


def section(name):
    """Rows of which the same is said stand together."""
    groups = {}
    for row in types.ROWS:
        if row.section == name:
            groups.setdefault(tuple(cell(row, d) for d in types.DIRECTIONS), []).append(label(row))
    yield f'## {name}\n'
    yield '| | ' + ' | '.join(f'{NAMES[a]} → {NAMES[b]}' for a, b in types.DIRECTIONS) + ' |'
    yield '| --- ' * (1 + len(types.DIRECTIONS)) + '|'
    for cells, labels in groups.items():
        yield f'| {", ".join(dict.fromkeys(labels))} | {" | ".join(cells)} |'
    yield ''


def page():
    lines = [HEAD]
    for name in dict.fromkeys(r.section for r in types.ROWS):
        lines += section(name)
    return '\n'.join(lines)


def main():
    if sys.argv[1:] not in ([], ['--check']):
        sys.exit(__doc__.split('\n\n')[1])
    if not sys.argv[1:]:
        with open(PATH, 'w', encoding='utf-8') as f:
            f.write(page())
        return 0
    with open(PATH, encoding='utf-8') as f:
        if f.read() == page():
            return 0
    print('docs/types.md is not what tests/system/lib/types.py says: run tools/make_types.py')
    return 1


if __name__ == '__main__':
    sys.exit(main())
