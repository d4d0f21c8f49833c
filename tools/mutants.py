#!/usr/bin/python3
"""Takes one rule out at a time and sees that its test notices.

usage: mutants.py [NAME-PART...]

Each tests/mutants/NAME.patch begins with the line
    # test: EXECUTABLE FILTER            a test program of the build, TEST_ONLY=FILTER
    # test: tests/system/FILE.py FILTER  pytest -k FILTER
and is applied to a copy of the tree in build-mutants/, which is built incrementally.
The named tests must pass without the patch and fail with it. A patch that does not
apply or does not build has failed too: it no longer says anything about the code.
"""
import filecmp
import glob
import os
import shutil
import subprocess
import sys
import time

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))
TREE = os.path.join(ROOT, 'build-mutants', 'tree')
BUILD = os.path.join(TREE, 'build')
DEADLINE_S = '30'       # a mutant often hangs its test; no single test needs half of this
SYSTEM_S = 600


class Failed(Exception):
    pass


def run(command, cwd=TREE, env=None, timeout=900):
    full = {**os.environ, 'GIT_CEILING_DIRECTORIES': os.path.dirname(TREE), **(env or {})}
    try:
        done = subprocess.run(command, cwd=cwd, env=full, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors='replace', timeout=timeout)
    except subprocess.TimeoutExpired:
        return 1, f'took longer than {timeout} s'
    return done.returncode, done.stdout


def tracked():
    listed = subprocess.run(['git', 'ls-files', '-co', '--exclude-standard'], cwd=ROOT, check=True,
                            stdout=subprocess.PIPE, text=True).stdout
    return [p for p in listed.splitlines() if os.path.isfile(os.path.join(ROOT, p))]


def sync(paths):
    """Copies what differs, with a new time stamp so that Ninja sees it, and removes what is gone."""
    for path in paths:
        source, target = os.path.join(ROOT, path), os.path.join(TREE, path)
        if not os.path.exists(target) or not filecmp.cmp(source, target, shallow=False):
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copyfile(source, target)
            shutil.copymode(source, target)
    kept = {os.path.join(TREE, p) for p in paths}
    for base, dirs, names in os.walk(TREE):
        if base == TREE:
            dirs[:] = [d for d in dirs if d != 'build']
        for name in names:
            if os.path.join(base, name) not in kept:
                os.remove(os.path.join(base, name))


def build():
    if not os.path.exists(os.path.join(BUILD, 'build.ninja')):
        status, text = run(['meson', 'setup', 'build'])
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


def run_test(test):
    """(passed, text) of the named tests."""
    what, pattern = test
    if what.endswith('.py'):
        status, text = run(['/usr/bin/python3', '-m', 'pytest', '-q', '-x', '-p', 'no:cacheprovider', what, '-k', pattern],
                           timeout=SYSTEM_S)
        if status == 5:
            raise Failed(f'no test of {what} matches {pattern}')
    else:
        status, text = run([executable(what)], env={'TEST_ONLY': pattern, 'TEST_DEADLINE_S': DEADLINE_S})
        if '0 passed, 0 failed' in text.splitlines():
            raise Failed(f'no test of {what} matches {pattern}')
    return status == 0, text


def test_of(patch):
    with open(patch, encoding='utf-8') as f:
        words = f.readline().split()
    if words[:2] != ['#', 'test:'] or len(words) != 4:
        raise Failed('the first line is not "# test: EXECUTABLE FILTER"')
    return words[2], words[3]


def check_mutant(patch, clean):
    test = test_of(patch)
    if test not in clean:
        clean[test] = run_test(test)
    passed, text = clean[test]
    if not passed:
        raise Failed(f'{" ".join(test)} fails without the patch too:\n' + text[-1000:])
    status, text = run(['git', 'apply', '-p1', '-C1', '--recount', patch])
    if status:
        raise Failed('does not apply:\n' + text)
    build()
    if run_test(test)[0]:
        raise Failed(f'{" ".join(test)} did not notice')
    return ' '.join(test)


def main():
    patches = sorted(glob.glob(os.path.join(ROOT, 'tests/mutants/*.patch')))
    patches = [p for p in patches if not sys.argv[1:] or any(a in os.path.basename(p) for a in sys.argv[1:])]
    paths, clean, failed = tracked(), {}, 0
    sync(paths)
    build()
    for patch in patches:
        start, name = time.monotonic(), os.path.basename(patch)[:-len('.patch')]
        try:
            line = f'ok   {name}: caught by {check_mutant(patch, clean)}'
        except Failed as e:
            line, failed = f'FAIL {name}: {e}', failed + 1
        print(f'{line} ({time.monotonic() - start:.1f} s)', flush=True)
        sync(paths)
        build()
    print(f'{len(patches) - failed} passed, {failed} failed')
    return 1 if failed else 0


if __name__ == '__main__':
    try:
        sys.exit(main())
    except Failed as e:
        print(f'mutants: the tree itself: {e}\n0 passed, 1 failed')
        sys.exit(1)
