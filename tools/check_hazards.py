#!/usr/bin/python3
"""Each test that docs/hazards.md names is there.

usage: check_hazards.py [ROOT]

A name is "test_x.py" or "test_x.py::test_y" of tests/system, "unit_x" or "unit_x test" of tests/unit/x, "real_x" or
"real_x test" of tests/real, or a program of tests/sim.
"""
import glob
import os
import re
import sys

ROOT = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))


def text(path):
    with open(path, encoding='utf-8') as f:
        return f.read()


def texts(pattern):
    return [text(path) for path in sorted(glob.glob(os.path.join(ROOT, pattern), recursive=True))]


def is_there(name):
    system = re.fullmatch(r'(test_\w+\.py)(?:::(test_\w+))?', name)
    if system:
        found = texts(f'tests/system/{system[1]}')
        return bool(found) and (system[2] is None or re.search(rf'^def {system[2]}\(', found[0], re.M))
    unit = re.fullmatch(r'(unit|real)_(\w+?)(?: (\w+))?', name)
    if unit:
        found = texts(f'tests/unit/{unit[2]}/*.c' if unit[1] == 'unit' else 'tests/real/*.c')
        return bool(found) and (unit[3] is None or any(re.search(rf'^TEST\({unit[3]}\)', t, re.M) for t in found))
    sim = re.fullmatch(r'(\w+_sim)(?: (\w+))?', name)
    found = texts(f'tests/sim/{sim[1]}.c') if sim else []
    return bool(found) and (sim[2] is None or bool(re.search(rf'^TEST\({sim[2]}\)', found[0], re.M)))


def names():
    """Those of the last column of the tables."""
    for number, line in enumerate(text(os.path.join(ROOT, 'docs', 'hazards.md')).splitlines(), 1):
        cells = line.split('|')
        if len(cells) != 5 or '---' in line or cells[3].strip() == 'tests':
            continue
        found = re.findall(r'`([^`]+)`', cells[3])
        yield from ((number, name) for name in found or [''])


def main():
    missing = [(number, name) for number, name in names() if not is_there(name)]
    for number, name in missing:
        print(f"docs/hazards.md:{number}: {'no test is named' if not name else f'there is no {name}'}")
    print(f'check_hazards: {len(list(names()))} names, {len(missing)} missing')
    return 1 if missing else 0


if __name__ == '__main__':
    sys.exit(main())
