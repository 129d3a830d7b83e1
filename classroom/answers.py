"""What a notebook answers, as text: the attempt at an exercise, and what it needs of other cells.

A notebook is taken apart into the statements at the top of its cells (`app/needed.py`); those that
an attempt needs are gathered by the names that they use. Nothing is run.
"""

import ast
import builtins
import contextlib
import re
from functools import cache
from typing import NamedTuple

from IPython.core.inputtransformer2 import TransformerManager

from app.needed import Statement
from app.needed import statements as taken_apart
from classroom.reading import NOTEBOOKS, Unreadable, cells_of
from course_utils.exercise_book import contents

ASKING = ("check", "open_task")
LONGEST, COMMANDS = 100_000, 30  # characters of a cell; lines with % or ! in it


class Answer(NamedTuple):
    """What must run first, and the expression that was handed in."""

    source: str
    attempt: str


def as_python(source: str) -> str:
    """The source of a cell, its magics and commands of the shell as calls of `get_ipython`."""
    if len(source) > LONGEST:
        raise SyntaxError(f"it has more than {LONGEST:,} characters")
    with contextlib.suppress(SyntaxError):
        ast.parse(source)
        return source  # plain Python
    if len(re.findall(r"(?m)^\s*[%!?]|^[^#\n]*\?$", source)) > COMMANDS:  # a pass over all for each
        raise SyntaxError(f"it has more than {COMMANDS} lines with %, ! or ?")
    source = re.sub(r"\A\s*%%(time|capture|prun)\b.*\n", "", source)  # these run what is below
    return TransformerManager().transform_cell(source)


def statements(cells: list[dict]) -> tuple[list[Statement], dict[int, str]]:
    """Statements at the top of all cells, an import of two names as two; and, by its number, why a
    cell could not be read."""
    found, broken = [], {}
    for number, cell in enumerate(cells):
        if cell["cell_type"] != "code":
            continue
        try:
            # Written anew, no line within an expression begins with % or !.
            source = ast.unparse(ast.parse(as_python(cell["source"])))
            code = {"cell_type": "code", "source": source}
            for one in taken_apart([code]):
                found += [part._replace(cell=number) for part in single(one)]
        except SyntaxError as error:
            line = f" in line {error.lineno}" if error.lineno else ""
            broken[number] = f"{error.msg}{line}"
        except (ValueError, RuntimeError, MemoryError) as error:
            broken[number] = f"{type(error).__name__}"
    return found, broken


def single(statement: Statement) -> list[Statement]:
    """An import, taken apart by its names, what a check stands within by its body; else itself."""
    tree, made = ast.parse(statement.source).body[0], []
    if isinstance(tree, ast.If | ast.Try | ast.With) and asked_in(statement):
        branches = [tree.body, getattr(tree, "orelse", []), getattr(tree, "finalbody", [])]
        texts = [ast.unparse(ast.Module(branch, [])) for branch in branches]
        text = next((one for one in texts if any(f"{ask}(" in one for ask in ASKING)), texts[0])
        within = taken_apart([{"cell_type": "code", "source": text}])
        return [part for one in within for part in single(one._replace(cell=statement.cell))]
    if not is_import(statement):
        return [statement]
    for alias in tree.names:
        tree.names = [alias]
        binds = {(alias.asname or alias.name).split(".")[0]} - {"*"}
        made.append(statement._replace(source=ast.unparse(tree), binds=binds))
    return made


@cache
def imports_of(stem: str) -> list[Statement]:
    """The imports of the course's own notebook: they are there, whatever became of its cells."""
    cells = cells_of((NOTEBOOKS / f"{stem}.ipynb").read_bytes(), stem)
    return [one for one in statements(cells)[0] if is_import(one)]


def asked_in(statement: Statement) -> list[tuple[str, str]]:
    """What is handed to a check or an open task in a statement: names, expressions."""
    found = []
    if "check" in statement.source or "open_task" in statement.source:
        for node in ast.walk(ast.parse(statement.source)):
            if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in ASKING:
                given = [*node.args, *(one.value for one in node.keywords)]
                if len(given) == 2 and isinstance(given[0], ast.Constant):
                    found.append((given[0].value, ast.unparse(given[1])))
    return found


