#!/usr/bin/python3
"""Lines per function and file, parameters, nesting, columns, variables at file scope.

usage: check_size.py [--top] [ROOT]     --top also lists the longest functions and files

A function's lines run from its name to its closing brace. Nesting counts if, for,
while, do, switch and walking macros inside one another, with or without braces;
else if is as deep as its if.
"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import csource

# What one function, file or line may be; the reasons are in CONTRIBUTING.md.
FUNCTION_LINES = 70
FILE_LINES = 600
PARAMETERS = 5
NESTING = 3
COLUMNS = 110       # 100 is the habit; a string that people search for may stand out a little
# What the product as a whole must be.
MEDIAN_LINES = 15
P90_LINES = 40

# (path, name or ''): reason. A name is a function or a variable; '' is the file's length.
EXCEPTIONS = {
    ('src/base/option.h', 'option_parse'): 'what argv holds goes to two places, settings and the rest',
    ('src/base/option.c', 'option_parse'): 'as its header',
    ('src/base/buf.c', 'buf_empty'): 'the one spare byte that every empty buf points at; never written',
    ('src/base/fault.c', 'fault_mode'): 'what is armed belongs to the process: it stands for a power cut',
    ('src/base/fault.c', 'fault_lock'): 'as fault_mode',
    ('src/base/fault.c', 'fault_points'): 'as fault_mode',
    ('src/base/fault.c', 'fault_count'): 'as fault_mode',
    ('src/base/log.c', 'current_level'): 'one standard error, one level',
    ('src/base/log.c', 'current_who'): 'set once by the task floor: the name of the running task',
    ('src/task/conn.h', 'conn_read_now'): 'reports bytes, end and error, and has no ctx to put the last in',
    ('src/task/conn.c', 'conn_read_now'): 'as its header',
    ('src/http/serve.c', 'serve'): 'as libmicrohttpd calls it',
    ('src/task/tick.c', 'tick_of_thread'): 'which loop this thread runs',
    ('src/task/stack.c', 'stacks_mapped'): 'the kernel counts maps by process, so all loops share one census',
    ('tests/load/link.h', 'link_execute'): 'a prepared statement is its kind, its slot, its text and its values',
    ('tests/load/link.c', 'link_execute'): 'as its header',
    ('src/topo/topo.h', 'topo_put'): 'a compare-and-swap is what was, what becomes, and the lease it dies with',
    ('src/topo/topo.c', 'topo_put'): 'as its header',
}

CONTROL = {'if', 'for', 'while', 'switch'}


class Nesting:
    """A walk over one function's statements; deepest is the result."""

    def __init__(self, tokens):
        self.tokens, self.i, self.deepest = tokens, 0, 0
        while self.i < len(tokens):
            self.statement(0)

    def text(self, ahead=0):
        at = self.i + ahead
        return self.tokens[at].text if at < len(self.tokens) else ''

    def skip_parens(self):
        self.i = csource.closing(self.tokens, self.i) + 1

    def block(self, depth):
        end = csource.closing(self.tokens, self.i)
        self.i += 1
        while self.i < end:
            self.statement(depth)
        self.i = end + 1

    def inner(self, depth):
        self.deepest = max(self.deepest, depth)
        self.statement(depth)

    def is_walk(self):
        """list_each(...) { and the like: an identifier, parentheses, and no semicolon."""
        if self.tokens[self.i].kind != 'ident' or self.text(1) != '(':
            return False
        after = csource.closing(self.tokens, self.i + 1) + 1
        return after < len(self.tokens) and (
            self.tokens[after].text == '{' or self.tokens[after].kind == 'ident')

    def statement(self, depth):
        text = self.text()
        if text == '{':
            self.block(depth)
        elif text == 'else':
            self.i += 1
            if self.text() == 'if':
                self.statement(depth)
            else:
                self.inner(depth + 1)
        elif text == 'do':
            self.i += 1
            self.inner(depth + 1)
            self.expression()
        elif text in CONTROL or self.is_walk():
            self.i += 1
            self.skip_parens()
            self.inner(depth + 1)
        elif text in ('case', 'default') or (self.tokens[self.i].kind == 'ident' and self.text(1) == ':'):
            self.label()
        else:
            self.expression()

    def label(self):
        while self.i < len(self.tokens) and self.text() != ':':
            self.i += 1
        self.i += 1

    def expression(self):
        while self.i < len(self.tokens) and self.text() != ';':
            if self.tokens[self.i].kind == 'punct' and self.text() in csource.OPEN:
                self.skip_parens()
            else:
                self.i += 1
        self.i += 1


def check_function(f):
    if f.lines > FUNCTION_LINES:
        yield f.line, f.name, f'{f.name}() has {f.lines} lines, at most {FUNCTION_LINES}'
    if len(f.params) > PARAMETERS:
        yield f.line, f.name, f'{f.name}() has {len(f.params)} parameters, at most {PARAMETERS}'
    if f.body is None:
        return
    deepest = Nesting(f.body).deepest
    if deepest > NESTING:
        yield f.line, f.name, f'{f.name}() nests {deepest} deep, at most {NESTING}'


