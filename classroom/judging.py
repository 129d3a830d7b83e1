"""The near side of grading: an answer goes to a child, numbers come back and are compared here.

`examination.examine` judges as in the notebook. It meets not the answer but its record, in which
each call gives what came out of the child for that input, and its gradients.
"""

import ast
import hashlib
import inspect
import json
import os
import pickle
import struct
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import torch

from classroom import reading
from classroom.answers import Answer
from classroom.child import FORKS
from classroom.plain import rebuilt
from course_utils import language
from course_utils.exercise_book import calls, contents, tools, trial
from course_utils.exercise_book.trial import NotAttempted, WrongAnswer

ROOT = Path(__file__).parents[1]
PACK = Path(__file__).with_name("pack.yaml")
JUDGES = ("answers", "child", "judging", "locks", "plain", "reading", "traps", "verdicts")
LIMITS = {"seconds": 30, "wall": 90, "bytes": 1_500_000_000}  # CPU, clock, memory of an answer
KEPT = ["PATH", "HOME", "SYSTEMROOT", "TEMP", "USERPROFILE", "COURSE_LANGUAGE"]  # for a child
trial.SECONDS = 3600  # nothing of a learner runs here: a slow machine is no mistake


class Verdict(NamedTuple):
    verdict: str
    sentence: str
    seconds: float = 0.0  # of CPU


class Book:
    """The exercises with their own inputs, and with those of a pack that no learner has."""

    def __init__(self, pack: Path = PACK):
        self.pack, self.found = Path(pack).read_bytes(), {}
        self.told = reading.read_pack(self.pack)

    def key(self) -> str:
        """A hash of all that a verdict depends on, besides the submission."""
        files = [ROOT / "classroom" / f"{name}.py" for name in JUDGES]
        files += sorted((ROOT / "course_utils").rglob("*.py"))
        files += sorted((ROOT / "course_utils" / "exercise_book").glob("*.yaml"))
        told = repr(language.catalogue()).encode()
        read = [self.pack, told, *(file.read_bytes() for file in files)]
        return hashlib.sha256(b"".join(read)).hexdigest()

    def exercise(self, stem: str, name: str) -> tuple:
        """The exercise; it with its own and with hidden inputs; all of them, for a child."""
        if name not in self.found:
            book = contents.chapter(stem)[name]
            cases = [book.cases, self.hidden(stem, name, book)] if callable(book.answer) else []
            both = [replace(book, cases=some, probe=recorded(book)) for some in cases if some]
            inputs = pickle.dumps([case for one in both for case in called_with(one)])
            self.found[name] = book, both, inputs
        return self.found[name]

    def hidden(self, stem: str, name: str, book) -> list[tuple]:
        """Inputs that are none of the course's own."""
        said, known = contents.words(stem)[name], inspect.unwrap(book.answer).__globals__
        several = said.get("inputs", ""), self.told["inputs"].get(name, "")
        try:
            made = [
                case
                for seed in self.told["seeds"]
                for inputs in several
                for case in eval(f"[{inputs}]", known | tools(seed))
            ]
        except Exception as error:
            raise ValueError(f"the pack's inputs of {name} fail, {error}.") from error
        own = {pickle.dumps(case) for case in book.cases}
        new = {pickle.dumps(case): case for case in made}
        return [case for key, case in new.items() if key not in own]


def recorded(book):
    """The exercise's probe for its answer and mistakes; a record was probed in its child."""
    known = {book.answer, *book.mistakes}
    return lambda function, *given: (
        book.probe(function, *given) if function in known else function(*given)
    )


def called_with(exercise) -> list[tuple]:
    """The cases, and one without what has a default, as `examine` goes through them."""
    asked = calls.parameters(exercise.answer, max(map(len, exercise.cases)))
    defaults = [one for one in asked.parameters.values() if one.default is not one.empty]
    return exercise.cases + [exercise.cases[0][: -len(defaults)]] * bool(defaults)


class Record:
    """What an answer did in its child: to be called as the answer itself."""

    def __init__(self, told: dict, outcomes: list[dict]):
        self.outcomes = iter(outcomes)
        self.__signature__ = inspect.Signature(
            [
                inspect.Parameter(name, kind, **({"default": rebuilt(value)} if given else {}))
                for name, kind, given, value in told["parameters"]
            ]
        )

    def __call__(self, *arguments):
        outcome = next(self.outcomes)
        if "not_attempted" in outcome:
            raise NotAttempted
        if "wrong" in outcome:
            raise WrongAnswer(trial.advised(str(outcome["wrong"])))
        result = outcome["result"]
        given = [x for a in arguments for x in (a.values() if isinstance(a, dict) else [a])]
        leaves = [x for x in given if getattr(x, "requires_grad", False)]
        if outcome["slopes"] is None or not leaves or not isinstance(result, torch.Tensor):
            return result
        return Sloped.apply(result, outcome["slopes"], *leaves)


class Sloped(torch.autograd.Function):
    """A result whose gradients are known."""

    @staticmethod
    def forward(context, result, slopes, *leaves):
        context.slopes = slopes
        return result.clone()

    @staticmethod
    def backward(context, _):
        if isinstance(context.slopes, str):
            raise WrongAnswer(context.slopes)
        return None, None, *map(torch.from_numpy, context.slopes)


class Nursery:
    """The process that makes children; started when it is asked, and again when it has ended."""

    process, code = None, "from classroom.child import nursery; nursery()"

    def ask(self, request: dict) -> tuple[dict, bytes]:
        """How a child ended, and its lines."""
        if not self.process or self.process.poll() is not None:
            kept = {name: os.environ[name] for name in KEPT if name in os.environ}
            alone = {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "", "MPLBACKEND": "agg"}
            alone |= {"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0"}
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
            pipes["start_new_session"] = True  # Ctrl+C is for who asks; this ends with its pipe
            self.process = subprocess.Popen(
                [sys.executable, "-c", self.code], cwd=ROOT, env=kept | alone, **pipes
            )
        blob, process = pickle.dumps(request), self.process
        late = threading.Timer(request["wall"] + 60, process.kill)
        late.start()
        try:
            process.stdin.write(struct.pack("Q", len(blob)) + blob)
            process.stdin.flush()
            sizes = struct.unpack("QQ", process.stdout.read(16))
            head, lines = map(process.stdout.read, sizes)
            return json.loads(head), lines
        except (OSError, struct.error):  # it has ended: killed for its time, or by its answer
            if FORKS and late.is_alive():
                raise OSError("the process that makes others has ended; memory?") from None
            over = "" if late.is_alive() else "time"
            return {"over": over, "signal": 0, "seconds": 0.0}, b""
        finally:
            late.cancel()

    def close(self) -> None:
        """End it."""
        if self.process:
            self.process.stdin.close()
            self.process.wait()
            self.process.stdout.close()
            self.process = None


def request_for(stem: str, name: str, answer: Answer, book: Book, limits: dict) -> dict:
    """All that a child is told of an exercise: no answer, no mistakes, no words."""
    exercise, _, inputs = book.exercise(stem, name)
    probe, function = exercise.probe, callable(exercise.answer)
    nodes = list(ast.walk(ast.parse(answer.source)))
    froms = [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    plain = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    return limits | {
        "source": answer.source,
        "attempt": answer.attempt,
        "imports": froms + plain,
        "own": (exercise.answer.__module__, name) if function else None,
        "cases": inputs,
        "probe": None if "<lambda>" in probe.__qualname__ else (probe.__module__, probe.__name__),
        "learns": exercise.learns,
        "in_place": exercise.in_place,
    }
