"""Trying a learner's answer: it is recognised by what it computes.

An exercise knows its typical mistakes, and an answer that gives the same numbers as one of them
gets that mistake's sentence.
"""

import copy
import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass, field, is_dataclass
from functools import cache

import numpy as np

from course_utils.exercise_book import results, trial
from course_utils.exercise_book.trial import NotAttempted, WrongAnswer


@dataclass(frozen=True, eq=False)
class Exercise:
    """One exercise: the reference answer, the inputs it is tried on, and what is known to go wrong.

    answer: a function of `course_utils`, or the letter of the right choice; why: said behind that.
    mistakes: a wrong function (see `contents.with_mistake`), or a wrong letter → what to say.
    cases: tuples of arguments. learns: in so many of the first arguments all gradients must be the
    reference's, or none if it has none. probe: from a function and a case's arguments to what is
    compared. tell: (case, found, wanted) → a sentence. in_place: the function returns nothing.
    """

    answer: Callable | str
    hints: list[str] = field(default_factory=list)
    mistakes: dict[Callable | str, str] = field(default_factory=dict)
    cases: list[tuple] = field(default_factory=lambda: [()])
    probe: Callable = lambda function, *arguments: function(*arguments)
    tell: Callable | None = None
    tolerance: float = 2e-5
    learns: int = 0
    in_place: bool = False
    why: str = ""


def judge(exercise: Exercise, attempt) -> tuple:
    """What to print of an attempt, and what the notebook goes on with."""
    own = callable(exercise.answer) * " The notebook goes on with the course's own version."
    try:
        tried, function = examine(exercise, attempt)
        return f"right{tried}." + own.replace("the course's own version", "your answer"), function
    except NotAttempted:
        verdict = "not attempted yet."
    except WrongAnswer as wrong:
        verdict = f"not yet right. {wrong}"
    return verdict + own, exercise.answer if own else None


def examine(exercise: Exercise, attempt):
    """A word on what was tried, and what the notebook goes on with, if the attempt is right.

    Else raises WrongAnswer or NotAttempted.
    """
    if attempt is ...:
        raise NotAttempted
    if isinstance(exercise.answer, str):
        return _choice(exercise, attempt)
    if not callable(attempt):
        raise WrongAnswer(f"A function is asked for; this is {trial.brief(attempt)}.")
    named, types = has_names(attempt, asked := parameters(exercise)), []
    with trial.limited():
        _judge(exercise, attempt, asked, types)
    function = attempt if named and not any(types) else as_called(attempt, asked)
    return f" on all {len(exercise.cases)} inputs" if any(exercise.cases) else "", function


def _choice(exercise, attempt):
    letter, letters = str(attempt).strip("().: ").lower(), [exercise.answer, *exercise.mistakes]
    if letter == exercise.answer:
        return f": '{letter}'. {exercise.why}".rstrip(". "), attempt
    other = f"Answer with one of the letters {', '.join(sorted(letters))}; this is"
    raise WrongAnswer(exercise.mistakes.get(letter, f"{other} {trial.brief(attempt)}."))


def parameters(exercise: Exercise) -> inspect.Signature:
    """How the answer is called: as the reference, without defaults that no case mentions."""
    told = inspect.signature(exercise.answer)
    most = max(map(len, exercise.cases))
    kept = enumerate(told.parameters.values())
    return inspect.Signature([one for i, one in kept if one.default is one.empty or i < most])


def has_names(attempt: Callable, asked: inspect.Signature) -> bool:
    """Whether the parameters have the asked names; WrongAnswer if there are more or fewer."""
    try:
        own = inspect.signature(attempt)
    except ValueError:  # some functions written in C do not tell
        own = inspect.Signature([inspect.Parameter("all", inspect.Parameter.VAR_POSITIONAL)])
    names = list(asked.parameters)
    try:
        own.bind(*names)
    except TypeError:
        told = f"Your function must take {len(names)} arguments, ({', '.join(names)});"
        raise WrongAnswer(f"{told} yours takes {own}.") from None
    mine = list(own.parameters.values())[: len(names)]
    return [one.name for one in mine if one.kind == one.POSITIONAL_OR_KEYWORD] == names


