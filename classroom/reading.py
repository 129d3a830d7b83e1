"""Submitted notebooks as files: whose they are, which of the course's they are, their cells.

`FOLDER/<learner>/…` holds notebooks, also under names such as `01_q_learning (1).ipynb`. Nothing of
a notebook is run; what is damaged, or no notebook, gets one sentence.
"""

import ast
import os
import re
import stat
import warnings
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import nbformat
import yaml

from course_utils.exercise_book import contents

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
LARGEST = 50_000_000  # bytes of a notebook
DEEPEST, MOST = 20, 1_000_000  # folders in one another; characters of code in a notebook


NOBODYS = (".", "__MACOSX")  # how names begin of what no learner has made


class Unreadable(ValueError):
    """Says in one sentence why a notebook, or the cell of an answer, cannot be read."""


def submissions(folder: Path) -> dict[str, dict[str, list[Path]]]:
    """By learner and stem: the notebooks, the newest first."""
    found = {}
    for learner in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if learner.name.startswith(NOBODYS) or not learner.is_dir(follow_symlinks=False):
            continue
        found[learner.name] = mine = {}
        for place, folders, files in below(learner.path):
            for name in sorted([*folders, *files]):
                if name.endswith(".ipynb") and (stem := stem_of(name)):
                    mine.setdefault(stem, []).append(Path(place, name))
            folders[:] = [name for name in folders if not name.endswith(".ipynb")]
        for paths in mine.values():
            paths.sort(key=lambda path: (-os.lstat(path).st_mtime_ns, str(path)))
    return found


def below(folder: Path | str) -> Iterator[tuple[str, list[str], list[str]]]:
    """As os.walk, in order; without what is hidden, what macOS adds, and endless depths."""
    for place, folders, files in os.walk(folder):
        ends = len(Path(place).relative_to(folder).parts) >= DEEPEST
        folders[:] = sorted(name for name in folders if not ends and not name.startswith(NOBODYS))
        yield place, folders, sorted(name for name in files if not name.startswith(NOBODYS))


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


def as_cell(text: str) -> str:
    """As a spreadsheet may read it: no formula."""
    text = text.encode(errors="replace").decode()
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


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
    if sum(len(cell["source"]) for cell in cells if cell["cell_type"] == "code") > MOST:
        raise Unreadable(f"{name} holds more than {MOST:,} characters of code.")
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


def read_pack(content: bytes) -> dict:
    """Seeds and inputs of a pack. ValueError, with a sentence, if it is none."""
    try:
        told = yaml.safe_load(content)
        seeds, inputs = told["seeds"], told["inputs"] or {}
        names = {name for stem in contents.STEMS for name in contents.words(stem)}
        unknown = ", ".join(sorted(map(str, inputs.keys() - names)))
        if not all(type(seed) is int and seed >= 0 for seed in seeds):
            raise TypeError
        for text in inputs.values():
            ast.parse(f"[{text}]")
    except (
        yaml.YAMLError,
        UnicodeDecodeError,
        SyntaxError,
        LookupError,
        TypeError,
        AttributeError,
    ):
        told = "it must be YAML with seeds, and inputs in Python, as classroom/pack.yaml."
        raise ValueError(told) from None
    if unknown:
        raise ValueError(f"the course has no exercise {unknown}.")
    return {"seeds": seeds, "inputs": inputs}
