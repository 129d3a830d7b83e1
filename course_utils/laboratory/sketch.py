"""Predict by drawing: a curve is drawn before the result is seen, which is then laid over it."""

from contextlib import suppress

import numpy as np
from IPython.display import display

from course_utils import evaluation, exercises
from course_utils.checks import check_array, checked, need
from course_utils.laboratory.instant import Look, explore
from course_utils.laboratory.view import Drawn
from course_utils.plotting import Curve

HOW = "Draw the curve that you expect, with mouse, pen or finger, or with the arrow keys."


class sketch:
    """A guess that is a curve, kept when the cell runs again; `reveal` lays the result over it.

    x: [K] numbers that rise, or K names; ylim: the lowest and the highest value that can be drawn.
    Raises ValueError for x that do not rise and for bounds that are none.
    """

    guesses = {}

    @checked
    def __init__(self, question: str, x, ylim, xlabel: str, ylabel: str):
        need(np.shape(ylim) == (2,), f"ylim = {ylim}: must be the lowest and the highest value.")
        self.question, self.shown, self.drawn = question, None, Drawn(x, *ylim)
        self.words = {"xlabel": xlabel, "ylabel": ylabel}
        self.places, kept = self.drawn.places(), None
        with suppress(ValueError):  # one of another length or out of bounds is forgotten
            kept = self.drawn.take("guess", self.guesses.get(question))
        control = self.drawn._replace(kept=kept, **self.words)
        display(explore(self._hear, your_guess=control))

    @checked
    def reveal(self, measured: dict, sentence: str) -> None:
        """Display what was measured, with the guess over it, also when it is drawn later.

        measured: label → values [S, K] or a line [K] over the x of the guess, or a `Curve` over
        its own; the guess is compared with the first. sentence: what is to be seen.
        Raises ValueError for no curve or one of another length, and as `evaluation.interval` does.
        """
        need(measured, "measured = {}: must hold a curve or more, each under its name.")
        self.measured = {label: self._curve(label, given) for label, given in measured.items()}
        self.sentence, self.shown = sentence, None
        self.shown = explore(self._compare)
        display(self.shown)

    def _hear(self, your_guess):
        rests = your_guess == self.guesses.get(self.question)  # asked twice
        self.guesses[self.question] = your_guess
        if self.shown and self.shown.children:  # it was revealed, and is not closed
            look, [view] = self._compare(), self.shown.children
            view.send(look.state())
            if rests:  # a picture takes longer than an answer
                view.keep(look.state(), look.sentence)
                self.shown.renew()
        return self._look(f"Your guess first. {self.question} {HOW}", {}, self.drawn[1:3])

    def _curve(self, label, given):
        steps, values = given if isinstance(given, Curve) else (self.places, given)
        values = check_array(label, values)
        fits = values.ndim in (1, 2) and values.shape[-1:] == np.shape(steps)
        need(fits, f"{label}: must be one number for each x, {np.shape(steps)}.")
        ends = self.places[0], self.places[-1]
        inside = ends[0] <= np.min(steps) and np.max(steps) <= ends[1]
        need(inside, f"{label}: its steps must lie where the guess does, between %g and %g." % ends)
        return Curve(np.array(steps), evaluation.interval(values) if values.ndim > 1 else values)

    def _compare(self):
        """The measured curves and the guess, and how far it is from the first of them."""
        guess, (label, *others) = self.guesses.get(self.question), self.measured
        lines = np.concatenate([np.ravel(curve.values) for curve in self.measured.values()])
        ylim = (min(self.drawn.low, lines.min()), max(self.drawn.high, lines.max()))
        if guess is None:
            return self._look(f"{self.sentence} No guess was drawn.", self.measured, ylim)
        exercises.book("progress").note("prediction", self.question, "drawn")
        steps, values = self.measured[label]
        gap = np.interp(steps, self.places, guess) - np.atleast_2d(values)[0]
        far, where = np.abs(gap), steps[most := int(np.abs(gap).argmax())]
        place = self.drawn.ticks()[where] if self.drawn.ticks() else f"{where:.6g}"
        way = "high" if gap[most] > 0 else "low"
        told = f"Your curve is {far.mean():.3g} away on average, and {far[most]:.3g} too {way}"
        told = f"{self.sentence} {told} at the worst place, {self.words['xlabel']} {place}."
        curves = {label: self.measured[label], "your guess": Curve(self.places, guess)}
        return self._look(told, curves | {name: self.measured[name] for name in others}, ylim)

    def _look(self, sentence, curves, ylim):
        ends = None if curves else (self.places[0], self.places[-1])
        told = self.words | {"ticks": self.drawn.ticks(), "xlim": ends, "ylim": ylim}
        return Look(sentence, curves, **told)
