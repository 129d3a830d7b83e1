"""Thirty learners hand in thirteen notebooks: the minutes, and what is refused.

A third answers right, in many ways; a third with known mistakes; a third with wrong versions of
right answers that differ from these on an allowed input. Then every hostile answer is tried.
"""

import csv
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from classroom.judging import Book, Nursery
from course_utils.exercise_book import contents
from tests.benchmarks.report import into_page, machine
from tests.classroom import test_hostile
from tests.classroom.handing_in import (
    EXERCISES,
    FUNCTIONS,
    ROOT,
    any_of,
    checked,
    notebook,
    right,
    wrong,
)  # fmt: skip
from tests.exercise_book.test_wrong_versions import differs, epsilon_differs
from tests.exercise_book.wrong_versions import wrong_versions

LEARNERS, WORKERS = 30, 2
KINDS = ("right", "known mistakes", "other wrong versions")


def changed(name: str, rng: random.Random) -> list[str]:
    """A wrong version of the course's own answer, which differs on an allowed input."""
    if name not in FUNCTIONS or name == "wrong_lines":
        return any_of(wrong(name), rng)[0]
    function = EXERCISES[name].answer
    several = [*wrong_versions(function).items()]
    rng.shuffle(several)

    def wrong_one(version) -> bool:
        try:
            return epsilon_differs(version) if name == "epsilon_greedy" else differs(name, version)
        except Exception:  # it raises, so it is
            return True

    text = next(text for text, version in several if wrong_one(version))
    text = re.sub(r"^@(?!torch).*\n", "", text)  # checks of inputs, which no learner writes
    return [f"from {function.__module__} import *", f"{text}\n\n{checked(name, name)}"]


def answers_of(learner: int) -> dict[str, list[str]]:
    """A cell or more for each exercise."""
    rng, kind = random.Random(learner), KINDS[learner % len(KINDS)]
    if kind == "right":
        return {name: any_of(right(name), rng) for name in EXERCISES}
    if kind == "known mistakes":
        return {name: any_of(wrong(name), rng)[0] for name in EXERCISES}
    return {name: changed(name, rng) for name in EXERCISES}


def hand_in(folder: Path) -> None:
    """Write all that is handed in."""
    for learner in range(LEARNERS):
        answers, place = answers_of(learner), folder / f"{learner:02}"
        place.mkdir(parents=True)
        for stem in contents.STEMS:
            (place / f"{stem}.ipynb").write_bytes(notebook(stem, answers))


def hostile() -> tuple[int, int]:
    """How many hostile answers there are, and how many of them are not taken for right."""
    judges, named, number = (Book(), Nursery()), 0, 0
    for several in (test_hostile.ENDLESS, test_hostile.REFUSED, test_hostile.WRONG):
        for kind in several:
            body = several[kind] if isinstance(several[kind], str) else several[kind][0]
            with tempfile.TemporaryDirectory() as here:
                (Path(here) / "witness").write_text("here")
                cells = test_hostile.hostile(body, here)
                verdict = test_hostile.judged(cells, judges, test_hostile.BRIEF).verdict
                whole = [path.name for path in Path(here).iterdir()] == ["witness"]
            number, named = number + 1, named + (verdict != "right" and whole)
    for text in test_hostile.COPIED.values():
        cells = [f"{text}\n\n{test_hostile.CHECK}"]
        number, named = number + 1, named + (test_hostile.judged(cells, judges).verdict == "copied")
    judges[1].close()
    return number, named


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "room"
        hand_in(folder)
        command = [sys.executable, "-m", "classroom.grade", str(folder), "--workers", str(WORKERS)]
        start = time.perf_counter()
        subprocess.run(command, check=True, cwd=ROOT)
        minutes = (time.perf_counter() - start) / 60
        with open(f"{folder}-results/results.csv", newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    lines = ["| answers | number | taken for right | not |", "|---|---|---|---|"]
    for number, kind in enumerate(KINDS):
        mine = [row for row in rows if int(row["learner"]) % len(KINDS) == number]
        told = Counter(row["verdict"] for row in mine)
        for row in mine:
            if row["verdict"] not in (
                ("right",) if kind == "right" else ("wrong", "not attempted")
            ):
                print(row)
        lines.append(f"| {kind} | {len(mine)} | {told['right']} | {len(mine) - told['right']} |")
    number, named = hostile()
    lines += [f"| hostile | {number} | {number - named} | {named} |", ""]
    lines += [f"{LEARNERS} learners, {len(contents.STEMS)} notebooks each, {WORKERS} workers: "
              f"{minutes:.1f} minutes. ({machine()}.)"]  # fmt: skip
    into_page("benchmark of grading", lines)


if __name__ == "__main__":
    main()
