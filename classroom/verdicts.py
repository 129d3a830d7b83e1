"""The verdict on an answer, and what its learner is told."""

import contextlib
import io
import json
import os
import signal

from classroom.answers import Answer
from classroom.judging import LIMITS, ROOT, Book, Nursery, Record, Verdict, request_for
from classroom.plain import rebuilt
from course_utils.exercise_book import examination, trial
from course_utils.exercise_book.trial import NotAttempted, WrongAnswer

NOISY = 100_000  # characters
DENIED = ("[Errno 1] Operation not permitted", "start new thread")
NOTE = ("note", "on")  # of which the first is told
LONGEST = 1000  # characters of a sentence
UNREADABLE = "Your answer sends back what cannot be read."
ALONE = "An answer computes from its inputs alone, and was not let do anything else."


def judge(stem: str, name: str, answer: Answer, book: Book, nursery: Nursery, limits=LIMITS):
    """The verdict on one answer. Raises OSError if the system cannot lock answers up."""
    if "get_ipython" in answer.source:
        return Verdict("refused", f"Your answer needs a command with % or !. {ALONE}")
    request, lacks = request_for(stem, name, answer, book, limits), set()
    for _ in range(5):
        head, lines = nursery.ask(request | {"imports": request["imports"] + sorted(lacks)})
        told = together(lines if head["over"] != "bytes" else b"")
        if lacks >= told["lacks"]:
            break
        lacks |= told["lacks"]  # what a library loads when it is used must be there before
    if "broken" in told and "locked" not in told:  # an answer may say so, too
        raise OSError(f"answers cannot be locked up on this system: {told['broken']}.")
    exercise, both, _ = book.exercise(stem, name)
    try:
        verdict, sentence = (
            seen(name, told) or ended(head, told, limits) or examined(exercise, both, told)
        )
        printed = int(told.get("printed", 0))
    except Exception:  # an answer has written lines of its own, which may be anything
        verdict, sentence, printed = "refused", f"{UNREADABLE} {ALONE}", 0
    sentence = sentence if len(sentence) < LONGEST else f"{sentence[:LONGEST]} …"
    if verdict == "wrong" and any(words in sentence for words in DENIED):
        verdict, sentence = "refused", f"{sentence.replace(f'{ROOT}{os.sep}', '')} {ALONE}"
    if printed > NOISY:
        sentence += f" It printed {printed:,} characters: take the print out."
    return Verdict(verdict, sentence, round(head["seconds"], 2))


def together(lines: bytes) -> dict:
    """All that a child has said; outcomes and modules that it lacks, as there are several."""
    told, outcomes, lacks = {}, [], set()
    try:
        for line in map(decoded, lines.splitlines()):
            if "result" in line or "wrong" in line or "not_attempted" in line:
                outcomes.append(line)
            lacks |= {str(line["lacks"])} if "lacks" in line else set()
            told |= {key: line[key] for key in line if "note" not in told or key not in NOTE}
    except Exception:
        told = {"locked": True, "note": "sends back what cannot be read", "on": ""}
    return told | {"outcomes": outcomes, "lacks": lacks}


def decoded(line: bytes) -> dict:
    """A line of a child, its results as numbers again."""
    told = json.loads(line)
    for key in {"result", "slopes"} & told.keys():
        if key == "result" or isinstance(told[key], dict):
            told[key] = rebuilt(told[key])
    return told


def seen(name: str, told: dict) -> tuple | None:
    """Of an answer that does more than compute."""
    if told.get("note") == "copied":
        again = f'Write your own; exercises.hint("{name}") helps.'
        return "copied", f"This is the course's own version, imported from the module. {again}"
    if "note" in told:
        what = " ".join(f"{told['note']} {told['on']}"[:300].split())
        return "refused", f"Your answer {what}. {ALONE}"
    if told.get("exchanged"):
        names = ", ".join(map(str, told["exchanged"]))[:300]
        return "refused", f"Your answer exchanges {names}. That has no effect here."
    return None


def ended(head: dict, told: dict, limits: dict) -> tuple | None:
    """Of an answer that did not come to its end."""
    if head["over"] == "time":
        long = f"took longer than {limits['seconds']} seconds"
        return "wrong", f"Your answer {long}: is there a loop without an end?"
    if head["over"] == "bytes":
        return "refused", f"Your answer returns more than 64 MB. {ALONE}"
    if "done" in told:
        return None
    how = signal.Signals(head["signal"]).name if head["signal"] else "as if all were done"
    if head["signal"] == signal.SIGSEGV:
        return "wrong", "Your answer broke Python down: does it call itself without an end?"
    return "refused", f"Your answer ends its process ({how}). {ALONE}"


def examined(exercise, both: list, told: dict) -> tuple:
    """Of an answer that gave results: as in the notebook; then on the hidden inputs."""
    if "attempt" not in told:
        return "wrong", trial.advised(str(told.get("wrong")))
    attempt, before = told["attempt"], ""
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            if "value" in attempt:
                word, _ = examination.examine(exercise, rebuilt(attempt["value"]))
                return "right", f"right{word}."
            if attempt["parameters"] is None:
                raise WrongAnswer("A function of your own is asked for: write it with `def`.")
            record, words = Record(attempt, told["outcomes"]), []
            if not both:
                raise WrongAnswer("A letter is asked for, in quotation marks; this is a function.")
            for one in both:
                words.append(examination.examine(one, record)[0])
                before = "On the notebook's own inputs it is right, on others not. "
    except NotAttempted:
        return "not attempted", "not attempted yet."
    except WrongAnswer as wrong:
        return "wrong", f"{before}{wrong}"
    others = f", then{words[1]} that no notebook has" if words[1:] else ""
    return "right", f"right{words[0]}{others}."
