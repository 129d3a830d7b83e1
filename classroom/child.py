"""The far side of grading: a nursery of processes, each of which computes one answer and no more.

The nursery is a fresh Python that has imported PyTorch and the course, but neither expected results
nor the words of the exercise book: what is not in a process cannot be read there. For each answer
it forks a child, waits, and kills it when its time is over. The child gets inputs; lines of JSON
with plain numbers come back. On Linux a filter of system calls (seccomp, which needs no rights)
lets it compute, have memory, and write to its one pipe: no file, network, process, thread, signal.
Limits of CPU time and memory come on top, and a root becomes nobody. The course's own version of
the answer is exchanged for a trap before anything of a learner runs (`traps.py`).

Weaker elsewhere: macOS and Windows have no such filter. There an answer can read and write what its
user can, only wall time and, on macOS, CPU time are limited, and each answer takes a new Python,
two or three seconds. For strangers' answers use Linux: WSL, or the course's image. The numbers of
system calls on ARM stand here, but nobody has tried them.
"""

from __future__ import annotations  # `compile` passes this on to answers

import ast
import atexit
import contextlib
import importlib
import inspect
import io
import json
import os
import pickle
import pkgutil
import random
import select
import signal
import struct
import sys
import time

import numpy as np
import torch

import course_utils
from classroom import locks, traps
from classroom.plain import plain
from course_utils.exercise_book import examination, trial
from course_utils.exercise_book.trial import NotAttempted, WrongAnswer

FORKS = sys.platform == "linux"
MOST = 64_000_000  # bytes that a child may send
# What may be imported for an answer; some of Python's own modules do something then.
IMPORTED = {"numpy", "scipy", "torch", "course_utils", "sklearn", "gymnasium", "matplotlib"}
IMPORTED |= sys.stdlib_module_names - {"antigravity", "idlelib", "test", "this", "turtledemo"}
IMPORTED |= {"IPython", "tqdm"}


def nursery() -> None:
    """Serve requests from standard input until it ends: for each a head and a child's lines."""
    requests, replies = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDWR), 1)
    torch.set_num_threads(1)
    sys.path[:] = filter(None, sys.path)  # a child may not ask where it is
    for room in pkgutil.walk_packages(course_utils.__path__, "course_utils."):
        if "laboratory" not in room.name:
            with contextlib.suppress(Exception):  # what lacks Box2D, say
                importlib.import_module(room.name)
    repr(torch.ones(2, 2) @ torch.ones(2, 2)), np.linalg.inv(np.eye(2)) @ np.eye(2)  # load all
    trial.advised = lambda sentence, message="": sentence  # that reads a file; it is done later
    known = traps.whole()
    while head := requests.read(8):
        request = pickle.loads(requests.read(struct.unpack("Q", head)[0]))
        told, lines = (forked if FORKS else alone)(request, known)
        told = json.dumps(told | {"locked": FORKS}).encode()
        replies.write(struct.pack("QQ", len(told), len(lines)) + told + lines)
        replies.flush()
        if not FORKS:
            return
        del request, told, lines  # the next child need not find these


def forked(request: dict, known: list) -> tuple[dict, bytes]:
    """How a child ended, and its lines."""
    ours, its = os.pipe()
    child = os.fork()
    if not child:
        with contextlib.suppress(BaseException):
            os.dup2(its, locks.PIPE)
            work(request, known, lambda line: os.write(locks.PIPE, line))
        os._exit(0)
    os.close(its)
    lines, end, over = bytearray(), time.monotonic() + request["wall"], ""
    while not over:
        if not select.select([ours], [], [], max(0, end - time.monotonic()))[0]:
            over = "time"
        elif not (piece := os.read(ours, 1 << 20)):
            break
        else:
            lines += piece
            over = "bytes" if len(lines) > MOST else ""
    os.kill(child, signal.SIGKILL)  # it may only have closed its pipe; what has ended stays so
    os.close(ours)
    _, status, used = os.wait4(child, 0)
    seconds, ended = used.ru_utime + used.ru_stime, os.WIFSIGNALED(status) and os.WTERMSIG(status)
    if ended == signal.SIGXCPU or seconds > request["seconds"]:
        over = "time"
    return {"over": over, "signal": int(ended), "seconds": seconds}, bytes(lines)


