"""make matrix does each notebook of a cell once for one state, and its table tells all."""

import json
from pathlib import Path

import pytest
import yaml

from tests import matrix

ROOT = Path(__file__).parents[2]
CELL = "3.10-lowest"


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """Cells without environments: two notebooks of one cell, of which the second fails."""
    for name, code in {"00_a": "1", "01_b": "2"}.items():
        cells = [{"cell_type": "code", "source": [code]}, {"cell_type": "markdown", "source": []}]
        (tmp_path / f"{name}.ipynb").write_text(json.dumps({"cells": cells}), encoding="utf-8")
    ran = []

    def run(cell, name):
        ran.append(name)
        return {"error": "ValueError: no" if name == "01_b" else None}

    def make(cell):
        (tmp_path / cell).mkdir(exist_ok=True)
        (tmp_path / cell / "requirements.txt").write_text("# bounds\ntorch==2.7.0\n", "utf-8")
        (tmp_path / cell / "venv").mkdir(exist_ok=True)
        (tmp_path / cell / "venv/pyvenv.cfg").write_text("version_info = 3.10.13\n", "utf-8")

    monkeypatch.setattr(matrix, "FOLDER", tmp_path)
    monkeypatch.setattr(matrix, "PAGE", tmp_path / "matrix.md")
    monkeypatch.setattr(matrix, "NOTEBOOKS", {p.stem: p for p in sorted(tmp_path.glob("*.ipynb"))})
    monkeypatch.setattr(matrix, "run", run)
    monkeypatch.setattr(matrix, "make_environment", make)
    monkeypatch.delenv("FRESH", raising=False)
    return ran


def change(path, old, new):
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


def test_what_passed_is_done_again_only_after_a_change(runs, monkeypatch):
    assert matrix.do_cell(CELL, ["00_a"]) and matrix.do_cell(CELL, ["00_a"])
    assert runs == ["00_a"]
    change(matrix.NOTEBOOKS["00_a"], '"1"', '"3"')
    matrix.do_cell(CELL, ["00_a"])
    assert runs == ["00_a", "00_a"]
    monkeypatch.setattr(matrix, "MODULE", "another")
    matrix.do_cell(CELL, ["00_a"])
    assert len(runs) == 2 and "1 ran with an earlier state" in matrix.page()
    monkeypatch.setenv("FRESH", "1")
    matrix.do_cell(CELL, ["00_a"])
    assert len(runs) == 3 and "earlier" not in matrix.page()


def test_what_failed_is_tried_again(runs):
    assert not matrix.do_cell(CELL, ["01_b"]) and not matrix.do_cell(CELL, ["01_b"])
    assert runs == ["01_b", "01_b"]


def test_other_packages_are_another_state(runs, monkeypatch):
    matrix.do_cell(CELL, ["00_a"])
    listed = matrix.FOLDER / CELL / "requirements.txt"
    change(listed, "# bounds", "# other bounds, but the same packages")
    assert matrix.result(CELL, "00_a")
    change(listed, "2.7.0", "2.8.0")
    assert matrix.result(CELL, "00_a") is None


def test_the_table_tells_what_passed_failed_and_is_to_do(runs):
    matrix.do_cell(CELL, list(matrix.NOTEBOOKS))
    page = matrix.PAGE.read_text(encoding="utf-8")
    assert f"| {CELL} | ✓ | ✗ |" in page and "| 3.10-newest | – | – |" in page
    assert f"- {CELL}, 01_b: `ValueError: no`" in page and f"| {CELL} | 3.10.13 | 2.7.0 |" in page
    assert f"1 of {2 * len(matrix.CELLS)} passed." in page


def test_a_python_that_is_missing_is_in_the_table_and_looked_for_again(runs, monkeypatch):
    whole = matrix.make_environment

    def missing(cell):
        (matrix.FOLDER / cell).mkdir()
        raise RuntimeError("no interpreter found")

    monkeypatch.setattr(matrix, "make_environment", missing)
    assert not matrix.do_cell(CELL, ["00_a"]) and runs == []
    assert f"- {CELL}, 00_a: `not installed: no interpreter" in matrix.PAGE.read_text("utf-8")
    monkeypatch.setattr(matrix, "make_environment", whole)
    assert matrix.do_cell(CELL, ["00_a"]) and runs == ["00_a"]


def test_every_cell_gets_its_turn_and_every_python_has_its_cells():
    weeks = [matrix.turn(week) for week in range(50, 55)]
    assert set(sum(weeks, [])) == set(matrix.CELLS)
    jobs = yaml.safe_load((ROOT / ".github/workflows/test.yml").read_text("utf-8"))["jobs"]
    for python in jobs["test"]["strategy"]["matrix"]["python"]:
        assert {f"{python}-lowest", f"{python}-newest"} <= set(matrix.CELLS)
        assert python in jobs["matrix"]["steps"][1]["with"]["python-version"].split()
    assert jobs["matrix"]["if"] == "github.event_name == 'schedule'"
    assert "matrix TURN=$(date +%V)" in jobs["matrix"]["steps"][2]["run"]


def test_cells_are_chosen_by_their_first_letters(monkeypatch):
    monkeypatch.setenv("PYTHONS", "3.10 3.13")
    monkeypatch.setenv("VERSIONS", "low")
    cells = matrix.chosen("VERSIONS", matrix.chosen("PYTHONS", matrix.CELLS), slice(5, None))
    assert cells == ["3.10-lowest", "3.13-lowest"]
    monkeypatch.setenv("PYTHONS", "")
    assert matrix.chosen("PYTHONS", matrix.CELLS) == matrix.CELLS


def test_bounds_are_found():
    """Else a changed bound would not be noticed."""
    assert matrix.hash_of([]) != matrix.BOUNDS
