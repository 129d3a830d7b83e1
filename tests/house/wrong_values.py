"""Run before the cells of a notebook: each claim is also asked with wrong values, and must fail.

Wrong is: nothing at all, the opposite, half, twice, ten or a hundred times as much, ten more,
another word, the values of other arms. One name or term of the condition at a time is exchanged.
What holds for all of them is no claim: CANNOT_FAIL has its sentence.
"""

import ast
import copy
import sys
from functools import cache

import numpy as np
import torch

from course_utils import exercises
from course_utils.evaluation import Estimate

CHANGES = [lambda v: 0 * v, lambda v: -v, lambda v: v / 2, lambda v: 2 * v, lambda v: v + 1]
CHANGES += [lambda v: 10 * v, lambda v: 100 * v, lambda v: v + 10]
CANNOT_FAIL, said, parsed = [], exercises.claim, cache(ast.parse)
NUMBERS = int | float | np.number | np.bool_ | np.ndarray


def measured(value) -> bool:
    """Whether all of a value is numbers or words."""
    if isinstance(value, dict):
        return bool(value) and all(map(measured, value.values()))
    if isinstance(value, list | tuple):
        whole = isinstance(value, Estimate) or not hasattr(value, "_fields")
        return whole and bool(value) and all(map(measured, value))
    number = isinstance(value, NUMBERS) and np.asarray(value).dtype.kind in "biuf"
    return number or isinstance(value, str | torch.Tensor)


def changed(value, change):
    """The value with a change of every number in it; an interval stays in order."""
    if isinstance(value, dict):
        return {key: changed(part, change) for key, part in value.items()}
    if isinstance(value, Estimate):
        middle, *ends = (change(np.asarray(part, float)) for part in value)
        return Estimate(middle, np.minimum(*ends), np.maximum(*ends))
    if isinstance(value, list | tuple):
        return type(value)([changed(part, change) for part in value])
    if isinstance(value, str):
        return f"not {value}"
    if isinstance(value, torch.Tensor):
        return change(value.detach().float()) if value.dtype != torch.bool else ~value
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


class Exchange(ast.NodeTransformer):
    """One term, wherever it stands, by a name."""

    def __init__(self, term):
        self.term = ast.dump(term)

    def visit(self, node):
        same = ast.dump(node) == self.term
        return ast.Name("exchanged", ast.Load()) if same else self.generic_visit(node)


class Names(ast.NodeTransformer):
    """The names of conditions by what they were assigned."""

    def __init__(self, sources):
        self.sources = sources

    def visit_Name(self, name):
        return copy.deepcopy(self.sources.get(name.id, name))


def conditions_before(cells, space):
    """Name → expression, for all names that hold True or False."""
    found = {}
    for cell in cells:
        try:
            tree = parsed(cell)
        except SyntaxError:  # a cell with a magic
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                name, value = node.targets[0].id, node.value
                asks = isinstance(value, ast.Call) and not value.args  # what it hides is unknown
                if isinstance(space.get(name), bool | np.bool_) and not asks:
                    found[name] = value
    loops = [node.target for node in ast.walk(parsed(cells[-1])) if isinstance(node, ast.For)]
    in_loops = {part.id for loop in loops for part in ast.walk(loop) if isinstance(part, ast.Name)}
    return {name: value for name, value in found.items() if name not in in_loops}


def terms(node, space):
    """Parts of a condition that are numbers or words: names, calls, attributes, items."""
    if isinstance(node, ast.Name | ast.Call | ast.Attribute | ast.Subscript):
        try:
            value = eval(compile(ast.Expression(node), "claim", "eval"), space)
        except Exception:
            value = None
        truth = isinstance(value, bool | np.bool_) and not isinstance(node, ast.Name)
        if measured(value) and not truth:
            yield node, value
    for part in ast.iter_child_nodes(node):
        yield from terms(part, space)


def can_fail(condition, space) -> bool:
    for term, value in list(terms(condition, space)):
        tree = ast.fix_missing_locations(Exchange(term).visit(copy.deepcopy(condition)))
        try:
            exchanged = compile(ast.Expression(tree), "claim", "eval")
        except (ValueError, TypeError):  # the name of a loop inside the condition
            continue
        for other in wrong(value):
            try:
                if not eval(exchanged, space | {"exchanged": other}):
                    return True
            except Exception:  # a wrong value that cannot even be asked
                continue
    return False


def claim(sentence, holds):
    said(sentence, holds)
    cell = sys._getframe(1)
    while cell.f_code.co_name != "<module>":  # a cell's own function may tell it
        cell = cell.f_back
    space, line = cell.f_globals, cell.f_lineno
    calls = [
        node
        for node in ast.walk(parsed(space["In"][-1]))
        if isinstance(node, ast.Call) and len(node.args) == 2
        if getattr(node.func, "attr", getattr(node.func, "id", "")) in ("claim", "check")
        if node.lineno <= line <= node.end_lineno
    ]
    condition = copy.deepcopy(calls[0].args[1]) if calls else ast.Constant(True)
    sources = conditions_before(space["In"], space)
    for _ in range(3):
        condition = ast.fix_missing_locations(Names(sources).visit(condition))
    if not can_fail(condition, space):
        CANNOT_FAIL.append(sentence)


exercises.claim = claim
