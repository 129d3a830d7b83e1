"""Run notebooks as a learner would and store their outputs: python tests/run_notebooks.py [NAME …] (all by default)."""

import os
import sys
from functools import cache
from pathlib import Path

import nbformat
import psutil
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[1] / "notebooks"
BUDGET = {"cpu_seconds": 90, "memory_mb": 1000}  # a notebook may set less, under "course" in its metadata


def cost_of(process: psutil.Process) -> dict:
    """CPU seconds so far, and the peak of memory in MB where the system tells it (Linux), else the present use."""
    times, memory = process.cpu_times(), process.memory_info()
    peak = getattr(memory, "peak_wset", memory.rss)
    status = Path(f"/proc/{process.pid}/status")
    if status.exists():
        peak = 1024 * int(status.read_text().split("VmHWM:")[1].split()[0])
    return {"cpu_seconds": times.user + times.system, "memory_mb": peak / 1e6}


@cache
def budget_of(path: Path) -> dict:
    """The course's budget, or the tighter one of the notebook's metadata; asked after every cell, read once."""
    return BUDGET | nbformat.read(path, as_version=4).metadata.get("course", {})


def check_budget(path: Path, cost: dict, slack: float = 1) -> None:
    """Raise AssertionError if the notebook has used more than `slack` times its budget."""
    for name, limit in budget_of(path).items():
        assert cost[name] <= slack * limit, f"{path.name}: {name} is {cost[name]:.0f}, over its budget of {limit}"


def run_notebook(path: Path, **environment) -> tuple[nbformat.NotebookNode, dict]:
    """Run all cells; return the notebook with outputs, and its cost. Raises CellExecutionError at the first error."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(notebook, timeout=600, record_timing=False, resources={"metadata": {"path": path.parent}})
    with client.setup_kernel(env=os.environ | environment):
        for index, cell in enumerate(notebook.cells):
            client.execute_cell(cell, index)
        client.set_widgets_metadata()
        cost = cost_of(psutil.Process(client.km.provisioner.pid))
    return notebook, cost


def main() -> None:
    for path in [FOLDER / name for name in sys.argv[1:]] or sorted(FOLDER.glob("*.ipynb")):
        notebook, cost = run_notebook(path)
        for cell in notebook.cells:
            cell.metadata.pop("execution", None)  # times of day say nothing and change with every run
            if "outputs-not-stored" in cell.metadata.get("tags", []):
                cell.outputs = []  # true for the author's machine, not for the reader's
        unfinished = path.with_suffix(".tmp")
        nbformat.write(notebook, unfinished)
        unfinished.replace(path)  # whole or not at all
        check_budget(path, cost)
        print(f"{path.name}: {cost['cpu_seconds']:.1f} CPU-seconds, {cost['memory_mb']:.0f} MB")


if __name__ == "__main__":
    main()
