"""The claims of every notebook must hold for any seed: make test-seeds SEEDS=0,1,2."""

import os

import pytest
from run_notebooks import FOLDER, check_budget, run_notebook

SEEDS = os.environ.get("COURSE_SEEDS", "0").split(",")


@pytest.mark.seeds
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.ipynb")), ids=lambda path: path.stem)
def test_claims_hold(path, seed):
    _, cost = run_notebook(path, COURSE_SEED=seed)
    check_budget(path, cost)
