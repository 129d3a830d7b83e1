"""Submitted notebooks as files: whose they are, which of the course's they are, their cells.

`FOLDER/<learner>/…` holds notebooks, also under names such as `01_q_learning (1).ipynb`. Nothing of
a notebook is run; what is damaged, or no notebook, gets one sentence.
"""

import os
import re
import stat
import warnings
from functools import cache
from pathlib import Path

import nbformat

from course_utils.exercise_book import contents

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
LARGEST = 50_000_000  # bytes of a notebook


class Unreadable(ValueError):
    """Says in one sentence why a notebook, or the cell of an answer, cannot be read."""


def submissions(folder: Path) -> dict[str, dict[str, list[Path]]]:
    """By learner and stem: the notebooks, the newest first."""
    found = {}
    for learner in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if learner.name.startswith(".") or not learner.is_dir(follow_symlinks=False):
            continue
        found[learner.name] = mine = {}
        for place, folders, files in os.walk(learner.path):
            for name in sorted([*folders, *files]):
                if name.endswith(".ipynb") and (stem := stem_of(name)):
                    mine.setdefault(stem, []).append(Path(place, name))
            folders[:] = [f for f in folders if not f.startswith(".") and not f.endswith(".ipynb")]
        for paths in mine.values():
            paths.sort(key=lambda path: (-os.lstat(path).st_mtime_ns, str(path)))
    return found


def unread(folder: Path) -> list[str]:
    """What somebody has handed in where nothing is read: archives, notebooks in nobody's folder."""
    packed = (".zip", ".7z", ".rar", ".tar", ".gz", ".tgz")
    lying = [path for path in folder.glob("*") if path.suffix == ".ipynb" and path.is_file()]
    lying += [p for depth in ("*", "*/*") for p in folder.glob(depth) if p.suffix.lower() in packed]
    return sorted(path.relative_to(folder).as_posix() for path in lying)


def stem_of(name: str) -> str | None:
    """The course's notebook of which this is a copy, by its file name."""
    plain = re.sub(r"[^a-z0-9]+", "_", name.lower())
    return next((stem for stem in contents.STEMS if stem in plain), None)


def content_of(path: Path) -> bytes:
    """The bytes of a submitted notebook. Raises Unreadable."""
    about = os.lstat(path)
    if not stat.S_ISREG(about.st_mode):
        what = "a link" if stat.S_ISLNK(about.st_mode) else "a folder, or no plain file"
        raise Unreadable(f"{path.name} is {what}: hand in the notebook itself.")
    if about.st_size > LARGEST:
        raise Unreadable(f"{path.name} is larger than 50 MB: clear its outputs, save, hand it in.")
    try:
        return path.read_bytes()
    except OSError as error:
        raise Unreadable(f"{path.name} cannot be read ({error.strerror}).") from None


def cells_of(content: bytes, name: str) -> list[dict]:
    """The cells of a notebook, of any version of the format. Raises Unreadable."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            notebook = nbformat.reads(content.decode("utf-8-sig"), as_version=4)
        cells = [{"cell_type": c["cell_type"], "source": c["source"]} for c in notebook.cells]
        if not all(isinstance(cell["source"], str) for cell in cells):
            raise TypeError
    except Exception:  # also RecursionError; what nbformat raises has no class in common
        told = "save it again in Jupyter, and hand that in."
        raise Unreadable(f"{name} is damaged, or no notebook: {told}") from None
    return cells


@cache
def sections(stem: str) -> dict[str, str]:
    """Exercise → heading of the section in which the course's own notebook asks for it."""
    heading, found = "", {}
    for cell in cells_of((NOTEBOOKS / f"{stem}.ipynb").read_bytes(), stem):
        if cell["cell_type"] == "markdown":
            for heading_ in re.findall(r"^## (.+)", cell["source"], re.MULTILINE):
                heading = heading_
        else:
            for name in re.findall(r'(?:check|open_task)\(\s*"(\w+)"', cell["source"]):
                found[name] = heading
    return found
