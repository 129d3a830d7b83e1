"""Notebooks in a Python without Box2D: what needs the lander is left out, the rest goes on."""

import ast
import re
import symtable
from types import ModuleType

TOLD = "LunarLander needs Box2D, which this Python lacks (docs/install.md says how to get it): "
TOLD += "what needs it is left out of this cell. The notebook as it is stored shows the result."
STEP = """try: 0
except Exception as _error:
    if not _box2d.leaves_out(_error, {}): raise"""
PUTS = (ast.Store, ast.Expr)


def changed_by(statement: ast.stmt) -> set[str]:
    """The names that it binds or fills: x of `x = 1`, `x[0] = 1`, `x.append(1)`."""
    puts = (n for n in ast.walk(statement) if isinstance(getattr(n, "ctx", n), PUTS))
    filled = re.findall(r"(?m)^\w+(?=[.[])", "\n".join(map(ast.unparse, puts)))
    names = symtable.symtable(ast.unparse(statement), "", "exec").get_symbols()
    bound = {n.get_name() for n in names if n.is_assigned() or n.is_imported()}
    return bound.union(filled)


class WithoutBox2D:
    """One of IPython's `ast_transformers`, for a notebook with these variables, name → value.

    A statement is left out if it needs Box2D, or what another would have made that was left out.
    """

    def __init__(self, variables: dict):
        self.variables, self.missing = variables, {"Box2D"}

    def visit(self, cell: ast.Module) -> ast.Module:
        """Put each statement of a cell into a `try`; the value of the last one is shown."""
        self.told, self.variables["_box2d"], steps = False, self, []
        for statement in cell.body:
            try:
                step = ast.parse(STEP.format(changed_by(statement))).body[0]
            except SyntaxError:
                return cell  # Python says what is wrong with it
            if statement is cell.body[-1] and isinstance(statement, ast.Expr):
                shown = ast.parse("__import__('sys').displayhook(0)").body[0]
                shown.value.args, statement = [statement.value], shown
            step.body = [statement]
            steps.append(statement if getattr(statement, "module", 0) == "__future__" else step)
        return ast.fix_missing_locations(ast.Module(steps, cell.type_ignores))

    def leaves_out(self, error: BaseException | None, changed: set[str]) -> bool:
        """Whether that is why it failed; then what it would have changed is forgotten, and told."""
        while error and not self.is_want(error):
            error = error.__cause__ or error.__context__
        if error:
            gone = {n for n in changed if not isinstance(self.variables.get(n), ModuleType)}
            self.missing |= gone
            for name in gone:
                self.variables.pop(name, None)
            print(end="" if self.told else f"{TOLD}\n")
            self.told = True
        return error is not None

    def is_want(self, error: BaseException) -> bool:
        """Of a package, of a name, or of a file that the same cell would have written before."""
        if isinstance(error, ImportError | NameError):
            return error.name in self.missing
        return self.told and isinstance(error, FileNotFoundError)
