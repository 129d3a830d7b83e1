"""Files: agents with their lineage card, and what ships with the course.

All are safetensors files: numbers and a header in JSON, nothing that could run code. A file is
written beside its place and moved there when it is whole.
"""

import copy
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save

from course_utils import evaluation
from course_utils.networks import QNetwork, learning_part

COURSE = Path(__file__).parents[1]
SHIPPED = COURSE / "data"
# What learners make themselves; a relative COURSE_RUNS begins in the course's folder.
RUNS = COURSE / os.path.expanduser(os.environ.get("COURSE_RUNS") or "runs")


def write_whole(path: Path, content: bytes) -> None:
    """Write a file beside its place, then move it there: an older one stays until this is whole."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".unfinished")
    with open(unfinished, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())  # else a power cut may leave the new name on an empty file
    unfinished.replace(path)


@contextmanager
def reading(path: Path) -> Iterator[Path]:
    """The path of a file, for a block in which any error means that the file is bad.

    Raises FileNotFoundError if it is not there, ValueError if it is damaged or foreign.
    """
    path = Path(path)
    if not path.exists():
        told = f"{path.name} is not in {path.parent}"
        raise FileNotFoundError(f"{told}: run the cell or command that makes it first.")
    try:
        yield path
    except Exception:  # what safetensors, NumPy and ONNX Runtime raise has no class in common
        raise ValueError(f"{path.name} is damaged, or not the course's: make it again.") from None


def save_tensors(path: Path, tensors: dict[str, torch.Tensor], facts: dict) -> None:
    """Write tensors and facts (whatever JSON can hold) as one file, whole or not at all."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    write_whole(path, save(tensors, metadata={"facts": json.dumps(facts)}))


def load_tensors(path: Path) -> tuple[dict[str, torch.Tensor], dict]:
    """What `save_tensors` wrote. FileNotFoundError; ValueError for a damaged or foreign file."""
    with reading(path), safe_open(path, framework="pt") as file:
        facts = json.loads(file.metadata()["facts"])
        return {name: file.get_tensor(name) for name in file.keys()}, facts  # noqa: SIM118


def lineage_card(environment: str, parent: str | None, returns: np.ndarray, **facts) -> dict:
    """What is told of an agent: its origin, what it can do, and the facts of its making.

    returns: [S], the mean return of each agent. The interval is of their interquartile mean.
    """
    interval = [round(float(number), 3) for number in evaluation.interval(returns)]
    measured = {"return": np.round(returns, 3).tolist(), "interval": interval}
    return {"environment": environment, "parent": parent} | measured | facts


def save_agent(path: Path, network: QNetwork, card: dict) -> None:
    """Save a network with its lineage card, which names `environment` and `parent` (or None).

    Raises ValueError if it does not, and for a network with parts that its arguments do not tell.
    """
    missing = {"environment", "parent"} - set(card)
    if missing:
        raise ValueError(f"the lineage card lacks {', '.join(sorted(missing))}.")
    if network.state_dict().keys() != QNetwork(**network.arguments).state_dict().keys():
        told = "this network has parts that its arguments do not tell, such as LoRA"
        way = "`parts.plain(parts.merge(network))`, or what learns by `save_part`"
        raise ValueError(f"{told}: save {way}.")
    card = card | {"parameters": network.parameters_of_one(), "seeds": network.seeds}
    save_tensors(path, network.state_dict(), {"card": card, "network": network.arguments})


def load_agent(path: Path) -> tuple[QNetwork, dict]:
    """Load an agent: its network, and its lineage card. Raises as `load_tensors`."""
    tensors, facts = load_tensors(path)
    if "network" not in facts:
        raise ValueError(f"{Path(path).name} holds no agent; it has {', '.join(facts)}.")
    network = QNetwork(**facts["network"])
    network.load_state_dict(tensors)
    return network, facts["card"]


def save_part(path: Path, network: QNetwork, card: dict) -> None:
    """Save only what learns, beside the source agent's file. The card names its task."""
    frozen = fingerprint(learning_part(network, False))
    save_tensors(path, learning_part(network), {"card": card, "frozen": frozen})


def load_part(path: Path, network: QNetwork) -> tuple[QNetwork, dict]:
    """A copy of a network, changed as the saved one, with the saved part put in; and its card.

    Raises ValueError for a part of another shape or source, and as `load_tensors`.
    """
    part, facts = load_tensors(path)
    network, own, file = copy.deepcopy(network), learning_part(network), Path(path).name
    for name in sorted(own.keys() | part):
        there, here = (tuple(of[name].shape) if name in of else "missing" for of in (part, own))
        if there != here:
            raise ValueError(f"{file} has {name} {there}, not {here}: change the network alike.")
    if facts.get("frozen") != fingerprint(learning_part(network, False)):
        raise ValueError(f"{file} belongs to another source agent: load the one it was trained on.")
    network.load_state_dict(part, strict=False)
    return network, facts["card"]


def shipped(name: str, folder: Path = SHIPPED) -> Path:
    """The path of a file that ships with the course, compared with the manifest's SHA-256.

    Raises FileNotFoundError or ValueError with a sentence that says how to get the file back.
    """
    known = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    if name not in known:
        raise ValueError(f"the course ships no file '{name}'. It ships: {', '.join(known)}.")
    path = folder / name
    again = f"get it back with `git checkout data/{name}`, or make it again with `make data`."
    if not path.exists():
        raise FileNotFoundError(f"data/{name} is missing: {again}")
    if sha256(path) != known[name]["sha256"]:
        raise ValueError(f"data/{name} is damaged (its SHA-256 is not the manifest's): {again}")
    return path


def find_agent(name: str) -> Path:
    """The learner's own agent of that name in `runs`, if there is one, else the shipped one."""
    return RUNS / name if (RUNS / name).exists() else shipped(name)


def fingerprint(tensors: dict[str, torch.Tensor]) -> str:
    """A hash of numbers, as 16 hexadecimal digits: equal for equal tensors under equal names."""
    numbers = b"".join(tensors[name].detach().cpu().numpy().tobytes() for name in sorted(tensors))
    return hashlib.sha256(numbers).hexdigest()[:16]


def sha256(path: Path) -> str:
    """The SHA-256 of a file, as hexadecimal digits."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()