def as_called(attempt: Callable, asked: inspect.Signature) -> Callable:
    """The attempt with the asked names and defaults, and results of the type of its arguments."""

    @functools.wraps(attempt)
    def called(*arguments, **named):
        bound = asked.bind(*arguments, **named)
        bound.apply_defaults()
        return results.fitted(attempt(*bound.args), bound.args)

    called.__signature__ = asked
    return called


def _judge(exercise, attempt, asked, types):
    """Raise WrongAnswer or NotAttempted if the attempt is not right on all cases."""
    right = _tried(exercise, exercise.answer)
    found = [
        _attempted(exercise, attempt, types, *pair)
        for pair in zip(exercise.cases, right, strict=True)
    ]
    triples = list(zip(exercise.cases, found, right, strict=True))
    told = [results.difference(exercise, case, one[0], _numbers(two)) for case, one, two in triples]
    if any(told):
        for mistake, sentence in exercise.mistakes.items():
            if _alike(exercise, found, _tried(exercise, mistake)):
                raise WrongAnswer(sentence)
        raise WrongAnswer(next(filter(None, told)))
    for _, one, two in triples:
        if sentence := results.gradient_difference(one[1], two[1]):
            raise WrongAnswer(sentence)
    defaults = [str(one) for one in _bare(asked) if "=" in str(one)]
    if defaults:
        short = exercise.cases[0][: len(asked.parameters) - len(defaults)]
        wanted = _run(exercise, exercise.answer, short)
        try:
            found = _attempted(exercise, attempt, types, short, wanted)[0]
            fine = results.same(found, _numbers(wanted), exercise.tolerance)
        except WrongAnswer:
            fine = False
        if not fine:
            others = "later cells call your function without it"
            raise WrongAnswer(f"Keep the default of the stub, {', '.join(defaults)}: {others}.")


def _bare(signature):
    return [one.replace(annotation=one.empty) for one in signature.parameters.values()]


def _numbers(outcome):
    return results.numbers(outcome[0])


def _alike(exercise, found, other):
    pairs = zip(found, other or [], strict=bool(other))
    return bool(other) and all(
        results.same(one[0], _numbers(two), exercise.tolerance) for one, two in pairs
    )


def _run(exercise, function, case):
    """What is compared of one case, and its gradient."""
    leaves = []
    given = list(copy.deepcopy(case))
    given[: exercise.learns] = [results.learnable(v, leaves) for v in given[: exercise.learns]]
    result = exercise.probe(function, *given)
    return result, results.slopes(result, leaves)


@cache
def _tried(exercise, function):
    """The outcomes of the reference, or of a mistake; none if that fails."""
    try:
        return [_run(exercise, function, case) for case in exercise.cases]
    except Exception:
        if function is exercise.answer:
            raise
        return []


def _attempted(exercise, attempt, types, case, wanted):
    """Numbers and gradient of a learner's function. types: whether a result is to be converted."""

    def answered(*arguments):
        before = _arrays(arguments)
        try:
            result = attempt(*arguments)
        except (NotAttempted, WrongAnswer, KeyboardInterrupt):
            raise
        except BaseException as error:
            raise WrongAnswer(trial.raised(error, arguments)) from error
        if not all(map(np.array_equal, before, _arrays(arguments))):
            told = "Your function changes its inputs; others still need them. Compute with a copy."
            raise WrongAnswer(told)
        if result is ... and not exercise.in_place:
            raise NotAttempted
        if result is None and not exercise.in_place:
            raise WrongAnswer("Your function returns nothing: its last line must be `return …`.")
        types.append(results.fitted(result, arguments) is not result)
        return result

    with trial.settings_kept():
        result, slopes = _run(exercise, answered, case)
        if told := results.unfit(result, wanted[0]):
            raise WrongAnswer(told)
        return results.numbers(result), slopes


def _arrays(value):
    """Copies of all that is in a tuple, a list, a dictionary or an MDP, as arrays."""
    value = value.__dict__ if is_dataclass(value) else value
    value = tuple(value.values()) if isinstance(value, dict) else value
    if isinstance(value, tuple | list):
        return [array for part in value for array in _arrays(part)]
    return [np.array(value.detach().numpy() if hasattr(value, "detach") else value)]
