"""Exercises that check themselves, predictions made before the result is seen, and claims that are held to account.

A wrong answer is recognised by what it computes: each exercise knows its typical mistakes as code, and a learner's
answer that gives the same numbers as one of them gets that mistake's sentence.
"""

import ast
import copy
import dataclasses
import inspect
import textwrap
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import ipywidgets
import numpy as np
from IPython.display import Code, display


@dataclass(frozen=True)
class Exercise:
    """One exercise: the reference answer, the inputs it is tried on, and what is known to go wrong.

    answer: a function of `course_utils`, or the letter of the right choice.
    cases: yields tuples of arguments. mistakes: a sentence → a wrong function, or a wrong letter.
    probe: turns a function and a case's arguments into the numbers that are compared; random answers are compared by
    their frequencies. tolerance: how far these numbers may differ. in_place: the function returns nothing.
    """

    answer: Callable | str
    hints: list[str]
    mistakes: dict[str, Callable | str]
    cases: Callable[[], Iterable[tuple]] = tuple
    probe: Callable = lambda function, *arguments: function(*arguments)
    tolerance: float = 1e-6
    in_place: bool = False


class WrongAnswer(Exception):
    """Says in one sentence what is wrong with a learner's answer."""


class NotAttempted(Exception):
    """The answer is still the `...` of the empty exercise."""


def check(name: str, attempt):
    """Try a learner's answer, print what was found, and return the answer to go on with.

    That is the learner's own when it is right, else the reference: "Run all" always reaches the end.
    Raises ValueError for a name that no exercise has.
    """
    exercise = find(name)
    try:
        tried = examine(exercise, attempt)
    except NotAttempted:
        print(f"{name}: not attempted yet. The notebook goes on with the course's own version.")
        return exercise.answer
    except WrongAnswer as wrong:
        print(f"{name}: not yet right. {wrong}\nThe notebook goes on with the course's own version; try again.")
        return exercise.answer
    print(f"{name}: right{tried}. The notebook goes on with your answer.")
    return attempt


def hint(name: str, number: int = 1) -> None:
    """Print the exercise's hint of that number; each says more than the one before."""
    hints = find(name).hints
    number = min(max(number, 1), len(hints))
    more = f' More: hint("{name}", {number + 1}).' if number < len(hints) else f' Then: solution("{name}").'
    print(f"Hint {number} of {len(hints)}: {hints[number - 1]}{more}")


def solution(name: str) -> None:
    """Show the answer: the source of the function in `course_utils`, or the right letter."""
    answer = find(name).answer
    if callable(answer):
        display(Code(source_to_paste(answer), language="python"))
    else:
        print(f"The right choice is {answer!r}.")


def source_to_paste(function: Callable) -> str:
    """The function's source without its annotations: their types are not imported in a notebook."""
    tree = ast.parse(inspect.getsource(function))
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            node.annotation = None
        elif isinstance(node, ast.FunctionDef):
            node.returns = None
    return ast.unparse(tree)


def find(name: str) -> Exercise:
    """The exercise of that name; raises ValueError with the names that there are."""
    from course_utils.exercise_book import EXERCISES  # not at the top: the book needs this file's Exercise

    if name not in EXERCISES:
        raise ValueError(f"there is no exercise '{name}'. There are: {', '.join(EXERCISES)}.")
    return EXERCISES[name]


def examine(exercise: Exercise, attempt) -> str:
    """Return a word on what was tried if the attempt is right; raise WrongAnswer or NotAttempted if not."""
    if attempt is ...:
        raise NotAttempted
    if isinstance(exercise.answer, str):
        return _examine_choice(exercise, attempt)
    if not callable(attempt):
        raise WrongAnswer(f"A function is asked for; this is {attempt!r}.")
    cases = list(exercise.cases())
    wanted = [_numbers(exercise, exercise.answer, case) for case in cases]
    found = [_numbers(exercise, attempt, case) for case in cases]
    if _same(exercise, found, wanted):
        return f" on all {len(cases)} inputs" if any(cases) else ""
    for sentence, mistake in exercise.mistakes.items():
        if _same(exercise, found, [_numbers(exercise, mistake, case) for case in cases]):
            raise WrongAnswer(sentence)
    for case, one_found, one_wanted in zip(cases, found, wanted, strict=True):
        _compare(exercise, case, one_found, one_wanted)
    raise AssertionError("unreachable: some case must differ")


def _examine_choice(exercise, attempt):
    letters = sorted([exercise.answer, *exercise.mistakes.values()])
    letter = str(attempt).strip("().: ").lower()
    if letter == exercise.answer:
        return f": '{letter}'"
    for sentence, mistake in exercise.mistakes.items():
        if letter == mistake:
            raise WrongAnswer(sentence)
    raise WrongAnswer(f"Answer with one of the letters {', '.join(letters)}; this is {attempt!r}.")


