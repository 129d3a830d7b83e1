"""Grade what learners have handed in; no notebook is run: `python -m classroom.grade FOLDER`.

FOLDER/<learner>/… holds notebooks; FOLDER-results gets results.csv and a page for each learner.
`reading.py` finds each answer as text. `child.py` runs it alone, in a locked process that knows no
expected results. `verdicts.py` compares the numbers that come back with those of the exercise book,
on its own inputs and on the hidden ones of a pack, and tells mistakes by their names. Each answer
is judged as if all others were right. The same notebooks and pack give the same results, but for
the seconds. What is done is kept: started again, it goes on where it was interrupted.

What it does not do: it reads no outputs, judges no open task (the board does), and cannot tell
whether an answer was written by its learner. Two learners with one text get one verdict.
"""

import argparse
import csv
import hashlib
import html
import io
import json
import multiprocessing
import os
import re
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from functools import cache
from pathlib import Path

from classroom.answers import Notebook
from classroom.child import FORKS
from classroom.judging import PACK, Book, Nursery, Verdict
from classroom.reading import Unreadable, as_cell, content_of, sections, submissions, unread
from classroom.verdicts import judge
from course_utils.exercise_book import contents
from course_utils.files import write_whole

COLUMNS = ["learner", "notebook", "exercise", "verdict", "sentence", "seconds"]
UNLOCKED = "On this system answers are not locked up: grade only those of people whom you trust."

UNPACK = "Unpack archives, and put notebooks into a folder for each learner."


@cache
def prepared(pack: Path) -> tuple[Book, Nursery, str]:
    """The book, a nursery, and the book's key: once in each process."""
    book = Book(pack)
    return book, Nursery(), book.key()


def graded(stem: str, paths: list[Path], pack: Path, kept: Path) -> dict:
    """Of one notebook, the newest copy that can be read: exercise → verdict; and remarks."""
    notes, read = [], None
    for path in paths:
        try:
            content = content_of(path)
            read = Notebook(stem, content, path.name)
            break
        except Unreadable as error:
            notes.append(str(error))
        except Exception as error:  # one that nobody has thought of stops none of the others
            notes.append(f"{path.name} cannot be taken apart ({type(error).__name__}).")
    if not read:
        sentence = " ".join(notes) or absent(stem)
        return {"verdicts": dict.fromkeys(contents.words(stem), ("missing", sentence, 0.0))}
    if paths[1:]:
        notes.append(f"Of {len(paths)} copies of {stem}, the newest was read: {path.name}.")
    book, nursery, key = prepared(pack)
    part = kept / f"{hashlib.sha256(f'{key}{stem}'.encode() + content).hexdigest()}.json"
    try:
        found = json.loads(part.read_bytes())
    except (OSError, ValueError):  # not there, or damaged
        found = {name: verdict_on(stem, name, read, book, nursery) for name in contents.words(stem)}
        write_whole(part, json.dumps(found).encode())
    return {"verdicts": found, "notes": notes}


def absent(stem: str) -> str:
    return f"There is no notebook {stem}."


def verdict_on(stem: str, name: str, read: Notebook, book: Book, nursery: Nursery) -> Verdict:
    """The verdict on one answer of a notebook."""
    try:
        answer = read.answer_to(name)
    except (Unreadable, RecursionError) as error:
        return Verdict("wrong", str(error))
    if not answer:
        return Verdict("missing", f'The cell with exercises.check("{name}", …) is gone.')
    return judge(stem, name, answer, book, nursery)


def grade(folder: Path, out: Path, pack: Path, workers: int) -> dict:
    """All verdicts and remarks, by learner and stem. Prints how far it is."""
    handed_in, results = submissions(folder), {}
    tasks = [(who, stem, mine.get(stem, [])) for who, mine in handed_in.items()
             for stem in contents.STEMS]  # fmt: skip
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context) as pool:
        running = {
            pool.submit(graded, stem, paths, pack, out / "kept"): (who, stem)
            for who, stem, paths in tasks
        }
        try:
            for number, done in enumerate(as_completed(running), 1):
                who, stem = running[done]
                results[who, stem] = found = done.result()
                told = summed(Counter(verdict for verdict, *_ in found["verdicts"].values()))
                if handed_in[who].get(stem):
                    print(f"{number} of {len(tasks)}: {plainly(who)}, {stem}: {told}", flush=True)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return {key: results[key] for key in sorted(results)}


def summed(told: Counter) -> str:
    return ", ".join(f"{number} {verdict}" for verdict, number in sorted(told.items()))


def plainly(text: str) -> str:
    """In one line, of letters that can be written."""
    return " ".join(text.encode(errors="replace").decode().split())


