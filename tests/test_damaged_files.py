"""A damaged file gets one sentence that names it, or is read with the right numbers all the same.

Flipped bits lie at seeded places; a bit in a padding may change nothing, and then nothing is said.
A file that is swapped holds another task, source or training, under the same name. One of the same
task is as good as the right one to whoever reads it: only its card tells them apart.
"""

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

import numpy as np
import pytest
import torch
from checkpoints import load_training, train_dqn

from course_utils import storage
from course_utils.distil import ship
from course_utils.evaluation import record_episodes
from course_utils.learner import DQNConfig
from course_utils.networks import QNetwork
from course_utils.storage import SHIPPED, load_agent, load_part, load_tensors, save_agent, save_part
from course_utils.teach.demonstrations import load_demonstrations
from course_utils.teach.play import recorded
from course_utils.train import make_learner
from course_utils.tune.parts import add_lora
from tests.refusals import hold, listed, verdict

FLIPS, POLE = 30, "CartPole-v1"
SETTINGS = {"steps": 100, "learning_starts": 1, "batch_size": 4, "environments": 2, "width": 4}
SETTINGS |= {"hidden_layers": 1, "replay_capacity": 64}
DATASET = "cart_pole/expert-v0"


class File(NamedTuple):
    """Where it is, beside what; how it is read; another of its kind that does not belong there."""

    path: Path
    read: object  # path → numbers and words
    other: bytes


def net(seed, **more):
    """Networks for CartPole, or, from 1, for the lander."""
    generator, sizes = torch.Generator().manual_seed(seed), ((4, 2), (8, 4))[seed]
    return QNetwork(2, *sizes, width=32, generator=generator, **more)


def tensors(path):
    read, facts = load_tensors(path)
    return read | {"facts": facts}


def agent(path):
    network, card = load_agent(path)
    return network.state_dict() | {"card": card}


def own_agent(path):
    """As a notebook reads it, which asks by the name of a shipped one."""
    with patch.object(storage, "RUNS", path.parent):
        return agent(storage.find_agent(path.name))


def lora(seed):
    """A low-rank part that has learned: its change is not 0. From 1, of another source agent."""
    source = net(0)
    source.hidden[0].weight.data += seed
    network = add_lora(source, 1)
    for parameter in network.parameters():
        if parameter.requires_grad:
            parameter.data += 0.1
    return network


def part(path):
    network, card = load_part(path, add_lora(net(0), 1))
    return network.state_dict() | {"card": card}


def onnx(path):
    return ship.onnx_q(path)(np.random.default_rng(0).normal(size=(9, 4)).astype(np.float32))


def episode(path):
    return recorded(POLE, path.parents[1])


def checkpoint(owner):
    def read(path):
        learner = make_learner(DQNConfig(**SETTINGS), seeds=2)
        facts = load_training(path, learner, owner)
        moments = learner.optimizer.state_dict()["state"]
        stream = learner.generator.get_state()
        return learner.state_dict() | {"facts": facts, "moments": moments, "stream": stream}

    return read


def dataset(path):
    """The demonstrations to which a file belongs, in its folder."""
    return load_demonstrations(DATASET, path.parents[3])


def listed_file(path):
    """A shipped file, by the manifest that is tried."""
    return storage.shipped("a.safetensors", path.parent).read_bytes()


def of_the_manifest(name):
    """A reader of a shipped file beside the manifest."""
    return lambda path: {"agent": agent, "study": tensors}[name](
        storage.shipped(path.name, path.parent)
    )


def twice(folder, name, make, read):
    """A file and another of its kind, made from 0 and from 1."""
    paths = [folder / str(number) / name for number in range(2)]
    for number, path in enumerate(paths):
        path.parent.mkdir(parents=True)
        make(path, number)
    return File(paths[0], read, paths[1].read_bytes())


def make_own(folder):
    """One file of each kind that learners make."""
    card = {"environment": POLE, "parent": None, "return": [1.0, 2.0]}
    flat = [net(number, layer_norm=False) for number in range(2)]

    def training(path, number):
        list(train_dqn(path, DQNConfig(**SETTINGS), seeds=2, seed=number, records=1))

    def played(path, number):
        act = lambda seen: np.zeros(seen.shape[:2], int)  # noqa: E731
        env_id = (POLE, "MountainCar-v0")[number]
        one = record_episodes(act, env_id, 1, 1)[0][0]
        names = ("observation", "action", "reward")
        columns = {name: torch.as_tensor(getattr(one, name)) for name in names}
        storage.save_tensors(path, columns, {"environment": env_id, "terminated": True})

    def export(path, number):
        ship.export_onnx(path, flat[number])

    def small(path, number):
        export(path.with_suffix(".whole"), number)
        ship.quantize_onnx(path.with_suffix(".whole"), path)

    def layers(path, number):
        ship.save_layers(path, ship.layers_of(flat[number]), card)

    files = {
        "own agent": ("cartpole.safetensors", lambda p, k: save_agent(p, net(k), card), own_agent),
        "own part": ("p.safetensors", lambda p, k: save_part(p, lora(k), card), part),
        "own episode": (f"{POLE}/episode_0000.safetensors", played, episode),
        "own checkpoint": ("run.safetensors", training, None),
        "own layers": ("a.npz", layers, ship.load_layers),
        "own ONNX": ("a.onnx", export, onnx),
        "own int8": ("b.onnx", small, onnx),
    }
    made = {kind: twice(folder / kind, *rest) for kind, rest in files.items()}
    run = made["own checkpoint"]
    made["own checkpoint"] = run._replace(read=checkpoint(load_tensors(run.path)[1]["training"]))
    return made


