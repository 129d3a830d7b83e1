"""What learners have handed in, read as data: nothing of it runs, nothing is unpickled.

A folder a learner; below it, anywhere: notebooks, progress.csv, agents (.safetensors).
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from classroom import parts, reading
from course_utils import storage
from course_utils.exercise_book import progress

MOST_BYTES, MOST_FILES = 50_000_000, 5000
MOST_LINES, MOST_AGENTS = 10_000, 100  # of a progress file; of a learner
HOLDS = r"holds(?: with seed (\d+))?: (.*)"
FAILS = r"this does not hold in this run(?: with seed (\d+))?: (.*)"
REVEALED = r'(?:No guess was made|You guessed "(.*)"); measured: "(.*)"\.'
SEED = re.compile(r'^seed = (?:(\d+)|int\(os\.environ\.get\("COURSE_SEED", (\d+)\)\))[ \t]*$', re.M)
CODE = (".pkl", ".pickle", ".pt", ".pth", ".joblib", ".npy", ".py", ".so", ".exe")


class Cell(NamedTuple):
    """A code cell: its source, and what its stored outputs printed, raised and showed."""

    source: str
    printed: str
    error: str
    shown: list[str]


class Run(NamedTuple):
    """One notebook of one learner.

    claims: place among the course's claims → whether it held. votes: question → guess or "", and
    what was measured. changed: how many of the course's cells are not as they were, without those
    that ask for an answer. answer: the source in which an open task is answered.
    """

    seed: int | None
    claims: dict[tuple, bool]
    votes: dict[str, tuple[str, str]]
    changed: int
    answer: str


class Learner(NamedTuple):
    """name: of the folder. noted: lines of progress files. odd: what could not be read."""

    name: str
    runs: dict[str, Run]
    noted: list[tuple]
    agents: list[Path]
    odd: list[str]


def learners(folder: Path) -> Iterator[Learner]:
    """Each learner's folder, in the order of their names."""
    for name, notebooks in reading.submissions(folder).items():
        yield learner(folder / name, notebooks)


def learner(folder: Path, notebooks: dict[str, list[Path]]) -> Learner:
    """All that is in one learner's folder; what is damaged or too large is told in `odd`."""
    found, odd = files(folder)
    runs, noted = {}, []
    for stem, paths in notebooks.items():
        try:
            runs[stem] = run(stem, cells_of(paths[0]))
        except ValueError:
            odd.append(f"{stem}: damaged, a link, or too large. Ask for the notebook again.")
    for path in found:
        if path.suffix == ".csv" and path.stem.startswith("progress"):
            noted += progress.noted(path)[:MOST_LINES]
    if closed := sum(path.suffix in CODE for path in found):
        odd.append(f"Files that may hold code were not opened: {closed}.")
    agents = [path for path in found if path.suffix == ".safetensors" and not ships(path)]
    if agents[MOST_AGENTS:]:
        odd.append(f"Only the first {MOST_AGENTS} agents were judged.")
    noted = list(dict.fromkeys(noted))
    return Learner(folder.name, runs, noted, agents[:MOST_AGENTS], list(dict.fromkeys(odd)))


def ships(path: Path) -> bool:
    """Whether a file is the course's own under its own name: a hub gives each a whole copy."""
    own = storage.SHIPPED / path.name
    return own.exists() and own.read_bytes() == path.read_bytes()


def files(folder: Path) -> tuple[list[Path], list[str]]:
    """Plain files below a folder, in order; no link is followed, as it may lead anywhere."""
    found, odd = [], []
    for where, _, names in reading.below(folder):
        for path in (Path(where, name) for name in names):
            if path.is_symlink() or not path.is_file():
                odd.append("A link, or what is no plain file, was passed over.")
            elif path.stat().st_size > MOST_BYTES:
                odd.append(f"A file of over {MOST_BYTES // 10**6} MB was passed over.")
            else:
                found.append(path)
        if len(found) > MOST_FILES:
            return found[:MOST_FILES], [*odd, f"Only the first {MOST_FILES} files were read."]
    return found, odd


def cells_of(path: Path) -> list[Cell]:
    """The code cells of a notebook. ValueError for what is none, whatever is in it."""
    try:
        book = json.loads(reading.content_of(path).decode("utf-8-sig"))
        return [cell_of(cell) for cell in book["cells"] if cell["cell_type"] == "code"]
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
        raise ValueError(f"{path.name} is damaged, or no notebook.") from None


