"""What the checks need to know of a C file: tokens, function definitions, declarations.

Not a compiler: preprocessor lines are set aside (macros are not expanded) and
types are told apart by their tokens. That is enough for a tree whose style is
fixed, and it needs no headers, no flags and a second for the whole tree.
"""
import os
import re

TAB = 8

TOKEN = re.compile(r'''
    (?P<space>[ \t\r\f\v]+|\\\n)
  | (?P<newline>\n)
  | (?P<comment>//[^\n]*|/\*.*?\*/)
  | (?P<pp>^[ \t]*\#(?:[^\n\\/]|\\.|/\*.*?\*/|/(?!\*)|\\\n)*)
  | (?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
  | (?P<ident>[A-Za-z_]\w*)
  | (?P<number>\.?\d(?:[eEpP][+-]|[\w.])*)
  | (?P<punct>->|\+\+|--|<<=|>>=|<<|>>|\.\.\.|[-+*/%&|^<>=!]=|&&|\|\||.)
''', re.X | re.M | re.S)

OPEN = {'(': ')', '[': ']', '{': '}'}


class Token:
    __slots__ = ('kind', 'text', 'line')

    def __init__(self, kind, text, line):
        self.kind, self.text, self.line = kind, text, line

    def __eq__(self, other):        # so that lists of tokens compare with lists of texts
        return self.text == (other.text if isinstance(other, Token) else other)

    __hash__ = None

    def __repr__(self):
        return f'{self.text}@{self.line}'


class Function:
    """A definition or a prototype. params is a list of token lists; body is its
    tokens between the braces, None for a prototype; marks are the words after the
    parameters (MUST_USE); first_line is where the result type stands."""

    def __init__(self, path, name, line, result, params):
        self.path, self.name, self.line, self.result, self.params = path, name, line, result, params
        self.static = 'static' in result
        self.body, self.end, self.marks, self.first_line = None, line, [], line

    @property
    def lines(self):
        return self.end - self.line + 1


class Declaration:
    """Whatever else stands at file scope: variables, types."""

    def __init__(self, path, tokens):
        self.path, self.tokens, self.line = path, tokens, tokens[0].line


class Source:
    def __init__(self, root, path):
        self.path = path
        with open(os.path.join(root, path), encoding='utf-8') as f:
            self.text = f.read()
        self.tokens, self.pp = tokenise(self.text)
        self.functions, self.prototypes, self.declarations = [], [], []
        self._split()

    def includes(self):
        """(line, '"' or '<', name) of each #include."""
        for t in self.pp:
            m = re.match(r'\s*#\s*include\s*(["<])([^">]+)', t.text)
            if m:
                yield t.line, m.group(1), m.group(2)

    def _split(self):
        tokens, i = self.tokens, 0
        while i < len(tokens):
            i = self._one(i)

    def _one(self, start):
        """One thing at file scope, from start; returns where the next begins."""
        tokens, i = self.tokens, start
        while i < len(tokens):
            text = tokens[i].text
            if text == ';':
                self._declaration(tokens[start:i + 1])
                return i + 1
            if text == '{':
                end = closing(tokens, i)
                head = strip_attributes(tokens[start:i])
                if is_function_head(head):
                    self.functions.append(self._function(head, tokens[i + 1:end], tokens[end].line))
                    return end + 1
                i = end
            elif text in ('(', '['):
                i = closing(tokens, i)
            i += 1
        return i

    def _declaration(self, tokens):
        head = strip_attributes(tokens[:-1])
        if not head:
            return
        if is_function_head(head) and head[0].text != 'typedef':
            self.prototypes.append(self._function(head, None, tokens[-1].line))
        else:
            self.declarations.append(Declaration(self.path, head))

    def _function(self, head, body, end):
        at = name_index(head)
        close = closing(head, at + 1)
        params = [p for p in split_commas(head[at + 2:close]) if p not in (['void'], ['...'])]
        result = [t.text for t in head[:at]]
        name = head[at].text
        if name == 'TEST' and params:       # TEST(name) { ... } of tests/test.h
            name, params, result = 'test_' + params[0][0].text, [], ['void']
        f = Function(self.path, name, head[at].line, result, params)
        f.body, f.end, f.first_line = body, end, head[0].line
        f.marks = [t.text for t in head[close + 1:]]
        return f


def tokenise(text):
    tokens, pp, line = [], [], 1
    for m in TOKEN.finditer(text):
        kind, s = m.lastgroup, m.group()
        if kind == 'pp':
            pp.append(Token(kind, s, line))
        elif kind not in ('space', 'newline', 'comment'):
            tokens.append(Token(kind, s, line))
        line += s.count('\n')
    return tokens, pp


def closing(tokens, i):
    """Index of the bracket that closes the one at i (or the last token)."""
    depth = 0
    for j in range(i, len(tokens)):
        text = tokens[j].text
        if tokens[j].kind != 'punct':
            continue
        if text in OPEN:
            depth += 1
        elif text in ')]}':
            depth -= 1
            if depth == 0:
                return j
    return len(tokens) - 1


def strip_attributes(tokens):
    out, i = [], 0
    while i < len(tokens):
        if tokens[i].text in ('__attribute__', '_Alignas', '_Static_assert') and i + 1 < len(tokens):
            i = closing(tokens, i + 1) + 1
        else:
            out.append(tokens[i])
            i += 1
    return out


def name_index(head):
    """Index of the identifier before the first parenthesis at the outer level, or -1."""
    for i, t in enumerate(head):
        if t.text == '(':
            return i - 1
        if t.text in ('{', '[', '='):
            return -1
    return -1


def is_function_head(head):
    at = name_index(head)
    if at < 0 or head[at].kind != 'ident':
        return False
    rest = head[closing(head, at + 1) + 1:]
    return all(t.kind == 'ident' and t.text.isupper() for t in rest)   # MUST_USE and the like


def split_commas(tokens):
    """The comma-separated parts at the outer level, without empty ones."""
    parts, depth = [[]], 0
    for t in tokens:
        if t.kind == 'punct' and t.text in OPEN:
            depth += 1
        elif t.kind == 'punct' and t.text in (')', ']', '}'):
            depth -= 1
        if t.text == ',' and depth == 0:
            parts.append([])
        else:
            parts[-1].append(t)
    return [p for p in parts if p]


def files(root, folders, suffixes=('.c', '.h')):
    """Paths below root, sorted; folders that do not exist are skipped."""
    out = []
    for folder in folders:
        for base, dirs, names in os.walk(os.path.join(root, folder)):
            dirs.sort()
            out += [os.path.relpath(os.path.join(base, n), root) for n in names if n.endswith(suffixes)]
    return sorted(out)


def sources(root, folders):
    return [Source(root, path) for path in files(root, folders)]


def report(name, findings, summary):
    """One line per finding, sorted, and a last line; the exit status."""
    for path, line, text in sorted(findings):
        print(f'{path}:{line}: {text}')
    print(f'{name}: {summary}, {len(findings)} finding{"" if len(findings) == 1 else "s"}')
    return 1 if findings else 0
