#!/usr/bin/python3
"""A function may wait if and only if its first parameter is a struct ctx.

usage: check_waits.py [ROOT]

What waits: every function, function type and function pointer that takes a
struct ctx * (a const one is only read and does not count). Who may call it: a
function whose own first parameter is one, or a task's first function, which
builds its own: it returns nothing and takes nothing but its argument. So the
colour of a function is in its signature, and nothing waits behind one that has
none. A ctx kept in a struct would be a way around the rule and is refused too.
"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import csource

# (path, function): reason.
EXCEPTIONS = {
    ('src/topo/lease.c', 'topo_lease_stop'): 'joins its task; revokes shielded, for a second at most',
    ('src/topo/topo_file.c', 'file_close'): 'joins its task; closing the file blocks and goes to a helper thread',
    ('src/task/group.c', 'group_done'): 'joins its children shielded, so that no caller can skip it',
    ('src/http/work.c', 'http_run_handler'): 'the top of a request, which makes the ctx',
}


def is_ctx(param):
    texts = [t.text for t in param]
    return texts[:3] == ['struct', 'ctx', '*']


def takes_ctx(params):
    return any(is_ctx(p) for p in params)


def builds_ctx(f):
    """Declares a struct ctx of its own (not a pointer to one)."""
    texts = [t.text for t in f.body]
    return any(texts[i:i + 2] == ['struct', 'ctx'] and texts[i + 2:i + 3] != ['*'] for i in range(len(texts)))


def is_task_function(f):
    """void name(void *arg), also with a signal's number before it, or main()."""
    if f.name == 'main':
        return True
    result = [t for t in f.result if t not in ('static', '_Noreturn', 'const')]
    last = [t.text for t in f.params[-1]] if f.params else []
    return result == ['void'] and len(f.params) <= 2 and last[:2] == ['void', '*'] and len(last) == 3


def function_types(source):
    """Names of typedef int name(struct ctx *cx, ...), and of pointers to such."""
    for d in source.declarations:
        if d.tokens[0].text == 'typedef':
            for name, params in pointers_and_types(d.tokens[1:]):
                if takes_ctx(params):
                    yield name


def pointers_and_types(tokens):
    """(name, params) of each (*name)(params) anywhere in tokens, and of a plain name(params) at the end."""
    for i, t in enumerate(tokens):
        if t.text != '(' or i == 0:
            continue
        if tokens[i - 1].text == ')':
            name = pointer_name(tokens[:i])
        else:
            name = tokens[i - 1].text if tokens[i - 1].kind == 'ident' else None
        if name:
            yield name, csource.split_commas(tokens[i + 1:csource.closing(tokens, i)])


def pointer_name(tokens):
    """name in ... (*name) or (*const name[3])."""
    start = len(tokens) - 1
    while start > 0 and tokens[start].text != '(':
        start -= 1
    inside = tokens[start + 1:-1]
    if not inside or inside[0].text != '*':
        return None
    names = [t.text for t in inside if t.kind == 'ident' and t.text != 'const']
    return names[0] if names else None


def waiting_pointers(tokens, types):
    """Names of members, parameters or variables in tokens that point to a waiting function."""
    for name, params in pointers_and_types(tokens):
        if takes_ctx(params):
            yield name
    for i, t in enumerate(tokens[:-2]):
        if t.text in types and tokens[i + 1].text == '*':
            after = tokens[i + 2:i + 4]
            yield from (a.text for a in after[:2] if a.kind == 'ident' and a.text != 'const')


class Tree:
    """All that waits, by name: functions of the whole tree, of one file, and members of structs."""

    def __init__(self, sources):
        self.types = {name for s in sources for name in function_types(s)}
        self.known, self.everywhere, self.members = set(), set(), set()
        self.local = {}
        for s in sources:
            for f in s.functions + s.prototypes:
                self._note(s, f)
            for d in s.declarations:
                if d.tokens[0].text != 'typedef' or '{' in [t.text for t in d.tokens]:
                    self.members.update(waiting_pointers(d.tokens, self.types))

    def _note(self, source, f):
        waits = takes_ctx(f.params)
        if f.static and source.path.endswith('.c'):
            self.local.setdefault(source.path, {})[f.name] = waits
        elif waits:
            self.everywhere.add(f.name)

    def waits(self, f, name, member):
        if member:
            return name in self.members
        if name in f.pointers:
            return True
        mine = self.local.get(f.path, {})
        return mine[name] if name in mine else name in self.everywhere


def calls(body):
    """(name, line, whether through a member) of each name followed by a parenthesis."""
    for i, t in enumerate(body[:-1]):
        if t.kind == 'ident' and body[i + 1].text == '(':
            yield t.text, t.line, i > 0 and body[i - 1].text in ('.', '->')
        elif t.text == ')' and body[i + 1].text == '(':      # (*f)(...), (x->f)(...)
            inner = next((b for b in reversed(body[:i]) if b.kind == 'ident'), None)
            if inner is not None and body[i - 1] is inner:
                yield inner.text, t.line, False


def check_function(tree, f):
    if takes_ctx(f.params) and not is_ctx(f.params[0]):
        yield f.line, f'{f.name}() takes a struct ctx that is not its first parameter'
    if f.body is None or f.params and is_ctx(f.params[0]):
        return
    if is_task_function(f) and builds_ctx(f):
        return
    f.pointers = {n for p in f.params for n in waiting_pointers(p, tree.types)}
    for name, line, member in calls(f.body):
        if tree.waits(f, name, member):
            yield line, f'{f.name}() calls {name}(), which may wait, and takes no struct ctx'


def hidden_ctx(d):
    """A struct ctx * among the members of a struct."""
    texts = [t.text for t in d.tokens]
    if '{' not in texts or texts[0] == 'typedef':
        return
    depth = 0
    for i, text in enumerate(texts):
        depth += (text == '(') - (text == ')')
        if depth == 0 and texts[i:i + 3] == ['struct', 'ctx', '*']:
            yield d.tokens[i].line, 'a struct ctx kept in a struct hides that its user waits: pass it'


def check(source, tree):
    for f in source.functions + source.prototypes:
        if (source.path, f.name) not in EXCEPTIONS:
            yield from check_function(tree, f)
    for d in source.declarations:
        yield from hidden_ctx(d)


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), '..')
    sources = csource.sources(root, ['src', 'tests/fake'])
    tree = Tree(sources)
    findings = [(s.path, line, text) for s in sources for line, text in check(s, tree)]
    return csource.report('check_waits', findings, f'{len(tree.everywhere)} functions may wait')


if __name__ == '__main__':
    sys.exit(main())