def make_shipped(folder):
    """Some of what ships, in a folder of its own, with its manifest."""
    kinds = {"agent": "cartpole_student", "study": "reach"}
    kinds |= {"demonstrations": f"demonstrations/{DATASET}/data/main_data.hdf5"}
    kinds |= {"their metadata": f"demonstrations/{DATASET}/data/metadata.json"}
    others = ["cartpole", "trees", "demonstrations/mountain_car/expert-v0/data/main_data.hdf5"]
    others += ["demonstrations/mountain_car/expert-v0/data/metadata.json"]
    made = {}
    for (kind, name), other in zip(kinds.items(), others, strict=True):
        name, other = (n if "/" in n else f"{n}.safetensors" for n in (name, other))
        home = folder / f"shipped {kind}"
        shutil.copytree(SHIPPED / "demonstrations", home / "demonstrations")
        shutil.copy(SHIPPED / "manifest.json", home)
        shutil.copy(SHIPPED / name, home / name)
        read = dataset if "/" in name else of_the_manifest(kind)
        made[f"shipped {kind}"] = File(home / name, read, (SHIPPED / other).read_bytes())
    home = folder / "shipped manifest"
    save_agent(home / "a.safetensors", net(0), {"environment": POLE, "parent": None})
    told = {"sha256": storage.sha256(home / "a.safetensors"), "bytes": 1, "recipe": "0"}
    (home / "manifest.json").write_text(json.dumps({"a.safetensors": told}, indent=1))
    other = json.dumps({"a.safetensors": told | {"sha256": "0" * 64}})
    made["shipped manifest"] = File(home / "manifest.json", listed_file, other.encode())
    return made


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """kind → `File`, each in a folder of its own, which tests copy."""
    folder = tmp_path_factory.mktemp("files")
    return make_own(folder) | make_shipped(folder)


def flipped(whole, other):
    """One bit each, at seeded places."""
    for place in np.random.default_rng(16).integers(8 * len(whole), size=FLIPS):
        damaged = bytearray(whole)
        damaged[place // 8] ^= 1 << place % 8
        yield bytes(damaged)


WAYS = {
    "flipped": flipped,
    "cut": lambda whole, other: [whole[: len(whole) * k // 4] for k in (1, 2, 3)],
    "longer": lambda whole, other: [whole + b"\0" * 8],
    "empty": lambda whole, other: [b""],
    "a text": lambda whole, other: [b"hello"],
    "swapped": lambda whole, other: [other],
    "a folder": lambda whole, other: [None],
}


def outcomes(file: File, way: str, folder: Path) -> Counter:
    """How often each answer was given to a file that was damaged in this way."""
    whole, right, found = file.path.read_bytes(), file.read(file.path), Counter()
    home = next(p for p in file.path.parents if p.name == "0" or p.name.startswith("shipped"))
    shutil.copytree(home, folder / home.name)
    path = folder / home.name / file.path.relative_to(home)
    for damaged in WAYS[way](whole, file.other):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
        path.mkdir() if damaged is None else path.write_bytes(damaged)
        asked = verdict(lambda: same(file.read(path), right), f"{path.stem}|a.safetensors", folder)
        found[asked] += 1
    return found


def same(one, two) -> bool:
    """Whether two answers hold the same numbers and words, bit for bit."""
    if isinstance(two, dict):
        return one.keys() == two.keys() and all(same(one[key], two[key]) for key in two)
    if isinstance(two, list | tuple):
        return len(one) == len(two) and all(map(same, one, two))
    if isinstance(two, np.ndarray | torch.Tensor):
        one, two = np.asarray(one), np.asarray(two)
        return one.dtype == two.dtype and one.shape == two.shape and one.tobytes() == two.tobytes()
    return one == two


OWN = ("agent", "part", "episode", "checkpoint", "layers", "ONNX", "int8")
SHIPS = ("agent", "study", "demonstrations", "their metadata", "manifest")
KINDS = [f"own {kind}" for kind in OWN] + [f"shipped {kind}" for kind in SHIPS]
CASES = [(f"{kind}, {way}", kind, way) for kind in KINDS for way in WAYS]
CASES.remove(("own layers, swapped", "own layers", "swapped"))  # who loads layers asks for no task
# What is not mended yet: no error at all, or a foreign one. A test that is mended says so.
NOT_YET = {
    "silent": """
""",
    "foreign": """
""",
}


@pytest.mark.filterwarnings("ignore")
@listed(CASES, NOT_YET, ("kind", "way"))
def test_a_damaged_file_gets_one_sentence(files, kind, way, tmp_path):
    for found in outcomes(files[kind], way, tmp_path):
        hold(found)
