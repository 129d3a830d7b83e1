"""Predict by drawing: a curve is drawn before the result is seen, which is then laid over it."""

from functools import partial

import numpy as np
from IPython.display import display

from course_utils import exercises
from course_utils.checks import check_array, checked, need
from course_utils.laboratory.instant import Look, explore
from course_utils.laboratory.view import Drawn, points
from course_utils.plotting import Curve


class sketch:
    """A guess that is a curve, kept when the cell runs again; `reveal` lays the result over it.

    x: [K] numbers that rise, or K names; ylim: the lowest and the highest value that can be drawn.
    Raises ValueError for x that do not rise and for bounds that are none.
    """

    guesses, reveals = {}, {}  # question with its axes → the curve; → panels and what makes them

    @checked
    def __init__(self, question: str, x, ylim, xlabel: str, ylabel: str):
        self.ylim = tuple(check_array("ylim", ylim).ravel().tolist())
        need(len(self.ylim) == 2, f"ylim = {ylim}: must be the lowest and the highest value.")
        self.question, self.drawn = question, Drawn(x, *self.ylim)
        self.words = {"xlabel": xlabel, "ylabel": ylabel}
        self.places = self.drawn.places()
        self.asked = question, *(self.drawn.ticks() or self.places), *self.ylim
        control = self.drawn._replace(kept=self.guesses.get(self.asked), **self.words)
        display(explore(self._hear, your_guess=control))

    @checked
    def reveal(self, measured: dict, sentence: str) -> None:
        """Display what was measured, with the guess over it, also when it is drawn later.

        measured: label → values [S, K] or a line [K] over the x of the guess, or a `Curve` over
        its own; the guess is compared with the first. sentence: what is to be seen.
        Raises ValueError for no curve or one of another length, and as `evaluation.interval` does.
        """
        need(measured, "measured = {}: must hold a curve or more, each under its name.")
        found = {label: self._curve(label, given) for label, given in measured.items()}
        panel = explore(compare := partial(self._compare, found, sentence))
        self.reveals.setdefault(self.asked, []).append((panel, compare))
        display(panel)

    def _hear(self, your_guess):
        rests = your_guess == self.guesses.get(self.asked)  # asked twice
        self.guesses[self.asked] = your_guess
        opened = [each for each in self.reveals.get(self.asked, ()) if each[0].children]
        self.reveals[self.asked] = opened  # also of a cell that ran before this one ran again
        for panel, compare in opened:
            look, [view] = compare(), panel.children
            view.send(look.state())
            if rests:  # a picture takes longer than an answer
                view.keep(look.state(), look.sentence)
                panel.renew()
        told = f"Your guess first. {self.question} Draw the curve that you expect, with mouse, pen"
        return self._look(f"{told} or finger, or with the arrow keys.", {})

    def _curve(self, label, given):
        steps, values = given if isinstance(given, Curve) else (self.places, given)
        found, steps = (check_array(label, each) for each in (values, steps))
        first, *_, last = self.places
        fits = found.ndim in (1, 2) and found.shape[-1:] == np.shape(steps)
        need(fits, f"{label}: must be one number for each x, {np.shape(steps)}.")
        inside = first <= np.min(steps) and np.max(steps) <= last
        need(inside, f"{label}: its steps must lie where the guess does, {first} to {last}.")
        return points(steps, values)

    def _compare(self, measured, sentence):
        """The measured curves and the guess, and how far it is from the first of them."""
        guess, label = self.guesses.get(self.asked), next(iter(measured))
        if guess is None:
            return self._look(f"{sentence} No guess was drawn.", measured)
        exercises.book("progress").note("prediction", self.question, "drawn")
        steps, ticks = measured[label]["x"], self.drawn.ticks()
        gap = np.interp(steps, self.places, guess) - measured[label]["mid"]
        most = gap[worst := int(np.abs(gap).argmax())]
        place = ticks[round(steps[worst])] if ticks else f"{steps[worst]:g}"
        told = f"{sentence} Your curve is {np.abs(gap).mean():.3g} away on average, most at "
        way = "too high" if most > 0 else "too low"
        told += f"{self.words['xlabel']} {place}: {abs(most):.3g} {way}."
        curves = {label: measured[label], "your guess": Curve(self.places, guess)}
        return self._look(told, curves | measured)

    def _look(self, sentence, curves):
        ends = None if curves else (self.places[0], self.places[-1])
        told = self.words | {"ticks": self.drawn.ticks(), "xlim": ends}
        lines = [c[k] for c in curves.values() if isinstance(c, dict) for k in c if k != "x"]
        met = np.concatenate([self.ylim, *map(np.ravel, lines)])
        return Look(sentence, curves, **told, ylim=(met.min(), met.max()))
