"""What a learner has done: runs/progress.csv, a line for each thing. To delete it harms nothing.

Lines are only added, so that two notebooks may note something at the same time."""

import contextlib
import csv
import datetime

from course_utils import storage
from course_utils.exercise_book import contents

MARKS = ("bronze", "silver", "gold")


def note(what: str, name: str, result: str) -> None:
    """Add what was done, unless it is there; where nothing can be written, nothing is noted."""
    clean = (text.encode(errors="replace").decode() for text in (what, name, result))
    done = tuple(" ".join(text.split()) for text in clean)  # a line is one line
    if done in noted():
        return
    with contextlib.suppress(OSError):
        storage.RUNS.mkdir(parents=True, exist_ok=True)
        path = storage.RUNS / "progress.csv"
        with open(path, "a", newline="", encoding="utf-8") as file:
            if file.tell() and not path.read_bytes().endswith(b"\n"):  # somebody has edited it
                file.write("\n")
            csv.writer(file).writerow([*done, datetime.date.today().isoformat()])


def noted(path=None) -> list[tuple]:
    """(what, name, result) of each line, also of another's file; damaged ones are passed over."""
    text, path = "", path or storage.RUNS / "progress.csv"
    with contextlib.suppress(OSError):
        text = path.read_text("utf-8-sig", "replace").replace("\0", "")
    # Line by line: a lone quote spoils its own line only.
    rows = [row for line in text.splitlines() if len(line) < 9999 for row in csv.reader([line])]
    return [tuple(row[:3]) for row in rows if row[3:]]


def course_map() -> str:
    """A table in Markdown: exercises that were right, marks, and a sentence on what comes next."""
    done, left = noted(), []
    guesses = len({name for what, name, _ in done if what == "prediction"})
    right = {name for what, name, _ in done if what == "exercise"}
    table = ["| Notebook | Exercises | Open task |", "|:--|:--|:--|"]
    tasks = {said["notebook"]: task for task, said in contents.words("open_tasks").items()}
    for stem in contents.STEMS:
        names, task = contents.words(stem), tasks.get(stem)
        marks = [mark for mark in MARKS if ("open task", task, mark) in done]
        left += [(name, stem) for name in names if name not in right]
        left += [(task, stem)] * (task is not None and not marks)
        dots = "".join("●" if name in right else "○" for name in names)
        link = f"[{stem[:2]} · {contents.words('titles')[stem]}]({stem}.ipynb)"
        table.append(f"| {link} | {dots} | {marks[-1] if marks else '○' if task else ''} |")
    following = "Next: `{}` in notebook {:.2}.".format(*left[0]) if left else "All is done."
    return "\n".join([*table, "", f"Predictions made: {guesses}. {following}"])
