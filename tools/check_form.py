#!/usr/bin/python3
"""What a formatter does not know of the house's form.

usage: check_form.py [ROOT]

Tabs indent; a definition's name begins its line, so that grep ^name finds it; no
prototypes of static functions; a header opens with "name.h - what it is" and its guard is
its path; what can fail is MUST_USE; memory comes from base/mem.h; each folder of src has a
README.md that says what belongs there.
"""
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import csource

# Calls that nobody makes, and what to use instead.
FORBIDDEN = {
    'malloc': 'mem_alloc()', 'calloc': 'mem_zalloc()', 'realloc': 'mem_realloc()', 'strdup': 'mem_strdup()',
    'alloca': 'an arena', 'sprintf': 'snprintf() or a buf', 'vsprintf': 'vsnprintf() or a buf',
    'strcpy': 'a slice or a buf', 'strcat': 'a buf', 'strtok': 'slice_split()', 'atoi': 'parse_int()',
    'atol': 'parse_int()', 'setjmp': 'an error', 'longjmp': 'an error',
}
# Files that are what FORBIDDEN points at, or have no floors below them.
FORBIDDEN_EXCEPTIONS = {'src/base/mem.c'}

# (path, function): why its result may be dropped.
MUST_USE_EXCEPTIONS = {
    ('src/base/err.h', '*'): 'they return -1 to end a function with',
    ('src/mysql/reply.h', 'err_from_packet'): 'as those of err.h',
    ('src/task/conn.h', 'conn_fail'): 'as those of err.h',
    ('src/rpc/api.h', 'rpc_read_error'): 'as those of err.h',
    ('src/gate/refuse.h', 'refuse'): 'as those of err.h',
    ('src/gate/variables.h', 'variables_refuse_charset'): 'as those of err.h',
}


def check_lines(source):
    for n, line in enumerate(source.text.split('\n'), 1):
        if line != line.rstrip():
            yield n, 'blanks at the end of the line'
        if re.match(r'\t* +\t', line) or re.match(r' {5,}\S', line) and not re.match(r' +\*', line):
            yield n, 'indented with blanks'
    if not source.text.endswith('\n'):
        yield 1, 'the last line does not end'


def check_functions(source):
    lines = source.text.split('\n')
    for f in source.functions:
        if source.path.endswith('.c') and not re.match(rf'(TEST\(|\w*{re.escape(f.name)}\b)', lines[f.line - 1]):
            yield f.line, f'{f.name}() does not begin its line'
        for i, t in enumerate(f.body[:-1]):
            if t.text in FORBIDDEN and f.body[i + 1].text == '(' and source.path not in FORBIDDEN_EXCEPTIONS:
                yield t.line, f'{t.text}(): use {FORBIDDEN[t.text]}'
    if source.path.endswith('.c'):
        for f in source.prototypes:
            if f.static:
                yield f.line, f'a prototype of the static function {f.name}(): put the leaf above'


def can_fail(f):
    """Returns an int or a pointer and says why not in a struct err, its own or its ctx's."""
    texts = [[t.text for t in p] for p in f.params]
    says_why = any(p[:3] == ['struct', 'err', '*'] or p[:3] == ['struct', 'ctx', '*'] for p in texts)
    return says_why and [r for r in f.result if r not in ('extern', 'static', 'inline')] == ['int']


def check_header(source):
    stem = source.path.split('/', 1)[1]
    guard = re.sub(r'\W', '_', stem).upper()
    texts = [t.text for t in source.pp]
    if texts[:2] != [f'#ifndef {guard}', f'#define {guard}']:
        yield 1, f'the guard is not {guard}'
    name = os.path.basename(source.path)
    if not source.text.startswith(f'/*\n * {name} - '):
        yield 1, f'does not open with "{name} - " and what it is'
    for f in source.prototypes:
        if (source.path, '*') in MUST_USE_EXCEPTIONS or (source.path, f.name) in MUST_USE_EXCEPTIONS:
            continue
        if can_fail(f) and 'MUST_USE' not in f.marks:
            yield f.line, f'{f.name}() can fail and is not MUST_USE'


def check_readmes(root):
    src = os.path.join(root, 'src')
    for path, _, names in sorted(os.walk(src)):
        if any(n.endswith('.c') for n in names) and 'README.md' not in names:
            yield os.path.relpath(path, root), 1, 'has no README.md'


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), '..')
    findings = list(check_readmes(root))
    sources = [s for s in csource.sources(root, ['src', 'tests', 'bench', 'demo'])
               if not s.path.startswith('tests/tools/')]
    for source in sources:
        found = []
        if source.path.startswith('src/'):
            found += check_lines(source)
            found += check_functions(source)
            found += check_header(source) if source.path.endswith('.h') else []
        findings += [(source.path, line, text) for line, text in found]
    return csource.report('check_form', findings, f'{len(sources)} files')


if __name__ == '__main__':
    sys.exit(main())
