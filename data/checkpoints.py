"""Trainings of hours that may be interrupted: a file that holds the whole learner at each record.

No file is ever half written, and one that belongs to another training is refused.
"""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch

from course_utils import storage
from course_utils.learner import DQN, DQNConfig
from course_utils.train import DQNProgress, learn, make_learner, record_of

COUNTS = ("step", "updates", "cpu_seconds")  # what a checkpoint tells beside the numbers


def train_dqn(
    path: Path, config: DQNConfig, env_id="CartPole-v1", seeds=10, seed=0, records=20, **more
) -> Iterator[DQNProgress]:
    """As `train.train_dqn`, with a file that is written before each record.

    If it is there, the training goes on from it: then the first record is its own, and episodes in
    flight start again. Raises ValueError for the checkpoint of another training.
    """
    learner = make_learner(config, env_id, seeds, seed, **more)
    parts = {
        name: getattr(part, "__qualname__", None) for name, part in vars(learner.parts).items()
    }
    owner = {"env_id": env_id, "seed": seed, "seeds": seeds, "config": asdict(config)}
    owner |= {"arguments": learner.env_arguments, "parts": parts}
    if Path(path).exists():
        facts = load_training(path, learner, owner)
        end_windows(learner.replay)
        learner.step, learner.updates, learner.cpu_seconds = (facts[name] for name in COUNTS)
        unknown = torch.full((seeds,), torch.nan)
        yield record_of(learner, np.zeros(seeds), unknown, unknown)
    for progress in learn(learner, records):
        facts = {name: getattr(progress, name) for name in COUNTS}
        save_training(path, learner, owner, facts)
        yield progress


def end_windows(memory) -> None:
    """End the window of n steps behind each lane's newest row: another episode follows."""
    newest = memory.first_slot + (memory.written - 1) % memory.rows
    memory.done[newest[memory.written > 0]] = True


def save_training(path: Path, learner: DQN, owner: dict, facts: dict) -> None:
    """Write all that a learner needs to go on: its tensors, optimizer, stream; and whose it is."""
    tensors = learner.state_dict() | {"generator": learner.generator.get_state()}
    for number, moments in learner.optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{number}.{name}": moment for name, moment in moments.items()}
    storage.save_tensors(path, tensors, {"training": owner} | facts)


def load_training(path: Path, learner: DQN, owner: dict) -> dict:
    """Put a learner into the state that `save_training` wrote, and return the facts.

    Raises ValueError for the checkpoint of another training, or of a learner of another shape;
    nothing is changed then.
    """
    tensors, facts = storage.load_tensors(path)
    own = learner.state_dict()
    same_shapes = all(name in tensors and tensors[name].shape == own[name].shape for name in own)
    if facts.get("training") != owner or not same_shapes:
        theirs = facts.get("training", {})
        names = [name for name in owner if theirs.get(name) != owner[name]]
        other = ", ".join(names) or "shapes of the network"
        told = f"{path} is the checkpoint of another training, with other {other}"
        raise ValueError(f"{told}: delete it, or use its own.")
    moments = {}
    for name in tensors.keys() - own.keys() - {"generator"}:
        _, number, moment = name.split(".")
        moments.setdefault(int(number), {})[moment] = tensors[name]
    learner.load_state_dict({name: tensors[name] for name in own})
    learner.optimizer.load_state_dict(learner.optimizer.state_dict() | {"state": moments})
    learner.generator.set_state(tensors["generator"])
    return facts
