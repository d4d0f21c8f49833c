"""gdb commands that see tasks: a live process or a core file, without running any code in it.

usage: gdb -p PID -x tools/gdb_tasks.py -ex tasks -ex 'task-bt 3' -batch

tasks [TEXT]       all tasks of all loops whose names contain TEXT: number, state, what it waits for, name
task-bt N|TEXT     the stack of task number N, or of each task whose name contains TEXT
"""
import gdb

WORD = 8
# Where jump_fcontext() leaves rbp and the return address of a parked stack (see src/task/switch.h).
SAVED_RBP, SAVED_RIP = 6 * WORD, 7 * WORD
DEPTH_MAX = 60


def word_at(address):
    return int.from_bytes(gdb.selected_inferior().read_memory(address, WORD).tobytes(), 'little')


def loops():
    """Each thread's loop. tick_of_thread points to a loop's first member."""
    before = gdb.selected_thread()
    for thread in gdb.selected_inferior().threads():
        thread.switch()
        try:
            tick = gdb.parse_and_eval("tick_of_thread")
        except gdb.error:
            continue
        if int(tick) != 0:
            yield tick.cast(gdb.lookup_type('struct loop').pointer())
    if before is not None:
        before.switch()


def container(node, type_name, member):
    struct = gdb.lookup_type(type_name)
    offset = next(f.bitpos // 8 for f in struct.fields() if f.name == member)
    return gdb.Value(int(node) - offset).cast(struct.pointer())


def all_tasks():
    number = 0
    for loop in loops():
        node = loop['tasks']['first']
        while int(node) != 0:
            yield number, loop, container(node, 'struct task', 'all')
            number += 1
            node = node['next']


def describe(number, loop, task):
    state = str(task['state']).replace('TASK_', '').lower()
    what = ''
    if state == 'parked':
        seconds = (int(loop['tick']['now']) - int(task['parked_at'])) / 1e6
        what = f"{task['waiting_for'].string()} for {seconds:.3f} s"
    flags = ', cancelled' if bool(task['cancelled']) else ''
    return f"{number:5}  {state:8} {what + flags:40} {task['name'].string()}"


def place(pc):
    sal = gdb.find_pc_line(pc)
    block = gdb.block_for_pc(pc)
    while block is not None and block.function is None:
        block = block.superblock
    name = str(block.function) if block is not None else gdb.execute(f'info symbol {pc}', to_string=True).strip()
    where = f' at {sal.symtab.filename}:{sal.line}' if sal.symtab is not None else ''
    return f'{name}{where}'


def frames(task):
    """Everything is compiled with frame pointers, so that a stack is a list."""
    sp = int(task['context']['sp'])
    bottom = int(task['stack']['bottom'])
    top = bottom + int(task['stack']['size'])
    rbp, pc = word_at(sp + SAVED_RBP), word_at(sp + SAVED_RIP)
    yield pc
    while bottom <= rbp < top - 2 * WORD:
        pc, up = word_at(rbp + WORD), word_at(rbp)
        if pc == 0:
            return
        yield pc - 1          # within the call, not behind it
        if up <= rbp:
            return
        rbp = up


def backtrace(number, loop, task):
    print(describe(number, loop, task))
    if str(task['state']) == 'TASK_RUNNING':
        print('    runs now: see "bt" of its thread')
        return
    for depth, pc in enumerate(frames(task)):
        if depth == DEPTH_MAX:
            break
        print(f'    #{depth:<3} {place(pc)}')


class Tasks(gdb.Command):
    def __init__(self):
        super().__init__('tasks', gdb.COMMAND_STACK)

    def invoke(self, text, from_tty):
        for number, loop, task in all_tasks():
            if text in task['name'].string():
                print(describe(number, loop, task))


class TaskBacktrace(gdb.Command):
    def __init__(self):
        super().__init__('task-bt', gdb.COMMAND_STACK)

    def invoke(self, text, from_tty):
        for number, loop, task in all_tasks():
            if text == str(number) or (not text.isdigit() and text in task['name'].string()):
                backtrace(number, loop, task)


Tasks()
TaskBacktrace()
