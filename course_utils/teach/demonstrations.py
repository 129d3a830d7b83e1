"""Demonstrations: episodes of an expert, looked through, split, and read from Minari datasets."""

from pathlib import Path

import minari
import numpy as np
import torch

from course_utils import storage
from course_utils.checks import check_number, checked, need
from course_utils.evaluation import Episode
from course_utils.replay import ReplayBuffer

FOLDER = storage.SHIPPED / "demonstrations"
FILES = ("main_data.hdf5", "metadata.json")  # of each dataset


@checked
def damage(episode: Episode, actions: int) -> str:
    """What is wrong with an episode, in a few words, or "". actions: how many there are."""
    observations, steps, rewards = map(len, episode[:3])
    if not observations - 1 == steps == rewards > 0:
        return f"{steps} actions, {rewards} rewards, {observations} observations"
    if not np.isfinite(episode.observation).all() or not np.isfinite(episode.reward).all():
        return "a number that is NaN or infinite"
    if not np.isin(episode.action, np.arange(actions)).all():
        return "an action that does not exist"
    if not episode.terminated and not episode.truncated:
        return "neither terminated nor truncated: its end is missing"
    if (np.diff(episode.observation, axis=0) == 0).all(-1).mean() > 0.5:
        return "the observation stands still"
    return ""


@checked
def split(episodes: list, sizes: list[int], rng: np.random.Generator) -> list[list]:
    """Parts of these sizes, of whole episodes, chosen at random; ValueError if there are fewer."""
    sizes = [check_number("each of the sizes", size, int, 0) for size in sizes]
    parts, needed = f"parts of {', '.join(map(str, sizes))} episodes", sum(sizes)
    need(needed <= len(episodes), f"{parts} need {needed}; there are {len(episodes)}.")
    order = iter(rng.permutation(len(episodes)))
    return [[episodes[next(order)] for _ in range(size)] for size in sizes]


def load_demonstrations(name: str, folder=FOLDER) -> list[Episode]:
    """The episodes of a Minari dataset in `folder`, a Path. Raises as `storage.shipped`."""
    folder = Path(folder)
    for file in FILES:
        storage.shipped(f"{folder.name}/{name}/data/{file}", folder.parent)
    episodes = []
    for stored in minari.MinariDataset(folder / name / "data").iterate_episodes():
        ends = bool(stored.terminations[-1]), bool(stored.truncations[-1])
        episodes.append(Episode(stored.observations, stored.actions, stored.rewards, *ends))
    return episodes


def transitions(episodes: list[Episode]) -> dict[str, torch.Tensor]:
    """The steps of one or more episodes in a row, as the columns of a `ReplayBuffer`."""
    if not (len(episodes) and all(isinstance(each, Episode) for each in episodes)):
        raise ValueError("steps are those of a list of one or more episodes, each an `Episode`.")
    columns = {
        "observation": [e.observation[:-1] for e in episodes],
        "next_observation": [e.observation[1:] for e in episodes],
        "action": [e.action for e in episodes],
        "reward": [e.reward for e in episodes],
        "terminated": [e.last_step() & e.terminated for e in episodes],
        "done": [e.last_step() for e in episodes],
    }
    return {name: torch.as_tensor(np.concatenate(column)) for name, column in columns.items()}


@checked
def memory_of(chosen: list[list[Episode]], spare=0, most: int | None = None) -> ReplayBuffer:
    """A replay memory of these episodes, a list for each seed. Raises as `ReplayBuffer.extend`.

    spare: room for so many more rows a seed. most: keep only the first so many steps of each seed.
    """
    rows = [transitions(episodes) for episodes in chosen]
    longest = max(len(columns["action"][:most]) for columns in rows)
    seen = rows[0]["observation"]
    kind = torch.uint8 if seen.dtype == torch.uint8 else None
    memory = ReplayBuffer(len(rows), 1, longest + spare, seen.shape[1], kind)
    memory.demonstrated = True
    for lane, columns in enumerate(rows):  # one lane a seed
        memory.extend(lane, **{name: column[:most] for name, column in columns.items()})
    return memory
