"""Agents with their lineage card, what ships with the course, and what learners have made."""

import copy
import json
import os
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from course_utils import evaluation, plotting
from course_utils.checks import check_array, check_finite, checked, need
from course_utils.files import fingerprint, load_tensors, reading, save_tensors, sha256
from course_utils.networks import QNetwork, learning_part

COURSE = Path(__file__).parents[1]
SHIPPED = COURSE / "data"
# What learners make themselves; a relative COURSE_RUNS begins in the course's folder.
RUNS = COURSE / os.path.expanduser(os.environ.get("COURSE_RUNS") or "runs")
# One line of landers, each made from the one before: stage and notebook → its file.
LINE = {"learned (03)": "lunar_lander_320k", "taught (05)": "lunar_lander_taught"}
LINE |= {"tuned (07)": "lunar_lander_tuned", "distilled (10)": "lunar_lander_distilled"}
LINE |= {"shipped (12)": "lunar_lander_shipped"}


@checked
def lineage_card(environment: str, parent: str | None, returns: np.ndarray | list, **facts) -> dict:
    """What is told of an agent: its origin, what it can do, and the facts of its making.

    returns: [S], the mean return of each agent. The interval is of their interquartile mean.
    """
    need(np.ndim(returns) == 1, "returns must be one number of each agent, [S]: take means.")
    interval = [round(float(number), 3) for number in evaluation.interval(returns)]
    measured = {"return": np.round(returns, 3).tolist(), "interval": interval}
    return {"environment": environment, "parent": parent} | measured | facts


@checked
def save_agent(path: Path | str, network: QNetwork, card: dict) -> None:
    """Save a network with its lineage card, which names `environment` and `parent` (or None).

    Raises ValueError if it does not, or does not fit; for weights that are NaN; and for a network
    with parts that its arguments do not tell.
    """
    told = "this network has parts that its arguments do not tell, such as LoRA: save "
    told += "`parts.plain(parts.merge(network))`, or what learns by `save_part`."
    kind = type(network)
    need(network.state_dict().keys() == kind(**network.arguments).state_dict().keys(), told)
    card = card | {"parameters": network.parameters_of_one(), "seeds": network.seeds}
    _check_agent(path, network, card)
    facts = {"card": card, "network": network.arguments}
    facts |= {"kind": kind.__name__} if kind is not QNetwork else {}
    save_tensors(path, network.state_dict(), facts)


def load_agent(path: Path, kind: type = QNetwork) -> tuple[QNetwork, dict]:
    """Load an agent: its network, of this kind, and its lineage card.

    Raises ValueError for a network of another kind, and as `reading` and `save_agent`.
    """
    tensors, facts = load_tensors(path)
    told = ", ".join(facts) or "no facts"
    need("network" in facts, f"{Path(path).name} holds no agent; it has {told}.")
    found = facts.get("kind", "QNetwork")
    told = f"{Path(path).name} holds a {found}: ask for it, load_agent(path, {found})."
    need(found == kind.__name__, told)
    with reading(path):
        network, card = kind(**facts["network"]), dict(facts["card"])
        network.load_state_dict(tensors)
    _check_agent(path, network, card)
    return network, card


def _check_agent(path, network, card):
    missing, name = sorted({"environment", "parent"} - card.keys()), Path(path).name
    need(not missing, f"the lineage card lacks {', '.join(missing)}.")
    check_finite(path, network.state_dict())
    returns = check_array(f"returns of {name}", card.get("return", [0] * network.seeds))
    own = {"parameters": network.parameters_of_one(), "seeds": network.seeds}
    told = f"{name} has a card of other networks (parameters, seeds, return): make it again."
    need(card | own == card and returns.size == network.seeds, told)


@checked
def save_part(path: Path | str, network: QNetwork, card: dict) -> None:
    """Save only what learns, beside the source agent's file. The card names its task."""
    part, frozen = learning_part(network), fingerprint(learning_part(network, False))
    need(part, "nothing learns in this network: save all of it by `save_agent`.")
    check_finite(path, part)
    save_tensors(path, part, {"card": card, "frozen": frozen})


@checked
def load_part(path: Path | str, network: QNetwork) -> tuple[QNetwork, dict]:
    """A copy of a network, changed as the saved one, with the saved part put in; and its card.

    Raises ValueError for a part of another shape or source, for NaN, and as `load_tensors`.
    """
    part, facts = load_tensors(path)
    network, own, file = copy.deepcopy(network), learning_part(network), Path(path).name
    for name in sorted(own.keys() | part):
        there, here = (tuple(of[name].shape) if name in of else "missing" for of in (part, own))
        need(there == here, f"{file} has {name} {there}, not {here}: change the network alike.")
    told = f"{file} belongs to another source agent: load the one it was trained on."
    need(facts.get("frozen") == fingerprint(learning_part(network, False)), told)
    check_finite(path, part)
    network.load_state_dict(part, strict=False)
    return network, facts["card"]


