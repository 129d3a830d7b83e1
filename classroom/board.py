"""The board of a class: one HTML file, made from what learners handed in. Nothing of it is run.

python -m classroom.board FOLDER writes FOLDER-results/board.html.
"""

import argparse
import base64
import csv
import hashlib
import io
import json
import os
import re
import sys
import unicodedata
from pathlib import Path

import jinja2
from markupsafe import Markup

from classroom import handed_in, hidden, pooled, reading
from course_utils import files
from course_utils.exercise_book import contents

SITE = Path(__file__).parents[1] / "build" / "site"
LONGEST = 400  # characters of a name, or of anything else that a learner wrote


def main(arguments: list[str]) -> None:
    """The command: reads its arguments, writes the board, prints where it is."""
    asks = argparse.ArgumentParser(prog="python -m classroom.board", description=__doc__)
    asks.add_argument("folder", type=Path, help="a folder of submissions, one folder a learner")
    asks.add_argument("--results", type=Path, help="results.csv of the grader")
    asks.add_argument("--out", type=Path, help="the file to write")
    asks.add_argument("--names", action="store_true", help="names in the place of pseudonyms")
    asks.add_argument("--unjudged", action="store_true", help="do not let agents play again")
    asks.add_argument("--site", default=None, help="folder or address of the course's pages")
    asks.add_argument("--example", action="store_true", help="fill the folder with a made-up class")
    told = asks.parse_args(arguments)
    folder = told.folder.resolve()
    if told.example:
        from classroom import example

        example.write(folder)
    if not folder.is_dir():
        sys.exit(f"There is no folder {told.folder}: name the one that holds a folder a learner.")
    if not reading.submissions(folder):
        sys.exit(f"{told.folder} holds nobody's folder: each learner must have one of their own.")
    if told.results and not told.results.is_file():
        sys.exit(f"There is no file {told.results}: --results names the grader's results.csv.")
    beside = folder.parent / f"{folder.name}-results"
    out = (told.out or beside / "board.html").resolve()
    try:
        page = board(
            folder, beside, told.results or beside / "results.csv", told.names, not told.unjudged,
            site_from(told.site, out),
        )  # fmt: skip
        files.write_whole(out, page.encode())
    except OSError as error:
        sys.exit(str(error))
    print(f"The board is in {out}")


def board(folder: Path, beside: Path, results: Path, names=False, judged=True, site="") -> str:
    """The page. beside: the folder of the salt, the pseudonyms and earlier verdicts on agents."""
    salt, learners = hidden.salt_of(beside), list(handed_in.learners(folder))
    graded, odd = read_results(results)
    if lying := reading.unread(folder):  # how many, as their names may tell who it was
        odd.append(f"Archives, and notebooks in nobody's folder, were not read: {len(lying)}.")
    known = {one.name for one in learners}
    strangers = sorted({name for name, _ in graded} - known)
    learners += [handed_in.Learner(name, {}, [], [], []) for name in strangers]
    codes = hidden.pseudonyms([one.name for one in learners], salt)
    shown = {name: name if names else code for name, code in codes.items()}
    learners.sort(key=lambda one: shown[one.name])
    write_codes(beside / "pseudonyms.csv", codes)
    verdicts = judge(learners, beside / "agents.json", salt) if judged else {}
    found, others = pooled.misconceptions(graded)
    told = {
        "rows": pooled.grid(learners, graded), "graded": bool(graded), "odd": odd,
        "mistakes": found, "others": others, "votes": pooled.votes(learners),
        "tasks": pooled.tasks(learners, verdicts), "replication": pooled.replication(learners),
        "agents": pooled.agents(learners, verdicts), "judged": judged, "named": names, "site": site,
    }  # fmt: skip
    told |= {"book": pooled.book(), "words": pooled.WORDS, "title": pooled.title}
    return environment().get_template("board.html").render(who=shown.get, **told)


