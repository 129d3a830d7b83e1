"""What a class has done, counted: the parts of the board, as plain numbers and words."""

from collections import Counter, defaultdict
from functools import cache

from scipy import stats

from classroom import handed_in, parts
from course_utils.exercise_book import contents, progress

WORDS = {
    "right": "right",
    "claimed": "right, says the learner's own notebook",
    "wrong": "wrong",
    "not attempted": "not attempted",
    "missing": "missing",
    "copied": "copied from the module",
    "refused": "refused",
    "": "nothing known",
}


@cache
def book() -> dict[str, list[dict]]:
    """Stem → exercises, with the section in which each is asked; without the open tasks."""
    found = {}
    for number, path in parts.NOTEBOOKS.items():
        found[path.stem] = [
            {"name": one.name, "title": one.title, "section": section}
            for section in parts.read(number).sections
            for one in section.exercises
            if one.name in contents.words(path.stem)
        ]
    return found


def title(stem: str) -> str:
    return f"{stem[:2]} · {contents.words('titles')[stem]}"


def grid(learners: list, graded: dict[tuple, tuple]) -> list[dict]:
    """A row a learner: the state of each exercise, graded or else by the learner's own notes."""
    rows = []
    for one in learners:
        states = {name: "claimed" for what, name, _ in one.noted if what == "exercise"}
        states |= {name: verdict for (who, name), (verdict, _) in graded.items() if who == one.name}
        cells = [states.get(each["name"], "") for several in book().values() for each in several]
        right = sum(cell in ("right", "claimed") for cell in cells)
        rows.append({"name": one.name, "cells": cells, "right": right, "odd": one.odd})
    return rows


def misconceptions(graded: dict[tuple, tuple]) -> tuple[list[dict], int]:
    """Mistakes that have a name in the exercise book, the most frequent first; and all others.

    A sentence that is not the book's may hold what a learner wrote, and is only counted.
    """
    counted, others = Counter(), 0
    for (_, name), (verdict, sentence) in sorted(graded.items()):
        known = [told for told in named(name) if told in " ".join(sentence.split())]
        counted.update((name, told) for told in known[:1])
        others += verdict == "wrong" and not known
    places = {one["name"]: (stem, one) for stem, several in book().items() for one in several}
    found = [
        {"count": count, "sentence": told, "stem": places[name][0], **places[name][1]}
        for (name, told), count in counted.items()
    ]
    return sorted(found, key=lambda one: (-one["count"], one["stem"], one["sentence"])), others


@cache
def named(name: str) -> list[str]:
    """The sentences of an exercise's typical mistakes, long ones first."""
    said = parts.said(name)
    told = [*said.get("mistakes", {}).values(), *said.get("defended", {}).values()]
    return sorted((" ".join(str(one).split()) for one in told), key=len, reverse=True)


def runs_of(learners: list, stem: str) -> tuple[list, dict[int, list]]:
    """Runs of a notebook with other cells than the course's, or no seed; all others, by seed."""
    changed, by_seed = [], defaultdict(list)
    for one in learners:
        run = one.runs.get(stem)
        if run and run.claims and run.seed is not None and not run.changed:
            by_seed[run.seed].append(run)
        elif run and (run.changed or run.claims):
            changed.append((one.name, run.changed))
    return changed, dict(sorted(by_seed.items()))


def votes(learners: list) -> list[dict]:
    """Each question of each notebook: guesses, and what the course and the class measured.

    A learner's first guess counts, as noted when the outcome was shown, else the stored one.
    """
    noted = {one.name: {} for one in learners}
    for one in learners:
        for what, question, guess in one.noted:
            if what == "prediction":
                noted[one.name].setdefault(question, guess)
    found = []
    for number, path in parts.NOTEBOOKS.items():
        _, by_seed = runs_of(learners, path.stem)
        asked = [vote for section in parts.read(number).sections for vote in section.votes]
        for vote in asked:
            question, guesses = " ".join(vote.question.split()), Counter()
            for one in learners:
                run = one.runs.get(path.stem)
                stored = run.votes.get(vote.question, ("", ""))[0] if run else ""
                guesses[noted[one.name].get(question, stored)] += 1
            measured = Counter(
                outcome
                for several in by_seed.values()
                for outcome in {run.votes.get(vote.question, ("", ""))[1] for run in several[:1]}
            )
            found.append(counted(path.stem, vote, guesses, measured))
    return found