def table(results: dict) -> str:
    """results.csv."""
    writer = csv.writer(text := io.StringIO(), lineterminator="\n")
    writer.writerow(COLUMNS)
    for (who, stem), found in results.items():
        for name, (verdict, sentence, seconds) in found["verdicts"].items():
            writer.writerow(
                [as_cell(who), stem, name, verdict, as_cell(plainly(sentence)), seconds]
            )
    return text.getvalue()


def page(who: str, mine: dict[str, dict]) -> str:
    """What a learner is told: what is right, each mistake by its name, and where to read again."""
    given = {
        stem: found for stem, found in mine.items()
        if {sentence for _, sentence, _ in found["verdicts"].values()} != {absent(stem)}
    }  # fmt: skip
    every = [verdict for found in given.values() for verdict, *_ in found["verdicts"].values()]
    told = f"{every.count('right')} of {len(every)} right, in the notebooks that were handed in."
    told = told if given else "No notebook was found."
    if given and (lacking := ", ".join(stem[:2] for stem in mine if stem not in given)):
        told += f" Not handed in: {lacking}."
    lines = [f"# {html.escape(plainly(who))}", "", told]
    for stem, found in given.items():
        lines += ["", f"## {stem[:2]} · {contents.words('titles')[stem]}", ""]
        lines += [f"{html.escape(plainly(note))}\n" for note in found.get("notes", [])]
        alike = {*map(tuple, found["verdicts"].values())}
        if len(alike) == 1 and min(alike)[0] == "missing":
            lines.append(html.escape(min(alike)[1]))
            continue
        for verdict in ("right", "not attempted", "missing"):
            names = [f"`{n}`" for n, one in found["verdicts"].items() if one[0] == verdict]
            lines += [f"- {verdict}: {', '.join(names)}"] * bool(names)
        for name, (verdict, sentence, _) in found["verdicts"].items():
            if verdict not in ("right", "not attempted", "missing"):
                again = f'Read again: {stem[:2]}, "{sections(stem)[name]}".'
                told = html.escape(plainly(sentence), quote=False)
                lines.append(f"- **`{name}`**, {verdict}. {told} {again}")
    return "\n".join([*lines, ""])


def file_name(who: str) -> str:
    """A learner's name as a file may be named on every system; changed ones get a mark."""
    plain = re.sub(r"[^\w.-]", "_", plainly(who)).strip("._")[:80]
    mark = hashlib.sha256(who.encode(errors="surrogateescape")).hexdigest()[:6]
    return plain if plain == who else f"{plain}-{mark}"


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m classroom.grade", description=__doc__.split("\n")[0]
    )
    parser.add_argument("folder", type=Path, help="in it a folder for each learner")
    parser.add_argument("--out", type=Path, help="for the results; FOLDER-results if not given")
    parser.add_argument("--pack", type=Path, default=PACK, help="with hidden inputs")
    parser.add_argument("--workers", type=int, default=min(8, os.cpu_count() or 1))
    asked = parser.parse_args()
    folder = asked.folder.resolve()
    out = (asked.out or folder.parent / f"{folder.name}-results").resolve()
    if folder in [out, *out.parents]:
        sys.exit(f"{asked.folder} holds learners alone: choose another place for the results.")
    try:
        Book(asked.pack)
    except (OSError, ValueError) as error:
        sys.exit(f"The pack {asked.pack} cannot be used: {error}")
    found, lying = (submissions(folder), unread(folder)) if folder.is_dir() else ({}, [])
    told = f"Not read: {plainly(', '.join(lying))}. {UNPACK}" if lying else ""
    if not any(found.values()):
        needed = "must be a folder with a folder for each learner, with notebooks"
        sys.exit(f"{asked.folder} {needed}. {told}".strip())
    print(f"Learners: {len(found)}. {told}{'' if FORKS else UNLOCKED}", flush=True)
    try:
        results = grade(folder, out, asked.pack.resolve(), max(1, asked.workers))
    except KeyboardInterrupt:
        sys.exit("Interrupted. Start it again: it goes on from here.")
    except (OSError, ValueError, BrokenProcessPool) as error:
        sys.exit(f"Stopped: {error} What is done is kept: start it again.")
    learners = {}
    for (who, stem), found in results.items():
        learners.setdefault(who, {})[stem] = found
    for who, mine in learners.items():
        write_whole(out / "students" / f"{file_name(who)}.md", page(who, mine).encode())
    write_whole(out / "results.csv", table(results).encode())
    told = Counter(v for found in results.values() for v, *_ in found["verdicts"].values())
    print(f"{out / 'results.csv'}: {summed(told)}")


if __name__ == "__main__":
    main()