def _numbers(exercise, function, case):
    """What the function makes of one case, as an array; a mistake of form raises WrongAnswer in a sentence."""

    def answered(*arguments):
        before = [np.array(array) for array in _arrays(arguments)]
        result = function(*arguments)
        if not all(map(np.array_equal, before, _arrays(arguments))):
            raise WrongAnswer("Your function changes its inputs; others still need them. Compute with a copy.")
        if result is ...:
            raise NotAttempted
        if result is None and not exercise.in_place:
            raise WrongAnswer("Your function returns nothing: its last line must be `return …`.")
        return result

    try:
        result = exercise.probe(answered, *copy.deepcopy(case))
    except (NotAttempted, WrongAnswer):
        raise
    except Exception as error:
        told = f"Your function raised {type(error).__name__}: {error}. Inputs: {_brief(case)}."
        lost_axis = (
            " Perhaps an axis is lost (keepdim=True keeps it), or one is too many ([..., 0])."
            if "must match the size" in str(error)
            else ""
        )
        raise WrongAnswer(told + lost_axis) from error
    try:
        return np.asarray(result.detach() if hasattr(result, "detach") else result, dtype=float)
    except (TypeError, ValueError):
        raise WrongAnswer(f"Your function must return numbers; it returned {_brief(result)}.") from None


def _arrays(arguments):
    """All arrays, tensors and lists among the arguments, also those inside a dictionary, a tuple or an MDP."""
    for argument in arguments:
        if isinstance(argument, np.ndarray | list):
            yield argument
        elif hasattr(argument, "detach"):
            yield argument.detach().numpy()
        elif isinstance(argument, dict | tuple):
            yield from _arrays(argument.values() if isinstance(argument, dict) else argument)
        elif dataclasses.is_dataclass(argument):
            yield from (value for value in vars(argument).values() if isinstance(value, np.ndarray))


def _same(exercise, found, wanted):
    return all(
        f.shape == w.shape and np.allclose(f, w, rtol=0, atol=exercise.tolerance)
        for f, w in zip(found, wanted, strict=True)
    )


def _compare(exercise, case, found, wanted):
    """Raise the general sentence for the first case that differs: shape, NaN, or value."""
    if found.shape != wanted.shape:
        raise WrongAnswer(f"The result has shape {found.shape}; it must have shape {wanted.shape}.")
    if not np.isfinite(found).all():
        raise WrongAnswer(f"The result contains NaN or infinity. Inputs: {_brief(case)}.")
    differs = np.argwhere(~np.isclose(found, wanted, rtol=0, atol=exercise.tolerance))
    if len(differs):
        entry = tuple(map(int, differs[0]))
        where = f"entry {list(entry)} is" if entry else "it gives"
        raise WrongAnswer(f"For {_brief(case)} {where} {found[entry]:.4g}; right is {wanted[entry]:.4g}.")


def _brief(value):
    with np.printoptions(precision=4, threshold=6, edgeitems=2):
        return textwrap.shorten(repr(value) if not isinstance(value, np.ndarray) else str(value), 200, placeholder=" …")


class Prediction:
    """A guess that the learner commits to before the result is seen; it is kept when the cell is run again."""

    guesses = {}

    def __init__(self, question: str, options: list[str]):
        self.options = options
        guess = self.guesses.get(question)
        self.buttons = ipywidgets.RadioButtons(options=options, value=guess, layout={"width": "max-content"})
        self.buttons.observe(lambda change: self.guesses.update({question: change["new"]}), names="value")
        display(ipywidgets.VBox([ipywidgets.HTML(f"<b>Your guess first.</b> {question}"), self.buttons]))

    def reveal(self, outcome: str) -> None:
        """Print the measured outcome, which must be one of the options, beside the guess."""
        if outcome not in self.options:
            raise ValueError(f"'{outcome}' is none of the options {self.options}.")
        guess = self.buttons.value
        verdict = "No guess was made" if guess is None else f'You guessed "{guess}"'
        print(f'{verdict}; measured: "{outcome}".')


def predict(question: str, options: list[str]) -> Prediction:
    """Ask for a guess with radio buttons; run the next cells, then `reveal` the outcome."""
    return Prediction(question, options)


def claim(sentence: str, holds: bool) -> None:
    """Print a statement that holds; raise AssertionError for one that does not, TypeError for what is no truth value.

    Put the measured numbers into the sentence, so that text and result cannot disagree.
    """
    if not isinstance(holds, bool | np.bool_):
        raise TypeError(f"a claim is True or False, not {holds!r}: {sentence}")
    if not holds:
        raise AssertionError(f"this does not hold in this run: {sentence}")
    print(f"holds: {sentence}")