def cell_of(cell: dict) -> Cell:
    """One cell of a notebook's JSON, whose texts may be lists of lines."""
    outputs = cell.get("outputs", [])
    printed = [text(out["text"]) for out in outputs if out["output_type"] == "stream"]
    errors = [text(out["evalue"]) for out in outputs if out["output_type"] == "error"]
    shown = [text(out["data"].get("text/plain", "")) for out in outputs if "data" in out]
    return Cell(text(cell["source"]).strip(), "".join(printed), "".join(errors), shown)


def text(value) -> str:
    return value if isinstance(value, str) else "".join(value)


@cache
def course(stem: str) -> list[Cell]:
    """The course's own notebook, with its stored outputs."""
    return cells_of(parts.NOTEBOOKS[stem[:2]])


@cache
def claims(stem: str) -> dict[tuple, str]:
    """The course's claims: (source of the cell, place in it) → the sentence."""
    told = {}
    for cell in course(stem):
        found = re.findall(HOLDS, cell.printed)
        told |= {(cell.source, place): sentence for place, (_, sentence) in enumerate(found)}
    return told


@cache
def questions(stem: str) -> dict[str, str]:
    """The source of each cell that reveals an outcome → its question."""
    asked = [vote for section in parts.read(stem[:2]).sections for vote in section.votes]
    opened = [cell.source for cell in course(stem) if ".reveal(" in cell.source]
    return {source: vote.question for source, vote in zip(opened, asked, strict=True)}


def run(stem: str, cells: list[Cell]) -> Run:
    """What one notebook tells. Claims and outcomes count where the cell is as the course's."""
    ours = {cell.source: cell for cell in course(stem)}
    held, votes, seeds, answer = {}, {}, [], ""
    for cell in cells:
        if "exercises.open_task(" in cell.source:
            answer = cell.source
        if cell.source not in ours:
            continue
        told = [(*found, True) for found in re.findall(HOLDS, cell.printed)]
        told += [(*found, False) for found in re.findall(FAILS, cell.error, re.DOTALL)]
        seeds += [seed for seed, _, _ in told if seed]
        held |= verdicts(stem, cell.source, told)
        found = re.fullmatch(REVEALED, "".join(cell.shown[-1:])[:9999])
        if found and cell.source in questions(stem):
            votes[questions(stem)[cell.source]] = (found[1] or "", found[2])
    return Run(seed_of(cells, seeds), held, votes, changed(ours, cells), answer)


def verdicts(stem: str, source: str, told: list[tuple]) -> dict[tuple, bool]:
    """Which claims of a cell held: found by their words, where numbers differ from seed to seed.

    One whose words differ, too, takes its place in the order.
    """
    ours = {place: wording(claim) for place, claim in claims(stem).items() if place[0] == source}
    found = {}
    for number, (_, sentence, holds) in enumerate(told):
        place, words = (source, number), wording(sentence)
        alike = [other for other in ours if ours[other] == words and other not in found]
        if alike and place not in alike:
            place = alike[0]
        if place in ours:
            found.setdefault(place, holds)
    return found


def wording(sentence: str) -> str:
    """A sentence without its numbers."""
    return re.sub(r"[-−+]?\d[\d.,]*(?:e[-+]?\d+)?", "#", sentence)


def seed_of(cells: list[Cell], told: list[str]) -> int | None:
    """The seed that a notebook ran with: a number in its cell, or what its claims tell.

    None if they tell several, or if there is none.
    """
    told = sorted({*told})
    for cell in cells:
        if found := SEED.search(cell.source):
            return int(found[1] or (told or [found[2]])[0]) if found[1] or len(told) < 2 else None
    return None


def changed(ours: dict[str, Cell], cells: list[Cell]) -> int:
    """How many of the course's cells are missing or changed, but for answers and the seed."""
    asks = ("exercises.check(", "exercises.open_task(", "exercises.hint(")
    theirs = {SEED.sub("seed", cell.source) for cell in cells}
    kept = [SEED.sub("seed", source) for source in ours if not any(ask in source for ask in asks)]
    return sum(source not in theirs for source in kept)
