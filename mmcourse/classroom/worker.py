"""Inside the sandbox: run a notebook's cells, call its functions. Whatever this process says is a stranger's word.

The process that `main` runs in stays clean: NumPy, IPython, the course's pictures and perhaps torch are imported once,
then a child is forked for each submission, in namespaces of its own where there is a sandbox around.
"""

import contextlib
import copy
import ctypes
import gc
import importlib
import linecache
import os
import pathlib
import resource
import signal
import socket
import warnings

import numpy as np

from . import seccomp
from .channel import LARGEST_ARRAYS, Channel, ChannelError, Pipes, pack, unpack

READY = ("numpy.random", "numpy.fft", "matplotlib.backends.backend_template", "mmcourse.grading", "zipfile")
FIRST = "from matplotlib import pyplot\npyplot.close(pyplot.subplots()[0])\ndel pyplot"  # the first time takes longest
STRIKE_AGAIN = 0.5  # seconds after which a stop that was swallowed is tried once more
MEBIBYTE = 1 << 20
NAMESPACES = 0x20000 | 0x20000000 | 0x08000000  # mounts, processes, IPC


class OutOfTime(BaseException):
    """The time limit struck. A BaseException, so that `except Exception` does not swallow it."""


def main(limits: dict, places: dict[str, bool] | None, torch: bool) -> None:
    """Serve until standard input, a socket, closes: each descriptor that comes over it is the channel of a submission.

    `limits`: see `set_limits`. `places` are the folders that can be written to, and whether each submission gets them
    fresh, else read-only; None where there is no sandbox, and so nothing to make private. `torch`: see `_shell`.
    """
    listening = socket.socket(fileno=os.dup(0))
    shell = _shell(torch)
    gc.collect()
    gc.freeze()  # else the first collection in each child touches, and so copies, all that it shares with this process
    _print_nothing()
    while True:
        listening.send(b".")  # ready for one more
        word, descriptors, *_ = socket.recv_fds(listening, 1, 1)
        if not word:
            return
        (channel,) = descriptors
        child = os.fork()
        if child == 0:
            _stand_alone(listening, channel, shell, limits, places)
        os.close(channel)
        os.waitpid(child, 0)


def alone(limits: dict, torch: bool) -> None:
    """Serve one submission over standard input and output, in a container that is its sandbox."""
    channel = Channel(Pipes(os.dup(0), os.dup(1)))
    shell = _shell(torch)
    _print_nothing()
    set_limits(**limits)
    seccomp.install()
    _serve(channel, shell)


def try_walls(places: dict[str, bool]) -> None:
    """Wall a child in as each submission is. Ends with a traceback and status 1 where this system does not allow it."""
    system = ctypes.CDLL(None, use_errno=True)
    _check(system.unshare(NAMESPACES), "unshare")
    child = os.fork()
    if child == 0:
        _private_places(system, places)
        seccomp.install()
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        os._exit(1)  # the child has said why


