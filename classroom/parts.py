"""What a notebook is made of, as a teacher plans with it: sections, exercises, votes, minutes."""

import ast
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import nbformat

from course_utils.exercise_book import contents

ROOT = Path(__file__).parents[1]
NOTEBOOKS = {path.stem[:2]: path for path in sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))}


@dataclass
class Exercise:
    """An exercise or an open task; its minutes are those that the notebook promises."""

    name: str
    title: str
    minutes: int


@dataclass
class Vote:
    """A guess before the result: options of a choice, or none where a curve is sketched."""

    question: str
    options: list[str]
    measured: str = ""


@dataclass
class Section:
    """A section from its heading to the next one; minutes without its exercises."""

    number: str
    title: str
    words: int = 0
    minutes: float = 0.0
    exercises: list[Exercise] = field(default_factory=list)
    votes: list[Vote] = field(default_factory=list)


@dataclass
class Notebook:
    """Minutes with and without exercises are those of its first cell."""

    stem: str
    title: str
    minutes: int
    reading: int
    sections: list[Section]

    @property
    def exercises(self) -> list[Exercise]:
        return [exercise for section in self.sections for exercise in section.exercises]


def calls(source: str, *names: str):
    """Calls of these functions, in the order of a cell."""
    found = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    found.sort(key=lambda node: (node.lineno, node.col_offset))
    return [node for node in found if ast.unparse(node.func) in names]


def pieces(source: str) -> list[str]:
    """A markdown cell, cut before each heading of a section."""
    return [piece for piece in re.split(r"(?m)^(?=## )", source) if piece.strip()]


def outcome(cell) -> str:
    """What the stored outputs say was measured, after a guess."""
    told = [output.get("data", {}).get("text/plain", "") for output in cell.outputs]
    told += [output.get("data", {}).get("text/markdown", "") for output in cell.outputs]
    for text in map("".join, told):
        if found := re.search(r'measured: "(.*)"\.', text) or re.search(
            r"(.*) No guess was d", text
        ):
            return found[1]
    return ""


@cache
def read(number: str) -> Notebook:
    """The notebook of that number, "00" to "14". Words of text and code share its minutes.

    A section's share of the minutes without exercises is its share of the words; those of folded
    cells, the claims, do not count.
    """
    cells = nbformat.read(NOTEBOOKS[number], as_version=4).cells
    title, minutes, reading = first_cell(cells[0].source)
    sections, asked, open_votes = [Section("", "Title and goals")], [], []
    for cell in cells:
        if cell.cell_type == "markdown":
            for piece in pieces(cell.source):
                if heading := re.match(r"## (?:(\d+\.\d+) )?(.+)", piece):
                    sections.append(Section(heading[1] or "", heading[2]))
                sections[-1].words += len(piece.split())
                headings = r"^##+ (?:Exercise [\d.]+|Open task) · (.+)\nDifficulty .* (\d+) minutes"
                asked += re.findall(headings, piece.replace("\n\nD", "\nD"), re.MULTILINE)
            continue
        if not cell.metadata.get("jupyter", {}).get("source_hidden"):
            sections[-1].words += len(cell.source.split())
        for call in calls(cell.source, "exercises.check", "exercises.open_task"):
            what, its_minutes = asked.pop(0)
            exercise = Exercise(ast.literal_eval(call.args[0]), what.strip("`"), int(its_minutes))
            sections[-1].exercises.append(exercise)
        for call in calls(cell.source, "exercises.predict", "sketch"):
            chosen = ast.unparse(call.func).endswith("predict")
            options = ast.literal_eval(call.args[1]) if chosen else []
            open_votes.append(Vote(ast.literal_eval(call.args[0]), options))
            sections[-1].votes.append(open_votes[-1])
        if open_votes and (told := outcome(cell)):
            open_votes.pop(0).measured = told
    words = sum(section.words for section in sections)
    for section in sections:
        section.minutes = reading * section.words / words
    return Notebook(NOTEBOOKS[number].stem, title, minutes, reading, sections)


def said(name: str) -> dict:
    """What the exercise book says of an exercise, {} of what is none."""
    return next((book[name] for book in map(contents.words, contents.STEMS) if name in book), {})


def first_cell(source: str) -> tuple[str, int, int]:
    """Title and the two minutes that a notebook promises."""
    title = re.match(r"# \d+ · (.+)", source)[1]
    minutes = re.search(r"About (\d+) minutes with the exercises?, (\d+) without", source)
    return title, int(minutes[1]), int(minutes[2])
