"""The recipes of notebook 14: the whole arc in each of the five worlds.

A study is a file with several arms, as in `taught`; each arm is a function of this file with its
settings, ten agents.
"""

import exact
import numpy as np
import taught
import torch

from course_utils import storage
from course_utils.distil.distil import DistillConfig, Lesson, distill
from course_utils.distil.robust import noisy
from course_utils.evaluation import mean_returns, play_episodes, record_episodes
from course_utils.learner import Parts
from course_utils.networks import QNetwork, greedy
from course_utils.teach import rewards
from course_utils.teach.demonstrations import memory_of
from course_utils.teach.dqfd import DQfDConfig, expert_margin, pretrain
from course_utils.teach.imitation import CloneConfig, behavior_cloning
from course_utils.train import train_dqn
from course_utils.tune import parts
from course_utils.worlds import WORLDS

SEED, SEEDS, RECORDS, EPISODES = 0, 10, 8, 100  # tuned with seeds from 100 on
RECORD_SEED, CURVE_SEED, TEST_SEED, CURVE_EPISODES = 50_000_000, 1000, 20_000_000, 50
SHOWN, WARM_UP, FEW, SPLITS = 50, 1500, 10_000, 10
CLONE = {"width": 64, "updates": 2000}
WITH_DEMONSTRATIONS = {"epsilon_start": 0.1, "demonstration_ratio": 0.25}
NOISE = (0.0, 0.05, 0.1, 0.2, 0.4)
STUDENT = {"temperature": 0.1, "rounds": 15, "states": 1000, "updates": 600}
SIZES = {  # of students: their names, layers and units
    "one layer of 8": {"hidden_layers": 1, "width": 8},
    "one layer of 16": {"hidden_layers": 1, "width": 16},
    "two layers of 8": {"hidden_layers": 2, "width": 8},
}
# A good agent is tuned by small steps; a low-rank change needs larger ones.
RATES = {"fine-tuned": 1e-3, "LoRA": 3e-3}
POTENTIALS = {  # in the world's rewards, by what is seen
    "Arm": lambda seen: -2 * seen[..., -2:].norm(dim=-1),  # the way that is left
    "Shop": lambda seen: 10 * seen[..., 0],  # a piece on the shelf is worth about a euro
}
# The smallest known, with at most 450 numbers, that keep 90 % of their teacher's score.
SMALL = dict.fromkeys(WORLDS, SIZES["one layer of 16"]) | {"Clinic": SIZES["two layers of 8"]}
SMALL["Road"] = {"hidden_layers": 1, "width": 27, "temperature": 0.3, "updates": 1500}
# Where demonstrations pay, the agent that is handed on has learned with them.
HANDED_ON = {name: name in ("Road", "Clinic") for name in WORLDS}


def shown(name: str, **world):
    """A memory of the expert's episodes, others for each seed."""
    expert = WORLDS[name](**world).expert
    return memory_of(record_episodes(expert, f"{name}-v0", SEEDS, SHOWN, RECORD_SEED, **world))


def fresh(name: str, width: int) -> QNetwork:
    """Ten untrained networks of a world."""
    size = len(WORLDS[name].observations), len(WORLDS[name].actions)
    return QNetwork(SEEDS, *size, width, generator=torch.Generator().manual_seed(SEED))


def training(name: str, demonstrations: bool, config: dict, records: int, parts=None, **world):
    """Q-learning with or without demonstrations: its records."""
    config = DQfDConfig(**config)
    if not demonstrations:
        return train_dqn(config, f"{name}-v0", SEEDS, SEED, records, parts=parts, **world)
    memory, parts = shown(name, **world), Parts(extra_loss=expert_margin())
    *_, (_, _, network) = pretrain(config, memory, fresh(name, config.width), WARM_UP, SEED, 1)
    more = {"network": network, "demonstrations": memory, "parts": parts}
    return train_dqn(config, f"{name}-v0", SEEDS, SEED, records, **more, **world)


# ---- agents that are handed on ----


