"""Trainings of hours that may be interrupted: a file that holds the whole learner at each record.

No file is ever half written, and one that belongs to another training is refused.
"""

import hashlib
import json
import types
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np
import torch

from course_utils import storage
from course_utils.checks import check_finite, checked
from course_utils.learner import DQN, DQNConfig, Parts
from course_utils.train import DQNProgress, learn, make_learner, record_of

COUNTS = ("step", "updates", "cpu_seconds")  # what a checkpoint tells beside the numbers
PLAIN = bool | int | float | str | bytes | None


@checked
def train_dqn(
    path: Path | str, config: DQNConfig, env_id="CartPole-v1", seeds=10, seed=0, records=20, **more
) -> Iterator[DQNProgress]:
    """As `train.train_dqn`, with a file that is written before each record.

    If it is there, the training goes on from it: then the first record is its own, and episodes in
    flight start again. Raises ValueError for the checkpoint of another training (other settings,
    functions, network, optimizer or demonstrations), and for a damaged one.
    """
    owner = owner_of(config, env_id, seeds, seed, **more)
    learner = make_learner(config, env_id, seeds, seed, **more)
    return go_on(path, learner, owner, records)


def go_on(path: Path, learner: DQN, owner: dict, records: int) -> Iterator[DQNProgress]:
    """Train from the checkpoint, if there is one, to the end."""
    if Path(path).exists():
        facts = load_training(path, learner, owner)
        end_windows(learner.replay)
        learner.step, learner.updates, learner.cpu_seconds = (facts[name] for name in COUNTS)
        unknown = torch.full((learner.seeds,), torch.nan)
        yield record_of(learner, np.zeros(learner.seeds), unknown, unknown)
    for progress in learn(learner, records):
        facts = {name: getattr(progress, name) for name in COUNTS}
        save_training(path, learner, owner, facts)
        yield progress


def end_windows(memory) -> None:
    """End the window of n steps behind each lane's newest row: another episode follows."""
    newest = memory.first_slot + (memory.written - 1) % memory.rows
    memory.done[newest[memory.written > 0]] = True


# ---- the file ----


def save_training(path: Path, learner: DQN, owner: dict, facts: dict) -> None:
    """Write all that a learner needs to go on: its tensors, optimizer, stream; and whose it is."""
    tensors = learner.state_dict() | {"generator": learner.generator.get_state()}
    for number, moments in learner.optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{number}.{name}": moment for name, moment in moments.items()}
    facts = {"training": owner, "holds": sorted(tensors)} | facts
    storage.save_tensors(path, tensors, facts)


def load_training(path: Path, learner: DQN, owner: dict) -> dict:
    """Put a learner into the state that `save_training` wrote, and return the facts.

    Raises ValueError for the checkpoint of another training, or of a learner of another shape, and
    for one that lacks something or holds NaN; nothing is changed then.
    """
    tensors, facts = storage.load_tensors(path)
    own, again = learner.state_dict(), "delete it and begin again, or use its own"
    if others := differing(facts.get("training", {}), owner):
        told = f"{path} is the checkpoint of another training, with other {', '.join(others)}"
        raise ValueError(f"{told}: {again}.")
    needed = {*own, "generator", *facts["holds"]}
    if lacks := sorted(needed - tensors.keys()):
        raise ValueError(f"{path} is damaged, it lacks {', '.join(lacks[:3])}: {again}.")
    if any(tensors[name].shape != own[name].shape for name in own):
        told = f"{path} is the checkpoint of another training, with a network of another shape"
        raise ValueError(f"{told}: {again}.")
    check_finite(path, {n: t for n, t in tensors.items() if n.startswith("network.")})
    moments = {}
    for name in tensors.keys() - own.keys() - {"generator"}:
        _, number, moment = name.split(".")
        moments.setdefault(int(number), {})[moment] = tensors[name]
    learner.load_state_dict({name: tensors[name] for name in own})
    learner.optimizer.load_state_dict(learner.optimizer.state_dict() | {"state": moments})
    learner.generator.set_state(tensors["generator"])
    return facts


