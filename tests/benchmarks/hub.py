"""Ten learners at once on notebook 01, in one hub: make bench.

They log in, start their servers, and run every cell through their servers, as browsers would.
"""

import os
import statistics
import sys
import threading
import time

import nbformat
import psutil

from tests.benchmarks.report import into_page, machine
from tests.classroom.room import ROOT, Learner, hub

NOTEBOOK = "notebooks/01_q_learning.ipynb"
KINDS = {"ipykernel": "kernels", "jupyterhub.singleuser": "servers"}  # all else: hub and proxy


def memory() -> dict[str, float]:
    """MB of all processes of the hub, by their kind; a page that n share counts 1/n for each."""
    used = dict.fromkeys([*KINDS.values(), "hub"], 0.0)
    for process in psutil.Process().children(recursive=True):
        try:
            line = " ".join(process.cmdline())
            kind = next((kind for word, kind in KINDS.items() if word in line), "hub")
            used[kind] += process.memory_full_info().pss / 1e6
        except psutil.Error:  # it has ended meanwhile
            continue
    return used


def run_notebook(learner: Learner, together: threading.Barrier, ended: dict) -> None:
    cells = nbformat.read(ROOT / NOTEBOOK, as_version=4).cells
    learner.start()
    together.wait()
    began = time.monotonic()
    run = learner.kernel(f"course/{NOTEBOOK}")
    for cell in cells:
        if cell.cell_type == "code":
            run(cell.source)
    ended[learner.name] = time.monotonic() - began


def measure(count: int) -> list[str]:
    """Lines of the page for so many learners at once."""
    names, ended = [f"learner-{number}" for number in range(1, count + 1)], {}
    with hub(*names) as (address, _, passwords):
        together = threading.Barrier(count + 1)
        learners = [Learner(address, name, passwords[name]) for name in names]
        threads = [
            threading.Thread(target=run_notebook, args=(each, together, ended)) for each in learners
        ]
        for thread in threads:
            thread.start()
        together.wait()
        peak = before = memory()
        while any(thread.is_alive() for thread in threads):
            peak = max(peak, memory(), key=lambda used: sum(used.values()))
            time.sleep(1)
        kernels = [
            process
            for process in psutil.Process().children(recursive=True)
            if "ipykernel" in " ".join(process.cmdline())
        ]
        cpu = sum(sum(process.cpu_times()[:2]) for process in kernels)
    took, total = sorted(ended.values()), sum(peak.values())
    each = (total - peak["hub"]) / count
    for_thirty = [peak["hub"] + 30 * each, 30 * cpu / count / os.cpu_count() / 60]
    return [
        "| what | figure |",
        "|---|---|",
        f"| learners who reached the notebook's end | {len(ended)} of {count} |",
        f"| minutes, the first, the median, the last | {took[0] / 60:.1f}, "
        f"{statistics.median(took) / 60:.1f}, {took[-1] / 60:.1f} |",
        f"| CPU seconds a learner | {cpu / count:.0f} |",
        f"| GB, all servers started and no kernel | {sum(before.values()) / 1e3:.2f} |",
        f"| GB, at the peak | {total / 1e3:.2f} |",
        f"| of these hub and proxy | {peak['hub'] / 1e3:.2f} |",
        f"| a learner's server, kernel, MB | {peak['servers'] / count:.0f}, "
        f"{peak['kernels'] / count:.0f} |",
        f"| **30 learners, by calculation: GB** | {for_thirty[0] / 1e3:.1f} |",
        f"| **30 learners, by calculation: minutes, all at once** | {for_thirty[1]:.0f} |",
        "",
        f"({machine()}, {psutil.virtual_memory().total / 2**30:.0f} GiB.)",
    ]


if __name__ == "__main__":
    into_page("benchmark of the hub", measure(int(*sys.argv[1:] or [10])))
