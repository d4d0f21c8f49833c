#!/usr/bin/python3
"""Runs every check of the tree and ends with one line, N passed, N failed.

usage: lint.py [--except NAME]

--except leaves that check out: for who has it done by other means.
"""
import argparse
import os
import subprocess
import sys
import time

TOOLS = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(TOOLS, '..')

# Only what cppcheck knows better than the compilers; the rest is noise here.
CPPCHECK = ['cppcheck', '--quiet', '--error-exitcode=1', '--inline-suppr', '--std=c11', '-j2',
            '--enable=warning,portability', '--suppress=missingInclude', '--suppress=unknownMacro',
            '--max-configs=1', '-D_GNU_SOURCE', '-D__GNUC__=12', '-Isrc', '-Itests', 'src']

SOURCES = "find src tests -path tests/tools -prune -o -name '*.[ch]' -print0 | xargs -0"

CHECKS = [
    ('layers', [f'{TOOLS}/check_layers.py']),
    ('size', [f'{TOOLS}/check_size.py']),
    ('waits', [f'{TOOLS}/check_waits.py']),
    ('format', ['sh', '-c', f'{SOURCES} clang-format-14 --dry-run --Werror']),
    ('form', [f'{TOOLS}/check_form.py']),
    ('flavour', [f'{TOOLS}/check_flavour.py']),
    ('types', [f'{TOOLS}/make_types.py', '--check']),
    ('hazards', [f'{TOOLS}/check_hazards.py']),
    ('states', [f'{TOOLS}/fsm_graph.py', '--check']),
    ('clang', [f'{TOOLS}/check_clang.py']),
    ('cppcheck', CPPCHECK),
]

# The dearest takes half a minute; whoever needs that long hangs, also on a machine with other work.
DEADLINE_S = 900


def run(name, command):
    start = time.monotonic()
    try:
        done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=DEADLINE_S)
        ok, text = done.returncode == 0, done.stdout
    except (subprocess.TimeoutExpired, OSError) as e:
        ok, text = False, f'{e}\n'
    print(f'{"ok  " if ok else "FAIL"} {name} ({time.monotonic() - start:.1f} s)', flush=True)
    if text and (not ok or name == 'size'):
        print(text.rstrip(), flush=True)
    return ok


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--except', dest='left_out', choices=[name for name, _ in CHECKS])
    left_out = parser.parse_args().left_out
    results = [run(name, command) for name, command in CHECKS if name != left_out]
    print(f'{sum(results)} passed, {len(results) - sum(results)} failed')
    return 0 if all(results) else 1


if __name__ == '__main__':
    sys.exit(main())