def _print_nothing() -> None:
    """Whatever is printed from here on goes nowhere."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(nowhere, descriptor)


def _stand_alone(listening, channel, shell, limits, places) -> None:
    """In a fresh child: set up the walls, fork the process that runs the submission, hand out a descriptor of it."""
    system = ctypes.CDLL(None, use_errno=True)
    if places is not None:
        _check(system.unshare(NAMESPACES), "unshare")
    elif hasattr(system, "prctl"):
        system.prctl(36, 1, 0, 0, 0)  # what the submission leaves behind becomes a child of this process
    submission = os.fork()
    if submission == 0:
        listening.close()
        os.setsid()
        with contextlib.suppress(OSError):  # when memory runs out, let it be this one that ends
            pathlib.Path("/proc/self/oom_score_adj").write_text("1000")
        if places is not None:
            _private_places(system, places)
        set_limits(**limits)
        if places is not None:
            seccomp.install()
        _serve(Channel(socket.socket(fileno=channel)), shell)
    os.close(channel)
    descriptors = [os.pidfd_open(submission)] if hasattr(os, "pidfd_open") else []
    socket.send_fds(listening, [submission.to_bytes(8, "little")], descriptors)
    os.waitpid(submission, 0)
    _end_children()
    os._exit(0)


def _end_children() -> None:
    """Where no namespace ends what a submission left behind."""
    children = pathlib.Path(f"/proc/self/task/{os.getpid()}/children")
    with contextlib.suppress(OSError):  # ChildProcessError when there is none any more
        while True:
            for child in map(int, children.read_text().split()):
                os.kill(child, signal.SIGKILL)
            os.waitpid(-1, 0)


def _private_places(system, places) -> None:
    """Fresh folders and a fresh /proc, then no privileges: nothing of this can be undone from inside."""
    _check(system.mount(None, b"/", None, 1 << 18 | 1 << 14, None), "make the mounts private")
    for device in filter(os.path.ismount, (f"/dev/{name}" for name in os.listdir("/dev"))):
        locked = os.statvfs(device).f_flag & (2 | 4 | 8)  # read-only, since it is the machine's: root could chmod it
        _check(system.mount(None, device.encode(), None, 1 | 32 | 4096 | locked, None), f"protect {device}")
    for place, fresh in places.items():
        if fresh:
            _check(system.mount(b"tmpfs", place.encode(), b"tmpfs", 2 | 4, b"size=128m,mode=1777"), "mount a tmpfs")
        else:
            _check(system.mount(None, place.encode(), None, 1 | 2 | 4 | 32 | 4096, None), f"make {place} read-only")
    if system.mount(b"proc", b"/proc", b"proc", 1 | 2 | 4 | 8, None):  # not allowed everywhere; then it is hidden
        _check(system.mount(b"tmpfs", b"/proc", b"tmpfs", 1 | 2 | 4, b"size=4k"), "hide /proc")
    os.chdir(next(place for place, fresh in places.items() if fresh))
    header, nothing = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    _check(system.capset(header, nothing), "drop privileges")


def _check(status: int, what: str) -> None:
    if status:
        raise OSError(ctypes.get_errno(), f"cannot {what}: {os.strerror(ctypes.get_errno())}")


def set_limits(memory: int, processes: int, file: int, seconds: int) -> None:
    """Limits that this process cannot lift again: MiB of address space, processes, MiB a file, seconds of processor."""
    for kind, most in (
        (resource.RLIMIT_AS, memory * MEBIBYTE),
        (resource.RLIMIT_NPROC, processes),
        (resource.RLIMIT_FSIZE, file * MEBIBYTE),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_NOFILE, 256),
        (resource.RLIMIT_CORE, 1),  # less than any dump, and unlike 0 it also keeps the host's own collector out
    ):
        hard = resource.getrlimit(kind)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        with contextlib.suppress(ValueError):  # macOS refuses some
            resource.setrlimit(kind, (most, most))


def _shell(torch: bool):
    """IPython without history, which would start a thread, and everything imported that takes long.

    `torch`: that too. To fork a process that holds it takes 15 ms instead of 4, twice for each submission.
    """
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    from . import absence

    absence.install()
    for name in (*READY, "torch") if torch else READY:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    with contextlib.suppress(ImportError):
        from mmcourse import show

        show.figure = lambda *_, **__: None  # half a second each, for a picture that nobody would see
    shell = InteractiveShell.instance(config=Config(HistoryManager={"enabled": False}))
    shell.showtraceback = shell.showsyntaxerror = lambda *_, **__: None  # it takes half a second
    shell.run_cell(FIRST, store_history=False, silent=True)
    return shell


def _serve(channel: Channel, shell) -> None:
    """Answer requests for ever; hello comes before any of the submission's code has run."""
    channel.send({"hello": True})
    signal.signal(signal.SIGALRM, _strike)
    while True:
        try:
            request, arrays = channel.receive()
        except ChannelError:
            os._exit(0)
        try:
            reply, sent = {"cell": _cell, "call": _call}[request["do"]](shell, request, arrays)
        except BaseException as error:
            reply, sent = _error(error, None), []
        try:
            channel.send(reply | {"id": request["id"]}, sent)
        except BaseException:
            os._exit(1)


def _strike(signum, frame):
    raise OutOfTime


@contextlib.contextmanager
def _time_limit(seconds):
    """A courtesy to honest loops, so that the rest of the notebook still runs; the limit that holds is outside."""
    signal.signal(signal.SIGALRM, _strike)
    signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.01), STRIKE_AGAIN)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _cell(shell, request, arrays):
    source = arrays[0].tobytes().decode("utf-8", "surrogatepass")
    with _time_limit(request["seconds"]):
        ran = shell.run_cell(source, store_history=False, silent=True)
    error = ran.error_before_exec or ran.error_in_exec
    return (_error(error, None) if error else {}), []


def _call(shell, request, arrays):
    if request["name"] not in shell.user_ns:
        return _error(NameError(f"your notebook defines no {request['name']}"), None), []
    function = shell.user_ns[request["name"]]
    arguments = unpack(request["arguments"], arrays)
    before = copy.deepcopy(arguments)
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings(), _time_limit(request["seconds"]):
            warnings.simplefilter("ignore")
            value = function(*arguments)
    except BaseException as error:
        return _error(error, function), []
    tree, sent = pack(value)
    size, most = sum(array.nbytes for array in sent) >> 20, (LARGEST_ARRAYS >> 20) - 1
    if size > most:
        return _error(ValueError(f"your function returned {size} MiB; at most {most} are read"), None), []
    return {"value": tree, "changed": _changed(before, arguments)}, sent


def _changed(before, after) -> list[int]:
    """Which arrays differ, counted in the order of pack()."""
    pairs = zip(pack(before)[1], pack(after)[1], strict=True)
    return [i for i, (b, a) in enumerate(pairs) if b.tobytes() != a.tobytes() or b.shape != a.shape]


def _error(error: BaseException, function) -> dict:
    try:
        text = str(error)[:1000]
    except BaseException:
        text = "(its message cannot be shown)"
    stub = isinstance(error, NotImplementedError) and _is_own(error, function)
    told = {"type": type(error).__name__[:80], "text": text, "where": _where(error), "stub": stub}
    return {"error": told, "late": isinstance(error, OutOfTime)}


def _is_own(error, function) -> bool:
    """Whether the function itself raised, rather than something that it calls."""
    here = error.__traceback__ and error.__traceback__.tb_next
    return function is not None and (here is None or here.tb_next is None)


def _where(error) -> str:
    """The last line of the notebook that the error passed through."""
    place, trace = "", error.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if "ipython-input" in file or "ipykernel" in file:
            text = linecache.getline(file, trace.tb_lineno).strip()[:200]
            place = f"line {trace.tb_lineno}, in {trace.tb_frame.f_code.co_name[:80]}" + (
                f":\n    {text}" if text else ""
            )
        trace = trace.tb_next
    return place