# ---- whose it is ----


def owner_of(config: DQNConfig, env_id: str, seeds: int, seed: int, device="cpu", **more) -> dict:
    """What a training is: settings as they are, what else was given as a hash of all that it does.

    more: as `train.make_learner`. The device does not count: it is the same training elsewhere.
    """
    given = {"task": 0} | more | {"parts": vars(more.get("parts") or Parts())}
    hashes = {name: hash_of(thing) for name, thing in given.items() if thing is not None}
    owner = {"env_id": env_id, "seed": seed, "seeds": seeds, "config": asdict(config)}
    return owner | {"given": hashes}


def differing(theirs: dict, ours: dict) -> list[str]:
    """The names of what differs between two owners, settings and what was given by their own."""
    theirs, ours = (o | o.get("config", {}) | o.get("given", {}) for o in (theirs, ours))
    names = [
        name for name in [*ours, *(theirs.keys() - ours)] if theirs.get(name) != ours.get(name)
    ]
    inner = [name for name in names if name not in ("config", "given")]
    return inner or names


def hash_of(thing) -> str:
    """16 hexadecimal digits, equal for what does the same: numbers, networks, functions."""
    return hashlib.sha256(json.dumps(described(thing)).encode()).hexdigest()[:16]


def described(thing, seen=()):
    """A thing as JSON. A function is its code, and the values that it closes over or falls back to.

    seen: the things around it, as some contain themselves. Random streams and what has no values
    are told by their class alone: they change on the way.
    """
    if isinstance(thing, PLAIN):
        return repr(thing)
    if id(thing) in seen:
        return "itself"
    tell = partial(described, seen=(*seen, id(thing)))
    name = getattr(thing, "__qualname__", type(thing).__qualname__)
    match thing:
        case np.ndarray() | np.generic() | torch.Tensor():
            array = thing.detach().cpu().numpy() if isinstance(thing, torch.Tensor) else thing
            return [str(array.dtype), array.shape, hashlib.sha256(array.tobytes()).hexdigest()]
        case torch.nn.Module() | torch.optim.Optimizer():
            return [name, tell(thing.state_dict()), tell(getattr(thing, "arguments", None))]
        case Mapping():
            return sorted(([tell(key), tell(value)] for key, value in thing.items()), key=str)
        case list() | tuple():
            return [tell(each) for each in thing]
        case set() | frozenset():
            return sorted((tell(each) for each in thing), key=str)
        case partial():
            return [tell(thing.func), tell(thing.args), tell(thing.keywords)]
        case types.MethodType():
            return [tell(thing.__func__), tell(thing.__self__)]
        case types.CodeType():
            return [thing.co_code.hex(), thing.co_names, [tell(const) for const in thing.co_consts]]
        case types.FunctionType(__wrapped__=own) if own.__module__.startswith("course_utils."):
            return tell(own)  # without the checks around it, which remember what they have seen
        case types.FunctionType():
            closed = [tell(cell.cell_contents) for cell in thing.__closure__ or ()]
            kept = tell([thing.__defaults__, thing.__kwdefaults__, globals_of(thing)])
            return [name, tell(thing.__code__), closed, kept]
        case type() | types.ModuleType() | types.BuiltinFunctionType():
            return getattr(thing, "__name__", name)
    call = tell(type(thing).__call__) if callable(thing) else ""
    return [name, call, tell(getattr(thing, "__dict__", {}))]


def globals_of(function) -> dict:
    """What a learner's function takes from its notebook, but for lists, which it may write to."""
    if function.__module__.split(".")[0] in ("course_utils", "torch", "numpy", "gymnasium"):
        return {}
    names, codes = set(), [function.__code__]
    for code in codes:  # also those of the functions in it
        names |= {*code.co_names}
        codes += [const for const in code.co_consts if isinstance(const, types.CodeType)]
    known = {name: function.__globals__[name] for name in names & function.__globals__.keys()}
    return {name: thing for name, thing in known.items() if not isinstance(thing, list | dict)}