def learner(name: str, demonstrations: bool, config: dict) -> QNetwork:
    """Ten agents that learned in a world."""
    *_, last = training(name, demonstrations, config, 1)
    return last.network


def student(name: str, config: dict) -> QNetwork:
    """A student of each of the ten."""
    lesson = Lesson(f"{name}-v0", agents(name))
    *_, last = distill(DistillConfig(**config), [lesson], SEEDS, seed=SEED, records=1)
    return last.network


def agents(name: str) -> QNetwork:
    """The ten that learned in this world."""
    path = storage.shipped(f"{name.lower()}.safetensors", taught.FOLDER)
    return storage.load_agent(path)[0]


def made_from(name: str) -> dict:
    """What an arm that begins with these agents is called with, so that its recipe names them."""
    return {"name": name, "agents_hash": taught.weights_hash(name.lower())}


AGENTS = {}
for name in WORLDS:
    settings = {"name": name, "demonstrations": HANDED_ON[name]}
    settings["config"] = WORLDS[name].dqn | (WITH_DEMONSTRATIONS if HANDED_ON[name] else {})
    AGENTS[name.lower()] = f"{name}-v0", None, learner, settings
    settings = {"name": name, "config": STUDENT | SMALL[name]}
    AGENTS[f"{name.lower()}_student"] = f"{name}-v0", name.lower(), student, settings


# ---- arms ----


def references(name: str, changed: str = "", world: dict | None = None) -> dict:
    """What a random player, the expert and, where it is known, the best possible return."""
    more = world or {}
    world, rng = WORLDS[name](**more), np.random.default_rng(SEED)

    def at_random(seen):
        return rng.integers(len(world.actions), size=seen.shape[:2])

    test = f"{name}-v0", SEEDS, EPISODES, TEST_SEED
    acts = {"random": at_random, "return": world.expert}
    found = {kind: play_episodes(act, *test, **more).mean(1) for kind, act in acts.items()}
    if hasattr(world, "chances"):
        best = exact.optimum(world)
        found |= {"exact": best.reached, "knowing_the_day": best.best}
    return found


def cloned(name: str, config: dict) -> dict:
    """Behaviour cloning of the expert's episodes."""
    memory, actions = shown(name), len(WORLDS[name].actions)
    *_, last = behavior_cloning(CloneConfig(**config), memory, actions, SEED, 1)
    return tested(last.network, name)


def tested(network: QNetwork, name: str, **world) -> dict:
    """The return of each, in fresh episodes."""
    return {"return": mean_returns(network, f"{name}-v0", EPISODES, TEST_SEED, **world)}


def shaped(name: str, config: dict, potential: bool) -> dict:
    """A short training, with its reward shaped by the world's potential or as it is."""
    reward = rewards.with_potential(POTENTIALS[name]) if potential else None
    parts = Parts(reward=reward) if potential else None
    *_, last = training(name, False, config, 1, parts)
    return tested(last.network, name)


def learned(name: str, demonstrations: bool, config: dict) -> dict:
    """Q-learning, tested along the way."""
    steps, curve, network = taught.tested_on_the_way(
        training(name, demonstrations, config, RECORDS), f"{name}-v0", CURVE_EPISODES, CURVE_SEED
    )
    return tested(network, name) | {"steps": steps, "curve": curve}


def of_a_split(split: int, config: dict) -> dict:
    """The clinic's agents with other patients: by how much they return more than their doctor."""
    of = {"split": split}
    *_, last = training("Clinic", True, config, 1, **of)
    found = {}
    for patients in ("learned", "unseen"):
        of["patients"] = patients
        test = "Clinic-v0", SEEDS, 10 * EPISODES, TEST_SEED  # visits are short
        by_both = (play_episodes(act, *test, **of).mean(1)
                   for act in (greedy(last.network), WORLDS["Clinic"](**of).expert))  # fmt: skip
        found[patients] = next(by_both) - next(by_both).mean()
    return found | {"return": found["unseen"]}


def handed_on(name: str, agents_hash: str) -> dict:
    """The agents that the later stages begin with."""
    return tested(agents(name), name)