class Notebook:
    """A submitted notebook, taken apart once. Raises Unreadable."""

    def __init__(self, stem: str, content: bytes, name: str):
        self.cells = cells_of(content, name)
        own, self.broken = statements(self.cells)
        every = [one for one in imports_of(stem) if not one.binds & contents.words(stem).keys()]
        every += own
        self.asked = [asked_in(statement) for statement in every]
        self.every = [stands_in(*pair) for pair in zip(every, self.asked, strict=True)]

    def answer_to(self, name: str) -> Answer | None:
        """The last attempt at an exercise or open task that is no empty stub, else the last one.

        None if it is asked for nowhere. Raises Unreadable if its cell cannot be read.
        """
        checks = [(i, text) for i, all_ in enumerate(self.asked) for n, text in all_ if n == name]
        bound = [i for i, one in enumerate(self.every) if name in one.binds and not self.asked[i]]
        own = [(i + 1, name) for i in bound if not is_import(self.every[i])]
        tried = [one for one in checks if not self.is_stub(*one, {i for i, _ in checks})]
        tried = tried or [one for one in own if not self.is_stub(*one, set())]
        nothing = not tried or (tried[-1][1] == name and not bound)
        for number, why in self.broken.items() if nothing else ():
            source = self.cells[number]["source"]
            if re.search(rf"""["']{name}["']|\bdef {name}\b""", source):
                raise Unreadable(f"The cell with your answer cannot be read: {why}.")
        if not (tried := tried or checks or own):
            return None
        place, text = tried[-1]
        every, mine = self.every.copy(), {i for i, _ in checks}
        for i in mine:  # what this check hands back is no answer to it
            every[i] = every[i]._replace(binds=set())
        needed = gathered(every, place, read_by(text))
        return Answer("\n".join(every[i].source for i in sorted(needed)), text)

    def is_stub(self, place: int, text: str, checks: set[int]) -> bool:
        """Whether an expression is `...`, a function that does nothing, or a check's own result."""
        if text == "...":
            return True
        above = [i for i in range(place) if text in self.every[i].binds]
        if not above or above[-1] in checks:
            return bool(above)
        tree = ast.parse(self.every[above[-1]].source).body[0]
        if isinstance(tree, ast.Assign):
            return ast.unparse(tree.value) == "..."
        return isinstance(tree, ast.FunctionDef) and all(map(does_nothing, tree.body))


def does_nothing(line: ast.stmt) -> bool:
    """A docstring, `...`, `return ...` or `pass`."""
    value = getattr(line, "value", None)
    dots = isinstance(value, ast.Constant) and value.value is ...
    text = isinstance(line, ast.Expr) and isinstance(value, ast.Constant)
    return isinstance(line, ast.Pass) or text or (dots and isinstance(line, ast.Return))


def is_import(statement: Statement) -> bool:
    return statement.source.startswith(("import ", "from "))


def stands_in(statement: Statement, asked: list[tuple[str, str]]) -> Statement:
    """For the check of an exercise the module's own version: each answer is judged alone."""
    tree = ast.parse(statement.source).body[0] if asked else None
    if not isinstance(tree, ast.Assign) or not isinstance(tree.targets[0], ast.Name):
        return statement
    target, name = tree.targets[0].id, asked[0][0]
    stem = next((stem for stem in contents.STEMS if name in contents.words(stem)), None)
    answer = contents.chapter(stem)[name].answer if stem else None
    source = f"from {answer.__module__} import {name} as {target}" if callable(answer) else ""
    return Statement(statement.cell, source or f"{target} = ...", {target}, set(), set())


def read_by(expression: str) -> set[str]:
    """Names that an expression takes from outside."""
    return taken_apart([{"cell_type": "code", "source": expression}])[0].reads


def gathered(every: list[Statement], place: int, names: set[str]) -> set[int]:
    """Places of the statements that these names need, when they are used at `place`.

    What a function reads is looked up when it is called, thus above `place`; what is nowhere above
    may stand below, as cells can be run in any order, or come from an `import *`.
    """
    needed, waiting, seen = set(), [(name, place) for name in sorted(names)], set()
    while waiting:
        name, limit = waiting.pop()
        if (name, limit) in seen:
            continue
        seen.add((name, limit))
        binding = [i for i, one in enumerate(every) if name in one.binds]
        above = [i for i in binding if i < limit]
        found = set(above[-1:] or binding[:1])
        if not found and not hasattr(builtins, name):
            found = {i for i in range(place) if every[i].source.endswith("import *")}
        elif above and not is_import(every[above[-1]]):
            found |= {i for i in range(above[-1], limit) if name in every[i].changes}
        for i in found - needed:
            late = re.match(r"(@.*\n)*(def|class|async def) |\w+ = lambda", every[i].source)
            waiting += [(other, max(place, i) if late else i) for other in sorted(every[i].reads)]
        needed |= found
    return needed