def judge(learners: list, kept: Path, salt: bytes) -> dict[str, list[dict]]:
    """Verdicts on each learner's agents and settings; those of earlier boards are kept."""
    handed = {}
    for one in learners:
        given = [{"path": str(path), "task": task_of(path)} for path in one.agents]
        run = one.runs.get(contents.STEMS[1])
        if run and "QLearningConfig(" in run.answer:
            given.append({"source": run.answer, "task": "half_the_steps"})
        handed[one.name] = given
    try:
        known = json.loads(kept.read_text("utf-8"))
    except (OSError, ValueError):
        known = {}
    verdicts = hidden.judge_all(handed, hidden.hidden_seed(salt), known, os.cpu_count() or 1)
    files.write_whole(kept, json.dumps(known).encode())
    return verdicts


def task_of(path: Path) -> str | None:
    """The open task in the name of a file."""
    return next((task for task in contents.words("open_tasks") if path.stem.startswith(task)), None)


def read_results(path: Path) -> tuple[dict[tuple, tuple], list[str]]:
    """(learner, exercise) → (verdict, sentence), and what is odd about the file."""
    if not path.is_file():
        told = "There is no results.csv: exercises are shown as the learners' notebooks note them."
        return {}, [told]
    graded, passed = {}, 0
    lines = io.StringIO(path.read_text("utf-8-sig", "replace").replace("\0", ""), newline="")
    try:
        for row in csv.DictReader(lines):
            verdict = row.get("verdict") or ""
            if row.get("learner") and row.get("exercise") and verdict in pooled.WORDS and verdict:
                who = re.sub("^'(?=[=+@\t\r-])", "", row["learner"])  # no formula
                graded[who, row["exercise"]] = verdict, row.get("sentence") or ""
            else:
                passed += 1
    except csv.Error:
        return graded, ["results.csv is damaged: lines behind the damage are missing. Grade again."]
    return graded, [f"Lines of results.csv that could not be read: {passed}."] * (passed > 0)


def write_codes(path: Path, codes: dict[str, str]) -> None:
    """Who is who, for the teacher."""
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow(["learner", "pseudonym"])
    table.writerows([reading.as_cell(name), code] for name, code in sorted(codes.items()))
    files.write_whole(path, text.getvalue().encode())


def site_from(site: str | None, out: Path) -> str:
    """The address of the course's pages, seen from the board; "" if there are none."""
    if site and re.match(r"https?://", site):
        return site.rstrip("/")
    place = Path(site).resolve() if site else SITE
    if not (place / "notebooks").is_dir():
        return ""
    try:
        return Path(os.path.relpath(place, out.parent)).as_posix()
    except ValueError:  # another drive
        return place.as_uri()


def anchor(section) -> str:
    """The name of a section on its page, as docutils makes it."""
    text = unicodedata.normalize("NFKD", section.title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", text).strip("-") or "id1"


def shown_text(value):
    """What a page shows of any text: no control characters, and not more than it can hold."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    short = value if len(value) <= LONGEST else value[:LONGEST] + " …"
    # Persian and others join letters by U+200C and U+200D, which are not "printable".
    return "".join(c if c.isprintable() or c in "\u200c\u200d" else " " for c in short)


def dots(held: dict[int, bool], holds: bool, size: int = 8) -> Markup:
    """A path that dots or crosses the places of the seeds that held, or did not."""
    places = [size * i + size / 2 for i, told in enumerate(held.values()) if told == holds]
    stroke = "M{x} 5h0" if holds else "M{left} 2l6 6m0 -6l-6 6"
    return Markup("".join(stroke.format(x=x, left=x - 3) for x in places))


def sha256(text: str) -> str:
    """As a page's security policy names a style or a script that may be used."""
    return base64.b64encode(hashlib.sha256(str(text).encode()).digest()).decode()


def environment() -> jinja2.Environment:
    """Jinja2 that escapes everything, and shortens and cleans what it escapes."""
    place = jinja2.FileSystemLoader(Path(__file__).parent)
    made = jinja2.Environment(
        loader=place, autoescape=True, finalize=shown_text, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    made.filters["hash"] = sha256
    made.globals |= {"dots": dots, "anchor": anchor}
    return made


if __name__ == "__main__":
    main(sys.argv[1:])
