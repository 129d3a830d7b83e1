"""What a learner has done: runs/progress.csv, a line for each thing. To delete it harms nothing.

Lines are only added, so that two notebooks may note something at the same time.
"""

import contextlib
import csv
import datetime

from course_utils import storage
from course_utils.exercise_book import contents

MARKS = ("bronze", "silver", "gold")


def note(what: str, name: str, result: str) -> None:
    """Add what was done, unless it is there; where nothing can be written, nothing is noted."""
    if (what, name, result) in noted():
        return
    line = [what, name, result, datetime.date.today().isoformat()]
    with contextlib.suppress(OSError):
        storage.RUNS.mkdir(parents=True, exist_ok=True)
        with open(storage.RUNS / "progress.csv", "a", newline="", encoding="utf-8") as file:
            csv.writer(file).writerow(line)


def noted() -> list[tuple]:
    """(what, name, result) of each line; damaged lines are passed over."""
    try:
        with open(storage.RUNS / "progress.csv", encoding="utf-8", errors="replace") as file:
            return [tuple(line[:3]) for line in csv.reader(file.read().splitlines()) if line[3:]]
    except (OSError, csv.Error):
        return []


def course_map() -> str:
    """A table in Markdown: exercises that were right, marks, and a sentence on what comes next."""
    done, left = noted(), []
    right = {name for what, name, _ in done if what == "exercise"}
    table = ["| Notebook | Exercises | Open task |", "|:--|:--|:--|"]
    for stem, task in zip(contents.STEMS, [None, *contents.words("open_tasks")], strict=True):
        names = list(contents.words(stem))
        marks = [m for m in MARKS if ("open task", task, m) in done]
        left += [(name, stem) for name in names if name not in right]
        left += [(task, stem)] * (task is not None and not marks)
        dots = "".join("●" if name in right else "○" for name in names)
        link = f"[{stem[:2]} · {contents.words('titles')[stem]}]({stem}.ipynb)"
        table.append(f"| {link} | {dots} | {marks[-1] if marks else '○' if task else ''} |")
    following = (
        "Next: `{}` in notebook {:.2}.".format(*left[0]) if left else "You have done all of them."
    )
    guesses = len({name for what, name, _ in done if what == "prediction"})
    return "\n".join([*table, "", f"Predictions made: {guesses}. {following}"])
