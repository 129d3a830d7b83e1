"""Hold every notebook that pytest runs to its budget of CPU seconds and memory, and tell what each has used."""

import os

import psutil
import pytest

from tests.run_notebooks import check_budget, cost_of

COVERAGE_SLACK = 1.5  # counting lines slows the module down; the plain runs of test_seeds.py have no slack
measured = {}


@pytest.fixture(autouse=True, scope="session")
def empty_runs(tmp_path_factory):
    """Notebooks that are tested neither find nor change what the learner has made."""
    os.environ["COURSE_RUNS"] = str(tmp_path_factory.mktemp("runs"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    result = yield
    if hasattr(item, "cell"):  # a notebook's cell, run by nbval
        measured[item.path] = cost_of(psutil.Process(item.parent.kernel.km.provisioner.pid))
        check_budget(item.path, measured[item.path], COVERAGE_SLACK if item.config.getoption("cov_source", None) else 1)
    return result


def pytest_terminal_summary(terminalreporter):
    for notebook, cost in measured.items():
        terminalreporter.write_line(
            f"{notebook.name}: {cost['cpu_seconds']:.1f} CPU-seconds, {cost['memory_mb']:.0f} MB"
        )
