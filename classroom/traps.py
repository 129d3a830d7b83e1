"""What tells that an answer does more than compute: a trap, an ear, and a list of what was whole.

All this only names what happens. That nothing can come of it is the work of `child.lock`.
"""

import contextlib
import inspect
import sys
import types

import torch

ANSWER = "<your answer>"  # the file name of all that a learner has written
# Events that Python tells of, by their beginnings, and what an answer does that makes them.
HARMS = {"open": "opens a file", "os.": "calls the operating system", "shutil.": "changes files"}
HARMS |= {"socket.": "uses the network", "subprocess.": "starts a process", "pty.": "uses a shell"}
HARMS |= {"gc.": "looks through the memory", "sys._": "looks into the frames of its caller"}
HARMS |= {"sys.set": "watches its caller", "sys.add": "watches its caller", "ctypes.": "calls C"}
HARMS |= {"signal.": "sends a signal", "tempfile.": "opens a file", "glob.": "looks for files"}
HARMS |= {
    "_thread.start": "starts a thread",
    "mmap.": "opens a file",
    "import": "imports the tests",
}
STRANGE = {"tests", "classroom"}  # nothing there is of use to an answer
HARMLESS = ("os.putenv", "os.unsetenv")
QUIET = ("importlib", "linecache", "warnings", "traceback", "tokenize")  # they read for Python
WATCHED = ("numpy", "numpy.linalg", "torch", "torch.nn.functional", "builtins", "json", "base64")


class Copied(BaseException):
    """Raised in the place of the course's own version of an answer."""


def trap(own: tuple[str, str] | None, say):
    """The course's own version, from now on a trap by whatever name it is called; or None."""
    if not own:
        return None
    function = inspect.unwrap(getattr(sys.modules[own[0]], own[1]))

    def fall(*given, **named):
        say(note="copied")
        raise Copied

    # A code without a cell of its own, as that of the function has none: it finds `fall` here.
    sys.modules[__name__].fall = fall
    code = f"def trapped(*given, **named): __import__('sys').modules[{__name__!r}].fall()"
    exec(code, made := {})
    function.__code__, function.__doc__ = made["trapped"].__code__, None
    return function


class Lacking:
    """Asked before all others for a module that is not there yet: it says so, and passes on."""

    def __init__(self, say):
        self.say = say

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] not in STRANGE:
            self.say(lacks=name)


def listen(say) -> None:
    """Say what an answer does that it has no need of, five times at most; it cannot be undone."""
    told, busy = [], []
    sys.meta_path.insert(0, Lacking(say))

    def heard(event, arguments):
        kind = next((told for start, told in HARMS.items() if event.startswith(start)), None)
        if kind is None or busy or len(told) > 4 or event in HARMLESS:
            return
        busy.append(event)  # to look at frames is an event itself
        with contextlib.suppress(Exception):
            if by_answer(event, arguments, sys._getframe(1)):
                told.append(event)
                on = [repr(a)[:100] for a in arguments[:1] if isinstance(a, str | bytes | int)]
                say(note=kind, on=" ".join(on))
        busy.clear()

    sys.addaudithook(heard)


def by_answer(event: str, arguments: tuple, frame) -> bool:
    """Whether the answer itself makes this event; what Python reads for it does not count."""
    if event == "import":
        return arguments[0].partition(".")[0] in STRANGE
    if event.startswith(("gc.", "sys._")):  # libraries do so, too
        while frame and frame.f_code.co_filename == inspect.__file__:
            frame = frame.f_back
        return frame and frame.f_code.co_filename in (ANSWER, "<string>")
    mine = False
    while frame:
        name = frame.f_code.co_filename
        if any(quiet in name for quiet in QUIET):
            return False
        mine, frame = mine or name == ANSWER, frame.f_back
    return mine


def whole() -> list[tuple]:
    """(owner, name, value) of what an answer could exchange for something of its own."""
    owners = [sys.modules[name] for name in WATCHED] + [torch.Tensor]
    own = [m for name, m in sys.modules.items() if name.startswith(("course_utils", "classroom"))]
    found = [(owner, *item) for owner in owners + own for item in vars(owner).items()]
    functions = [f for *_, f in found if isinstance(f, types.FunctionType)]
    ours = [f for f in functions if f.__module__.startswith(("course_utils", "classroom"))]
    return found + [(f, "__code__", f.__code__) for f in ours]


def exchanged(known: list[tuple]) -> list[str]:
    """What is not any more what it was."""
    other = [
        (owner, name)
        for owner, name, was in known
        if vars(owner).get(name, was if name == "__code__" else None) is not was
        or (name == "__code__" and owner.__code__ is not was)
    ]
    there = {name for owner, name, _ in known if owner is torch.Tensor}  # it inherits others
    other += [(torch.Tensor, name) for name in vars(torch.Tensor).keys() - there]
    return [f"{getattr(owner, '__name__', owner)}.{name}" for owner, name in other][:5]