def counted(stem: str, vote, guesses: Counter, measured: Counter) -> dict:
    """One question, ready for a table; what is no option of it counts as no guess."""
    names = {" ".join(option.split()): option for option in vote.options}
    total = sum(guesses[name] for name in names)
    seeds = sum(measured[option] for option in vote.options)
    options = [
        {"text": option, "count": guesses[name], "share": guesses[name] / max(total, 1),
         "course": option == vote.measured, "seeds": measured[option]}
        for name, option in names.items()
    ]  # fmt: skip
    right = sum(one["share"] for one in options if one["course"])
    about = {"stem": stem, "question": vote.question, "options": options, "total": total}
    told = vote.measured if not options else ""
    return about | {"drawn": guesses["drawn"], "told": told, "right": right, "seeds": seeds}


def tasks(learners: list, verdicts: dict[str, list[dict]]) -> list[dict]:
    """The open tasks: how many have which mark in hidden episodes, and who only claims one."""
    found = []
    for name, said in contents.words("open_tasks").items():
        marks = Counter()
        for one in learners:
            claims = any(("open task", name, mark) in one.noted for mark in progress.MARKS)
            told = [each for each in verdicts.get(one.name, []) if each["task"] == name]
            judged = [each["mark"] for each in told if "mark" in each]
            marks.update(judged[:1] or ["claimed, not checked"] * claims)
        about = {
            "name": name,
            "stem": said["notebook"],
            "unit": said["unit"],
            "asked": said["marks"],
        }
        found.append(about | {"marks": marks})
    return found


def agents(learners: list, verdicts: dict[str, list[dict]]) -> list[dict]:
    """All that was judged, a row each; with how many learners have an agent of it, if several."""
    judged = [(one.name, each) for one in learners for each in verdicts.get(one.name, [])]
    owners = defaultdict(set)
    for name, each in judged:
        for code in each.get("prints", []):
            owners[code].add(name)
    blank = {"world": None, "mark": "", "figure": None, "claimed": None}
    return [
        {
            **blank,
            **each,
            "name": name,
            "owners": max(map(len, map(owners.get, each.get("prints", []))), default=1),
        }
        for name, each in judged
        if "figure" in each or each["odd"]  # parts of agents have neither
    ]


def replication(learners: list) -> list[dict]:
    """Each notebook: its claims, in how many seeds each held, and in which it did not.

    A seed counts once; it fails if a claim failed in any run with it.
    """
    found = []
    for stem in contents.STEMS:
        changed, by_seed = runs_of(learners, stem)
        rows = []
        for place, sentence in handed_in.claims(stem).items():
            held = {}
            for seed, runs in by_seed.items():
                if told := [run.claims[place] for run in runs if place in run.claims]:
                    held[seed] = all(told)
            rows.append({"stem": stem, "sentence": sentence, "held": held} | interval(held))
        twice = {seed: len(runs) for seed, runs in by_seed.items() if len(runs) > 1}
        about = {"stem": stem, "rows": rows, "changed": changed}
        found.append(about | {"seeds": list(by_seed), "twice": twice})
    return found


def interval(held: dict[int, bool]) -> dict:
    """The share of seeds in which a claim held, with Wilson's 95 % interval (1927)."""
    count, total = sum(held.values()), len(held)
    low, high = stats.binomtest(count, total).proportion_ci(method="wilson") if total else (0, 1)
    failed = [seed for seed, holds in held.items() if not holds]
    told = {"count": count, "total": total, "failed": failed}
    return told | {"low": float(low), "high": float(high)}