WAYS = {
    "zero-shot": None,
    "fresh": None,
    "fine-tuned": lambda network: network,
    "LoRA": lambda network: parts.add_lora(network, 2, seed=SEED),
}


def elsewhere(name: str, changed: str, world: dict, way, config: dict, agents_hash: str) -> dict:
    """Agents in a changed world: what they return there, and then at home."""
    network = agents(name)
    config = DQfDConfig(**config)
    if way != "zero-shot":
        config.epsilon_start = 1.0 if way == "fresh" else 0.1
        start = {} if way == "fresh" else {"network": WAYS[way](network)}
        *_, last = train_dqn(config, f"{name}-v0", SEEDS, SEED, 1, **start, **world)
        network = last.network
    there, home = tested(network, name, **world), tested(network, name)
    return there | {"home": home["return"]}


def students(name: str, config: dict, agents_hash: str) -> dict:
    """Students of one size."""
    network = student(name, config)
    return tested(network, name) | {"numbers": network.parameters_of_one()}


def disturbed(name: str, sizes: tuple, agents_hash: str) -> dict:
    """Agents whose sensors are noisy, in units of what each number varies: [S, sizes]."""
    network, env_id = agents(name), f"{name}-v0"
    [seen] = record_episodes(greedy(network.choose([0])), env_id, 1, 20, CURVE_SEED)
    unit = np.concatenate([episode.observation for episode in seen]).std(0)
    returns = [
        play_episodes(
            noisy(greedy(network), np.float32(size * unit), np.random.default_rng(SEED)),
            env_id, SEEDS, EPISODES, TEST_SEED,
        ).mean(1)
        for size in sizes
    ]  # fmt: skip
    return {"return": returns[-1], "steps": sizes, "curve": np.array(returns).T}


def study_of_worlds():
    """Notebook 14: each stage of the arc in each world."""
    for name, world in WORLDS.items():
        config = world.dqn
        short = config | {"steps": FEW}
        yield f"{name}: references", references, {"name": name}
        yield f"{name}: cloned", cloned, {"name": name, "config": CLONE}
        settings = {"name": name, "demonstrations": False, "config": config}
        yield f"{name}: learned", learned, settings
        more = {"demonstrations": True, "config": config | WITH_DEMONSTRATIONS}
        yield f"{name}: taught", learned, settings | more
        for way in ("", ", shaped") if name in POTENTIALS else ():
            settings = {"name": name, "config": short, "potential": bool(way)}
            yield f"{name}: 10,000 steps{way}", shaped, settings
        yield f"{name}: handed on", handed_on, made_from(name)
        for changed in world.changed:
            settings = {"name": name, "changed": changed, "world": world.changed[changed]}
            yield f"{name}, {changed}: references", references, settings
            for way in WAYS:
                rate = {"learning_rate": RATES[way]} if way in RATES else {}
                more = {"way": way, "config": short | rate} | made_from(name)
                yield f"{name}, {changed}: {way}", elsewhere, settings | more
        for size, layers in SIZES.items():
            settings = made_from(name) | {"config": STUDENT | layers}
            yield f"{name}: students, {size}", students, settings
        settings = made_from(name) | {"config": STUDENT | SMALL[name]}
        yield f"{name}: small", students, settings
        yield f"{name}: noise", disturbed, made_from(name) | {"sizes": NOISE}
    config = WORLDS["Clinic"].dqn | WITH_DEMONSTRATIONS
    for split in range(SPLITS):
        yield f"Clinic: split {split}", of_a_split, {"split": split, "config": config}


CHOSEN = {}
STUDIES = {"worlds": study_of_worlds}


def fixed() -> dict:
    """What all arms have in common and a recipe must name."""
    facts = {"seed": SEED, "seeds": SEEDS, "records": RECORDS, "episodes": EPISODES}
    facts |= {"test_seeds": [CURVE_SEED, TEST_SEED, RECORD_SEED], "shown": SHOWN, "few": FEW}
    return facts | {"curve_episodes": CURVE_EPISODES, "warm_up": WARM_UP}
