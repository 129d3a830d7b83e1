"""Choices cannot be passed unread: neither the length of an option nor its letter helps.

In a notebook the options stand as a list, "- **a** text", in the cell before the check. Why an
option is right or wrong stands in the exercise book alone, and is said after the answer.
"""

import itertools
import re
from collections import Counter
from pathlib import Path

import nbformat
import pytest

from course_utils import exercises
from course_utils.exercise_book import contents

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
OPTION = re.compile(r"^- \*\*([a-z])\*\* (.+)$", re.MULTILINE)
CHECK = re.compile(r'^answer = exercises\.check\("(\w+)", answer\)$', re.MULTILINE)
EXPLAINS = re.compile(r"\b(because|of the above|both a and)\b", re.IGNORECASE)


def choices_of(path: Path) -> list[tuple]:
    """(name, number of the section, options by letter) of each choice, in the notebook's order."""
    cells, found, section = nbformat.read(path, as_version=4).cells, [], 0
    for before, cell in itertools.pairwise(cells):
        section += len(re.findall("^## ", before.source, re.MULTILINE))
        if cell.cell_type == "code" and (name := CHECK.search(cell.source)):
            found.append((name[1], section, dict(OPTION.findall(before.source))))
    return found


IN_NOTEBOOKS = {path.stem: choices_of(path) for path in NOTEBOOKS}
BOOK = {name: one for stem in contents.STEMS for name, one in contents.chapter(stem).items()}
OPTIONS = {name: options for found in IN_NOTEBOOKS.values() for name, _, options in found}
ANSWERS = {name: one.answer for name, one in BOOK.items() if isinstance(one.answer, str)}


def test_the_choices_of_notebooks_and_book_are_the_same():
    assert OPTIONS.keys() == ANSWERS.keys()


@pytest.mark.parametrize("name", OPTIONS)
def test_a_choice_has_four_options_and_a_sentence_for_each(name):
    exercise = BOOK[name]
    assert list(OPTIONS[name]) == list("abcd")
    said = exercise.mistakes | {exercise.answer: exercise.why}
    assert said.keys() == OPTIONS[name].keys()
    for letter, sentence in said.items():
        assert sentence[-1] in ".?" and len(sentence) > 30, (letter, sentence)
    assert len({*said.values(), *OPTIONS[name].values()}) == 8  # none is said twice


@pytest.mark.parametrize("name", OPTIONS)
def test_options_are_of_equal_length_and_do_not_explain(name):
    lengths = [len(text) for text in OPTIONS[name].values()]
    assert max(lengths) <= 1.35 * min(lengths), lengths
    assert not [text for text in OPTIONS[name].values() if EXPLAINS.search(text)]


def test_letters_are_spread():
    counts = Counter(ANSWERS.values())
    for letter in "abcd":
        assert 0.2 <= counts[letter] / len(ANSWERS) <= 0.3, counts


@pytest.mark.parametrize("stem", IN_NOTEBOOKS)
def test_no_letter_is_right_three_times_in_a_row(stem):
    letters = "".join(ANSWERS[name] for name, *_ in IN_NOTEBOOKS[stem])
    assert not re.search(r"(.)\1\1", letters), letters


@pytest.mark.parametrize("extreme", [max, min])
def test_the_right_option_is_seldom_the_longest_or_the_shortest(extreme):
    told = [
        name
        for name, options in OPTIONS.items()
        if len(options[ANSWERS[name]]) == extreme(map(len, options.values()))  # ties count, too
    ]
    assert len(told) <= len(OPTIONS) / 3, told


@pytest.mark.parametrize("stem", IN_NOTEBOOKS)
def test_a_section_has_at_most_two_choices(stem):
    assert max(Counter(section for _, section, _ in IN_NOTEBOOKS[stem]).values(), default=0) <= 2


@pytest.mark.parametrize("name", ANSWERS)
def test_a_wrong_letter_does_not_show_the_right_one(name, capsys):
    for wrong in (..., *BOOK[name].mistakes):
        assert exercises.check(name, wrong) is None
        told = capsys.readouterr().out
        assert f"'{ANSWERS[name]}'" not in told and told.startswith(f"{name}: not ")
    exercises.check(name, ANSWERS[name])
    assert BOOK[name].why.rstrip(".") in capsys.readouterr().out


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_each_guess_is_revealed_before_the_next_one(path):
    cells = nbformat.read(path, as_version=4).cells
    code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    order = re.findall(r"exercises\.predict\(|guess\.reveal\(", code)
    assert order == ["exercises.predict(", "guess.reveal("] * (len(order) // 2)
