"""A learner's function run so that the notebook survives it: endless loops, floods, settings."""

import _thread
import contextlib
import io
import random
import re
import signal
import sys
import textwrap
import threading
import time
import warnings
from pathlib import Path

import numpy as np
import psutil
import torch
import yaml

from course_utils.language import tell

SECONDS, BYTES, LINES, CHARACTERS = 20, 1e9, 20, 2000  # for the whole of an examination


class WrongAnswer(Exception):
    """Says in one sentence what is wrong with a learner's answer."""


class NotAttempted(Exception):
    """The answer is still the `...` of the empty exercise."""


@contextlib.contextmanager
def limited(seconds=None):
    """Stops what takes too long or too much memory, and shows the first lines of the output."""
    seconds, output, ended, reasons = seconds or SECONDS, io.StringIO(), threading.Event(), []
    watching = threading.Thread(target=_watch, args=(seconds, ended, reasons), daemon=True)
    # A Python that was started in the background ignores interrupts; only the main thread gets any.
    heard = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGINT, signal.default_int_handler) if heard else None
    try:
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
            watching.start()
            try:
                yield
            finally:
                ended.set()
                watching.join()  # if it is just interrupting, that arrives in here
    except KeyboardInterrupt:
        if not reasons:
            raise  # the learner's own interrupt
        raise WrongAnswer(f"Your function {reasons[0]}") from None
    finally:
        if heard:
            signal.signal(signal.SIGINT, before)
        lines = output.getvalue().splitlines(keepends=True)
        shown = "".join(lines[:LINES])[:CHARACTERS]
        held = " …\n(More output is held back.)\n" if len(shown) < output.tell() else ""
        print(shown, end=held)


def _watch(seconds, ended, reasons):
    """Interrupts the main thread when time or memory is over, and notes why."""
    shown, end, memory = sys.stdout, time.monotonic() + seconds, psutil.Process().memory_info
    most = memory().rss + BYTES
    while not ended.wait(0.05) and not reasons:
        if time.monotonic() > end:
            reasons.append(f"took longer than {seconds} seconds: is there a loop without an end?")
        elif memory().rss > most:
            reasons.append("fills the memory: is there a list that grows without an end?")
    if reasons:
        _thread.interrupt_main()
        if not ended.wait(5):
            print("It does not stop, as it catches all errors: restart the kernel.", file=shown)


@contextlib.contextmanager
def settings_kept():
    """Puts back what is global in NumPy, PyTorch and `random`; WrongAnswer if it would matter."""
    old = np.random.mtrand._rand  # the stream of np.random.seed and np.random.rand
    streams = random.getstate(), old.get_state()
    before = torch.get_default_dtype(), torch.is_grad_enabled()
    try:
        with torch.random.fork_rng([]), np.errstate(), np.printoptions(), warnings.catch_warnings():
            yield
        if (torch.get_default_dtype(), torch.is_grad_enabled()) != before:
            told = "others need it as it is. (`with torch.no_grad():` ends by itself.)"
            raise WrongAnswer(f"Your function changes a setting of all of PyTorch; {told}")
    finally:
        torch.set_default_dtype(before[0])
        torch.set_grad_enabled(before[1])
        random.setstate(streams[0])
        old.set_state(streams[1])


def raised(error, arguments, who="Your function") -> str:
    """The sentence for an exception of the learner's function, or of whom it was handed to."""
    message = textwrap.shorten(f"{type(error).__name__}: {error}"[:10_000], 200, placeholder=" …")
    told = f"{who} raised {message.rstrip(' .:')}."
    return advised(f"{told} Inputs: {brief(arguments)}.", str(error))


def advised(sentence, message="") -> str:
    """The sentence, with advice if it, or the message, is a known one."""
    advice = yaml.safe_load(Path(__file__).with_name("advice.yaml").read_text(encoding="utf-8"))
    known = [told for words, told in tell(advice).items() if words in (message or sentence)]
    return " ".join([sentence, *known[:1]])


def brief(value) -> str:
    """A value in at most 200 characters."""
    with np.printoptions(precision=4, threshold=6, edgeitems=2):
        plain = re.sub(r", (grad_fn=<\w+>|requires_grad=True)", "", repr(value)[:10_000])
    return textwrap.shorten(plain, 200, placeholder=" …")