def alone(request: dict, known: list) -> tuple[dict, bytes]:
    """Without fork: this process itself. Who asked ends it, and starts another one."""
    lines = bytearray()

    def write(line):
        lines.extend(line)
        return len(line)

    work(request, known, write)
    return {"over": "", "signal": 0, "seconds": time.process_time()}, bytes(lines)


def work(request: dict, known: list, write) -> None:
    """Try one answer: say what it is, what comes out for each input, and what else it did."""

    def say(**told):
        line = json.dumps(told).encode() + b"\n"
        while line:
            line = line[write(line) :]

    cases = pickle.loads(request["cases"])
    for name in request["imports"]:
        if name.partition(".")[0] in IMPORTED and "__main__" not in name:  # those do things
            with contextlib.suppress(Exception):
                importlib.import_module(name)
    probe = examination.Exercise.probe
    if request["probe"]:
        probe = getattr(importlib.import_module(request["probe"][0]), request["probe"][1])
    own = traps.trap(request["own"], say)
    known[:] = [each for each in known if each[0] is not own]  # its code is nowhere any more
    random.seed(0), np.random.seed(0), torch.manual_seed(0)  # noqa: NPY002
    locks.limit(request)
    try:
        if FORKS:
            locks.lock()
    except (OSError, KeyError) as error:
        return say(broken=f"{type(error).__name__}, {error}")
    say(locked=True)
    traps.listen(say)
    left = atexit._ncallbacks()
    printed = sys.stdout = sys.stderr = Discarded()
    try:
        attempt = evaluated(request["source"], request["attempt"])
        say(attempt=described(attempt))
        if own and callable(attempt) and inspect.unwrap(attempt) is own:
            say(note="copied")
        for case in cases if callable(attempt) else []:
            say(**(outcome := tried(attempt, case, probe, request)))
            if "result" not in outcome:
                break
    except BaseException as error:
        say(wrong=trial.raised(error, (), "Your cell").partition(" Inputs:")[0])  # there are none
    if atexit._ncallbacks() > left and "atexit" in request["source"]:  # libraries do so, too
        say(note="leaves work for the time after its end", on="")
    say(exchanged=traps.exchanged(known), printed=printed.length, done=True)


def evaluated(source: str, attempt: str):
    """What was handed in. As in a notebook, a statement that fails does not stop the others."""
    space, errors = {"__name__": "__main__", "display": print}, []
    for statement in ast.parse(source).body:
        try:
            exec(compile(ast.Module([statement], []), traps.ANSWER, "exec"), space)
        except Exception as error:
            errors.append(error)
    try:
        return eval(compile(attempt, traps.ANSWER, "eval"), space)
    except NameError as error:
        raise (errors or [error])[0] from None  # the name is missing because of that


def described(attempt) -> dict:
    """Whether it can be called, and how; else what it is."""
    if not callable(attempt):
        return {"value": plain(attempt)}
    try:
        told = inspect.signature(attempt).parameters.values()
    except (ValueError, TypeError):
        return {"parameters": None}
    default = inspect.Parameter.empty
    return {"parameters": [
        [one.name, int(one.kind), one.default is not default, plain(one.default)] for one in told
    ]}  # fmt: skip


def tried(attempt, case: tuple, probe, request: dict) -> dict:
    """What came out for one input, with its gradients; or why nothing did."""
    came = []

    def keeping(function, *given):
        came.append(probe(function, *given))
        return came[-1]

    asked = {name: request[name] for name in ("learns", "in_place")}
    exercise = examination.Exercise(None, probe=keeping, **asked)
    try:
        _, slopes, _ = examination.attempted(exercise, attempt, case, None, [])
    except NotAttempted:
        return {"not_attempted": True}
    except WrongAnswer as wrong:
        if came and wrong.__cause__:  # something came, and could not be compared
            return {"result": plain(came[0]), "slopes": str(wrong)}
        return {"wrong": str(wrong)}
    return {"result": plain(came[0]), "slopes": slopes and plain(slopes)}


class Discarded(io.TextIOBase):
    """Where prints go: they are counted."""

    length = 0

    def write(self, text):
        self.length += len(text)
        return len(text)
