"""A child process that works on files, and is killed or interrupted in the middle of it.

It is struck at a line of the code that touches files (where depends on a seed alone), or after
some milliseconds, in turn. `COURSE_STRIKES=200` strikes 200 times in all, instead of 20.
"""

import contextlib
import itertools
import multiprocessing
import os
import re
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import torch

ALL = int(os.environ.get("COURSE_STRIKES", 20))
WINDOWS = sys.platform == "win32"
PROCESSES = multiprocessing.get_context("spawn" if WINDOWS else "forkserver")
PROCESSES.set_forkserver_preload(
    ["pytest", "minari", "sklearn.tree", "torch._dynamo", "course_utils.distil.ship"]
)
KILL = signal.SIGTERM if WINDOWS else signal.SIGKILL
WAYS = list(itertools.product((KILL, signal.SIGINT), ("line", "moment")))
TOUCH_FILES = "files|storage|ship|recording|checkpoints|build|progress|minari|h5py"


class Work(NamedTuple):
    """do: (folder, number) → None, done again and again, each time with the next number.

    longest: seconds after which it is struck at the latest. share: of all strikes, in percent.
    """

    do: Callable
    longest: float
    share: int

    def rounds(self):
        """Signal and way of each strike."""
        return [WAYS[(strike + self.share) % 4] for strike in range(ALL * self.share // 100)]


def strike(work: Work, folder: Path, first: int, how: int, way: str, draw) -> int:
    """Let a child work from the number `first` on, strike it, return the last number it has done.

    The folder as the strike left it is copied to `struck`, beside it; after an interrupt the child
    has done the next work once more.
    """
    ours, theirs = PROCESSES.Pipe(duplex=False)
    share = draw.uniform(0, 2) if way == "line" or WINDOWS else None
    process = PROCESSES.Process(target=_child, args=(work.do, folder, first, how, share, theirs))
    process.start()
    theirs.close()
    done = ours.recv()
    if share is None:
        time.sleep(draw.uniform(0, work.longest))
        os.kill(process.pid, how)
    with contextlib.suppress(EOFError):
        for told in itertools.count(1):
            done = ours.recv()
            if told % 1000 == 0:  # Python drops what is raised in a finalizer, an interrupt as well
                os.kill(process.pid, how)
    process.join()
    if how == KILL:
        keep(folder)
    ended = -KILL if how == KILL else 0
    assert WINDOWS or process.exitcode == ended, "the child has died by itself"
    return done


def _child(do, folder, first, how, share, pipe):
    """share: of the lines of one work, at which it strikes itself."""
    torch.set_num_threads(1)
    # Elsewhere first: an interrupted import leaves half a module, which is not ours to mend.
    lines = lines_of(do, folder.with_name("warm"), first, share is not None)
    pipe.send(done := first - 1)
    try:
        if share is not None:
            sys.settrace(counter([int(share * lines)], how))
        for number in itertools.count(first):
            do(folder, number)
            pipe.send(done := number)
    except KeyboardInterrupt:  # Interrupt in a notebook: the same process goes on
        sys.settrace(None)
        torch.set_grad_enabled(True)  # PyTorch's no_grad, interrupted as it begins, stays on
        pipe.send(done)
        keep(folder)
        do(folder, done + 1)


def lines_of(do, folder, number, traced=True) -> int:
    """Do one work undisturbed; how many lines of code that touches files it has run."""
    left = [0]
    sys.settrace(counter(left) if traced else None)
    do(folder, number)
    sys.settrace(None)
    return -left[0]


def counter(left: list[int], how: int | None = None) -> Callable:
    """A trace function that counts such lines down in `left`, and strikes at 0."""
    told = re.compile(rf"[/\\]({TOUCH_FILES})\b")

    def watch(frame, event, argument):
        if not told.search(frame.f_code.co_filename):
            return None
        left[0] -= event == "line"
        if left[0] == 0 and how:
            sys.settrace(None)
            signal.raise_signal(how)
        return watch

    return watch


def keep(folder):
    """Copy it to `struck`, beside it."""
    shutil.rmtree(folder.with_name("struck"), ignore_errors=True)
    shutil.copytree(folder, folder.with_name("struck"))


def listing(folder: Path) -> list[str]:
    """All files and folders below it."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def a_week_passes(folder: Path) -> None:
    """Whatever lies there is old."""
    for path in folder.rglob("*"):
        os.utime(path, (1e9, 1e9))
