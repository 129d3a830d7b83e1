"""Agents judged again, in episodes that nobody has seen: a child with a limit of memory.

It gets the files of one learner (`hidden.in_child`), opens them as numbers and JSON, lets the
agents play, and answers with a line for each.
"""

import ast
import contextlib
import hashlib
import json
import math
import re
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import torch

from course_utils import evaluation, files, storage, worlds
from course_utils.exercise_book import contents, marks, open_tasks
from course_utils.learn.pixels import PIXELS, PixelNetwork
from course_utils.learn.tabular import QLearningConfig
from course_utils.networks import QNetwork, greedy
from course_utils.tune.worlds import LANDER, POLE, TASKS

BYTES, LARGEST, EPISODES = 3 << 30, 20_000_000, 20
JUDGES_OWN = open_tasks.FRESH
# Only these: Gymnasium imports whatever stands before a colon in the name of an environment.
WORLDS = {POLE, PIXELS, LANDER, "MountainCar-v0", "Acrobot-v1", *TASKS}
WORLDS |= {f"{name}-v0" for name in worlds.WORLDS}


def main(seed: int) -> None:
    """The child: a list from stdin, a line of JSON for each entry."""
    with contextlib.suppress(ImportError):  # Windows has none
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
    for given in json.load(sys.stdin):
        with contextlib.redirect_stdout(sys.stderr):
            verdict = judge(given, seed)
        print(json.dumps(verdict, default=files.as_json), flush=True)


def judge(given: dict, seed: int) -> dict:
    """task; mark, figure and claimed, if there are any; prints, a hash an agent; odd, sentences."""
    told = {"task": given["task"], "odd": []}
    try:
        if "source" in given:
            return told | again(given["task"], settings_of(given["source"]), None, seed)
        network, card = opened(Path(given["path"]), told["odd"])
        if network is None:
            return told
        known = card.get("task") in contents.words("open_tasks")
        told["task"] = given["task"] or (card["task"] if known else None)
        told["prints"] = prints(network)
        if set(told["prints"]) <= shipped():
            told["odd"] = ["These are the course's own agents, unchanged."]  # older ones lack seals
        if told["task"]:
            found = again(told["task"], network, number(card.get("figure")), seed)
        else:
            found = played(network, card, seed)
        return told | found | {"odd": told["odd"] + found["odd"]}
    except (ValueError, open_tasks.WrongAnswer) as error:
        return told | {"odd": [*told["odd"], str(error)]}
    except Exception:  # MemoryError, and what damaged numbers may raise in torch or Gymnasium
        return told | {"odd": [*told["odd"], "It cannot be judged: damaged, or too large."]}


def opened(path: Path, odd: list[str]) -> tuple[QNetwork | None, dict]:
    """An agent and its card; None for a part, which cannot play alone.

    Raises ValueError with a sentence that does not name the file.
    """
    if path.stat().st_size > LARGEST:
        raise ValueError(f"It has more than {LARGEST // 10**6} MB, and was not opened.")
    content = path.read_bytes()
    seals = re.findall(files.SEAL[:-64] + b"[0-9a-f]{64}", content)
    if any(files.sealed(content.replace(seal, files.SEAL, 1)) != content for seal in seals):
        raise ValueError("Its seal is wrong: the file was changed after it was saved, or damaged.")
    try:
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
        facts = json.loads(header["__metadata__"]["facts"])
        if "frozen" in facts and "network" not in facts:
            return None, {}
        kinds = {kind.__name__: kind for kind in (QNetwork, PixelNetwork)}
        size = {"hidden_layers": 2, "heads": 1, "width": 64} | facts["network"]
        first, more = size["observations"], 0
        if facts.get("kind") == "PixelNetwork":
            small, large = size["filters"]
            # What the filters leave of a picture, 3 × 13 of each, goes into one hidden layer.
            size["hidden_layers"], first, more = 1, 3 * 13 * large, small * (25 + 9 * large)
        sides = first + size["width"] * (size["hidden_layers"] - 1)
        numbers = size["width"] * (sides + size["actions"] * size["heads"]) + more
        if size["seeds"] * numbers * 4 > len(content):  # never make such a network
            raise ValueError
        found = storage.load_agent(path, kinds[facts.get("kind", "QNetwork")])
    except Exception:
        raise ValueError("It is damaged, or holds no agent.") from None
    odd += [] if seals else ["It has no seal: the course did not save it like this."]
    return found


def number(value) -> float | None:
    real = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if real else None


