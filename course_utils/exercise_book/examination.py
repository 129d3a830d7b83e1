"""Trying a learner's answer: it is recognised by what it computes.

An answer that gives the same numbers as a typical mistake gets that mistake's sentence. Type,
gradient, names and defaults belong to a right answer.
"""

import contextlib
import copy
import functools
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from course_utils.exercise_book import calls, results, trial
from course_utils.exercise_book.trial import NotAttempted, WrongAnswer


@dataclass(frozen=True, eq=False)
class Exercise:
    """One exercise: the reference answer, the inputs it is tried on, and what is known to go wrong.

    answer: a function of `course_utils`, or the letter of the right choice; why: said behind that.
    mistakes: a wrong function (see `contents.with_mistake`), or a wrong letter → what to say.
    cases: tuples of arguments. learns: in so many of the first arguments all gradients must be the
    reference's, or none if it has none. probe: from a function and a case's arguments to what is
    compared. tell: (case, found, wanted) → a sentence. in_place: the function returns nothing.
    exact: arrays must be float64.
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
    exact: bool = False
    why: str = ""


def judge(exercise: Exercise, attempt) -> tuple:
    """What to print of an attempt, and what the notebook goes on with."""
    if not isinstance(exercise, Exercise):
        raise ValueError("this is an open task: hand it to exercises.open_task.")
    if callable(attempt) and attempt is exercise.answer:
        return "this is the course's own version; run the cell with yours first.", attempt
    goes_on = " The notebook goes on with {}." if callable(exercise.answer) else ""
    try:
        tried, function = examine(exercise, attempt)
        return f"right{tried}." + goes_on.format("your answer"), function
    except NotAttempted:
        verdict = "not attempted yet."
    except WrongAnswer as wrong:
        verdict = f"not yet right. {wrong}"
    return verdict + goes_on.format("the course's own version"), goes_on and exercise.answer or None


def examine(exercise: Exercise, attempt) -> tuple:
    """A word on what was tried, and what to go on with; else WrongAnswer or NotAttempted."""
    if attempt is ...:
        raise NotAttempted
    if isinstance(exercise.answer, str):
        letter = unicodedata.normalize("NFKC", str(attempt)).strip("().:。 \t\n").lower()
        if letter == exercise.answer:
            return f": '{letter}'. {exercise.why}".rstrip(". "), attempt
        letters = ", ".join(sorted([exercise.answer, *exercise.mistakes]))
        other = f"Answer with one of the letters {letters}; this is"
        raise WrongAnswer(exercise.mistakes.get(letter, f"{other} {trial.brief(attempt)}."))
    if not callable(attempt):  # what follows is of functions
        raise WrongAnswer(f"A function is asked for; this is {trial.brief(attempt)}.")
    asked = calls.parameters(exercise.answer, max(map(len, exercise.cases)))
    converted = [not calls.has_names(attempt, asked)]
    with trial.limited():
        _compare(exercise, attempt, converted)
        _leave_out(exercise, attempt, asked)
    function = calls.as_called(attempt, asked) if any(converted) else attempt
    return f" on all {len(exercise.cases)} inputs" if any(exercise.cases) else "", function


def _compare(exercise, attempt, converted):
    """Raise WrongAnswer or NotAttempted if the attempt is not right on all cases."""
    right = _outcomes(exercise, exercise.answer)
    found = [
        attempted(exercise, attempt, case, wanted[2], converted)
        for case, wanted in zip(exercise.cases, right, strict=True)
    ]
    triples = list(zip(exercise.cases, found, right, strict=True))
    told = filter(None, (results.difference(exercise, case, a[0], b[0]) for case, a, b in triples))
    if difference := next(told, ""):
        for mistake, sentence in exercise.mistakes.items():
            pairs = list(zip(found, _outcomes(exercise, mistake), strict=False))
            # the first mistake with the same numbers on all cases
            if pairs and all(results.same(a[0], b[0], exercise.tolerance) for a, b in pairs):
                difference = sentence
                break
    gradients = (results.gradient_difference(a[1], b[1]) for _, a, b in triples)
    if sentence := difference or next(filter(None, gradients), ""):
        raise WrongAnswer(sentence)


def _leave_out(exercise, attempt, asked):
    """Raise WrongAnswer if a default is not the stub's."""
    defaults = [str(one) for one in asked.parameters.values() if one.default is not one.empty]
    if not defaults:
        return
    case = exercise.cases[0][: -len(defaults)]
    wanted, *_, result = _run(exercise, exercise.answer, case)
    with contextlib.suppress(WrongAnswer):
        if results.same(attempted(exercise, attempt, case, result, [])[0], wanted, 1e-4):
            return
    told = "later cells call your function without it"
    raise WrongAnswer(f"Keep the default of the stub, {', '.join(defaults)}: {told}.")


def _run(exercise, function, case, wanted=None):
    """Of one case: the numbers that are compared, their gradient, and what they come from."""
    leaves, given = [], list(copy.deepcopy(case))
    given[: exercise.learns] = [results.learnable(v, leaves) for v in given[: exercise.learns]]
    result = exercise.probe(function, *given)
    if wanted is not None and (told := results.unfit(result, wanted, exercise.exact)):
        raise WrongAnswer(told)
    return results.arrays(result, float), results.slopes(result, leaves), result


@functools.cache
def _outcomes(exercise, function):
    """Those of the reference, or of a mistake; none if that fails."""
    try:
        return [_run(exercise, function, case) for case in exercise.cases]
    except Exception:
        if function is exercise.answer:
            raise
        return []


def attempted(exercise, attempt, case, wanted, converted):
    """The outcome of a learner's function; notes whether its results are to be converted."""

    def state_of(arguments):
        learn = [getattr(one, "requires_grad", False) for one in arguments]
        return [*results.arrays(arguments), learn]

    def answered(*arguments):
        before = state_of(arguments)
        try:
            result = attempt(*arguments)
        except (NotAttempted, WrongAnswer, KeyboardInterrupt):
            raise
        except BaseException as error:  # sys.exit, too
            raise WrongAnswer(trial.raised(error, arguments)) from error
        if not exercise.in_place and not all(map(np.array_equal, before, state_of(arguments))):
            told = "Your function changes its inputs; others still need them. Compute with a copy."
            raise WrongAnswer(told)
        if result is ... and not exercise.in_place:
            raise NotAttempted
        if result is None and not exercise.in_place:
            raise WrongAnswer("Your function returns nothing: its last line must be `return …`.")
        converted.append(results.fitted(result, arguments) is not result)
        return result

    with trial.settings_kept():
        try:
            return _run(exercise, answered, case, wanted)
        except (ArithmeticError, LookupError, TypeError, ValueError, RuntimeError) as error:
            told = f"{type(error).__name__}: {trial.brief(str(error))}"
            raise WrongAnswer(f"What your function returned cannot be compared, {told}.") from error
