"""Wrong versions of a right answer, made by changing its source in one place."""

import ast
import copy
import inspect
import textwrap

BINARY = {ast.Add: [ast.Sub], ast.Sub: [ast.Add], ast.Mult: [ast.Div, ast.Add]}
BINARY |= {ast.Div: [ast.Mult], ast.Pow: [ast.Mult], ast.BitOr: [ast.BitAnd]}
COMPARED = {ast.Lt: [ast.LtE, ast.Gt], ast.LtE: [ast.Lt], ast.Gt: [ast.GtE, ast.Lt]}
COMPARED |= {ast.Eq: [ast.NotEq, ast.GtE], ast.GtE: [ast.Gt], ast.NotEq: [ast.Eq]}
EXCHANGED = {  # names of functions and methods that are taken for one another
    "amax": ["amin", "mean", "sum"],
    "max": ["min", "mean"],
    "sum": ["mean", "prod"],
    "mean": ["sum", "amax"],
    "argmax": ["argmin"],
    "softmax": ["log_softmax", "sigmoid"],
    "log_softmax": ["softmax"],
    "logsumexp": ["sum"],
    "exp": ["log"],
    "log": ["exp"],
    "cumprod": ["cumsum"],
    "sign": ["abs", "tanh"],
    "maximum": ["minimum", "add"],
    "flatten": ["squeeze"],
    "diff": ["cumsum"],
    "zeros": ["ones"],
    "ones_like": ["zeros_like"],
    "lerp_": ["sub_"],
    "trim_mean": ["tmean"],
}
OF_A_RESULT = [
    "-({})", "abs({})", "({}).clip(0)", "({}).clip(None, 0)", "({}) * 1.01", "({}) + 0.01",
    "({}) * ({})", "({}).squeeze()", "({}).mean()", "({}).sum(-1)", "({})[None]", "({})[:1]",
    "({}).tolist()", "({}).round()", "({}).detach()", "({}).detach().numpy()", "list({})",
    "__import__('torch').as_tensor({})", "({}).half()", "({}).astype('float16')", "({},)",
    "str({})", "({}).T", "({}).flip(-1)", "({}).long()", "({}).roll(1, 0)", "({}).mean(0)",
    "({}).tanh()", "({}) if len({}) > 1 else 0 * ({})", "float({})", "({}).item()", "({}) * 0",
    "({}) ** 2", "({}).requires_grad_()", "({}).mean(-1, keepdim=True)", "({}).bfloat16()",
    "({}) > 0",
]  # fmt: skip
OF_AN_ARGUMENT = [
    "{}.detach()", "abs({})", "{}.clip(0)", "{}.clip(None, 0)", "-{}", "{} * 1.05", "0 * {}",
    "{}.squeeze()", "{}.round()", "{}[:1]", "{}.flip(-1)", "{} + 0.1",
    "{}.double().round(decimals=1)", "{} ** 2", "{}.data", "{}.mul_(0.5)", "{}[..., :2]",
    "{}.mean(-1)", "1 - {}", "{}[::-1]", "{}.clip(-1, 1)", "{}.clip(-10, 10)", "min({}, 1)",
    "max({}, 1)", "int({})",
]  # fmt: skip


def wrong_versions(function) -> dict[str, object]:
    """By what was changed: functions, each made from the source with one change."""
    source = textwrap.dedent(inspect.getsource(function))
    tree, home = ast.parse(source), inspect.unwrap(function).__globals__
    made = {}
    for changed in _changes(tree):
        ast.fix_missing_locations(changed)
        try:
            text = ast.unparse(changed)
            exec(compile(text, "<wrong version>", "exec"), home | {}, space := {})
        except (SyntaxError, ValueError, NameError, TypeError):
            continue
        made.setdefault(text, space.get(function.__name__))
    made.pop(ast.unparse(tree), None)
    return {text: version for text, version in made.items() if callable(version)}


def _changes(tree):
    """Trees with one change each."""

    def changed(index, change):
        """A copy whose node of that index is changed, or replaced by what `change` returns."""
        other = copy.deepcopy(tree)
        node = list(ast.walk(other))[index]
        new = change(node)
        if new is not None:
            for parent in ast.walk(other):
                for name, value in ast.iter_fields(parent):
                    if value is node:
                        setattr(parent, name, new)
                    elif isinstance(value, list) and node in value:
                        where = next(i for i, one in enumerate(value) if one is node)
                        value[where : where + 1] = new if isinstance(new, list) else [new]
        return other

    def setting(name, value):
        return lambda node: setattr(node, name, value)

    top = tree.body[0]
    arguments = [one.arg for one in top.args.args]
    for index, node in enumerate(ast.walk(tree)):
        if isinstance(node, ast.BinOp):
            for other in BINARY.get(type(node.op), []):
                yield changed(index, setting("op", other()))
            yield changed(index, lambda n: n.left)
            yield changed(index, lambda n: n.right)
            yield changed(index, lambda n: ast.BinOp(n.right, n.op, n.left))
        elif isinstance(node, ast.UnaryOp):
            yield changed(index, lambda n: n.operand)
        elif isinstance(node, ast.Compare):
            for other in COMPARED.get(type(node.ops[0]), []):
                yield changed(index, setting("ops", [other()]))
        elif isinstance(node, ast.Constant):
            if isinstance(node.value, bool):
                yield changed(index, setting("value", not node.value))
            elif isinstance(node.value, int | float):
                for value in {node.value + 1, node.value - 1, 2 * node.value, 0, 1}:
                    yield changed(index, setting("value", value))
        elif isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute):
                yield changed(index, lambda n: n.func.value)
            for i in range(len(node.args)):
                yield changed(index, lambda n, i=i: n.args.pop(i) and None)
                yield changed(index, lambda n, i=i: n.args[i])
            for i in range(len(node.keywords)):
                yield changed(index, lambda n, i=i: n.keywords.pop(i) and None)
            if len(node.args) == 2:
                yield changed(index, lambda n: n.args.reverse())
        elif isinstance(node, ast.Attribute):
            for other in EXCHANGED.get(node.attr, []):
                yield changed(index, setting("attr", other))
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            for other in EXCHANGED.get(node.id, []) if node.id not in arguments else arguments:
                yield changed(index, setting("id", other))
        elif isinstance(node, ast.Slice):
            yield changed(index, lambda n: ast.Slice())
        elif isinstance(node, ast.IfExp):
            yield changed(index, lambda n: n.body)
            yield changed(index, lambda n: n.orelse)
        elif isinstance(node, ast.Return) and node.value:
            text = ast.unparse(node.value)
            for form in OF_A_RESULT:
                value = ast.parse(form.format(*[text] * 3), mode="eval").body
                yield changed(index, setting("value", value))
        if isinstance(node, ast.stmt) and not isinstance(node, ast.FunctionDef | ast.Return):
            yield changed(index, lambda n: ast.Pass())
    for argument in arguments:
        for form in OF_AN_ARGUMENT:
            line = ast.parse(f"{argument} = {form.format(argument)}").body[0]
            other = copy.deepcopy(tree)
            other.body[0].body.insert(0, line)
            yield other
    for i, default in enumerate(top.args.defaults):
        other = copy.deepcopy(tree)
        del other.body[0].args.defaults[: i + 1]
        yield other
        for value in (2.0, 0.5, 0, None):
            other = copy.deepcopy(tree)
            other.body[0].args.defaults[i] = ast.Constant(value)
            if value != ast.literal_eval(default):
                yield other
