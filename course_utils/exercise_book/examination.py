"""Trying a learner's answer: it is recognised by what it computes.

An exercise knows its typical mistakes, and an answer that gives the same numbers as one of them
gets that mistake's sentence.
"""

import copy
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field, is_dataclass
from functools import cache

import numpy as np


class WrongAnswer(Exception):
    """Says in one sentence what is wrong with a learner's answer."""


class NotAttempted(Exception):
    """The answer is still the `...` of the empty exercise."""


@dataclass(frozen=True, eq=False)
class Exercise:
    """One exercise: the reference answer, the inputs it is tried on, and what is known to go wrong.

    answer: a function of `course_utils`, or the letter of the right choice.
    mistakes: a wrong function (see `contents.with_mistake`), or a wrong letter → what to say.
    cases: tuples of arguments. probe: from a function and a case's arguments to the numbers that
    are compared. tolerance: relative and absolute. in_place: the function returns nothing.
    """

    answer: Callable | str
    hints: list[str] = field(default_factory=list)
    mistakes: dict[Callable | str, str] = field(default_factory=dict)
    cases: list[tuple] = field(default_factory=lambda: [()])
    probe: Callable = lambda function, *arguments: function(*arguments)
    tolerance: float = 1e-5
    in_place: bool = False


def examine(exercise: Exercise, attempt) -> str:
    """A word on what was tried, if the attempt is right; WrongAnswer or NotAttempted if not."""
    if attempt is ...:
        raise NotAttempted
    if isinstance(exercise.answer, str):
        letter, letters = str(attempt).strip("().: ").lower(), [exercise.answer, *exercise.mistakes]
        if letter == exercise.answer:
            return f": '{letter}'"
        other = f"Answer with one of the letters {', '.join(sorted(letters))}; this is {attempt!r}."
        raise WrongAnswer(exercise.mistakes.get(letter, other))
    if not callable(attempt):
        raise WrongAnswer(f"A function is asked for; this is {attempt!r}.")
    found = _numbers.__wrapped__(exercise, attempt)  # not from the cache
    if not (difference := _difference(exercise, found, _numbers(exercise, exercise.answer))):
        return f" on all {len(found)} inputs" if any(exercise.cases) else ""
    for mistake, sentence in exercise.mistakes.items():
        if not _difference(exercise, found, _numbers(exercise, mistake)):
            raise WrongAnswer(sentence)
    raise WrongAnswer(difference)


@cache
def _numbers(exercise, function):
    """What the function makes of each case, arrays; a mistake of form raises WrongAnswer."""

    def answered(*arguments):
        before = _arrays(arguments)
        result = function(*arguments)
        if not all(map(np.array_equal, before, _arrays(arguments))):
            told = "Your function changes its inputs; others still need them. Compute with a copy."
            raise WrongAnswer(told)
        if result is ...:
            raise NotAttempted
        if result is None and not exercise.in_place:
            raise WrongAnswer("Your function returns nothing: its last line must be `return …`.")
        return result

    return [_array(exercise.probe, answered, case) for case in exercise.cases]


def _array(probe, function, case):
    try:
        result = probe(function, *copy.deepcopy(case))
    except (NotAttempted, WrongAnswer):
        raise
    except Exception as error:
        told = f"Your function raised {type(error).__name__}: {error}. Inputs: {_brief(case)}."
        axis = " Perhaps an axis is lost (keepdim=True keeps it), or one is too many ([..., 0])."
        raise WrongAnswer(told + axis if "must match the size" in str(error) else told) from error
    try:
        return np.asarray(result.detach() if hasattr(result, "detach") else result, dtype=float)
    except (TypeError, ValueError):
        told = f"Your function must return numbers; it returned {_brief(result)}."
        raise WrongAnswer(told) from None


def _arrays(value):
    """Copies of all that is in a tuple, a dictionary or an MDP, as arrays."""
    if isinstance(value, tuple | dict) or is_dataclass(value):
        parts = value if isinstance(value, tuple) else getattr(value, "__dict__", value).values()
        return [array for part in parts for array in _arrays(part)]
    return [np.array(value.detach().numpy() if hasattr(value, "detach") else value)]


def _difference(exercise, found, wanted):
    """The first difference of two lists of results in a sentence: shape, NaN, or value. Or ''."""
    for case, one, other in zip(exercise.cases, found, wanted, strict=True):
        if one.shape != other.shape:
            return f"The result has shape {one.shape}; it must have shape {other.shape}."
        equal = np.isclose(one, other, rtol=exercise.tolerance, atol=exercise.tolerance)
        if not equal.all() and not np.isfinite(one).all():
            return f"The result contains NaN or infinity. Inputs: {_brief(case)}."
        for entry in np.argwhere(~equal).tolist():
            where, at = f"entry {entry} is" if entry else "it gives", tuple(entry)
            return f"For {_brief(case)} {where} {one[at]:.4g}; right is {other[at]:.4g}."
    return ""


def _brief(value):
    with np.printoptions(precision=4, threshold=6, edgeitems=2):
        return textwrap.shorten(repr(value), 200, placeholder=" …")
