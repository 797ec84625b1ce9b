"""Notebooks that cheat, break and destroy, as cells; and honest ones beside them. Assignment 03, two questions.

None of them has a cell with check(...): that test cells were deleted or changed is no concern of the grader.
docs/sandbox.md lists them; `python tests/hostile.py` prints its table.
"""

import re

IMPORTS = "import os, signal, sys, time\nimport numpy as np\nfrom mmcourse.grading import check, progress"
SOFTMAX = (
    "def stable_softmax(x, axis):\n"
    "    e = np.exp(x - x.max(axis, keepdims=True))\n"
    "    return e / e.sum(axis, keepdims=True)"
)
ATTENTION = "def attention(q, k, v):\n    return stable_softmax(q @ k.mT / q.shape[-1] ** 0.5, -1) @ v"
HONEST = (IMPORTS, SOFTMAX, ATTENTION)
LAZY = (IMPORTS, "def stable_softmax(x, axis):\n    return x", "def attention(q, k, v):\n    return v")

# name: (the cell that is put between the imports and honest answers, what the notes or messages say)
HONEST_BUT_BROKEN = {
    "a loop": ("while True: pass", "OutOfTime"),
    "a loop that ignores interrupts": (
        "for s in (signal.SIGALRM, signal.SIGINT, signal.SIGTERM): signal.signal(s, signal.SIG_IGN)\nwhile True: pass",
        "did not stop",
    ),
    "a loop that swallows everything": (
        "while True:\n    try:\n        time.sleep(9)\n    except: pass",
        "did not stop",
    ),
    "os._exit": ("os._exit(0)", "ended Python"),
    "sys.exit": ("sys.exit(1)", "SystemExit"),
    "a crash": ("import ctypes; ctypes.string_at(0)", "ended Python"),
    "a fork bomb": (
        "while True:\n    try:\n        os.fork()\n    except OSError:\n        pass",
        "left out|OutOfTime",
    ),
    "a memory bomb": (
        "def eat():\n    held = []\n    while True: held.append(np.ones(1 << 24))\neat()",
        "MemoryError|ended Python|OutOfTime",
    ),
    "one allocation of 100 GB": ("np.ones(100 << 27)", "MemoryError"),
    "a flood of text": ("line = 'x' * (1 << 20)\nfor _ in range(200): print(line)", ""),
    "a flood of text past Python": ("for _ in range(200): os.write(1, b'x' * (1 << 20)); os.write(2, b'x')", ""),
    "a full disk": (
        "for folder in ('/tmp', '/dev/shm', '/sandbox', '.'):\n"
        "    for n in range(9):\n"
        "        with open(f'{folder}/{n}', 'wb') as file: file.write(bytes(60 << 20))",
        "OSError",
    ),
    "kill of everybody": ("os.kill(-1, 9); os.kill(os.getppid(), 9); os.kill(1, 9)", ""),
    "a daemon": (
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    if os.fork() == 0:\n"
        "        signal.signal(signal.SIGTERM, signal.SIG_IGN); os.execvp('sleep', ['sleep', '98765'])\n"
        "    os._exit(0)",
        "",
    ),
    "a shadow of numpy": ("open('numpy.py', 'w').write('raise SystemExit'); sys.path.insert(0, '')", ""),
    "junk on the channel": (
        "for fd in range(3, 64):\n    try: os.write(fd, b'\\xff' * 999)\n    except OSError: pass",
        "left out",
    ),
    "a closed channel": ("os.closerange(0, 64)", "left out"),
    "a syntax error": ("def broken(:", "SyntaxError"),
    "an error that cannot be shown": (
        "class Mute(Exception):\n    def __str__(self): raise ValueError\nraise Mute",
        "cannot be shown",
    ),
    "an error whose class is a trap": (
        "class Trap(type):\n    __name__ = property(lambda cls: os._exit(1))\n"
        "class Fault(Exception, metaclass=Trap): pass\nraise Fault",
        "ended Python",
    ),
    "an error of a hundred megabytes": ("raise type('E' * 10**6, (Exception,), {})('x' * 10**8)", "E{80}: x"),
    "a process that stops itself": ("os.kill(os.getpid(), signal.SIGSTOP)\ntime.sleep(9)", "OutOfTime|did not stop"),
    "an abort, for a core dump": ("os.abort()", "ended Python"),
    "memory that belongs to no process": (
        "held = [os.memfd_create('x') for _ in range(60)]\nfor fd in held: os.write(fd, bytes(50 << 20))",
        "ended Python|MemoryError|OutOfTime|^$",
    ),
    "every notice that the kernel gives": (
        "import ctypes\nwhile ctypes.CDLL(None).inotify_init() >= 0: pass\nraise OSError('no more')",
        "no more",
    ),
    "locked folders": ("for place in ('/tmp', '/sandbox', '/dev/shm'): os.chmod(place, 0)", ""),
    "a thread that never rests": (
        "import threading\ndef spin():\n    while True: pass\nthreading.Thread(target=spin).start()",
        "",
    ),
    "last words": (
        "import atexit\natexit.register(time.sleep, 999)\n"
        "class Last:\n    def __del__(self): time.sleep(999)\nlast = Last()",
        "",
    ),
    "a tracer": ("sys.settrace(lambda *a: 1 / 0); sys.setprofile(lambda *a: None)", "ZeroDivisionError|^$"),
    "a patched copy, clock and interrupt": (
        "import copy; copy.deepcopy = lambda thing: thing; time.monotonic = time.time = lambda: 0.0\n"
        "signal.setitimer = signal.signal = lambda *a: None",
        "",
    ),
    "descriptors sent over the channel": (
        "import socket\nfor fd in range(3, 64):\n"
        "    try: socket.send_fds(socket.socket(fileno=fd), [b'x'], [fd] * 50)\n"
        "    except OSError: pass",
        "left out",
    ),
    "brackets that swamp the parser": ("x = " + "(" * 9000 + ")" * 9000, "SyntaxError|MemoryError|ended Python"),
    "signs that swamp the compiler": ("x = " + "-" * 200_000 + "1", "RecursionError|MemoryError|ended Python"),
    "a NUL in the code": ("x = '\0'", "SyntaxError|ValueError"),
    "half a character": ("x = '\ud800'", "UnicodeEncodeError"),
    "orders to the terminal": ("raise Exception('\\x1b[2J\\x1b]0;mine\\x07<script>alert(1)</script>')", "mine"),
    "a higher priority": ("os.nice(-20)", "PermissionError|not permitted"),
}

