"""How a learner's function is called: names and defaults of the stub belong to a right answer."""

import functools
import inspect
from collections.abc import Callable

from course_utils.exercise_book import results
from course_utils.exercise_book.trial import WrongAnswer


def parameters(function: Callable, most: int = 99) -> inspect.Signature:
    """How a function is called, without annotations and without defaults after the first `most`."""
    told = enumerate(inspect.signature(function).parameters.values())
    kept = [one for i, one in told if one.default is one.empty or i < most]
    return inspect.Signature([one.replace(annotation=one.empty) for one in kept])


def has_names(attempt: Callable, asked: inspect.Signature) -> bool:
    """Whether the parameters have the asked names; WrongAnswer if there are more or fewer."""
    own = inspect.signature(attempt)
    try:
        own.bind(*asked.parameters)
    except TypeError:
        told = f"Your function must take {len(asked.parameters)} arguments, as in {asked};"
        raise WrongAnswer(f"{told} yours takes {own}.") from None
    mine = list(own.parameters.values())[: len(asked.parameters)]
    named = [one.name for one in mine if one.kind == one.POSITIONAL_OR_KEYWORD]
    return named == list(asked.parameters)


def as_called(attempt: Callable, asked: inspect.Signature) -> Callable:
    """The attempt with the asked names and defaults, and results of the type of its arguments."""

    @functools.wraps(attempt)
    def called(*arguments, **named):
        try:
            bound = asked.bind(*arguments, **named)
        except TypeError:  # it calls itself in another way than it is called
            return attempt(*arguments, **named)
        bound.apply_defaults()
        return results.fitted(attempt(*bound.args), bound.args)

    called.__signature__ = asked
    return called