QUALIFIERS = {'static', 'const', 'volatile', '_Thread_local', '__thread', '_Atomic', 'register'}


def after_type(tokens):
    """Index of the first declarator, and whether the type itself is const."""
    const, i = False, 0
    while i < len(tokens) and tokens[i].text in QUALIFIERS:
        const, i = const or tokens[i].text == 'const', i + 1
    if tokens[i].text in ('struct', 'enum', 'union'):
        i += 1
        if i < len(tokens) and tokens[i].kind == 'ident':
            i += 1
        if i < len(tokens) and tokens[i].text == '{':
            i = csource.closing(tokens, i) + 1
    else:       # unsigned long x: the last word is the name, the others are the type
        i += 1
        while i + 1 < len(tokens) and tokens[i].kind == tokens[i + 1].kind == 'ident':
            i += 1
    while i < len(tokens) and tokens[i].text in QUALIFIERS:
        const, i = const or tokens[i].text == 'const', i + 1
    return i, const


def variables(tokens):
    """(name, line) of each mutable variable that a declaration at file scope makes."""
    if tokens[0].text in ('typedef', 'extern'):
        return
    start, const = after_type(tokens)
    for part in csource.split_commas(tokens[start:]):
        head = part[:part.index('=')] if '=' in part else part
        if '[' in head:
            head = head[:head.index('[')]
        stars = [i for i, t in enumerate(head) if t.text == '*']
        name = next((t for t in head if t.kind == 'ident' and t.text not in QUALIFIERS), None)
        fixed = any(t.text == 'const' for t in head[stars[0]:]) if stars else const
        if name and not fixed:
            yield name.text, name.line


def local_statics(f):
    """Variables that outlive their function although they stand inside it."""
    for i, t in enumerate(f.body or []):
        if t.text == 'static' and (i == 0 or f.body[i - 1].text in (';', '{', '}')):
            end = next(j for j in range(i, len(f.body)) if f.body[j].text == ';')
            yield from variables(f.body[i:end])


def check_variables(source):
    for d in source.declarations:
        yield from variables(d.tokens)
    for f in source.functions:
        yield from local_statics(f)


def columns(line):
    return len(line.expandtabs(csource.TAB))


def check_source(source):
    """(line, name for EXCEPTIONS, text) of each fault."""
    lines = source.text.splitlines()
    if len(lines) > FILE_LINES:
        yield 1, '', f'{len(lines)} lines, at most {FILE_LINES}'
    for n, line in enumerate(lines, 1):
        if columns(line) > COLUMNS:
            yield n, f'line {n}', f'{columns(line)} columns, at most {COLUMNS}'
    for f in source.functions:
        yield from check_function(f)
    if source.path.endswith('.h'):
        for f in source.prototypes:
            yield from check_function(f)
    if source.path.startswith('src/'):
        for name, line in check_variables(source):
            yield line, name, f'{name} is a variable that outlives every call: pass it, or make it const'


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * share))] if values else 0


def summary(sources):
    product = [s for s in sources if s.path.startswith('src/')]
    functions = [f.lines for s in product for f in s.functions]
    sizes = [len(s.text.splitlines()) for s in product]
    median, p90 = percentile(functions, .5), percentile(functions, .9)
    text = (f'{len(functions)} functions in {len(product)} files, lines per function median {median} p90 {p90}'
            f' longest {max(functions, default=0)}, per file median {percentile(sizes, .5)} p90 {percentile(sizes, .9)}')
    findings = []
    if median > MEDIAN_LINES:
        findings.append(('src', 0, f'median function has {median} lines, at most {MEDIAN_LINES}'))
    if p90 > P90_LINES:
        findings.append(('src', 0, f'nine of ten functions have up to {p90} lines, at most {P90_LINES}'))
    return text, findings


def print_longest(sources):
    functions = sorted(((f.lines, f.path, f.name) for s in sources for f in s.functions), reverse=True)
    for lines, path, name in functions[:20]:
        print(f'{lines:4} {path} {name}()')
    for lines, path in sorted(((len(s.text.splitlines()), s.path) for s in sources), reverse=True)[:10]:
        print(f'{lines:4} {path}')


def main():
    args = [a for a in sys.argv[1:] if a != '--top']
    root = args[0] if args else os.path.join(os.path.dirname(__file__), '..')
    sources = [s for s in csource.sources(root, ['src', 'tests', 'bench', 'demo'])
               if not s.path.startswith('tests/tools/')]
    if '--top' in sys.argv:
        print_longest(sources)
    text, findings = summary(sources)
    for source in sources:
        findings += [(source.path, line, fault) for line, name, fault in check_source(source)
                     if (source.path, name) not in EXCEPTIONS]
    return csource.report('check_size', findings, text)


if __name__ == '__main__':
    sys.exit(main())
