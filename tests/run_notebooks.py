"""Run notebooks as a learner would and store their outputs.

python tests/run_notebooks.py [NAME …], by default all.
"""

import os
import sys
from functools import cache
from pathlib import Path

import nbformat
import psutil
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[1] / "notebooks"
BUDGET = {
    "cpu_seconds": 75,
    "memory_mb": 1000,
}  # a notebook may set less, under "course" in its metadata
LONGER = {"13_pixels": 90, "14_capstone": 90}  # CPU seconds: pictures; a whole life


# What makes a short life of the capstone, in a world of one's own.
SHORT = {
    '"COURSE_WORLD", "Shop"': '"COURSE_WORLD", "Mine"',
    '"steps": 20_000': '"steps": 2_000',
    '"steps": 10_000': '"steps": 1_500',
    "updates=2000": "updates=100",
    "untrained, 1500": "untrained, 50",
    "rounds=15, states=1000, updates=400": "rounds=2, states=100, updates=50",
    "exercises.claim(": "print(",
}


def shortened(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The capstone with little learning, of which nothing is claimed. ValueError if it changed."""
    code = "\n".join(cell.source for cell in notebook.cells)
    if missing := [long for long in SHORT if long not in code]:
        raise ValueError(f"the capstone does not contain {missing[0]}: mend SHORT.")
    for cell in notebook.cells:
        for long, short in SHORT.items():
            cell.source = cell.source.replace(long, short)
    return notebook


def peak_memory(process: psutil.Process) -> float:
    """The peak of memory in MB where the system tells it (Linux, Windows), else the present use."""
    memory = process.memory_info()
    peak = getattr(memory, "peak_wset", memory.rss)
    status = Path(f"/proc/{process.pid}/status")
    if status.exists():
        peak = 1024 * int(status.read_text().split("VmHWM:")[1].split()[0])
    return peak / 1e6


def cost_of(process: psutil.Process) -> dict:
    """CPU seconds so far, and the peak of memory in MB."""
    times = process.cpu_times()
    return {"cpu_seconds": times.user + times.system, "memory_mb": peak_memory(process)}


@cache
def budget_of(path: Path) -> dict:
    """CPU seconds and MB: the course's budget, or the tighter one of the notebook's metadata."""
    own = nbformat.read(path, as_version=4).metadata.get("course", {})
    most = BUDGET | {"cpu_seconds": LONGER.get(path.stem, BUDGET["cpu_seconds"])}
    return {name: min(limit, own.get(name, limit)) for name, limit in most.items()}


def check_memory(path: Path, used: float) -> None:
    """Raise AssertionError if a notebook has used more MB than its budget."""
    limit = budget_of(path)["memory_mb"]
    assert used <= limit, f"{path.name}: {used:.0f} MB are over its budget of {limit}"


def run_notebook(path: Path, **environment) -> tuple[nbformat.NotebookNode, dict]:
    """Run all cells; return the notebook with outputs, and its cost.

    Raises CellExecutionError at the first error.
    """
    notebook = nbformat.read(path, as_version=4)
    where = {"metadata": {"path": path.parent}}
    client = NotebookClient(notebook, timeout=600, record_timing=False, resources=where)
    # A copy elsewhere finds what lies beside it, else what lies beside the notebooks.
    paths = [str(path.parent.resolve()), str(FOLDER), os.environ.get("PYTHONPATH", "")]
    beside = {"PYTHONPATH": os.pathsep.join(paths)}
    with client.setup_kernel(env=os.environ | beside | environment):
        for index, cell in enumerate(notebook.cells):
            client.execute_cell(cell, index)
        client.set_widgets_metadata()
        cost = cost_of(psutil.Process(client.km.provisioner.pid))
    return notebook, cost


def main() -> None:
    for path in [FOLDER / name for name in sys.argv[1:]] or sorted(FOLDER.glob("*.ipynb")):
        notebook, cost = run_notebook(path)
        for cell in notebook.cells:
            cell.metadata.pop(
                "execution", None
            )  # times of day say nothing and change with every run
            if "outputs-not-stored" in cell.metadata.get("tags", []):
                cell.outputs = []  # true for the author's machine, not for the reader's
        unfinished = path.with_suffix(".tmp")
        nbformat.write(notebook, unfinished)
        unfinished.replace(path)  # whole or not at all
        check_memory(path, cost["memory_mb"])
        print(f"{path.name}: {cost['cpu_seconds']:.1f} CPU-seconds, {cost['memory_mb']:.0f} MB")


if __name__ == "__main__":
    main()
