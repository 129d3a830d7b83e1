"""Put before the cells of a notebook: each claim is also asked with wrong values, and must fail.

Wrong is: nothing at all, the opposite, half, twice or ten times as much, the values of other arms.
One name of the condition at a time is exchanged. What holds for all of them is not a claim.
"""

import ast
import sys

import numpy as np

from course_utils import exercises
from course_utils.evaluation import Estimate

CHANGES = [lambda v: 0 * v, lambda v: -v, lambda v: v / 2, lambda v: 2 * v, lambda v: v + 1]
CHANGES += [lambda v: 10 * v]
CANNOT_FAIL, said = [], exercises.claim


def numbers_in(value) -> bool:
    if isinstance(value, dict):
        return bool(value) and all(map(numbers_in, value.values()))
    if isinstance(value, list | tuple):
        whole = isinstance(value, Estimate) or not hasattr(value, "_fields")
        return whole and bool(value) and all(map(numbers_in, value))
    return isinstance(value, int | float | np.number | np.bool_ | np.ndarray) and (
        np.asarray(value).dtype.kind in "biuf"
    )


def changed(value, change):
    """The value with a change of every number in it; an interval stays in order."""
    if isinstance(value, dict):
        return {key: changed(part, change) for key, part in value.items()}
    if isinstance(value, Estimate):
        middle, *ends = (change(np.asarray(part, float)) for part in value)
        return Estimate(middle, np.minimum(*ends), np.maximum(*ends))
    if isinstance(value, list | tuple):
        return type(value)([changed(part, change) for part in value])
    if isinstance(value, bool | np.bool_) or np.asarray(value).dtype == bool:
        return np.logical_not(value)
    return change(np.asarray(value, float))[()]


def wrong(value):
    """Wrong values in place of this one."""
    yield from (changed(value, change) for change in CHANGES)
    if isinstance(value, dict):  # each arm has the values of the next one, or all have one's
        keys, values = list(value), list(value.values())
        yield dict(zip(keys, values[1:] + values[:1], strict=True))
        yield dict.fromkeys(keys, values[0])
    elif isinstance(value, np.ndarray) and value.ndim:
        yield value[::-1]


def expanded(node, sources):
    """The condition, with names of conditions replaced by what they were assigned."""

    class Names(ast.NodeTransformer):
        def visit_Name(self, name):
            assigned = sources.get(name.id)
            return ast.copy_location(assigned, name) if assigned is not None else name

    for _ in range(3):
        node = ast.fix_missing_locations(Names().visit(node))
    return node


def conditions_before(cells, space):
    """Name → expression, for all names that hold True or False."""
    found = {}
    for cell in cells:
        try:
            tree = ast.parse(cell)
        except SyntaxError:  # a cell with a magic
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                name, value = node.targets[0].id, node.value
                asks = isinstance(value, ast.Call) and not value.args  # what it hides is unknown
                if isinstance(space.get(name), bool | np.bool_) and not asks:
                    found[name] = value
    return found


def leaves(node, space):
    """Parts of a condition that are numbers but no names: calls, attributes, items."""
    if isinstance(node, ast.Call | ast.Attribute | ast.Subscript):
        try:
            value = eval(compile(ast.Expression(node), "claim", "eval"), space)
        except Exception:
            value = None
        if numbers_in(value) and not isinstance(value, bool | np.bool_):
            yield node, value
    for part in ast.iter_child_nodes(node):
        yield from leaves(part, space)


def can_fail(condition, space) -> bool:
    code = compile(ast.Expression(condition), "claim", "eval")
    for name in sorted({node.id for node in ast.walk(condition) if isinstance(node, ast.Name)}):
        if not numbers_in(space.get(name)):
            continue
        for value in wrong(space[name]):
            try:
                if not eval(code, space | {name: value}):
                    return True
            except Exception:  # a wrong value that cannot even be asked
                continue
    for node, value in list(leaves(condition, space)):
        for other in wrong(value):

            class Exchange(ast.NodeTransformer):
                def visit(self, part, node=node):
                    same = part is node or ast.dump(part) == ast.dump(node)
                    return ast.Name("exchanged", ast.Load()) if same else self.generic_visit(part)

            tree = ast.fix_missing_locations(Exchange().visit(ast.parse(ast.unparse(condition))))
            try:
                exchanged = compile(ast.Expression(tree.body[0].value), "claim", "eval")
                if not eval(exchanged, space | {"exchanged": other}):
                    return True
            except Exception:
                continue
    return False


def claim(sentence, holds):
    said(sentence, holds)
    caller = sys._getframe(1)
    space = caller.f_globals | caller.f_locals
    calls = [
        node
        for node in ast.walk(ast.parse(space["In"][-1]))
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "claim"
        if node.lineno <= caller.f_lineno <= node.end_lineno
    ]
    if not calls:  # told by a function of an earlier cell
        return
    condition = expanded(calls[0].args[1], conditions_before(space["In"], space))
    if not can_fail(condition, space):
        CANNOT_FAIL.append(sentence)


exercises.claim = claim