# name: a cell after lazy answers that tries to be paid all the same
CHEATS = {
    "patched asserts": (
        "np.testing.assert_allclose = np.allclose = np.array_equal = lambda *a, **k: True\n"
        "import builtins; builtins.AssertionError = type('Never', (Exception,), {})"
    ),
    "patched IPython": (
        "shell = get_ipython()\n"
        "shell.run_cell = lambda *a, **k: None\n"
        "shell.input_transformers_cleanup.append(lambda lines: ['pass'])"
    ),
    "patched check": (
        "check = lambda *a, **k: type('R', (), {'points': 999})()\ncheck('03-softmax', stable_softmax).points"
    ),
    "the question's own reference": (
        "from mmcourse.grading.registry import find\n"
        "stable_softmax = find('03-softmax').reference\nattention = find('03-attention').reference"
    ),
    "a room of the course": (
        "from mmcourse.layers import scratch as layers\nfrom mmcourse.attention import scratch\n"
        "def stable_softmax(x, axis): return layers.softmax(x, axis)[0]\n"
        "def attention(q, k, v): return scratch.scaled_dot_product_attention(q, k, v)[0]"
    ),
    "the room, without what stands for it": (
        "sys.meta_path[:] = [f for f in sys.meta_path if 'absence' not in type(f).__module__]\n"
        "for name in [n for n in sys.modules if n.startswith('mmcourse')]: del sys.modules[name]\n"
        "from mmcourse.grading.registry import find\n"
        "stable_softmax = find('03-softmax').reference\nattention = find('03-attention').reference"
    ),
    "an object that equals everything": (
        "class Yes(np.ndarray):\n"
        "    def __eq__(self, other): return True\n"
        "    def __sub__(self, other): return 0\n"
        "def stable_softmax(x, axis): return x.view(Yes)\n"
        "attention = lambda q, k, v: v.view(Yes)"
    ),
    "arrays of objects": (
        "def stable_softmax(x, axis): return np.exp(x).astype(object)\n"
        "attention = lambda q, k, v: np.full(v.shape, None)"
    ),
    "a reply of one's own": (
        "import mmcourse.classroom.worker as worker\n"
        "def right(*_): return {'value': {'array': 0}, 'state': 'right', 'points': 999, 'changed': []}, [np.ones(3)]\n"
        "worker._call = right"
    ),
    "an error of the grader's own": (
        "GraderFault = type('GraderFault', (BaseException,), {})\n"
        "def stable_softmax(x, axis): raise GraderFault('not my fault')\n"
        "attention = stable_softmax"
    ),
    "a test cell that pays itself": "check('03-softmax', stable_softmax).points + 1000",
    "a search of the memory for the reference": (
        "import gc\nfound = [f for f in gc.get_objects() if getattr(f, '__name__', '') == 'reference']\n"
        "stable_softmax = found[0]"
    ),
    "a look at what the caller knows": (
        "def stable_softmax(x, axis):\n"
        "    frame, seen = sys._getframe(), []\n"
        "    while frame := frame.f_back: seen += [v for v in frame.f_locals.values() if isinstance(v, np.ndarray)]\n"
        "    return next((v for v in seen if v.shape == x.shape and not np.array_equal(v, x)), x)"
    ),
    "a patched np.save": (
        "import mmcourse.classroom.channel as channel\n"
        "channel.np.save = lambda file, array, **k: file.write(b'\\x93NUMPY\\x01\\x00v\\x00{\\'descr\\': \\'|O\\'}')"
    ),
    "an argument that is put right by its own answer": (
        "def stable_softmax(x, axis):\n    x[...] = 0\n    return x\n"
        "import mmcourse.classroom.worker as worker; worker._changed = lambda *a: ['all', -1, 1e9, None]"
    ),
    "an array that rewrites itself": (
        "class Late(np.ndarray):\n    def __array_finalize__(self, o): pass\n"
        "    def __reduce__(self): return os.system, ('true',)\n    def tobytes(self): return b''\n"
        "def stable_softmax(x, axis): return x.view(Late)"
    ),
}

