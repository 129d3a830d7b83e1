"""Hold every notebook that pytest runs to its budget of CPU seconds and memory."""

import json
from pathlib import Path

import psutil
import pytest
from run_notebooks import cost_of

BUDGET = {"cpu_seconds": 90, "memory_mb": 1000}
measured = {}


def budget_of(notebook: Path) -> dict:
    """The course's budget, or the tighter one that the notebook's own metadata sets under "course"."""
    return BUDGET | json.loads(notebook.read_text(encoding="utf-8"))["metadata"].get("course", {})


def check_budget(notebook: Path, cost: dict) -> None:
    """Fail if the notebook has used more than its budget."""
    for name, limit in budget_of(notebook).items():
        assert cost[name] <= limit, f"{notebook.name}: {name} is {cost[name]:.0f}, over its budget of {limit}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    result = yield
    if hasattr(item, "cell"):  # a notebook's cell, run by nbval
        measured[item.path] = cost_of(psutil.Process(item.parent.kernel.km.provisioner.pid))
        check_budget(item.path, measured[item.path])
    return result


def pytest_terminal_summary(terminalreporter):
    for notebook, cost in measured.items():
        terminalreporter.write_line(
            f"{notebook.name}: {cost['cpu_seconds']:.1f} CPU-seconds, {cost['memory_mb']:.0f} MB"
        )
