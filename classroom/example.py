"""A made-up class, to try the board before a course: python -m classroom.board --example FOLDER.

Names, guesses and verdicts are random numbers; runs are the course's own, some claims made to fail.
Its agents are the course's, changed by a hair; one of them has a card that promises too much.
"""

import csv
import json
from pathlib import Path

import numpy as np
import torch

from classroom import handed_in, parts, pooled
from course_utils import storage
from course_utils.exercise_book import contents

AGENTS = {  # open task → whose agents, the figure on their card, and which of them
    "three_demonstrations": ("mountain_car_n10", -107, range(5)),
    "better_than_both": ("mountain_car_n10", 5, range(5)),
    "new_gravity": ("cartpole", 150, range(10)),
}


def write(folder: Path, learners: int = 12, agents: bool = True, seed: int = 0) -> None:
    """Fill a new folder, and FOLDER-results/results.csv; SystemExit for one that holds anything."""
    if folder.exists() and any(folder.iterdir()):
        raise SystemExit(f"{folder} is not empty: name a new folder for the made-up class.")
    rng, rows = np.random.default_rng(seed), []
    for number in range(learners):
        name, skill = f"learner {number + 1:02}", rng.uniform(0.4, 0.95)
        own = folder / name
        (own / "runs").mkdir(parents=True)
        last = rng.integers(5, len(contents.STEMS) + 1)
        for stem in contents.STEMS[:last]:
            notebook = stored(stem, seed if number == 1 else seed + number, rng)
            (own / f"{stem}.ipynb").write_text(json.dumps(notebook), "utf-8")
            rows += verdicts(name, stem, skill, rng)
        progress(own / "runs" / "progress.csv", contents.STEMS[:last], skill, rng)
        for task in list(AGENTS)[: rng.integers(1, 4) if agents else 0]:
            agent(own / "runs" / f"{task}.safetensors", task, number)
    if agents:  # one card promises too much
        task = next(iter(AGENTS))
        agent(folder / name / "runs" / f"{task}.safetensors", task, number, -90.0)
    beside = folder.with_name(f"{folder.name}-results")
    table(beside / "results.csv", "learner notebook exercise verdict sentence seconds", rows)


def stored(stem: str, seed: int, rng, share: float = 0.02) -> dict:
    """The course's notebook, with outputs of claims and guesses alone, as if run with a seed.

    share: of the cells with claims, in which one fails.
    """
    cells = []
    for ours in handed_in.course(stem):
        outputs = []
        lines = [
            line.replace("holds:", f"holds with seed {seed}:") for line in ours.printed.splitlines()
        ]
        told = [line for line in lines if line.startswith("holds")]
        if told and rng.random() < share:
            failing = told[rng.integers(len(told)) :][0].partition(": ")[2]
            told = told[: [line.endswith(failing) for line in told].index(True)]
            words = f"this does not hold in this run with seed {seed}: {failing}"
            outputs.append({"output_type": "error", "ename": "AssertionError", "evalue": words})
        if told:
            outputs.insert(0, {"output_type": "stream", "text": "\n".join(told) + "\n"})
        if ".reveal(" in ours.source:
            outputs += [{"output_type": "display_data", "data": {"text/plain": ours.shown[-1]}}]
        cells.append({"cell_type": "code", "source": ours.source, "outputs": outputs})
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def verdicts(name: str, stem: str, skill: float, rng) -> list[list]:
    """A line of results.csv for each exercise of a notebook."""
    rows = []
    for one in pooled.book()[stem]:
        mistakes, chance = sorted(pooled.named(one["name"])), rng.random()
        verdict, sentence = "right", "right."
        if chance > skill:
            verdict, sentence = (
                "wrong",
                str(rng.choice([*mistakes[:2] * 3, *mistakes, "Another one."])),
            )
        elif chance > 0.97 * skill:
            verdict = str(rng.choice(["not attempted", "missing", "copied", "refused"]))
            sentence = f"{verdict}."
        rows.append([name, stem, one["name"], verdict, sentence, 0.1])
    return rows


def progress(path: Path, stems: list[str], skill: float, rng) -> None:
    """What a learner's notebooks note: guesses, which may be wrong, and marks."""
    rows = []
    for stem in stems:
        votes = [vote for section in parts.read(stem[:2]).sections for vote in section.votes]
        for vote in votes:
            wrong = str(rng.choice(vote.options)) if vote.options else "drawn"
            right = vote.options and rng.random() < skill - 0.3
            rows.append(
                ["prediction", vote.question, vote.measured if right else wrong, "2026-01-01"]
            )
    for task in list(contents.words("open_tasks"))[: max(0, len(stems) - 2)]:
        rows.append(
            ["open task", task, str(rng.choice(["bronze", "silver", "gold"])), "2026-01-01"]
        )
    table(path, "", rows)


def agent(path: Path, task: str, number: int, figure: float | None = None) -> None:
    """One of the course's agents, changed by a hair, as the agent of a learner."""
    name, claimed, several = AGENTS[task]
    network = storage.load_agent(storage.shipped(f"{name}.safetensors"))[0].choose([*several])
    with torch.no_grad():
        network.head.bias += 1e-5 * (number + 1)
    claimed = claimed if figure is None else figure
    card = {"environment": "of the open task", "parent": None, "task": task, "figure": claimed}
    storage.save_agent(path, network, card)


def table(path: Path, head: str, rows: list[list]) -> None:
    """Write rows as CSV."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([head.split()] * bool(head) + rows)
