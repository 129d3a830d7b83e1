"""What notebooks cost, and the import of the core, as multiples of a reference: make bench.

The reference runs right before and after each, so a machine that is slow, or busy, slows down both.
What is over its budget of CPU seconds is marked in the table. Memory is held by the tests as well.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable

from tests.benchmarks.reference import QUIET_SECONDS, reference_seconds, small_networks
from tests.benchmarks.report import ROOT, into_page, machine
from tests.run_notebooks import FOLDER, budget_of, run_notebook

IMPORT_BUDGET = 1.5  # CPU seconds
CORE = sorted(path.stem for path in (ROOT / "course_utils").glob("[!_]*.py"))


def beside_reference(work: Callable[[], dict], before: float) -> tuple[dict, float, float]:
    """Do the work. Returns its cost, its ratio to the reference, and the reference after it."""
    cost = work()
    after = reference_seconds()
    return cost, cost["cpu_seconds"] / ((before + after) / 2), after


def import_cost() -> dict:
    """CPU seconds of a fresh Python that imports every file of the core; the best of three."""
    code = f"import time; from course_utils import {', '.join(CORE)}; print(time.process_time())"
    told = [subprocess.check_output([sys.executable, "-c", code], cwd=ROOT) for _ in range(3)]
    return {"cpu_seconds": min(map(float, told)), "memory_mb": None}


def row(name: str, cost: dict, ratio: float, budget: float) -> str:
    """One line of the table. budget: CPU seconds on a quiet machine."""
    verdict = "" if ratio <= budget / QUIET_SECONDS else "**over**"
    memory = "" if cost["memory_mb"] is None else f"{cost['memory_mb']:.0f}"
    limit = f"{budget / QUIET_SECONDS:.3g}"
    return f"| {name} | {cost['cpu_seconds']:.1f} | {ratio:.3g} | {limit} | {memory} | {verdict} |"


def main() -> None:
    table = [
        "| what | CPU s | ratio to the reference | at most | peak MB | |",
        "|---|---|---|---|---|---|",
    ]
    small_networks(300)  # what is slow only the first time
    reference = [reference_seconds()]
    with tempfile.TemporaryDirectory() as runs:
        os.environ["COURSE_RUNS"] = runs  # neither finds nor changes what the learner has made
        for path in sorted(FOLDER.glob("*.ipynb")):
            print("measuring", path.stem, flush=True)
            cost, ratio, after = beside_reference(
                lambda path=path: run_notebook(path)[1], reference[-1]
            )
            reference.append(after)
            table.append(row(path.stem, cost, ratio, budget_of(path)["cpu_seconds"]))
    cost, ratio, after = beside_reference(import_cost, reference[-1])
    table.append(row("import of the core", cost, ratio, IMPORT_BUDGET))
    measured = f"from {min(reference):.1f} to {max(reference):.1f} CPU s in this run"
    quiet = f"{QUIET_SECONDS:.1f} on a quiet machine"
    note = f"({machine()}. The reference took {measured}, and takes {quiet}.)"
    into_page("benchmark of notebooks", [*table, "", note])


if __name__ == "__main__":
    main()
