"""Writing demonstrations as Minari datasets; `teach.demonstrations` reads them."""

import contextlib
import json
import os
import shutil
import tempfile
from pathlib import Path

import minari
from minari.data_collector import EpisodeBuffer

from course_utils.evaluation import Episode
from course_utils.teach.demonstrations import FOLDER


def save_demonstrations(
    name: str, episodes: list[Episode], env_id: str, facts: dict, folder: Path = FOLDER
) -> None:
    """Write episodes as the Minari dataset `name`, such as "environment/expert-v0".

    An older one stays until this one is whole. facts: what is told of their making, at least
    `expert`; it is kept in the dataset's metadata.
    """
    buffers = []
    for number, episode in enumerate(episodes):
        last = episode.last_step()
        ends = {"terminations": last & episode.terminated, "truncations": last & episode.truncated}
        seen = {"observations": episode.observation, "actions": episode.action}
        steps = seen | {"rewards": episode.reward} | ends
        buffers.append(EpisodeBuffer(id=number, infos={}, **steps))
    path, expert = Path(folder) / name, facts["expert"]
    path.parent.mkdir(parents=True, exist_ok=True)
    # Minari writes file after file: elsewhere, so that nobody finds half a dataset here.
    with tempfile.TemporaryDirectory(dir=folder) as unfinished, datasets_in(unfinished):
        card = {"description": expert, "algorithm_name": expert, "code_permalink": "data/build.py"}
        card |= {"author": "course_utils", "author_email": "none"}
        card |= {"env": env_id, "eval_env": env_id}
        dataset = minari.create_dataset_from_buffers(name, buffers, **card)
        dataset.storage.update_metadata(facts)
        told = Path(unfinished) / name / "data" / "metadata.json"
        # Minari refuses what a newer one has written; the format has not changed since this one.
        told.write_text(json.dumps(json.loads(told.read_text()) | {"minari_version": "0.5.3"}))
        shutil.rmtree(path, ignore_errors=True)
        (Path(unfinished) / name).replace(path)


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
