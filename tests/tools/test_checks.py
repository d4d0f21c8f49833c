#!/usr/bin/python3
"""Each check must find what its folder of bad examples marks, and nothing else.

A line that must be found carries a comment with "finds:" and the beginning of the
finding's text; every other line must be let through.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
TOOLS = os.path.join(HERE, '..', '..', 'tools')
MARK = re.compile(r'/\*.*?finds: (.*?) *\*/')


def marked(folder):
    """{(path, line): text} of all marks below folder."""
    out = {}
    for base, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(base, name)
            with open(path, encoding='utf-8') as f:
                for n, line in enumerate(f, 1):
                    if m := MARK.search(line):
                        out[os.path.relpath(path, folder), n] = m.group(1)
    return out


def found(check, folder):
    """{(path, line): text} of what the check prints, and its exit status."""
    run = subprocess.run([sys.executable, os.path.join(TOOLS, check), folder], capture_output=True, text=True)
    out = {}
    for line in run.stdout.splitlines():
        if m := re.match(r'(\S+?):(\d+): (.*)', line):
            out[m.group(1), int(m.group(2))] = m.group(3)
    return out, run.returncode


class Checks(unittest.TestCase):
    maxDiff = None

    def compare(self, check, name):
        folder = os.path.join(HERE, name)
        want = marked(folder)
        got, status = found(check, folder)
        self.assertGreater(len(want), 5)
        self.assertEqual({k: v for k, v in got.items() if k not in want}, {}, 'found, but not marked')
        self.assertEqual({k: v for k, v in want.items() if v not in got.get(k, '')}, {}, 'marked, but not found')
        self.assertEqual(status, 1)

    def test_form(self):
        folder = os.path.join(HERE, 'form')
        got, status = found('check_form.py', folder)
        for line, text in ((('src/base/guard.h', 1), 'the guard is not BASE_GUARD_H'),
                           (('src/base/bad.h', 1), 'does not open with'),
                           (('src/nothing', 1), 'has no README.md')):
            self.assertIn(text, got.pop(line, ''))
        want = marked(folder)
        del want['src/base/bad.h', 1]
        self.assertEqual({k: v for k, v in got.items() if k not in want}, {}, 'found, but not marked')
        self.assertEqual({k: v for k, v in want.items() if v not in got.get(k, '')}, {}, 'marked, but not found')
        self.assertEqual(status, 1)

    def test_flavour(self):
        self.compare('check_flavour.py', 'flavour')

    def test_flavour_allows_what_is_listed_and_no_more(self):
        sys.path.insert(0, TOOLS)
        import check_flavour
        found = {'a': [(1, 'x'), (2, 'y')], 'b': [(3, 'z')]}
        judge = lambda allowed: list(check_flavour.judge(found, allowed))
        self.assertEqual(judge({'a': (2, ''), 'b': (1, '')}), [])
        self.assertEqual(judge({'a': (1, ''), 'b': (1, '')}),
                         [('a', 1, 'x (1 of 2 are allowed)'), ('a', 2, 'y (1 of 2 are allowed)')])
        self.assertEqual(judge({'a': (2, '')}), [('b', 3, 'z')])
        self.assertEqual([f[0] for f in judge({'a': (3, ''), 'b': (1, ''), 'gone': (1, '')})], ['a', 'gone'])

    def test_hazards(self):
        folder = os.path.join(HERE, 'hazards')
        run = subprocess.run([sys.executable, os.path.join(TOOLS, 'check_hazards.py'), folder], capture_output=True, text=True)
        self.assertEqual(re.findall(r'hazards.md:(\d+): (?:there is no )?(.*)', run.stdout),
                         [('6', 'test_none.py'), ('6', 'test_one.py::test_none'), ('7', 'unit_none'), ('7', 'unit_base none'),
                          ('7', 'a_sim'), ('8', 'no test is named')])
        self.assertEqual(run.returncode, 1)

    def test_layers(self):
        self.compare('check_layers.py', 'layers')

    def test_size(self):
        self.compare('check_size.py', 'size')

    def test_size_of_the_whole(self):
        got, status = found('check_size.py', os.path.join(HERE, 'size_whole'))
        self.assertEqual(list(got), [('src', 0)])
        self.assertIn('median function has 20 lines', got['src', 0])
        self.assertEqual(status, 1)

    def test_waits(self):
        self.compare('check_waits.py', 'waits')

    @unittest.skipUnless(shutil.which('clang'), 'clang is for make lint')
    def test_clang(self):
        with tempfile.TemporaryDirectory() as build:
            entries = []
            for name, text in (('good', 'int good(void);\n'), ('bad', 'struct s { int a, b; } x = { 1 };\n')):
                with open(os.path.join(build, f'{name}.c'), 'w', encoding='utf-8') as f:
                    f.write(text)
                entries.append({'directory': build, 'file': f'{name}.c', 'output': f'{name}.o',
                                'command': f'ccache clang -Wextra -Werror -MD -MF {name}.d -o {name}.o -c {name}.c'})
            with open(os.path.join(build, 'build.ninja'), 'w', encoding='utf-8') as f:
                f.write('build build.ninja: phony\n')
            for these, status in ((entries, 1), (entries[:1], 0), ([], 1)):
                with open(os.path.join(build, 'compile_commands.json'), 'w', encoding='utf-8') as f:
                    json.dump(these, f)
                run = subprocess.run([sys.executable, os.path.join(TOOLS, 'check_clang.py'), build], capture_output=True, text=True)
                self.assertEqual((run.returncode, 'bad.c:1:' in run.stdout), (status, len(these) == 2), run.stdout + run.stderr)
                self.assertNotIn('good.c', run.stdout)
                self.assertFalse(os.path.exists(os.path.join(build, 'good.o')))


if __name__ == '__main__':
    unittest.main()
