"""What a notebook's cell needs of the cells above it, by the names that they define and use."""

import ast
import symtable
from collections.abc import Iterator
from typing import NamedTuple


class Statement(NamedTuple):
    """A statement at the top of a cell: names that it binds, reads, and whose things it changes."""

    cell: int
    source: str
    binds: set[str]
    reads: set[str]
    changes: set[str]


def _reads(table: symtable.SymbolTable) -> Iterator[str]:
    """Names of the notebook: at the top of the code, or as globals in its functions and classes."""
    top = table.get_type() == "module"
    for symbol in table.get_symbols():
        if symbol.is_referenced() and (top or symbol.is_global()):
            yield symbol.get_name()
    for inner in table.get_children():
        yield from _reads(inner)


def _binds(table: symtable.SymbolTable) -> set[str]:
    """Names given by an assignment, a loop, an import, a function or a class."""
    symbols = table.get_symbols()
    return {s.get_name() for s in symbols if s.is_assigned() or s.is_imported() or s.is_namespace()}


def _changes(tree: ast.AST) -> set[str]:
    """Names of what is changed in place: `a[0] = …`, `a.b = …`, or a bare call of `a.b(…)`."""
    if isinstance(tree, ast.FunctionDef | ast.ClassDef):
        return set()  # not before it is called
    changed = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            node = node.value.func
        elif not isinstance(getattr(node, "ctx", None), ast.Store):
            continue
        while isinstance(node, ast.Attribute | ast.Subscript):
            node = node.value
            if isinstance(node, ast.Name):
                changed.add(node.id)
    return changed


def statements(cells: list[dict]) -> list[Statement]:
    """All statements of the code cells, in order. Lines with % or ! are left out."""
    found = []
    for number, cell in enumerate(cells):
        if cell["cell_type"] != "code":
            continue
        lines = [line for line in cell["source"].splitlines() if line.strip()[:1] not in {"%", "!"}]
        for tree in ast.parse("\n".join(lines)).body:
            source = ast.unparse(tree)
            table = symtable.symtable(source, "cell", "exec")
            names = _binds(table), set(_reads(table)), _changes(tree)
            found.append(Statement(number, source, *names))
    return found


def _changed(every: list[Statement], name: str, bound: int, place: int) -> list[int]:
    """Statements between two others that change what a name stands for; a module is not changed."""
    if every[bound].source.startswith(("import ", "from ")):
        return []
    return [i for i in range(bound + 1, place) if name in every[i].changes]


def preparations(cells: list[dict], pieces: list[str]) -> dict[int, str]:
    """The cells with these pieces of source, in order, each with what must run right before it.

    cells: as in a notebook's JSON, `source` as one string. A name is what the last statement above
    binds to it, and what the statements in between make of it. Run in this order, each cell finds
    what it would find in a run of the whole notebook, but for the state of random generators.
    Raises LookupError if a piece is in no cell.
    """
    asked = set()
    for piece in pieces:
        found = [
            i for i, c in enumerate(cells) if c["cell_type"] == "code" and piece in c["source"]
        ]
        if not found:
            raise LookupError(f"no cell contains {piece!r}")
        asked.add(found[0])
    every = statements(cells)
    waiting = [place for place, statement in enumerate(every) if statement.cell in asked]
    needed = set()
    while waiting:
        place = waiting.pop()
        needed.add(place)
        for name in every[place].reads:
            if above := [i for i in range(place) if name in every[i].binds]:
                waiting += {above[-1], *_changed(every, name, above[-1], place)} - needed
    before, last = {}, -1
    for cell in sorted(asked):
        run = [every[i].source for i in sorted(needed) if last < every[i].cell < cell]
        before[cell], last = "\n".join(run), cell
    return before
