"""Notebooks in a Python without Box2D: what needs the lander is left out, the rest goes on."""

import ast
import dis
import re
from types import ModuleType

TOLD = "LunarLander needs Box2D, which this Python lacks (docs/install.md says how to get it): "
TOLD += "what needs it is left out of this cell. The notebook as it is stored shows the result."
STEP = """try:
    for _lost in _box2d.missing & {0}: raise NameError(name=_lost)
except Exception as _error:
    if not _box2d.leaves_out(_error, {1}): raise
else:
    _box2d.missing -= {1}"""


def names_in(statement: ast.stmt) -> tuple[set[str], set[str]]:
    """The names that it reads, and those that it binds or fills: x of `x[0] = 1`, `x.append(1)`."""
    nodes, puts = list(ast.walk(statement)), (ast.Store, ast.Expr)
    own = {n.arg for n in nodes if isinstance(n, ast.arg)}
    own |= {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    read = {n.id for n in nodes if isinstance(n, ast.Name)} - own
    filled = "\n".join(ast.unparse(n) for n in nodes if isinstance(getattr(n, "ctx", n), puts))
    code = compile(ast.Module([statement], []), "", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    bound = {step.argval for step in dis.get_instructions(code) if step.opname == "STORE_NAME"}
    return read, bound | read.intersection(re.findall(r"(?m)^\w+(?=[.[])", filled))


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
                step = ast.parse(STEP.format(*names_in(statement))).body[0]
            except SyntaxError:
                return cell  # Python says what is wrong with it
            if statement is cell.body[-1] and isinstance(statement, ast.Expr):
                shown = ast.parse("__import__('sys').displayhook(0)").body[0]
                shown.value.args, statement = [statement.value], shown
            step.body.append(statement)
            steps.append(statement if getattr(statement, "module", 0) == "__future__" else step)
        return ast.fix_missing_locations(ast.Module(steps, cell.type_ignores))

    def leaves_out(self, error: BaseException, changed: set[str]) -> bool:
        """Whether that is why it failed; then what it would have changed is forgotten, and told."""
        while not self.is_want(error):
            error = error.__cause__ or error.__context__
            if error is None:
                return False
        for name in changed:
            if not isinstance(self.variables.get(name), ModuleType):
                self.missing.add(name)
                self.variables.pop(name, None)
        if not self.told:
            print(TOLD)
        self.told = True
        return True

    def is_want(self, error: BaseException) -> bool:
        """Of a package, of a name, or of a file that the same cell would have written before."""
        if isinstance(error, ImportError | NameError):
            return error.name in self.missing
        return self.told and isinstance(error, FileNotFoundError)
