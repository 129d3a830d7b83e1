"""Agents with their lineage card, what ships with the course, and what learners have made."""

import copy
import json
import os
from pathlib import Path

import numpy as np

from course_utils import evaluation
from course_utils.checks import check_finite, checked
from course_utils.files import fingerprint, load_tensors, reading, save_tensors, sha256
from course_utils.networks import QNetwork, learning_part

COURSE = Path(__file__).parents[1]
SHIPPED = COURSE / "data"
# What learners make themselves; a relative COURSE_RUNS begins in the course's folder.
RUNS = COURSE / os.path.expanduser(os.environ.get("COURSE_RUNS") or "runs")


@checked
def lineage_card(environment: str, parent: str | None, returns: np.ndarray | list, **facts) -> dict:
    """What is told of an agent: its origin, what it can do, and the facts of its making.

    returns: [S], the mean return of each agent. The interval is of their interquartile mean.
    """
    interval = [round(float(number), 3) for number in evaluation.interval(returns)]
    measured = {"return": np.round(returns, 3).tolist(), "interval": interval}
    return {"environment": environment, "parent": parent} | measured | facts


@checked
def save_agent(path: Path | str, network: QNetwork, card: dict) -> None:
    """Save a network with its lineage card, which names `environment` and `parent` (or None).

    Raises ValueError if it does not, or does not fit; for weights that are NaN; and for a network
    with parts that its arguments do not tell.
    """
    if network.state_dict().keys() != QNetwork(**network.arguments).state_dict().keys():
        told = "this network has parts that its arguments do not tell, such as LoRA"
        way = "`parts.plain(parts.merge(network))`, or what learns by `save_part`"
        raise ValueError(f"{told}: save {way}.")
    card = card | {"parameters": network.parameters_of_one(), "seeds": network.seeds}
    _check_agent(path, network, card)
    save_tensors(path, network.state_dict(), {"card": card, "network": network.arguments})


def load_agent(path: Path) -> tuple[QNetwork, dict]:
    """Load an agent: its network, and its lineage card. Raises as `reading` and `save_agent`."""
    tensors, facts = load_tensors(path)
    if "network" not in facts:
        told = ", ".join(map(str, facts)) or "no facts"
        raise ValueError(f"{Path(path).name} holds no agent; it has {told}.")
    with reading(path):
        network, card = QNetwork(**facts["network"]), dict(facts["card"])
        network.load_state_dict(tensors)
    _check_agent(path, network, card)
    return network, card


def _check_agent(path, network, card):
    if missing := {"environment", "parent"} - set(card):
        raise ValueError(f"the lineage card lacks {', '.join(sorted(missing))}.")
    check_finite(path, network.state_dict())
    if not np.isfinite(card.get("return", 0)).all():
        raise ValueError(f"{Path(path).name} has a card with a return of NaN: measure it again.")
    own = {"parameters": network.parameters_of_one(), "seeds": network.seeds}
    if card | own != card or np.size(card.get("return", own["seeds"] * [0])) != own["seeds"]:
        told = "has a card of other networks (parameters, seeds, return)"
        raise ValueError(f"{Path(path).name} {told}: make the card or the file again.")


@checked
def save_part(path: Path | str, network: QNetwork, card: dict) -> None:
    """Save only what learns, beside the source agent's file. The card names its task."""
    if not learning_part(network):
        raise ValueError("nothing learns in this network: save all of it by `save_agent`.")
    frozen = fingerprint(learning_part(network, False))
    check_finite(path, learning_part(network))
    save_tensors(path, learning_part(network), {"card": card, "frozen": frozen})


@checked
def load_part(path: Path | str, network: QNetwork) -> tuple[QNetwork, dict]:
    """A copy of a network, changed as the saved one, with the saved part put in; and its card.

    Raises ValueError for a part of another shape or source, for NaN, and as `load_tensors`.
    """
    part, facts = load_tensors(path)
    network, own, file = copy.deepcopy(network), learning_part(network), Path(path).name
    for name in sorted(own.keys() | part):
        there, here = (tuple(of[name].shape) if name in of else "missing" for of in (part, own))
        if there != here:
            raise ValueError(f"{file} has {name} {there}, not {here}: change the network alike.")
    if facts.get("frozen") != fingerprint(learning_part(network, False)):
        raise ValueError(f"{file} belongs to another source agent: load the one it was trained on.")
    check_finite(path, part)
    network.load_state_dict(part, strict=False)
    return network, facts["card"]


def shipped(name: str, folder: Path = SHIPPED) -> Path:
    """The path of a file that ships with the course, compared with the manifest's SHA-256.

    Raises FileNotFoundError or ValueError with a sentence that says how to get the file back.
    """
    try:
        manifest = json.loads((folder / "manifest.json").read_bytes())
        known = {file: facts["sha256"] for file, facts in manifest.items()}
    except Exception:  # it is not there, no JSON, or JSON of another form
        told = "data/manifest.json is missing or damaged"
        raise ValueError(f"{told}: get it back with `git checkout data/manifest.json`.") from None
    if name not in known:
        raise ValueError(f"the course ships no file '{name}'. It ships: {', '.join(known)}.")
    again = f"get it back with `git checkout data/{name}`, or make it again with `make data`."
    if not (path := folder / name).is_file():
        raise FileNotFoundError(f"data/{name} is missing: {again}")
    if sha256(path) != known[name]:
        raise ValueError(f"data/{name} is damaged (its SHA-256 is not the manifest's): {again}")
    return path


def find_agent(name: str) -> Path:
    """The learner's own agent of that name in `runs`, if there is one, else the shipped one.

    Raises ValueError for an own one that is not for the shipped one's task, and as both.
    """
    if not name or not (own := RUNS / name).exists():
        return shipped(name)
    if (SHIPPED / name).exists() and (mine := _task_of(own)) != (needed := _task_of(shipped(name))):
        raise ValueError(f"{own} is for {mine}, not for {needed}: rename or delete it.")
    return own


def _task_of(path):
    network, card = load_agent(path)
    sizes = network.arguments["observations"], network.arguments["actions"]
    return f"{card['environment']} ({sizes[0]} observations, {sizes[1]} actions)"
