#!/usr/bin/python3
"""Prints the tables of states (base/fsm.h) into the READMEs.

usage: fsm_graph.py [--check]

A README of src that has the two lines
    <!-- states: NAME -->
    <!-- end -->
gets the states of "struct fsm ... = { "NAME", rows, ... }" between them. --check only looks whether
they are as the code has them.
"""
import glob
import os
import re
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))
TABLE = re.compile(r'const struct fsm \w+ = \{ "([^"]+)", (\w+),')
ROW = re.compile(r'\[(\w+)\] = \{ "([^"]+)",\s*([^"]*?),\s*"([^"]*)" \}')
BLOCK = re.compile(r'(<!-- states: (\S+) -->\n).*?(<!-- end -->)', re.S)


def read_tables():
    """{name: [(state's name, [where it may go], sentence)]}"""
    tables = {}
    for path in sorted(glob.glob(f'{ROOT}/src/**/*.c', recursive=True)):
        text = open(path).read()
        for name, rows in TABLE.findall(text):
            body = re.search(rf'struct fsm_state {rows}\[\] = \{{\n(.*?)\n\}};', text, re.S).group(1)
            found = ROW.findall(body)
            if len(found) != body.count('] ='):
                sys.exit(f'{path}: a row of {rows} is not [STATE] = {{ "name", edges, "sentence" }}')
            names = {constant: state for constant, state, _, _ in found}
            tables[name] = [(state, [names[to] for to in re.findall(r'FSM_TO\((\w+)\)', edges)], sentence)
                            for _, state, edges, sentence in found]
    return tables


def markdown(states):
    lines = ['| state | goes to | what holds |', '| --- | --- | --- |']
    lines += [f'| {state} | {", ".join(to)} | {sentence} |' for state, to, sentence in states]
    return '\n'.join(lines) + '\n'


def main():
    tables, wrong = read_tables(), []
    for path in sorted(glob.glob(f'{ROOT}/src/**/README.md', recursive=True)):
        old = open(path).read()
        new = BLOCK.sub(lambda m: m.group(1) + markdown(tables[m.group(2)]) + m.group(3), old)
        if new == old:
            continue
        wrong.append(os.path.relpath(path, ROOT))
        if '--check' not in sys.argv:
            open(path, 'w').write(new)
    for path in wrong:
        print(f'{path}: {"states differ from the code: run tools/fsm_graph.py" if "--check" in sys.argv else "written"}')
    return 1 if wrong and '--check' in sys.argv else 0


if __name__ == '__main__':
    sys.exit(main())
