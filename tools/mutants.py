#!/usr/bin/python3
"""Takes one guard out at a time and sees that its test notices.

usage: mutants.py [NAME-PART...]

src/ names its guards with mutant("NAME") (src/base/mutant.h). Each line of tests/mutants/*.txt that is no comment is

    NAME  TEST  FILTER  what is believed or done without the guard

where TEST is a test program of the build, which gets TEST_ONLY=FILTER, or tests/system/FILE.py, for which FILTER is
pytest's -k. In build-mutants/, made with -Dmutants=true, the test must pass, and fail with $SWITCHYARD_MUTANT=NAME. A
name that stands in src/ and not in a list, or the other way round, has failed too. Half as many run at once as there
are processors, but two at least.
"""
import collections
import concurrent.futures
import glob
import os
import re
import subprocess
import sys
import threading
import time

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))
BUILD = os.path.join(ROOT, 'build-mutants')
DEADLINE_S = '30'       # a guard that is missing often hangs its test; no single test needs half of this
SYSTEM_S = 600
NAME = re.compile(r'\bmutant\(\s*"([^"]*)"\s*\)')    # a formatter may break it

Guard = collections.namedtuple('Guard', 'name test pattern where')


class Failed(Exception):
    pass


def run(command, env=None, timeout=1800):
    try:
        done = subprocess.run(command, cwd=ROOT, env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors='replace',
                              timeout=timeout)
    except subprocess.TimeoutExpired:
        return 1, f'took longer than {timeout} s'
    return done.returncode, done.stdout


def listed():
    guards = {}
    for path in sorted(glob.glob(os.path.join(ROOT, 'tests/mutants/*.txt'))):
        with open(path, encoding='utf-8') as f:
            lines = f.read().splitlines()
        for number, line in enumerate(lines, 1):
            where = f'{os.path.relpath(path, ROOT)}:{number}'
            words = line.split(None, 3)
            if not words or line.startswith('#'):
                continue
            if len(words) != 4:
                raise Failed(f'{where}: not "NAME TEST FILTER sentence"')
            if words[0] in guards:
                raise Failed(f'{where}: {words[0]} is listed twice')
            guards[words[0]] = Guard(*words[:3], where)
    return guards


def named_in_sources():
    """Name -> how often it stands in src/."""
    found = collections.Counter()
    for path in glob.glob(os.path.join(ROOT, 'src/**/*.[ch]'), recursive=True):
        if os.path.basename(path) != 'mutant.h':
            with open(path, encoding='utf-8') as f:
                found.update(NAME.findall(f.read()))
    return found


def build():
    if not os.path.exists(os.path.join(BUILD, 'build.ninja')):
        status, text = run(['meson', 'setup', '-Dmutants=true', BUILD])
        if status:
            raise Failed('meson setup:\n' + text[-2000:])
    status, text = run(['ninja', '-C', BUILD])
    if status:
        raise Failed('does not build:\n' + '\n'.join(l for l in text.splitlines() if 'error' in l or 'FAILED' in l)[:2000])


def executable(name):
    found = [p for p in glob.glob(os.path.join(BUILD, '**', name), recursive=True) if os.access(p, os.X_OK)]
    found = [p for p in found if os.path.isfile(p)]
    if not found:
        raise Failed(f'there is no test program {name}')
    return found[0]


def run_test(test, pattern, mutant):
    """(passed, text) of the named tests."""
    env = {'SWITCHYARD_BUILD': BUILD, 'SWITCHYARD_MUTANT': mutant}
    if mutant:
        env['TEST_DEADLINE_S'] = DEADLINE_S
    if test.endswith('.py'):
        status, text = run(['/usr/bin/python3', '-m', 'pytest', '-q', '-x', '-p', 'no:cacheprovider', test, '-k', pattern],
                           env, SYSTEM_S)
        if status == 5:
            raise Failed(f'no test of {test} matches {pattern}')
    else:
        status, text = run([executable(test)], {**env, 'TEST_ONLY': pattern})
        if '0 passed, 0 failed' in text.splitlines():
            raise Failed(f'no test of {test} matches {pattern}')
    return status == 0, text


class Clean:
    """What each test says with every guard in its place: run once."""

    def __init__(self):
        self.lock, self.locks, self.said = threading.Lock(), {}, {}

    def run(self, test, pattern):
        key = (test, pattern)
        with self.lock:
            own = self.locks.setdefault(key, threading.Lock())
        with own:
            if key not in self.said:
                self.said[key] = run_test(test, pattern, '')
        return self.said[key]


def check(guard, found, clean):
    """(failed, line)"""
    start = time.monotonic()
    try:
        if not found[guard.name]:
            raise Failed(f'{guard.where}: no mutant("{guard.name}") in src/')
        passed, text = clean.run(guard.test, guard.pattern)
        if not passed:
            raise Failed(f'{guard.test} {guard.pattern} fails with the guard too:\n{text[-1000:]}')
        if run_test(guard.test, guard.pattern, guard.name)[0]:
            raise Failed(f'{guard.test} {guard.pattern} did not notice')
        bad, line = 0, f'ok   {guard.name}: caught by {guard.test} {guard.pattern}'
    except Failed as e:
        bad, line = 1, f'FAIL {guard.name}: {e}'
    print(f'{line} ({time.monotonic() - start:.1f} s)', flush=True)
    return bad


def main():
    guards, found, clean = listed(), named_in_sources(), Clean()
    failed = 0
    for name in sorted(set(found) - set(guards)):
        failed += 1
        print(f'FAIL {name}: stands in src/ and in no list of tests/mutants/')
    chosen = [g for g in guards.values() if not sys.argv[1:] or any(a in g.name for a in sys.argv[1:])]
    build()
    with concurrent.futures.ThreadPoolExecutor(max(2, (os.cpu_count() or 2) // 2)) as pool:
        bad = sum(pool.map(lambda g: check(g, found, clean), chosen))
    print(f'{len(chosen) - bad} passed, {failed + bad} failed')
    return 1 if failed + bad else 0


if __name__ == '__main__':
    try:
        sys.exit(main())
    except Failed as e:
        print(f'mutants: the tree itself: {e}\n0 passed, 1 failed')
        sys.exit(1)
