"""Notebooks as learners hand them in: the course's own, with answers written into their cells.

The answers are those of `tests/exercise_book`, as text: an answer is a list of cells, of which the
last one calls the check.
"""

import ast
import inspect
import json
import random
import re
from functools import cache
from pathlib import Path

from app.needed import statements
from classroom.answers import gathered, read_by, single
from course_utils.exercise_book import contents
from tests.exercise_book.other_styles import Exchanged, PlusMinus, Steps

ROOT = Path(__file__).parents[2]
STEM_OF = {name: stem for stem in contents.STEMS for name in contents.words(stem)}
EXERCISES = {name: contents.chapter(stem)[name] for name, stem in STEM_OF.items()}
FUNCTIONS = [name for name, one in EXERCISES.items() if callable(one.answer)]


@cache
def taken_apart(path: Path) -> list:
    """The statements of a file of answers, and of what it shares with others."""
    shared = path.with_name("by_hand.py")
    text = "\n".join(file.read_text(encoding="utf-8") for file in (shared, path))
    cells = [{"cell_type": "code", "source": text}]
    every = [part for one in statements(cells) for part in single(one)]
    return [one for one in every if "tests.exercise_book" not in one.source]


def from_file(file: str, text: str) -> list[str]:
    """What an expression in a file of answers needs, as the source of one cell."""
    every = taken_apart(ROOT / "tests" / "exercise_book" / file)
    needed = gathered(every, len(every), read_by(text))
    return ["\n".join(every[i].source for i in sorted(needed))]


def literal(file: str, name: str) -> ast.expr:
    """What a file of answers assigns to a name."""
    tree = ast.parse((ROOT / "tests" / "exercise_book" / file).read_text(encoding="utf-8"))
    assigned = [node for node in tree.body if isinstance(node, ast.Assign)]
    return next(node.value for node in assigned if ast.unparse(node.targets[0]) == name)


def checked(name: str, attempt: str) -> str:
    return f'{name} = exercises.check("{name}", {attempt})'


def letter(name: str, it: str) -> str:
    return f'answer = "{it}"\nanswer = exercises.check("{name}", answer)'


@cache
def right(name: str) -> list[list[str]]:
    """Right answers: the course's own pasted, one or more of others, and both rewritten."""
    if name not in FUNCTIONS:
        return [[letter(name, EXERCISES[name].answer)]]
    own = contents.source_to_paste(EXERCISES[name].answer)
    made = [[own, checked(name, name)]]
    for rewrite in (Exchanged, PlusMinus, Steps):
        tree = ast.fix_missing_locations(rewrite().visit(ast.parse(own)))
        made.append([f"{ast.unparse(tree)}\n\n{checked(name, name)}"])
    file = f"{STEM_OF[name]}.py"
    styles = [*zip(*dict_items(literal("other_styles.py", "STYLES")), strict=True)]
    several = next(values.elts for key, values in styles if key.value == name)
    given = {"other_styles.py": [ast.unparse(one) for one in several], file: []}
    given[file] = [ast.unparse(v) for k, v in zip(*dict_items(literal(file, "RIGHT")), strict=True)
                   if k.value == name]  # fmt: skip
    for where, texts in given.items():
        made += [[*from_file(where, text), checked(name, text)] for text in texts]
    return made


def dict_items(node: ast.Dict) -> tuple:
    return node.keys, node.values


@cache
def wrong(name: str) -> list[tuple[list[str], str | None]]:
    """Wrong answers, and words of what must be said: the book's mistakes, and learners' own."""
    words = contents.words(STEM_OF[name])[name]["mistakes"]
    if name not in FUNCTIONS:
        told = words.items()
        return [([letter(name, it)], sentence) for it, sentence in told]
    made = [(mistaken(name, exchange), told) for exchange, told in words.items()]
    file = f"{STEM_OF[name]}.py"
    for entry in literal(file, "WRONG").elts:
        whose, answer, told = entry.elts
        if whose.value == name:
            text = ast.unparse(answer)
            words = told.value if isinstance(told, ast.Constant) else ""
            made.append(([*from_file(file, text), checked(name, text)], words))
    return made


def mistaken(name: str, exchange: str) -> list[str]:
    """The cells of an answer with a mistake of the book."""
    function = EXERCISES[name].answer
    home = inspect.unwrap(function).__module__
    piece, instead = (part.strip() for part in exchange.split("⇒"))
    source, star = contents.source_to_paste(function), f"from {home} import *"
    if piece:
        return [star, f"{source.replace(piece, instead)}\n\n{checked(name, name)}"]
    given = re.search(r"\ndef \w+\((.*)\):", f"\n{source}")[1]
    return [star, source, f"mistaken = lambda {given}: {instead}", checked(name, "mistaken")]


def notebook(stem: str, answers: dict[str, list[str]], keep=lambda source: True) -> bytes:
    """The course's notebook with these cells in the place of the stubs; others as they are."""
    path = ROOT / "notebooks" / f"{stem}.ipynb"
    book = json.loads(path.read_text(encoding="utf-8"))
    cells = []
    for cell in book["cells"]:
        source = "".join(cell["source"])
        asked = re.search(r'exercises\.check\(\s*"(\w+)"', source)
        name = asked[1] if asked and cell["cell_type"] == "code" else None
        for number, text in enumerate(answers.get(name, [source])):
            if keep(text):
                new = cell | {"id": f"{cell['id']}{number or ''}", "source": text}
                cells.append(new | ({"outputs": []} if cell["cell_type"] == "code" else {}))
    return json.dumps(book | {"cells": cells}).encode()


def alone(cells: list[str]) -> bytes:
    """A notebook of these cells."""
    kinds = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    made = [kinds | {"id": f"cell-{number}", "source": text} for number, text in enumerate(cells)]
    return json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def any_of(several: list, rng: random.Random):
    return several[rng.randrange(len(several))]
