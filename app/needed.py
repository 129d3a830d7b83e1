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
        if symbol.is_declared_global() or symbol.is_referenced() and (top or symbol.is_global()):
            yield symbol.get_name()
    for inner in table.get_children():
        yield from _reads(inner)


def _binds(tree: ast.AST, table: symtable.SymbolTable) -> set[str]:
    """Names given by an assignment, a loop, an import, a function or a class; not by `a += …`."""
    symbols = table.get_symbols()
    given = {
        s.get_name() for s in symbols if s.is_assigned() or s.is_imported() or s.is_namespace()
    }
    added = [node.target for node in ast.walk(tree) if isinstance(node, ast.AugAssign)]
    stored = [node for node in ast.walk(tree) if isinstance(getattr(node, "ctx", None), ast.Store)]
    otherwise = {node.id for node in stored if isinstance(node, ast.Name) and node not in added}
    return given - ({_owner(target) for target in added} - otherwise)


def _changes(tree: ast.AST) -> set[str]:
    """Names of what is changed: `a |= …`, `a[0] = …`, `a.b = …`, or a bare call of `a.b(…)`."""
    if isinstance(tree, ast.FunctionDef | ast.ClassDef):
        return set()  # not before it is called
    changed = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.AugAssign):
            changed.add(_owner(node.target))
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            changed.add(_owner(node.value.func))
        elif isinstance(node, ast.Attribute | ast.Subscript) and isinstance(node.ctx, ast.Store):
            changed.add(_owner(node))
    return changed - {None}


def _parts(tree: ast.AST) -> Iterator[ast.AST]:
    """The simple parts of a statement, in the order in which they run first."""
    if not isinstance(tree, ast.For | ast.While | ast.If | ast.With | ast.Try | ast.ExceptHandler):
        yield tree
        return
    children = list(ast.iter_child_nodes(tree))
    if isinstance(tree, ast.For):
        children[:2] = reversed(children[:2])  # what it runs over comes before what it counts
    for child in children:
        yield from _parts(child)


def _read_first(tree: ast.AST) -> set[str]:
    """Names that a statement reads before it binds them itself."""
    first, bound = set(), set()
    for part in _parts(tree):
        names = [node for node in ast.walk(part) if isinstance(node, ast.Name)]
        first |= {node.id for node in names if isinstance(node.ctx, ast.Load)} - bound
        bound |= {node.id for node in names if isinstance(node.ctx, ast.Store)}
    return first


def _owner(node: ast.AST) -> str | None:
    """The a of `a.b[0]`; None for what has no name."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def statements(cells: list[dict]) -> list[Statement]:
    """All statements of the code cells, in order. Lines with % or ! are left out."""
    found = []
    for number, cell in enumerate(cells):
        if cell["cell_type"] != "code":
            continue
        lines = [line for line in cell["source"].splitlines() if line.strip()[:1] not in {"%", "!"}]
        for tree in ast.parse("\n".join(lines)).body:
            source, changes = ast.unparse(tree), _changes(tree)
            table = symtable.symtable(source, "cell", "exec")
            binds, reads = _binds(tree, table), set(_reads(table))
            reads -= binds - _read_first(tree)  # its own, such as what a loop counts
            found.append(Statement(number, source, binds, reads, changes))
    return found


def _is_import(statement: Statement) -> bool:
    return statement.source.startswith(("import ", "from "))


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
    every = [statement for statement in statements(cells) if statement.cell <= max(asked)]
    # An import may do more than bind a name: it registers tasks, for example.
    needed = {place for place, statement in enumerate(every) if _is_import(statement)}
    waiting = [place for place, statement in enumerate(every) if statement.cell in asked]
    while waiting:
        place = waiting.pop()
        needed.add(place)
        for name in every[place].reads:
            if above := [i for i in range(place) if name in every[i].binds]:
                changed = range(above[-1] + 1, place) if not _is_import(every[above[-1]]) else ()
                made = {above[-1], *(i for i in changed if name in every[i].changes)}
                waiting += made - needed
    before, last = {}, -1
    for cell in sorted(asked):
        run = [every[i].source for i in sorted(needed) if last < every[i].cell < cell]
        before[cell], last = "\n".join(run), cell
    return before
