"""What a teacher gives away, and keeps: python -m classroom.editions [student|teacher|slides …].

Each edition is made from the same notebooks. SOLUTIONS=out makes the student edition without them.
"""

import os
import re
import shutil
import sys
from pathlib import Path

import nbformat
from nbformat.v4 import new_markdown_cell

from classroom import guide, parts, slides
from course_utils.exercise_book import contents

BUILD = parts.ROOT / "build" / "classroom"
FOR_LEARNERS = ["app", "course_utils", "data", "docs", "notebooks", "LICENSE", "README.md"]
FOR_LEARNERS += ["CITATION.cff", "Makefile", "pyproject.toml", "constraints.txt", "environment.yml"]
LEFT_OUT = ["__pycache__", "*.egg-info", ".ipynb_checkpoints", "*.unfinished", "*.checkpoint"]
FOR_TEACHERS = ["teaching.md", "exam.md", "room.md", "board.png"]  # and answers: discussion.md
KITS = r"(?m)^\| (`make (?!lab|app)[\w-]+`|JupyterHub) \|.*\n"  # rows on what learners do not get
RULES = r"(?m)^(?!lab|app|clean|\.venv/course(-app)?:|\.PHONY)[\w./-]+:(?!=).*\n(\t.*\n)*\n"
LINK = re.compile(r"!?\[([^\]]+)\]\((?!https?:|#)([^)#\s]+)[^)]*\)")


def copied(names: list[str], there: Path, ignored: list[str]) -> None:
    """Files and folders of the course, put into an empty folder."""
    shutil.rmtree(there, ignore_errors=True)
    there.mkdir(parents=True)
    for name in names:
        source = parts.ROOT / name
        if source.is_dir():
            shutil.copytree(source, there / name, ignore=shutil.ignore_patterns(*ignored))
        else:
            shutil.copy(source, there / name)


def without_dead_links(page: Path) -> None:
    """Links to what an edition lacks become plain words."""

    def kept(link: re.Match) -> str:
        return link[0] if (page.parent / link[2]).exists() else link[1]

    page.write_text(LINK.sub(kept, page.read_text(encoding="utf-8")), encoding="utf-8")


def student(solutions: str = "in", build: Path | None = None) -> Path:
    """The course as a learner gets it, in a folder.

    build: where both are made, else build/classroom.
    solutions: "out" leaves out the answers for discussion, and `exercises.solution` shows nothing;
    the module's functions can still be read. ValueError for another word than "in" and "out".
    """
    if solutions not in ("in", "out"):
        raise ValueError(f"SOLUTIONS={solutions}: must be in or out.")
    there = (build or BUILD) / "student"
    missing = FOR_TEACHERS + ["discussion.md"] * (solutions == "out")
    copied(FOR_LEARNERS, there, [*LEFT_OUT, *missing])
    if solutions == "out":
        edition = there / "course_utils" / "exercise_book" / "edition.yaml"
        edition.write_text("solutions: out\n", encoding="utf-8")
    readme = there / "README.md"
    text = readme.read_text(encoding="utf-8").replace(
        "](CONTRIBUTING.md) shows", "](README.md) shows"
    )
    text = re.sub(r"(?ms)^(## (For teachers|Taking part)|\*\*中文).*?(?=^## |\Z)", "", text)
    readme.write_text(f"{text.strip()}\n\nThe licence is [MIT](LICENSE).\n", encoding="utf-8")
    for page in [readme, *(there / "docs").glob("*.md"), *(there / "data").glob("*.md")]:
        without_dead_links(page)
        page.write_text(re.sub(KITS, "", page.read_text(encoding="utf-8")), encoding="utf-8")
    rules = re.sub(RULES, "", (there / "Makefile").read_text(encoding="utf-8"))
    rules = re.sub(r"\.PHONY:.*", ".PHONY: lab app clean", rules)
    (there / "Makefile").write_text(rules, encoding="utf-8")
    return there


def remark(text: str):
    """A marked cell, for the teacher alone."""
    quoted = "\n".join(f"> {line}".rstrip() for line in text.splitlines())
    return new_markdown_cell(f"> **For the teacher**\n>\n{quoted}", metadata={"tags": ["teacher"]})


def solved(source: str, name: str) -> str:
    """An exercise's cell with the reference in the place of the stub, as `solution` shows it."""
    answer = contents.find(name).answer
    if callable(answer):
        _, check, rest = source.partition(f"{name} = exercises.check(")
        return f"{contents.source_to_paste(answer).strip()}\n\n\n{check}{rest}"
    return re.sub(r"(?m)^answer = \.\.\. .*$", f'answer = "{answer}"', source)


