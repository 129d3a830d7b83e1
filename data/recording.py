"""Writing demonstrations as Minari datasets; `teach.demonstrations` reads them."""

import contextlib
import json
import os
import shutil
import tempfile
import time
from pathlib import Path

import minari
import numpy as np
from minari.data_collector import EpisodeBuffer

from course_utils.evaluation import Episode
from course_utils.teach.demonstrations import FOLDER, damage


def save_demonstrations(
    name: str, episodes: list[Episode], env_id: str, facts: dict, folder: Path = FOLDER
) -> None:
    """Write episodes as the Minari dataset `name`, such as "environment/expert-v0".

    An older one stays until this one is whole. facts: what is told of their making, at least
    `expert`; it is kept in the dataset's metadata. Raises ValueError for no episodes, no expert or
    a broken episode, OSError in one sentence.
    """
    if not episodes or "expert" not in facts:
        raise ValueError("demonstrations need episodes, and facts with the name of their `expert`.")
    for number, episode in enumerate(episodes):
        if what := damage(episode, 1 + int(np.max(episode.action, initial=0))):
            raise ValueError(f"episode {number} is broken ({what}): leave it out.")
    path = Path(folder) / name
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        tidy_up(path, Path(folder))
        with tempfile.TemporaryDirectory(".unfinished", dir=folder) as unfinished:
            put_in_place(_written(name, episodes, env_id, facts, unfinished), path)
    except OSError as error:
        way = "make room, or choose a folder of your own"
        told = f"{path} cannot be written ({error.strerror or error}): {way}."
        raise type(error)(told) from None


def _written(name, episodes, env_id, facts, folder):
    """Minari writes file after file: elsewhere, so that nobody finds half a dataset."""
    buffers = []
    for number, episode in enumerate(episodes):
        last = episode.last_step()
        ends = {"terminations": last & episode.terminated, "truncations": last & episode.truncated}
        seen = {"observations": episode.observation, "actions": episode.action}
        steps = seen | {"rewards": episode.reward} | ends
        buffers.append(EpisodeBuffer(id=number, infos={}, **steps))
    expert = facts["expert"]
    card = {"description": expert, "algorithm_name": expert, "code_permalink": "data/build.py"}
    card |= {"author": "course_utils", "author_email": "none", "env": env_id, "eval_env": env_id}
    with datasets_in(folder):
        dataset = minari.create_dataset_from_buffers(name, buffers, **card)
    dataset.storage.update_metadata(facts)
    told = Path(folder) / name / "data" / "metadata.json"
    # Minari refuses what a newer one has written; the format has not changed since this one.
    told.write_text(json.dumps(json.loads(told.read_text()) | {"minari_version": "0.5.3"}))
    return Path(folder) / name


def put_in_place(new: Path, path: Path) -> None:
    """Move a folder to its place; what was there goes aside before, and back at a failure."""
    before = new.with_name(f"{new.name}.before")
    try:
        if path.exists():
            path.replace(before)
        new.replace(path)
    except BaseException:
        if before.exists() and not path.exists():
            before.replace(path)
        raise


def tidy_up(path: Path, folder: Path) -> None:
    """Undo what killed processes left behind: put an older dataset back, remove unfinished ones."""
    name = path.relative_to(folder).as_posix()
    for before in folder.glob(f"*.unfinished/{name}.before"):
        if not path.exists():
            before.replace(path)
    for left in folder.glob("*.unfinished"):
        with contextlib.suppress(OSError):  # another process may have been quicker
            if time.time() - left.stat().st_mtime > 600:
                shutil.rmtree(left)


@contextlib.contextmanager
def datasets_in(folder: Path):
    """Tell Minari where its datasets are, as long as the block lasts."""
    before = os.environ.get("MINARI_DATASETS_PATH")
    os.environ["MINARI_DATASETS_PATH"] = str(folder)
    try:
        yield
    finally:
        del os.environ["MINARI_DATASETS_PATH"]
        if before is not None:
            os.environ["MINARI_DATASETS_PATH"] = before
