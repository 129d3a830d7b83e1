"""What every run of the tests shares: a folder for runs, one thread a process, the order of files.

A notebook is held to its budget of memory; what it costs in CPU seconds is for `make bench`.
"""

import contextlib
import importlib.util
import os
import sys
import tempfile

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before NumPy and torch: workers share the cores

import psutil
import pytest

from tests.run_notebooks import check_memory, peak_memory

GIGABYTES_A_WORKER = (
    1.5  # a notebook's kernel takes up to 1 GB, the worker that watches it the rest
)
# What takes long comes first, so that no worker is still busy with it when the others are done.
ORDER = ["notebooks/", "tests/browser/", "tests/classroom/", "tests/data/", "tests/house/"]


def pytest_configure(config):
    """Tests neither find nor change what the learner has made; each worker has its own folder."""
    config.runs = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
    os.environ["COURSE_RUNS"] = config.runs.name


def pytest_unconfigure(config):
    config.runs.cleanup()


def pytest_xdist_auto_num_workers():
    """`-n auto`: a worker for each core, but no more than memory allows."""
    affordable = psutil.virtual_memory().available / 2**30 / GIGABYTES_A_WORKER
    return max(1, min(os.cpu_count(), int(affordable)))


def pytest_collection_modifyitems(items):
    """Folders as in ORDER, the others last; the last notebook first, as 00 and 01 are short."""

    def place(item):
        return next((i for i, folder in enumerate(ORDER) if item.nodeid.startswith(folder)), 99)

    items.sort(key=lambda item: item.path.name, reverse=True)
    items.sort(key=place)


@pytest.fixture(autouse=True)
def same_draws():
    """A test that draws from torch's own generator draws the same, whatever ran before it."""
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(0)


OPTIONAL = "Box2D", "distributed", "peft", "playwright", "stable_baselines3"
MISSING = {name for name in OPTIONAL if importlib.util.find_spec(name) is None}


def lacking(error: BaseException | None) -> str | None:
    """The optional package for want of which a test has failed."""
    while error:
        if isinstance(error, ModuleNotFoundError) and error.name.partition(".")[0] in MISSING:
            return error.name
        error = error.__cause__ or error.__context__


@contextlib.contextmanager
def skipped_if_lacking():
    """In CI, where all is to be installed, such a test fails."""
    try:
        yield
    except Exception as error:
        if "CI" in os.environ or not (name := lacking(error)):
            raise
        pytest.skip(f"{name} is not installed")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item):
    with skipped_if_lacking():
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    with skipped_if_lacking():
        result = yield
    if hasattr(item, "cell"):  # a notebook's cell, run by nbval
        kernel = psutil.Process(item.parent.kernel.km.provisioner.pid)
        check_memory(item.path, peak_memory(kernel))
    return result
