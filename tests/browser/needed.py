"""Which cells a notebook's cell needs, by the names that they define and use; nothing is run."""

import symtable
from collections.abc import Iterator


def _code_of(source: str) -> str:
    """Python alone: lines that only a notebook understands define nothing that others use."""
    return "\n".join(
        line for line in source.splitlines() if not line.lstrip().startswith(("%", "!"))
    )


def _used(table: symtable.SymbolTable) -> Iterator[str]:
    """Names of the notebook that a cell reads: at its top, or as globals in its functions."""
    top = table.get_type() == "module"
    yield from (
        s.get_name() for s in table.get_symbols() if s.is_referenced() and (top or s.is_global())
    )
    for inner in table.get_children():
        yield from _used(inner)


def _defined(table: symtable.SymbolTable) -> set[str]:
    """Names that a cell binds: by an assignment, a loop, an import, a function or a class."""
    symbols = table.get_symbols()
    return {s.get_name() for s in symbols if s.is_assigned() or s.is_imported() or s.is_namespace()}


def needed_cells(cells: list[dict], pieces: list[str]) -> list[int]:
    """Indices of the cells with these pieces of source, and of all that these need, in order.

    cells: as in a notebook's JSON, `source` as one string. A name comes from the last cell above
    that binds it; a cell that only changes a thing (`curves["a"] = …`) is not found, so name it as
    a piece of its own.
    Raises LookupError if a piece is in no cell.
    """
    code = {i: cell["source"] for i, cell in enumerate(cells) if cell["cell_type"] == "code"}
    tables = {i: symtable.symtable(_code_of(source), "cell", "exec") for i, source in code.items()}
    waiting = []
    for piece in pieces:
        found = [i for i, source in code.items() if piece in source]
        if not found:
            raise LookupError(f"no cell contains {piece!r}")
        waiting.append(found[0])
    needed = set()
    while waiting:
        here = waiting.pop()
        needed.add(here)
        for name in set(_used(tables[here])):
            above = [i for i in code if i < here and name in _defined(tables[i])]
            waiting += [i for i in above[-1:] if i not in needed]
    return sorted(needed)
