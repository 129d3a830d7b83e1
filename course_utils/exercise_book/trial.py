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
from pathlib import Path

import numpy as np
import torch
import yaml

SECONDS, LINES, CHARACTERS = 20, 20, 2000  # for the whole of an examination


class WrongAnswer(Exception):
    """Says in one sentence what is wrong with a learner's answer."""


class NotAttempted(Exception):
    """The answer is still the `...` of the empty exercise."""


class Beginning(io.TextIOBase):
    """The first lines of an output go through; the others are not shown."""

    def __init__(self, output):
        self.output, self.lines, self.left = output, LINES, CHARACTERS

    def write(self, text):
        for line in text.splitlines(keepends=True):
            if self.lines > 0:
                self.output.write(line[: max(0, self.left)])
            self.left -= len(line)
            self.lines -= line.endswith("\n")
        return len(text)


@contextlib.contextmanager
def limited(seconds=None):
    """Stops what takes longer, and holds back most of the output. An interrupt goes through."""
    seconds, over, output = seconds or SECONDS, threading.Event(), Beginning(sys.stdout)

    def stop():
        over.set()
        _thread.interrupt_main()

    timer = threading.Timer(seconds, stop)
    timer.daemon = True
    # A Python that was started in the background ignores interrupts; only the main thread gets any.
    heard = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGINT, signal.default_int_handler) if heard else None
    try:
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
            timer.start()
            try:
                yield
            finally:
                timer.cancel()
                timer.join()  # if it is just going off, its interrupt arrives in here
    except KeyboardInterrupt:
        if not over.is_set():
            raise
        told = "is there a loop without an end?"
        raise WrongAnswer(f"Your function took longer than {seconds} seconds: {told}") from None
    finally:
        if heard:
            signal.signal(signal.SIGINT, before)
        if output.lines < 0 or output.left < 0:
            print(" …\n(More output is held back.)")


@contextlib.contextmanager
def settings_kept():
    """Puts back what is global in NumPy, PyTorch and `random`; WrongAnswer if it would matter."""
    old = np.random.mtrand._rand  # the stream of np.random.seed and np.random.rand
    streams = random.getstate(), old.get_state()
    before = torch.get_default_dtype(), torch.is_grad_enabled()
    try:
        with np.errstate(), torch.random.fork_rng([]):
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
    known = [told for words, told in advice.items() if words in (message or sentence)]
    return " ".join([sentence, *known[:1]])


def brief(value) -> str:
    """A value in at most 200 characters."""
    with np.printoptions(precision=4, threshold=6, edgeitems=2):
        plain = re.sub(r", (grad_fn=<\w+>|requires_grad=True)", "", repr(value)[:10_000])
    return textwrap.shorten(plain, 200, placeholder=" …")
