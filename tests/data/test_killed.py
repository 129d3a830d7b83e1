"""A training, a recording or `make data` is killed, or interrupted: it goes on to the same end.

Each is done again and again, with another number; a run has the folder of its number.
"""

import contextlib
import functools
import json
from types import SimpleNamespace
from unittest.mock import patch

import build
import distilled
import joblib
import minari
import numpy as np
import pytest
import taught
from checkpoints import train_dqn
from recording import save_demonstrations

from course_utils import storage
from course_utils.evaluation import Episode, mean_returns
from course_utils.learner import DQNConfig
from course_utils.teach.demonstrations import load_demonstrations
from tests.strikes import KILL, Work, a_week_passes, listing, strike

POLE, DATASET = "CartPole-v1", "pole/tiny-v0"
TINY = {"steps": 400, "learning_starts": 20, "batch_size": 8, "width": 8, "hidden_layers": 1}
SECONDS = {"cpu_seconds"}  # others at each run


# ---- demonstrations ----


def save_episodes(folder, number):
    seen = np.arange(61 * 4, dtype=np.float32).reshape(61, 4)
    columns = seen, np.zeros(60, int), np.full(60, float(number))
    episodes = [Episode(*columns, True, False)] * 3
    save_demonstrations(DATASET, episodes, POLE, {"expert": str(number)}, folder)


def episodes_there(folder) -> int:
    """The number of which all episodes, and what is told of them, are full."""
    dataset = minari.MinariDataset(folder / DATASET / "data")
    episodes = list(dataset.iterate_episodes())
    assert [len(episode.rewards) for episode in episodes] == [60] * 3
    rewards = {reward for episode in episodes for reward in episode.rewards}
    [number] = rewards | {float(dataset.storage.metadata["expert"])}
    return int(number)


@pytest.mark.slow
def test_demonstrations_are_old_or_new(tmp_path):
    work, folder, draw = Work(save_episodes, 0.3, 20), tmp_path / "it", np.random.default_rng(16)
    save_episodes(folder, 1)
    tidy, number = listing(folder), 1
    for how, way in work.rounds():
        done = strike(work, folder, number + 1, how, way, draw)
        assert episodes_there(folder.with_name("struck")) in (done, done + 1)
        assert episodes_there(folder) == done + 1 or how == KILL
        a_week_passes(folder)
        number = done + 1
        work.do(folder, number)
        assert episodes_there(folder) == number and listing(folder) == tidy


# ---- a training ----


class Stopped(Exception):
    """Between two records: nobody was struck."""


def train(folder, number, until=None):
    """A training with checkpoints to its end, or to this step."""
    path = folder / str(number) / "run.safetensors"
    for record in train_dqn(path, DQNConfig(**TINY), POLE, seeds=2, records=10):
        if record.step == until:
            raise Stopped


def held(folder) -> dict:
    """The numbers and words of each file, which must be whole, but for the seconds."""
    found = {}
    for path in sorted(folder.rglob("*.safetensors")):
        tensors, facts = storage.load_tensors(path)
        found[path.name] = {name: tensor.tolist() for name, tensor in tensors.items()}
        facts = facts.get("card", facts)
        found[path.name] |= {name: facts[name] for name in facts.keys() - SECONDS}
    return found


def gentle_end(work, folder, step) -> dict:
    """What a run ends with that was stopped between two records, and gone on with."""
    with contextlib.suppress(Stopped):
        work.do(folder, step, until=step)
        return held(folder / str(step))
    work.do(folder, step)
    return held(folder / str(step))


def hold_run(work, folder, checkpoint):
    """Each run that was struck ends as one that was stopped gently after the same record."""
    draw, number, ends = np.random.default_rng(16), 1, {}
    work.do(folder, 1)
    tidy = listing(folder / "1")
    for how, way in work.rounds():
        number = 1 + strike(work, folder, number + 1, how, way, draw)
        held(folder.with_name("struck"))  # is whole
        struck = folder.with_name("struck") / str(number) / checkpoint
        step = storage.load_tensors(struck)[1]["step"] if struck.exists() else 0
        if step not in ends:
            ends[step] = gentle_end(work, folder.with_name("gentle"), step)
        if how == KILL:  # else the child has gone on by itself
            a_week_passes(folder)
            work.do(folder, number)
            assert listing(folder / str(number)) == tidy
        assert held(folder / str(number)) == ends[step]


@pytest.mark.slow
def test_a_training_goes_on_to_the_same_end(tmp_path):
    hold_run(Work(train, 0.5, 15), tmp_path / "it", "run.safetensors")


# ---- make data ----


def rule(observation):
    """Push to where the pole falls."""
    return (observation[..., 2] > 0).astype(int)


def copied():
    return storage.load_agent(taught.FOLDER / "agent.safetensors")[0]


def play(seed):
    return {"return": mean_returns(copied(), POLE, 2, seed)}


def arms():
    yield "one", play, {"seed": 1}
    yield "two", play, {"seed": 2}


def make_data(folder, number, until=None):
    """With recipes of each kind that take a moment; `until` stops the agent at a record."""
    home, fixed = folder / str(number), {"fixed": dict, "CHOSEN": {}}
    (home / "demonstrations").mkdir(parents=True, exist_ok=True)

    def told(words, **more):
        if f"step {until}," in words:
            raise Stopped

    save = functools.partial(save_demonstrations, folder=home / "demonstrations")
    recipe = {"env_id": POLE, "expert": "a rule", "episodes": 2}
    small = {"SEEDS": 2, "RECORDS": 4, "EPISODES": 2, "POOL_SEEDS": 2, "POOL_STEPS": 1200}
    small |= {"POOL_RECORDS": 1, "POOL": {"complete": {}}, "FOLDER": home, "print": told}
    small |= {"RUNS": {"agent": (POLE, DQNConfig(**TINY))}}
    small |= {"STUDIES": {"study": SimpleNamespace(STUDIES={"study": arms}, **fixed)}}
    taught.weights_hash.cache_clear()
    with (
        patch.multiple(build, create=True, **small),
        patch.multiple(taught, FOLDER=home, save_demonstrations=save),
        patch.object(taught, "EXPERTS", {DATASET: (POLE, "a rule", 2, lambda: rule)}),
        patch.object(taught, "DEMONSTRATIONS", {DATASET: recipe}),
        patch.object(distilled, "AGENTS", {"copy": (POLE, "agent", copied, {})}),
        patch.object(distilled, "steps_of", lambda settings: 0),
        joblib.parallel_config(backend="sequential"),  # its workers would not know what is small
    ):
        build.main([])
    for name in json.loads((home / "manifest.json").read_text(encoding="utf-8")):
        storage.shipped(name, home)
    assert len(load_demonstrations(DATASET, home / "demonstrations")) == 2


@pytest.mark.slow
def test_the_builder_goes_on_to_the_same_end(tmp_path):
    hold_run(Work(make_data, 2.0, 15), tmp_path / "it", "agent.checkpoint")
