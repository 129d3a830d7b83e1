"""What a teacher gives away and keeps: complete, without what it must not hold, and it runs."""

import os
import re

import nbformat
import pytest

from classroom import editions, parts
from course_utils.exercise_book import contents
from tests.run_notebooks import run_notebook

LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")


@pytest.fixture(scope="module", params=["in", "out"])
def student(tmp_path_factory, request):
    """Whether solutions are left out, and the student edition in a folder of its own."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(editions, "BUILD", tmp_path_factory.mktemp("editions"))
        return request.param == "out", editions.student(request.param)


def test_the_student_edition_has_what_it_needs_and_no_more(student):
    out, folder = student
    for kept in ("classroom", "tests", "docs/teaching.md", "docs/exam.md"):
        assert not (folder / kept).exists()
    assert (folder / "docs" / "discussion.md").exists() != out
    notebooks = sorted(path.name for path in (folder / "notebooks").glob("*.ipynb"))
    assert notebooks == [path.name for path in parts.NOTEBOOKS.values()]
    for page in [
        folder / "README.md",
        *folder.glob("docs/*.md"),
        *folder.glob("notebooks/*.ipynb"),
    ]:
        text = page.read_text(encoding="utf-8")
        if page.suffix == ".ipynb":
            cells = nbformat.reads(text, as_version=4).cells
            text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
        for target in LINK.findall(re.sub(r"`[^`]*`", "", text)):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.slow
def test_without_solutions_none_is_shown_and_the_notebook_runs_to_its_end(student):
    """And the teacher's answer, all that the teacher's notebook changes, is right there."""
    out, folder = student
    assert (folder / "course_utils" / "exercise_book" / "edition.yaml").exists() == out
    if not out:  # that they are shown there is what tests/test_exercises.py holds
        return
    notebook = nbformat.read(folder / "notebooks" / "00_start_here.ipynb", as_version=4)
    asked = 'exercises.solution("td_target"); exercises.solution("best_checkpoint")'
    asked += '; exercises.hint("td_target"); print(exercises.__file__)'
    solved = [
        c.source for c in editions.teachers_notebook("00").cells if "= exercises.check(" in c.source
    ]
    notebook.cells += [nbformat.v4.new_code_cell(source) for source in [asked, *solved]]
    nbformat.write(notebook, folder / "notebooks" / "asked.ipynb")
    paths = os.pathsep.join([str(folder), str(folder / "notebooks")])
    place = {"PYTHONPATH": paths, "COURSE_RUNS": str(folder / "runs")}
    notebook, _ = run_notebook(folder / "notebooks" / "asked.ipynb", **place)
    outputs = [o for cell in notebook.cells for o in cell.get("outputs", [])]
    told = "".join(o.get("text", "") or str(o.get("data", "")) for o in outputs)
    assert "goes on with the course's own version" in told and "Hint 1 of" in told
    assert str(folder) in told.replace("\\\\", "\\")
    assert told.count("ask your teacher") == 2 and "discounted_return: right" in told
    assert ".detach()" not in told and "right choice is" not in told


def test_learners_are_told_of_no_command_that_they_do_not_have(student):
    _, folder = student
    rules = (folder / "Makefile").read_text(encoding="utf-8")
    assert not re.search(r"classroom|tests|docs/", rules)
    targets = [".PHONY", ".venv/course", "lab", ".venv/course-app", "app", "clean"]
    assert re.findall(r"(?m)^([\w./-]+):(?!=)", rules) == targets
    for page in ("README.md", "docs/install.md"):
        told = re.findall(r"(?m)^\| `make (\w+)", (folder / page).read_text(encoding="utf-8"))
        assert told and {*told} <= {"lab", "app"}


@pytest.mark.parametrize("solutions, words, told", [
    ("no", [], "SOLUTIONS=no: must be in or out"),
    ("in", ["students"], "There is no edition students: student, teacher or slides"),
])  # fmt: skip
def test_another_word_gets_a_sentence(solutions, words, told, monkeypatch):
    monkeypatch.setenv("SOLUTIONS", solutions)
    monkeypatch.setattr(editions.sys, "argv", ["editions", *words])
    with pytest.raises(SystemExit, match=told):
        editions.main()


@pytest.fixture(scope="module", params=parts.NOTEBOOKS)
def taught(request):
    """The number of a notebook, and its teacher's edition."""
    return request.param, editions.teachers_notebook(request.param)


def test_the_teachers_notebook_solves_each_exercise_and_answers_each_question(taught):
    number, notebook = taught
    nbformat.validate(notebook)
    said = "\n".join(c.source for c in notebook.cells if "teacher" in c.metadata.get("tags", []))
    for exercise in parts.read(number).exercises:
        if exercise.name in contents.words("open_tasks"):
            assert "The course's own attempt" in said
            continue
        assert f"> `{exercise.name}`, {exercise.minutes} minutes." in said
        (cell,) = [c for c in notebook.cells if f'exercises.check("{exercise.name}"' in c.source]
        assert "= ...  #" not in cell.source and "return ...\n" not in cell.source
        compile(cell.source, exercise.name, "exec")
        assert not cell.outputs
    assert len(re.findall(r"(?m)^> \*\*[123]\. ", said)) == 3
    votes = [vote for section in parts.read(number).sections for vote in section.votes]
    assert said.count("> Measured, in the stored notebook: ") == len(votes)


def test_the_teachers_notebook_keeps_all_cells_of_the_notebook(taught):
    number, notebook = taught
    own = nbformat.read(parts.NOTEBOOKS[number], as_version=4).cells
    left = [c for c in notebook.cells if "teacher" not in c.metadata.get("tags", [])]
    assert [cell.id for cell in left] == [cell.id for cell in own]
    changed = [cell.id for cell, old in zip(left, own, strict=True) if cell.source != old.source]
    assert changed == [cell.id for cell in own if "exercises.check(" in cell.source]
