"""What every run of the tests shares: a folder for runs, one thread a process, the order of the files, a notebook's memory.

Nothing here reads a clock: what a notebook costs in CPU seconds is measured by `make bench`.
"""

import os
import tempfile
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before NumPy and torch: workers share the cores, threads only wait

import psutil
import pytest

from tests.run_notebooks import check_memory, peak_memory

ROOT = Path(__file__).parent
GIGABYTES_A_WORKER = 1.5  # a notebook's kernel takes up to 1 GB, the worker that watches it the rest
# The longest first, so that no worker ends with one of them while the others are idle.
ORDER = ["notebooks", "tests/browser", "tests/data", "tests/house"]
memory = {}


def pytest_configure(config):
    """Notebooks and modules that are tested neither find nor change what the learner has made; each worker has its own."""
    config.runs = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
    os.environ["COURSE_RUNS"] = config.runs.name


def pytest_unconfigure(config):
    config.runs.cleanup()


def pytest_xdist_auto_num_workers():
    """`-n auto`: a worker for each core, but no more than memory allows."""
    affordable = psutil.virtual_memory().available / 2**30 / GIGABYTES_A_WORKER
    return max(1, min(os.cpu_count(), int(affordable)))


def pytest_collection_modifyitems(items):
    """Files in the order of ORDER, the others last; later notebooks, which are longer, before earlier ones."""

    def place(item):
        path = item.path.relative_to(ROOT) if item.path.is_relative_to(ROOT) else item.path
        folder = next((i for i, name in enumerate(ORDER) if path.is_relative_to(name)), len(ORDER))
        return folder

    items.sort(key=lambda item: item.path.name, reverse=True)
    items.sort(key=place)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    result = yield
    if hasattr(item, "cell"):  # a notebook's cell, run by nbval
        kernel = psutil.Process(item.parent.kernel.km.provisioner.pid)
        memory[item.path.name] = peak_memory(kernel)
        check_memory(item.path, memory[item.path.name])
    return result
