#!/usr/bin/python3
"""Runs the tests of a build and sums them up in one last line, N passed, N failed.

usage: run_tests.py --build DIR [--system] [--long] [--valgrind]
       run_tests.py --build DIR --kinds SOURCE,TARGET [--fast]

Meson's tests (unit, golden, sim) print such a line themselves and are summed by it;
a test program that ends without one counts as one failure. --system adds the tests
of the tools and of whole programs, --long those that take minutes. These mostly wait,
so they run beside Meson's, which compute. --kinds runs those of them that are for servers
of these kinds (tests/system/lib/chosen.py) and nothing else; --fast some of those.
"""
import argparse
import concurrent.futures
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import xml.etree.ElementTree

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..')
sys.path.insert(0, os.path.join(ROOT, 'tests', 'system'))

from lib import datadir  # noqa: E402

COUNTS = re.compile(r'^(\d+) passed, (\d+) failed$', re.M)
VALGRIND = ['valgrind', '--quiet', '--error-exitcode=99', '--leak-check=full', '--errors-for-leak-kinds=definite',
            '--child-silent-after-fork=no', '--trace-children=no']


# What valgrind 3.19 cannot run: processes are watched with pidfd_open(2), which it does not know; the task
# floor's census wants more mappings than are left beside its own, and its kills come too late for the store.
NOT_UNDER_VALGRIND = {'unit_combo', 'unit_task', 'unit_topo'}

# Of Meson's own deadline for a program. That of a test is test.c's; a machine with other work is no fault of either.
PATIENCE, VALGRIND_PATIENCE = '10', '20'


class Total:
    def __init__(self):
        self.passed = self.failed = 0
        self.lock = threading.Lock()

    def add(self, name, passed, failed, text=''):
        with self.lock:
            self.passed += passed
            self.failed += failed
            print(f'{"ok  " if not failed else "FAIL"} {name}: passed {passed}, failed {failed}', flush=True)
            if failed and text:
                print('\n'.join(text.rstrip().splitlines()[-60:]), flush=True)


def run_meson(total, build, valgrind):
    """Every test that meson knows; each program's own counts."""
    command = ['meson', 'test', '-C', build, '--no-rebuild', '--quiet', '--no-suite', 'long',
               '--no-suite', 'checks', '--timeout-multiplier', VALGRIND_PATIENCE if valgrind else PATIENCE]
    if valgrind:
        command += ['--wrapper', ' '.join(VALGRIND)]
    subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    log = os.path.join(ROOT, build, 'meson-logs', 'testlog' + ('-valgrind' if valgrind else '') + '.json')
    if not os.path.exists(log):
        total.add('meson test', 0, 1, 'no test ran: is everything built?')
        return
    with open(log, encoding='utf-8') as f:
        for line in f:
            test = json.loads(line)
            if valgrind and test['name'].split()[-1].split('-')[0] in NOT_UNDER_VALGRIND:
                continue
            text = test.get('stdout', '') + test.get('stderr', '')
            counts = COUNTS.findall(test.get('stdout', ''))
            passed, failed = map(int, counts[-1]) if counts else (test['result'] == 'OK', test['result'] != 'OK')
            if test['result'] != 'OK' and not failed:
                failed = 1          # a sanitizer's complaint after the last test, a timeout, ...
            total.add(test['name'], int(passed), int(failed), text)


def run_pytest(total, name, folder, *args):
    if not os.path.isdir(os.path.join(ROOT, folder)):
        return
    report = os.path.join(ROOT, f'.cache/{name}.xml')
    os.makedirs(os.path.dirname(report), exist_ok=True)
    if os.path.exists(report):
        os.remove(report)
    run = subprocess.run(['/usr/bin/python3', '-m', 'pytest', '-q', '-p', 'no:cacheprovider', '--tb=short',
                          f'--junitxml={report}', *args, folder], cwd=ROOT, stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if run.returncode == 5:         # nothing was collected
        return
    if not os.path.exists(report):
        total.add(name, 0, 1, run.stdout)
        return
    suite = xml.etree.ElementTree.parse(report).getroot().find('testsuite')
    bad = int(suite.get('failures')) + int(suite.get('errors'))
    good = int(suite.get('tests')) - bad - int(suite.get('skipped'))
    name = f'{name}, {float(suite.get("time")):.0f} s'
    total.add(name, good, bad if bad or run.returncode == 0 else 1, run.stdout)


def prepare(templates):
    """A server's data directory for all tests to copy: mariadb-install-db takes as long as a test."""
    os.chmod(templates, 0o755)
    try:
        datadir.template(templates, 'normal')
        os.environ['SWITCHYARD_TEST_TEMPLATES'] = templates
    except (OSError, KeyError, subprocess.SubprocessError):
        pass                        # the tests that need it will say what is missing


def run_programs(total, args):
    run_meson(total, args.build, args.valgrind)
    if args.system:
        run_pytest(total, 'tools', 'tests/tools')


def which(args):
    # Most of a test is waiting: six on two cores keep these busy.
    return ['-m', 'long' if args.long else 'not long', '-n', str(3 * os.cpu_count()), '--dist', 'loadgroup']


def run_kinds(total, args):
    for pair in args.kinds:
        os.environ['SWITCHYARD_TEST_KINDS'] = pair
        run_pytest(total, f'system with {pair}', 'tests/system', *which(args), *(['--fast-kinds'] if args.fast else []))


def run_system(total, args):
    run_pytest(total, 'system', 'tests/system', *which(args))


def run_all(total, args):
    with concurrent.futures.ThreadPoolExecutor() as pool:
        runs = [pool.submit(run_programs, total, args)]
        if args.system:
            runs.append(pool.submit(run_system, total, args))
        for run in runs:
            run.result()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--build', default='build')
    parser.add_argument('--system', action='store_true')
    parser.add_argument('--long', action='store_true')
    parser.add_argument('--valgrind', action='store_true')
    parser.add_argument('--kinds', action='append')
    parser.add_argument('--fast', action='store_true')
    args = parser.parse_args()
    total = Total()
    with tempfile.TemporaryDirectory(prefix='switchyard-template-', dir=datadir.base()) as templates:
        prepare(templates)
        (run_kinds if args.kinds else run_all)(total, args)
    print(f'{total.passed} passed, {total.failed} failed')
    return 1 if total.failed else 0


if __name__ == '__main__':
    sys.exit(main())