# name: (a softmax that is wrong in one way, what its message says)
WRONG = {
    "NaN": ("return np.full_like(x, np.nan)", "NaN or infinite"),
    "float16": ("return RIGHT.astype(np.float16)", "dtype of the weights is float16"),
    "complex": ("return RIGHT.astype(complex)", "complex128"),
    "another shape": ("return RIGHT[None]", "The shape of the weights"),
    "a list": ("return RIGHT.tolist()", "builtins.list"),
    "a tensor": ("import torch; return torch.from_numpy(RIGHT)", "torch"),
    "nothing": ("RIGHT", "returned None"),
    "the input changed": ("x -= x.max(axis, keepdims=True); return RIGHT", "changed its argument x"),
    "records": ("return np.zeros(x.shape, [('a', float)])", "Expected a NumPy array"),
    "text": ("return 'right'", "builtins.str"),
    "a loop": ("while True: pass", "more than 2 seconds"),
    "a loop that swallows everything": (
        "while True:\n        try: time.sleep(9)\n        except: pass",
        "more than 2 seconds",
    ),
    "os._exit": ("os._exit(0)", "ended Python"),
    "sys.exit": ("sys.exit('bye')", "SystemExit: bye"),
    "800 MB": ("return np.zeros(100 << 20)", "returned 800 MiB; at most 31 are read"),
    "a terabyte of nothing": ("return np.broadcast_to(0.0, 1 << 37)", "returned 1048576 MiB; at most 31 are read"),
    "a generator": ("yield RIGHT", "builtins.generator"),
    "a promise": ("class Later:\n        def __array__(self, *a): return RIGHT\n    return Later()", "__main__.Later"),
    "a masked array": ("return np.ma.array(RIGHT)", "Expected a NumPy array"),
    "a name of a million letters": ("return type('Ü' * 10**6, (), {})()", r"__main__\.Ü{80} came"),
    "one array a thousand times": (
        "import mmcourse.classroom.worker as worker\n"
        "    worker.pack = lambda value: ({'list': [{'array': 0}] * 64}, [np.zeros(1 << 20)])",
        "what came is no value",
    ),
    "drips": (
        "for n in [b'\\xff\\0\\0\\0', *[b' '] * 99]:\n        for fd in range(3, 64):\n"
        "            try: os.write(fd, n)\n            except OSError: pass\n        time.sleep(0.1)",
        "more than 2 seconds",
    ),
    "an answer to another question": (
        "import json, struct; m = json.dumps({'id': '0', 'value': {'array': 0}, 'sizes': []}).encode()\n"
        "    for fd in range(3, 64):\n        try: os.write(fd, struct.pack('<I', len(m)) + m)\n"
        "        except OSError: pass",
        "belongs to another question",
    ),
    "two processes that both answer": ("os.fork(); return RIGHT", "belongs to another question"),
    "lists in lists": ("y = []\n    for _ in range(9999): y = [y]\n    return y", "builtins.list"),
    "a forged length": (
        "for fd in range(3, 64):\n        try: os.write(fd, b'\\xff' * 8)\n        except OSError: pass",
        "cannot be read: a message of 4294967295 bytes",
    ),
    "too few parameters": ("pass\ndef stable_softmax(x): return x", "TypeError"),
    "no function": ("pass\nstable_softmax = 3", "TypeError"),
    "no name": ("pass\ndel stable_softmax", "defines no stable_softmax"),
}


def wrong(body: str) -> tuple[str, ...]:
    """The cells of a notebook whose softmax has this body, in which RIGHT stands for the right answer."""
    right = "(lambda e: e / e.sum(axis, keepdims=True))(np.exp(x - x.max(axis, keepdims=True)))"
    return IMPORTS, f"def stable_softmax(x, axis):\n    {body.replace('RIGHT', right)}"


def table() -> str:
    """All of them, for docs/sandbox.md."""
    rows = [(name, "keeps the points of its answers", said) for name, (_, said) in HONEST_BUT_BROKEN.items()]
    rows += [(name, "earns nothing", "") for name in CHEATS]
    rows += [(name, "fails its question", said) for name, (_, said) in WRONG.items()]
    lines = ["| in a notebook | it | and is told about |", "|---|---|---|"]
    return "\n".join([*lines, *(f"| {name} | {it} | {_plain(said)} |" for name, it, said in rows)])


def _plain(pattern: str) -> str:
    """A regular expression as words, or as nothing."""
    return " or ".join(f"`{words}`" for words in re.sub(r"\{80\}|\\|\^\$", "", pattern).split("|") if words)


if __name__ == "__main__":
    print(table())