def about_exercise(exercise: parts.Exercise) -> str:
    """Its minutes, and what helps against each named mistake."""
    words = parts.said(exercise.name)
    lines = [f"`{exercise.name}`, {exercise.minutes} minutes.", ""]
    if "answer" in words:
        lines += [f"**{words['answer']}** is right: {words['why']}", ""]
        return "\n".join(
            [*lines, *(f"- **{key}** {told}" for key, told in words["mistakes"].items())]
        )
    return "\n".join(
        [*lines, "Named mistakes:", "", *(f"- {t}" for t in words["mistakes"].values())]
    )


def answers(number: str) -> str:
    """The part of docs/discussion.md on a notebook."""
    page = (parts.ROOT / "docs" / "discussion.md").read_text(encoding="utf-8")
    return re.search(rf"(?ms)^## \[{number} · .*?\n(.*?)(?=^## |\Z)", page)[1].strip()


def remarks(cell, sections: dict, exercises: dict, votes: dict, number: str) -> list[str]:
    """What is said below a cell."""
    found = []
    if cell.cell_type == "markdown":
        for piece in parts.pieces(cell.source):
            if (key := re.match(r"## (\d+\.\d+) ", piece)) and key[1] in sections:
                found.append(sections[key[1]])
        if "**To discuss.**" in cell.source:
            found.append(answers(number))
        return found
    for call in parts.calls(cell.source, "exercises.check", "exercises.predict", "sketch"):
        known = call.args[0].value
        found += [about_exercise(exercises[known])] if known in exercises else []
        found += [f"Measured, in the stored notebook: {votes[known]}"] if known in votes else []
    return found


def in_class(key: str) -> str:
    """A section's minutes, and the session that takes it."""
    item, sessions = guide.items()[key], guide.plan()["sessions"].values()
    where = [f"*{own['title']}*" for own in sessions if key in own["plan"].split()]
    told = f"In the session {' and in '.join(where)}." if where else "Homework."
    return f"Section {key}: {item.minutes} minute{'s' * (item.minutes > 1)}. {told}"


def teachers_notebook(number: str):
    """A notebook with each exercise solved, and remarks in cells that are tagged `teacher`."""
    notebook, known = nbformat.read(parts.NOTEBOOKS[number], as_version=4), parts.read(number)
    sections = {s.number: in_class(s.number) for s in known.sections if s.number}
    exercises = {exercise.name: exercise for exercise in known.exercises}
    votes = {vote.question: vote.measured for s in known.sections for vote in s.votes}
    cells = []
    for cell in notebook.cells:
        below = remarks(cell, sections, exercises, votes, number)
        if cell.cell_type == "code" and (asked := parts.calls(cell.source, "exercises.check")):
            cell.source = solved(cell.source, asked[0].args[0].value)
            cell.outputs, cell.execution_count = [], None  # what was stored is an unsolved one's
        cells += [cell, *map(remark, below)]
        if cell.cell_type == "code" and (asked := parts.calls(cell.source, "exercises.open_task")):
            attempt = contents.find(asked[0].args[0].value).answer
            cells.append(remark(f"The course's own attempt:\n\n```python\n{attempt}```"))
    notebook.cells = cells
    return notebook


def teacher() -> Path:
    """All notebooks, solved and with remarks, beside the documents that they link to."""
    there = BUILD / "teacher"
    copied(["docs", "notebooks"], there, [*LEFT_OUT, "*.ipynb"])
    for number, path in parts.NOTEBOOKS.items():
        nbformat.write(teachers_notebook(number), there / "notebooks" / path.name)
    return there


def main() -> None:
    wanted = sys.argv[1:] or ["student", "teacher", "slides"]
    if strange := {*wanted} - {"student", "teacher", "slides"}:
        sys.exit(f"There is no edition {', '.join(sorted(strange))}: student, teacher or slides.")
    for name in wanted:
        if name == "student":
            try:
                there = student(os.environ.get("SOLUTIONS") or "in")
            except ValueError as error:
                sys.exit(str(error))
            print(shutil.make_archive(str(there), "zip", BUILD, name))
        else:
            there = teacher() if name == "teacher" else slides.decks(BUILD / name)
        print(there)


if __name__ == "__main__":
    main()
