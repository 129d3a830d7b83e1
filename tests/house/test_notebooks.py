"""What a reader meets in a stored notebook: all run, in order, without error, fit for the web."""

import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
EMPTY_EXERCISE = re.compile(r"^\s+return \.\.\.$|^answer = \.\.\.  #", re.MULTILINE)


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request):
    return nbformat.read(request.param, as_version=4)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_is_valid(notebook):
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"


def test_was_run_in_order_without_error(notebook):
    counts = [cell.execution_count for cell in code_cells(notebook)]
    assert counts == list(range(1, len(counts) + 1)), "run `make notebooks`"
    outputs = [output for cell in code_cells(notebook) for output in cell.outputs]
    assert not [output for output in outputs if output.output_type == "error"]
    assert not [output.text for output in outputs if output.get("name") == "stderr"]


def test_cells_are_short(notebook):
    for cell in code_cells(notebook):
        assert len(cell.source.splitlines()) <= 25, cell.source


def test_every_picture_comes_with_a_sentence(notebook):
    for cell in code_cells(notebook):
        pictures = [output for output in cell.outputs if "image/png" in output.get("data", {})]
        sentences = [output for output in cell.outputs if "text/markdown" in output.get("data", {})]
        assert len(sentences) >= len(pictures)
        for picture in pictures:
            assert len(picture.metadata["image/png"]["alt"]) > 20


def test_tells_its_minutes_and_ends_with_claims_recap_and_questions(notebook):
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    assert re.search(r"\*\*About [^*]*(minutes|hours?)", text)
    for part in (
        "will be able to",
        "Claims",
        "## Recap",
        "**To discuss.**",
        "**Further reading.**",
    ):
        assert part in text
    assert any("exercises.claim(" in cell.source for cell in code_cells(notebook))


def test_exercises_are_stored_unsolved(notebook):
    for cell in code_cells(notebook):
        if "exercises.check(" in cell.source:
            assert EMPTY_EXERCISE.search(cell.source), cell.source


def test_has_one_source_of_randomness(notebook):
    code = "\n".join(cell.source for cell in code_cells(notebook))
    assert code.count('os.environ.get("COURSE_SEED"') == 1
    assert not re.search(r"np\.random\.(?!default_rng|Generator)", code)


def test_some_outputs_are_compared(notebook):
    assert any(
        "nbval-check-output" in cell.metadata.get("tags", []) for cell in code_cells(notebook)
    )


def test_names_no_machine(notebook):
    everything = nbformat.writes(notebook)
    assert not re.search(r'[\s"\'(.](/home/|/root/|/tmp/|/Users/|C:\\\\)', everything)


@pytest.mark.slow
@pytest.mark.parametrize(("megabytes", "passes"), [(1000, True), (1, False)])
def test_a_notebook_over_its_budget_of_memory_fails(tmp_path, megabytes, passes):
    path = tmp_path / "tiny.ipynb"
    tiny = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 + 1")])
    tiny.metadata["course"] = {"memory_mb": megabytes}
    nbformat.write(tiny, path)
    options = ["-c", "pyproject.toml", "-p", "conftest", "-p", "no:cacheprovider", "-q"]
    command = [sys.executable, "-m", "pytest", *options, str(path)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (run.returncode == 0) == passes, run.stdout
    assert passes or "over its budget of 1" in run.stdout
