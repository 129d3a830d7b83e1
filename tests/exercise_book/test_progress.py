"""What a learner has done is noted, survives any damage, and is shown as a map of the course."""

import csv
import json
from pathlib import Path

import pytest

from course_utils import exercises, storage
from course_utils.exercise_book import contents, progress
from course_utils.learn import tabular

ROOT = Path(__file__).parents[2]


def mine(rewards, discount):
    return sum(discount**t * reward for t, reward in enumerate(rewards))


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.setattr(storage, "RUNS", tmp_path / "runs")
    return tmp_path / "runs" / "progress.csv"


def answer_it():
    return exercises.check("discounted_return", mine)


def test_a_right_answer_is_noted_once(file):
    exercises.check("discounted_return", lambda rewards, discount: 0.0)
    exercises.check("discounted_return", ...)
    exercises.check("discounted_return", tabular.discounted_return)
    assert progress.noted() == []
    answer_it()
    answer_it()
    assert progress.noted() == [("exercise", "discounted_return", "right")]
    assert "| ● |" in progress.course_map() and "`bellman_backup` in notebook 01" in (
        progress.course_map()
    )


def test_marks_and_guesses_are_noted(file, monkeypatch):
    judged = iter([("bronze, with 1 …", 1.0), ("no mark yet, with 0 …", 0.0), ("gold, …", 2.0)])
    monkeypatch.setattr(exercises.book("marks"), "judge", lambda *_: next(judged))
    for _ in range(3):
        exercises.open_task("half_the_steps", 1)
    guess = exercises.predict("Which, this or that?", ["this", "that"])
    guess.reveal("that")  # without a guess
    guess.buttons.value = "this"
    guess.reveal("that")
    tasks = [("open task", "half_the_steps", mark) for mark in ("bronze", "gold")]
    assert progress.noted() == [*tasks, ("prediction", "Which, this or that?", "this")]
    assert "| gold |" in progress.course_map() and "made: 1." in progress.course_map()


def test_who_has_done_all_is_told(file):
    for stem in contents.STEMS:
        for name in contents.words(stem):
            progress.note("exercise", name, "right")
    for name in contents.words("open_tasks"):
        progress.note("open task", name, "silver")
    assert "○" not in progress.course_map() and "All is done" in progress.course_map()
    rows = list(csv.reader(file.read_text(encoding="utf-8").splitlines()))
    assert {len(row) for row in rows} == {4}, "a teacher reads it with a spreadsheet"


@pytest.mark.parametrize("damage", [b"", b"\x00\xff" * 9, b"exercise,half", b'"' + b"x" * 200_000])
def test_a_damaged_file_is_passed_over(file, damage):
    file.parent.mkdir()
    file.write_bytes(damage + b"\n")
    assert progress.noted() == [] and answer_it() is mine
    assert "Next:" in progress.course_map()


def test_an_edited_file_keeps_what_it_says(file):
    file.parent.mkdir()
    told = 'exercise,"lost\nexercise,a,right,2026-01-01\nexercise,b,right,2026-01-01'
    file.write_bytes(told.encode("utf-8-sig"))  # as some spreadsheets write; no last newline
    progress.note("prediction", "two\nlines\ud800?", "yes, or no")
    progress.note("prediction", "two lines\ud800?", "yes, or no")
    rest = [("exercise", "a", "right"), ("exercise", "b", "right")]
    assert progress.noted()[:2] == rest and len(file.read_text("utf-8-sig").splitlines()) == 4
    assert progress.noted()[2][2] == "yes, or no"


def test_where_nothing_can_be_written_the_notebook_goes_on(file):
    file.mkdir(parents=True)  # a folder in its place
    assert answer_it() is mine and progress.noted() == []
    storage.RUNS.joinpath("progress.csv").rmdir()
    storage.RUNS.rmdir()
    storage.RUNS.write_text("a file where the folder should be")
    assert answer_it() is mine and "Next:" in progress.course_map()


def test_it_may_be_deleted(file):
    answer_it()
    file.unlink()
    answer_it()
    assert len(progress.noted()) == 1


def test_the_titles_are_the_notebooks_own():
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        heading = "".join(cells[0]["source"]).split("\n")[0]
        assert heading == f"# {path.stem[:2]} · {contents.words('titles')[path.stem]}"


def test_the_map_has_a_row_for_each_notebook_and_each_mark_in_its_own(file):
    for task in contents.words("open_tasks"):
        progress.note("open task", task, "silver")
    rows = [row.split(" | ") for row in progress.course_map().splitlines() if ".ipynb" in row]
    assert [row[0].partition("](")[2][:-7] for row in rows] == contents.STEMS
    without = [
        stem for stem, row in zip(contents.STEMS, rows, strict=True) if "silver" not in row[2]
    ]
    assert without == ["00_start_here"]


def test_judges_say_whose_they_are():
    told = [(task.judge.__doc__, task.notebook[:2]) for task in
            map(contents.find, contents.words("open_tasks"))]  # fmt: skip
    where = [f"Notebook {number}" in (words or "") for words, number in told]
    assert sum(where) >= len(told) - 3  # but those that are made by `partial`