def shipped(name: str, folder: Path = SHIPPED) -> Path:
    """The path of a file that ships with the course, compared with the manifest's SHA-256.

    Raises FileNotFoundError or ValueError with a sentence that says how to get the file back.
    """
    with reading(folder / "manifest.json") as manifest:
        known = {file: facts["sha256"] for file, facts in json.loads(manifest).items()}
    need(name in known, f"the course ships no file '{name}'. It ships: {', '.join(known)}.")
    again = f"get it back with `git checkout data/{name}`, or make it again with `make data`."
    if not (path := folder / name).is_file():
        raise FileNotFoundError(f"data/{name} is missing: {again}")
    told = f"data/{name} is damaged (its SHA-256 is not the manifest's): {again}"
    need(sha256(path) == known[name], told)
    return path


def find_agent(name: str) -> Path:
    """The learner's own agent of that name in `runs`, if there is one, else the shipped one.

    Raises ValueError for an own one that is not for the shipped one's task, and as both.
    """
    if not name or not (own := RUNS / name).exists():
        return shipped(name)
    if (SHIPPED / name).exists():
        mine, needed = _task_of(own), _task_of(shipped(name))
        need(mine == needed, f"{own} is for {mine}, not for {needed}: rename or delete it.")
    return own


def _task_of(path):
    network, card = load_agent(path)
    sizes = "({observations} observations, {actions} actions)".format(**network.arguments)
    return f"{card['environment']} {sizes}"


@checked
def line_so_far(last: str, card: dict | None = None) -> Figure:
    """The landers of LINE up to a stage, by the cards of those that `find_agent` finds: a row each.

    card: of the last stage, in place of a file. What is odd about a card is in the sentence.
    Raises ValueError for no stage, and as `find_agent`.
    """
    need(last in LINE, f"last = {last!r}: must be one of {', '.join(LINE)}.")
    axes = Figure(figsize=(7.2, 0.7 + 0.55 * len(LINE))).subplots()
    rows, odd, parent, whose = {}, [], None, ""
    for row, (stage, name) in enumerate(LINE.items()):
        if last in [*LINE][:row]:
            rows[stage] = "not yet"
            axes.axhspan(row - 0.4, row + 0.4, color=plotting.GREY, alpha=0.15)
            continue
        before, whose, facts = whose, "new", card
        if stage != last or card is None:
            path = find_agent(f"{name}.safetensors")
            facts, whose = load_agent(path)[1], "yours" if path.parent == RUNS else "the course's"
        least = min(load_agent(shipped(path.name))[1]["return"]) if whose == "yours" else -np.inf
        returns, steps = np.ravel(facts.get("return", [])), facts.get("environment_steps")
        if (named := facts.get("parent")) != parent:
            odd.append(f"The card of {stage} names {named} as its parent, not {parent}.")
        # A learner who goes on from the middle must know where their own line breaks off.
        if (before, whose) == ("yours", "the course's"):
            odd.append(f"That of {stage} was made from the course's {parent}, not from yours.")
        if returns.size and returns.mean() < least:
            odd.append(f"Yours return less than any of the course's: delete {path} to use those.")
        size = f"{facts.get('parameters', 0):,} numbers"
        steps = f"{steps:,} steps" if isinstance(steps, int) else "steps not told"
        label = f"{stage}, {whose}: {facts.get('environment')}\n{size}, {steps}"
        rows[label] = evaluation.interval(returns) if returns.size > 1 else "no interval told"
        color, marker = plotting.LOOKS[row]
        axes.plot(returns, [row] * returns.size, marker, color=color, alpha=0.5, markersize=4)
        if returns.size > 1:
            axes.plot(rows[label], [row] * 3, "|-", color=color, lw=6, alpha=0.35, markersize=18)
        parent = name
    axes.set(xlabel="return", ylim=(len(LINE) - 0.5, -0.5))
    axes.set_yticks(range(len(LINE)), rows)
    told = "; ".join(f"{label}: {worth}".replace("\n", ", ") for label, worth in rows.items())
    told = f"Return, interquartile mean with 95 % interval. {told}."
    axes.figure.sentence = " ".join([told, *odd])
    return axes.figure
