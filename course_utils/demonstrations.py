"""Demonstrations: episodes of an expert, recorded, looked through, split by episode, and stored as Minari datasets."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import minari
import numpy as np
import torch
from minari.data_collector import EpisodeBuffer

from course_utils import storage
from course_utils.envs import make_envs
from course_utils.replay import ReplayBuffer

FOLDER = storage.SHIPPED / "demonstrations"
FILES = ("main_data.hdf5", "metadata.json")  # of each dataset


class Episode(NamedTuple):
    """One episode of T steps.

    observation: [T + 1, D], also the one behind the last step. action, reward: [T].
    terminated, truncated: how the last step ended it.
    """

    observation: np.ndarray
    action: np.ndarray
    reward: np.ndarray
    terminated: bool
    truncated: bool

    def last_step(self) -> np.ndarray:
        """[T], True for the step that ended it."""
        return np.arange(1, len(self.action) + 1) == len(self.action)


def record_episodes(act: Callable, env_id: str, seeds: int, episodes: int, seed: int = 0, **arguments):
    """Let S agents play, `episodes` each, and keep everything: S lists of `Episode`.

    act: observations [S, E, D] to actions [S, E], as of `networks.greedy`.
    Raises ValueError for less than one agent or episode.
    """
    if seeds < 1 or episodes < 1:
        raise ValueError(f"seeds = {seeds}, episodes = {episodes}: both must be 1 or more.")
    envs = make_envs(env_id, seeds * episodes, **arguments)
    observation, _ = envs.reset(seed=seed)
    length, rows = np.zeros(envs.num_envs, int), []
    while not length.all():
        action = np.asarray(act(observation.reshape(seeds, episodes, -1))).reshape(-1)
        next_observation, reward, terminated, truncated, _ = envs.step(action)
        rows.append((observation, action, reward, terminated, truncated))
        length = np.where(length == 0, len(rows) * (terminated | truncated), length)
        observation = next_observation
    seen, action, reward, terminated, truncated = map(np.array, zip(*rows, strict=True))
    seen = np.concatenate([seen, observation[None]])
    played = [
        Episode(seen[: end + 1, i], action[:end, i], reward[:end, i], terminated[end - 1, i], truncated[end - 1, i])
        for i, end in enumerate(length)
    ]
    return [played[first : first + episodes] for first in range(0, len(played), episodes)]


def damage(episode: Episode, actions: int) -> str:
    """What is wrong with an episode, in a few words; empty if nothing is.

    actions: how many the environment has.
    """
    steps = len(episode.action)
    if len(episode.observation) != steps + 1 or len(episode.reward) != steps or not steps:
        return f"{steps} actions, {len(episode.reward)} rewards, {len(episode.observation)} observations"
    if not np.isfinite(episode.observation).all() or not np.isfinite(episode.reward).all():
        return "a number that is NaN or infinite"
    if not np.isin(episode.action, np.arange(actions)).all():
        return "an action that does not exist"
    if not episode.terminated and not episode.truncated:
        return "neither terminated nor truncated: its end is missing"
    if (np.diff(episode.observation, axis=0) == 0).all(-1).mean() > 0.5:
        return "the observation stands still"
    return ""


def split(episodes: list, sizes: tuple[int, ...], rng: np.random.Generator) -> list[list]:
    """Parts of the given sizes, each of whole episodes, drawn at random; no episode is in two parts.

    Raises ValueError if there are not enough episodes.
    """
    if sum(sizes) > len(episodes):
        raise ValueError(
            f"parts of {', '.join(map(str, sizes))} episodes need {sum(sizes)}; there are {len(episodes)}."
        )
    order, edges = rng.permutation(len(episodes)), np.cumsum([0, *sizes])
    return [[episodes[i] for i in order[start:end]] for start, end in zip(edges, edges[1:], strict=False)]


def save_demonstrations(name: str, episodes: list[Episode], env_id: str, facts: dict, folder: Path = FOLDER) -> None:
    """Write episodes as the Minari dataset `name`, "environment/expert-v0"; an older one stays until this one is whole.

    facts: what is told of their making, at least `expert`; it is kept in the dataset's metadata.
    """
    buffers = []
    for number, episode in enumerate(episodes):
        last = episode.last_step()
        ends = {"terminations": last & episode.terminated, "truncations": last & episode.truncated}
        seen = {"observations": episode.observation, "actions": episode.action, "rewards": episode.reward}
        buffers.append(EpisodeBuffer(id=number, infos={}, **seen, **ends))
    path = Path(folder) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as unfinished, datasets_in(unfinished):
        told = {"description": facts["expert"], "algorithm_name": facts["expert"], "code_permalink": "data/build.py"}
        told |= {"author": "course_utils", "author_email": "none", "env": env_id, "eval_env": env_id}
        dataset = minari.create_dataset_from_buffers(name, buffers, **told)
        dataset.storage.update_metadata(facts)
        shutil.rmtree(path, ignore_errors=True)
        (Path(unfinished) / name).replace(path)


def load_demonstrations(name: str, folder: Path = FOLDER) -> list[Episode]:
    """The episodes of a Minari dataset that ships with the course, after a look at its SHA-256.

    Raises FileNotFoundError or ValueError with one sentence that says which file is wrong and how to get it back.
    """
    for file in FILES:
        storage.shipped(f"{Path(folder).name}/{name}/data/{file}", Path(folder).parent)
    with datasets_in(folder):
        dataset = minari.load_dataset(name)
    return [
        Episode(e.observations, e.actions, e.rewards, bool(e.terminations[-1]), bool(e.truncations[-1]))
        for e in dataset.iterate_episodes()
    ]


@contextlib.contextmanager
def datasets_in(folder: Path):
    """Tell Minari where its datasets are, as long as the block lasts."""
    before = os.environ.get("MINARI_DATASETS_PATH")
    os.environ["MINARI_DATASETS_PATH"] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ["MINARI_DATASETS_PATH"]
        else:
            os.environ["MINARI_DATASETS_PATH"] = before


def transitions(episodes: list[Episode]) -> dict[str, torch.Tensor]:
    """The steps of several episodes in a row, as the columns of a `ReplayBuffer`."""
    ends = [episode.last_step() for episode in episodes]
    columns = {
        "observation": [episode.observation[:-1] for episode in episodes],
        "next_observation": [episode.observation[1:] for episode in episodes],
        "action": [episode.action for episode in episodes],
        "reward": [episode.reward for episode in episodes],
        "terminated": [end & episode.terminated for end, episode in zip(ends, episodes, strict=True)],
        "done": ends,
    }
    return {name: torch.as_tensor(np.concatenate(column)) for name, column in columns.items()}


def memory_of(chosen: list[list[Episode]], spare: int = 0, most: int | None = None) -> ReplayBuffer:
    """A replay memory that holds these episodes, one list for each seed.

    spare: room for so many more rows a seed. most: keep only the first so many steps of each seed.
    Raises ValueError for a seed without episodes, and for observations or rewards that are NaN or infinite.
    """
    if not chosen or not all(chosen):
        raise ValueError("a memory of demonstrations needs at least one episode for each seed.")
    if not all(np.isfinite(e.observation).all() and np.isfinite(e.reward).all() for own in chosen for e in own):
        raise ValueError("an episode holds NaN or infinity: leave damaged episodes out, `damage` finds them.")
    rows = [{name: column[:most] for name, column in transitions(episodes).items()} for episodes in chosen]
    longest = max(len(columns["action"]) for columns in rows)
    memory = ReplayBuffer(len(chosen), 1, longest + spare, rows[0]["observation"].shape[1])
    memory.demonstrated = True
    for lane, columns in enumerate(rows):
        memory.extend(lane, **columns)
    return memory
