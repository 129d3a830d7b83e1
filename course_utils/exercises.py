"""Exercises that check themselves, guesses made before the result, claims held to account."""

import importlib
import os

import numpy as np
from IPython.display import Code, Markdown, display
from ipywidgets import HTML, RadioButtons

from course_utils.checks import check_number, checked, need
from course_utils.controls import Panel
from course_utils.language import tell


def book(part: str):
    """A file of the exercise book. It is made of all rooms, so it is loaded when it is asked."""
    return importlib.import_module(f"course_utils.exercise_book.{part}")


def check(name: str, attempt):
    """Try a learner's answer, print what was found, and return it if it is right.

    Else the reference, so "Run all" reaches the end; no letter. ValueError for an unknown name.
    """
    verdict, goes_on_with = book("examination").judge(book("contents").find(name), attempt)
    print(f"{name}: {verdict}")
    if verdict.startswith(tell("right")):
        book("progress").note("exercise", name, "right")
    return goes_on_with


def hint(name: str, number: int = 1) -> None:
    """Print the exercise's hint of that number; each says more than the one before."""
    hints = book("contents").find(name).hints
    number = min(check_number("number", number, int, 1), len(hints))
    more = f'hint("{name}", {number + 1})' if hints[number:] else f'solution("{name}")'
    print(f"Hint {number} of {len(hints)}: {hints[number - 1]} Next: exercises.{more}.")


def solution(name: str) -> None:
    """Show the answer: source to paste, or the right letter; of an open task one attempt."""
    text = book("contents").shown(name)
    display(Code(text, language="python")) if "\n" in text else print(text)


def open_task(name: str, attempt=...) -> float | None:
    """Judge what was made where nobody has seen it; print mark and figure. Returns the figure."""
    verdict, figure = book("marks").judge(book("contents").find(name), attempt)
    print(f"{name}: {verdict}")
    if mark := next(filter(lambda m: verdict.startswith(tell(m)), book("progress").MARKS), ""):
        book("marks").keep(name, attempt, mark, figure)
    return figure


def progress() -> None:
    """Show a map of the course: what was right, which marks were earned, and what comes next."""
    display(Markdown(book("progress").course_map()))


class predict:
    """A guess before the result is seen, kept when the cell runs again; `reveal` the outcome."""

    guesses = {}

    @checked
    def __init__(self, question: str, options: list[str]):
        self.question, self.options = question, list(options)
        fine = self.options and len({*self.options}) == len(self.options)
        need(fine, f"the options {self.options} must be one or more, and all different.")
        self.buttons = RadioButtons(options=self.options, layout={"width": "max-content"})
        self.buttons.value = next((o for o in options if o == self.guesses.get(question)), None)
        self.buttons.observe(lambda now: self.guesses.update({question: now["new"]}), "value")
        panel = Panel([HTML(f"<b>Your guess first.</b> {question}"), self.buttons])
        self.buttons.observe(panel.renew, "value")
        display(panel)

    def reveal(self, outcome: str) -> None:
        """Show the outcome beside the guess, also a later one; ValueError if it is no option."""
        need(outcome in self.options, f"{outcome!r} is none of the options {self.options}.")

        def told():
            if guess := self.buttons.value:
                book("progress").note("prediction", self.question, guess)
            verdict = "No guess was made" if guess is None else f'You guessed "{guess}"'
            return {"text/plain": f'{verdict}; measured: "{outcome}".'}

        if shown := display(told(), raw=True, display_id=True):
            self.buttons.observe(lambda _: shown.update(told(), raw=True), "value")


def claim(sentence: str, holds: bool) -> None:
    """Print a statement that holds; AssertionError if it does not, TypeError for no truth value."""
    if not isinstance(holds, bool | np.bool_):
        raise TypeError(f"a claim is True or False, not {holds!r}: {sentence}")
    run = f" with seed {seed}" if (seed := os.environ.get("COURSE_SEED")) else ""
    if not holds:
        raise AssertionError(f"this does not hold in this run{run}: {sentence}")
    print(f"holds{run}: {sentence}")
