"""What a learner writes makes the notebook's results.

In every run: the name goes on to a call behind the exercise. Weekly (make test-seeds): each
function is exchanged for a wrong one, the notebook runs, and its claims or figures change.
"""

import ast
import re
import tempfile
from functools import cache
from pathlib import Path

import nbformat
import pytest
from nbclient.exceptions import CellExecutionError

from course_utils.exercise_book import contents
from tests.run_notebooks import FOLDER, run_notebook

FUNCTIONS = [
    (stem, name)
    for stem in contents.STEMS
    for name, exercise in contents.chapter(stem).items()
    if callable(exercise.answer) and name != "wrong_lines"  # that one names lines of a listing
]


def cells_behind(stem, name):
    """Code cells behind the one that checks the answer, each as a syntax tree."""
    notebook = nbformat.read(FOLDER / f"{stem}.ipynb", as_version=4)
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    check = next(i for i, source in enumerate(code) if f'exercises.check("{name}"' in source)
    return [ast.parse(source) for source in code[check + 1 :]]


@pytest.mark.parametrize(("stem", "name"), FUNCTIONS, ids=lambda part: part)
def test_what_a_learner_writes_is_used_behind_the_exercise(stem, name):
    """It is handed on, also inside another function, or called in more than one cell."""
    calling = handed_on = 0
    for tree in cells_behind(stem, name):
        inside = [x for x in ast.walk(tree) if isinstance(x, ast.FunctionDef | ast.Lambda)]
        handed = [node for part in inside for node in ast.walk(part)]
        called = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
        named = [n for n in ast.walk(tree) if isinstance(n, ast.Name) and n.id == name]
        handed_on += any(node in handed or node not in called for node in named)
        calling += any(node in called for node in named)
    assert handed_on or calling >= 2, f"{name} drives no more than a demonstration"


@cache
def results(stem, exchanged=None):
    """What claims and figures of a notebook say; with one function exchanged for a wrong one."""
    notebook = nbformat.read(FOLDER / f"{stem}.ipynb", as_version=4)
    for cell in notebook.cells:
        line = rf'^{exchanged} = exercises\.check\("{exchanged}", {exchanged}\)$'
        if exchanged and re.search(line, cell.source, re.MULTILINE):
            cell.source += (
                "\nfrom course_utils.exercise_book import contents"
                f'\n{exchanged} = list(contents.find("{exchanged}").mistakes)[0]'
            )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{stem}.ipynb"
        nbformat.write(notebook, path)
        try:
            notebook, _ = run_notebook(path, COURSE_SEED="0", COURSE_RUNS=folder)
        except CellExecutionError as error:  # a claim that fails is a result that changes
            return [str(error)]
    said = []
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            said.append(output.get("data", {}).get("text/markdown", ""))
            if "exercises.claim(" in cell.source:
                said.append(output.get("text", ""))
    # A ratio of CPU seconds differs from run to run, whatever is exchanged.
    return [line for line in "\n".join(said).splitlines() if "cost" not in line]


@pytest.mark.seeds
@pytest.mark.parametrize(("stem", "name"), FUNCTIONS, ids=lambda part: part)
def test_a_wrong_function_changes_a_result(stem, name):
    assert results(stem, name) != results(stem), f"nothing hangs on {name}"
