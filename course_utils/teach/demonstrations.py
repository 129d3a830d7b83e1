"""Demonstrations: episodes of an expert, looked through, split, and read from Minari datasets.

An `evaluation.Episode` of T steps has T + 1 observations [T + 1, D] and T actions and rewards.
"""

from pathlib import Path

import minari
import numpy as np
import torch

from course_utils import storage
from course_utils.evaluation import Episode
from course_utils.replay import ReplayBuffer

FOLDER = storage.SHIPPED / "demonstrations"
FILES = ("main_data.hdf5", "metadata.json")  # of each dataset


def damage(episode: Episode, actions: int) -> str:
    """What is wrong with an episode, in a few words; empty if nothing is.

    actions: how many the environment has.
    """
    steps = len(episode.action)
    if len(episode.observation) != steps + 1 or len(episode.reward) != steps or not steps:
        found = f"{len(episode.reward)} rewards, {len(episode.observation)} observations"
        return f"{steps} actions, {found}"
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
    """Parts of these sizes, of whole episodes drawn at random; no episode is in two parts.

    Raises ValueError if there are not enough episodes.
    """
    if sum(sizes) > len(episodes):
        parts = f"parts of {', '.join(map(str, sizes))} episodes"
        raise ValueError(f"{parts} need {sum(sizes)}; there are {len(episodes)}.")
    order, edges = rng.permutation(len(episodes)), np.cumsum([0, *sizes])
    return [[episodes[i] for i in order[a:b]] for a, b in zip(edges, edges[1:], strict=False)]


def load_demonstrations(name: str, folder: Path = FOLDER) -> list[Episode]:
    """The episodes of a Minari dataset that ships with the course, after a look at its SHA-256.

    Raises FileNotFoundError or ValueError with one sentence: which file, how to get it back.
    """
    for file in FILES:
        storage.shipped(f"{Path(folder).name}/{name}/data/{file}", Path(folder).parent)
    episodes = []
    for stored in minari.MinariDataset(Path(folder) / name / "data").iterate_episodes():
        ends = bool(stored.terminations[-1]), bool(stored.truncations[-1])
        episodes.append(Episode(stored.observations, stored.actions, stored.rewards, *ends))
    return episodes


def transitions(episodes: list[Episode]) -> dict[str, torch.Tensor]:
    """The steps of several episodes in a row, as the columns of a `ReplayBuffer`."""
    last = [episode.last_step() for episode in episodes]
    columns = {
        "observation": [e.observation[:-1] for e in episodes],
        "next_observation": [e.observation[1:] for e in episodes],
        "action": [e.action for e in episodes],
        "reward": [e.reward for e in episodes],
        "terminated": [end & e.terminated for end, e in zip(last, episodes, strict=True)],
        "done": last,
    }
    return {name: torch.as_tensor(np.concatenate(column)) for name, column in columns.items()}


def memory_of(chosen: list[list[Episode]], spare=0, most: int | None = None) -> ReplayBuffer:
    """A replay memory that holds these episodes, one list for each seed.

    spare: room for so many more rows a seed. most: keep only the first so many steps of each seed.
    Raises ValueError for a seed without episodes, and for observations or rewards that are NaN or
    infinite.
    """
    if not chosen or not all(chosen):
        raise ValueError("a memory of demonstrations needs at least one episode for each seed.")
    rows = [transitions(episodes) for episodes in chosen]
    if not all(column.isfinite().all() for columns in rows for column in columns.values()):
        reason = "leave damaged episodes out, `damage` finds them."
        raise ValueError(f"an episode holds NaN or infinity: {reason}")
    rows = [{name: column[:most] for name, column in columns.items()} for columns in rows]
    longest = max(len(columns["action"]) for columns in rows)
    memory = ReplayBuffer(len(chosen), 1, longest + spare, rows[0]["observation"].shape[1])
    memory.demonstrated = True
    for lane, columns in enumerate(rows):  # one lane a seed
        memory.extend(lane, **columns)
    return memory