def again(name: str, attempt, claimed: float | None, seed: int) -> dict:
    """An open task judged in hidden episodes, and in the judge's own if the card claims more."""
    verdict, figure = reached(name, attempt, seed)
    told = {"mark": verdict.split(",")[0].split(".")[0], "figure": figure, "claimed": claimed}
    odd = [] if figure is not None else [verdict.removeprefix("no mark yet. ")]
    task = contents.find(name)
    best, worst = task.marks[2], task.marks[0]
    slack = 0.5 if task.unit.startswith("numbers") else abs(best - worst) / 4
    sign = 1 if best > worst else -1

    def confirmed(figure):
        return figure is not None and sign * (claimed - figure) <= slack

    if claimed is not None and not confirmed(figure):
        _, own = reached(name, attempt, JUDGES_OWN)
        if not confirmed(own):
            says = "nothing that counts" if own is None else f"{own:.4g}"
            odd.append(f"Its card is wrong: it claims {claimed:.4g}, the judge finds {says}.")
    return told | {"odd": odd}


def reached(name: str, attempt, seed: int) -> tuple[str, float | None]:
    """Verdict and figure of a judge whose trainings and episodes begin with this seed."""
    open_tasks.FRESH, task = seed, contents.find(name)
    if name == "fewest_numbers":
        task = replace(task, judge=fewest_numbers)
    return marks.judge(task, attempt)


def fewest_numbers(network: QNetwork) -> float:
    """How many numbers tell what one of ten agents has changed of `cartpole`, if they return 350.

    A file does not say what learned. Of each layer it is the entries that differ, or a change of
    low rank, whichever is less.
    """
    returned = open_tasks.fresh_return(network, open_tasks.HEAVY, 10)
    if returned < 350:
        raise open_tasks.WrongAnswer(f"They return {returned:.0f}: 350 are asked for.")
    source = storage.load_agent(storage.shipped("cartpole.safetensors"))[0].choose(range(10))
    if network.arguments != source.arguments:
        return network.parameters_of_one()
    counts = []
    for new, old in zip(network.parameters(), source.parameters(), strict=True):
        change = (new - old).detach().double()  # else rounding alone has a high rank
        rank = torch.linalg.matrix_rank(change, atol=1e-5)
        entries = (change != 0).flatten(1).sum(1)
        counts.append(torch.minimum(entries, rank * sum(change.shape[1:])))
    return float(sum(counts).max())


def settings_of(source: str) -> QLearningConfig:
    """Settings that are written out with numbers; ValueError for all else, as nothing is run."""
    with contextlib.suppress(SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        for node in ast.walk(ast.parse(source[:20_000])):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("QLearningConfig"):
                given = {one.arg: ast.literal_eval(one.value) for one in node.keywords}
                return QLearningConfig(**given)
    raise ValueError("These settings are not written out with numbers: they were not judged.")


def played(network: QNetwork, card: dict, seed: int) -> dict:
    """The mean return of agents without an open task, beside what their card claims."""
    world, claimed = card["environment"], np.ravel(card.get("return", []))
    if world not in WORLDS:
        raise ValueError("Its card names a world that is not the course's: it was not played.")
    open_tasks.check_network(network, world, 1)
    returns = evaluation.play_episodes(greedy(network), world, network.seeds, EPISODES, seed)
    told = {"world": world, "figure": returns.mean(), "claimed": None, "odd": []}
    if claimed.size:
        told["claimed"], middle = claimed.mean(), evaluation.interquartile_mean(claimed)
        # Both means come from episodes, of the card we assume as few as here.
        noise = np.sqrt((returns.var(1) * 2 / EPISODES).sum()) / network.seeds
        if claimed.mean() > returns.mean() + 4 * noise + 0.02 * abs(returns.mean()):
            told["odd"].append("Its card is wrong: it claims far more than the agents return.")
        if "interval" in card and abs(np.ravel(card["interval"])[0] - middle) > 0.01:
            told["odd"].append("Its card was edited: its interval is not that of its returns.")
    return told


def prints(network: QNetwork) -> list[str]:
    """A hash of the numbers of each agent."""
    parameters = [parameter.detach().numpy() for parameter in network.parameters()]
    joined = (b"".join(p[agent].tobytes() for p in parameters) for agent in range(network.seeds))
    return [hashlib.sha256(numbers).hexdigest()[:16] for numbers in joined]


@cache
def shipped() -> set[str]:
    """The prints of all agents that ship with the course."""
    found = set()
    for path in storage.SHIPPED.glob("*.safetensors"):
        with contextlib.suppress(ValueError):  # results of studies hold no agents
            found |= set(prints(storage.load_agent(path)[0]))
    return found


if __name__ == "__main__":
    main(int(sys.argv[1]))
