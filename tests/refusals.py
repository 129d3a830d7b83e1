"""A wrong input gets one sentence of the course's own, which names the thing and what to do.

A case is (name, call, words): the call is made, in a fresh folder if it takes one, and what it
yields is taken. It is *refused* if a `raise` of the course answers in one line with these words
(a regular expression), and *right* if it returns True: the call has looked at what came of it.
Anything else is a foreign error, or silent nonsense.
"""

import re
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from inspect import signature
from pathlib import Path
from unittest.mock import patch

import pytest

import course_utils

ROOT = Path(__file__).parents[1]
OWN = (Path(course_utils.__file__).parent, ROOT / "data")


def verdict(call: Callable, words: str, folder: Path) -> str:
    """What came of it: "refused", "right", "silent", or an error, also ours with other words."""
    try:
        answer = call(folder) if signature(call).parameters else call()
        if isinstance(answer, Iterator):
            for last in answer:
                answer = last
    except Exception as error:
        said = str(error)
        if told_by_the_course(error) and "\n" not in said and re.search(words, said):
            return "refused"
        return f"{type(error).__name__}: {said}"
    return "right" if answer is True else "silent"


def hold(found: str) -> None:
    """Fail, in one line, unless what was found is as it must be."""
    if found not in ("refused", "right"):
        pytest.fail(found, pytrace=False)


def told_by_the_course(error: Exception) -> bool:
    """Whether a `raise` of ours made it; Python's own words for a misspelt argument will do."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    ours = any(folder in Path(last.filename).parents for folder in OWN)
    typo = isinstance(error, TypeError) and "unexpected keyword argument" in str(error)
    return typo or (ours and (last.line or "").startswith("raise"))


def listed(cases: list[tuple], not_yet: dict[str, str], names=("call", "words")):
    """The cases as parameters of a test; those that fail today, by what they do, are told to.

    not_yet: what they do → their names, one a line. Whoever mends one is told by
    its test, which passes against what is told: then its line goes.
    """
    waiting = {name: why for why, lines in not_yet.items() for name in lines.split("\n") if name}
    known = [name for name, *_ in cases]
    assert len(set(known)) == len(known), "two cases have one name"
    assert waiting.keys() <= set(known), waiting.keys() - set(known)
    parameters = []
    for name, *values in cases:
        why = {"reason": waiting.get(name, ""), "raises": pytest.fail.Exception}
        fails = pytest.mark.xfail(strict=True, **why)
        parameters.append(pytest.param(*values, id=name, marks=[fails] * (name in waiting)))
    return pytest.mark.parametrize(names, parameters)


@contextmanager
def disk_says(number: int, words: str):
    """Every file that is opened to be written fails as on a full or a foreign disk."""
    really = open

    def refuse(file, mode="r", *more, **named):
        if "w" in mode:
            raise OSError(number, words, str(file))  # becomes PermissionError for number 13
        return really(file, mode, *more, **named)

    with patch("builtins.open", refuse):
        yield
