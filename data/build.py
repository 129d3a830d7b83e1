"""Make everything in this folder again, on two cores: make data.

What was interrupted goes on from its checkpoint, or with the next arm of its study.
Names may follow, to make only these: python data/build.py lunar_lander_200k imitation
"""

import hashlib
import json
import os
import sys
import time
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import distilled
import joblib
import numpy as np
import taught
import torch
import tuned

from course_utils import evaluation, storage
from course_utils.dqn import DQNConfig, train_dqn
from course_utils.networks import greedy

FOLDER = Path(__file__).parent
SEED, SEEDS, RECORDS, EPISODES = 0, 10, 40, 100  # tuned with seeds from 100 on
# Episodes along the way (plus the step), the fresh ones beside them, and those of the last network: never the same.
CURVE_SEED, SECOND_SEED, TEST_SEED = 1000, 10_000_000, 20_000_000

LUNAR_LANDER = {
    "width": 128, "n_steps": 5, "double": True, "environments": 16, "updates_per_step": 2, "exploration": 0.15,
    "target_period": 1, "target_rate": 0.01, "learning_starts": 4000, "replay_capacity": 100_000, "batch_size": 64,
}  # fmt: skip
MOUNTAIN_CAR = {"discount": 0.99, "steps": 60_000, "exploration": 0.5, "replay_capacity": 60_000, "batch_size": 64}
RUNS = {
    "cartpole": ("CartPole-v1", DQNConfig()),
    "mountain_car_n1": ("MountainCar-v0", DQNConfig(**MOUNTAIN_CAR, n_steps=1)),
    "mountain_car_n10": ("MountainCar-v0", DQNConfig(**MOUNTAIN_CAR, n_steps=10)),
    "mountain_car_n1_often": ("MountainCar-v0", DQNConfig(**MOUNTAIN_CAR, n_steps=1, target_period=10)),
    "lunar_lander_200k": ("LunarLander-v3", DQNConfig(**LUNAR_LANDER, steps=200_000)),
    "lunar_lander_320k": ("LunarLander-v3", DQNConfig(**LUNAR_LANDER, steps=320_000)),
    "acrobot": ("Acrobot-v1", DQNConfig(discount=0.99, n_steps=10, steps=60_000, replay_capacity=50_000)),
}

POOL = {
    "complete": {},
    "double": {"double": True},
    "dueling": {"dueling": True},
    "prioritised": {"priority_exponent": 0.6},
    "without LayerNorm": {"layer_norm": False},
}
POOL_SEEDS, POOL_STEPS, POOL_RECORDS = 100, 10_000, 10
STUDIES = {study: module for module in (taught, tuned, distilled) for study in module.STUDIES}


def recipe(name: str) -> dict:
    """All that decides what a run gives."""
    if name == "cartpole_pool":
        arms = {arm: asdict(DQNConfig(steps=POOL_STEPS, **settings)) for arm, settings in POOL.items()}
        made = {"environment": "CartPole-v1", "arms": arms, "seeds": POOL_SEEDS, "records": POOL_RECORDS}
    elif name in STUDIES:
        module = STUDIES[name]
        common = module.fixed() | module.CHOSEN  # which of the swept values were chosen decides no arm
        return {"arms": {arm: arm_recipe(name, arm) for arm in arms_of(name)}, "common": common}
    elif name in distilled.AGENTS:
        return distilled.agent_recipe(name)
    else:
        env_id, config = RUNS[name]
        made = {"environment": env_id, "config": asdict(config), "seeds": SEEDS, "records": RECORDS}
    return made | {"seed": SEED, "test_seeds": [CURVE_SEED, SECOND_SEED, TEST_SEED]}


def recipe_hash(name: str) -> str:
    """The recipe as 16 hexadecimal digits: a file whose manifest says another one is out of date."""
    return hash_of(recipe(name))


def hash_of(facts: dict) -> str:
    """JSON data as 16 hexadecimal digits."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]


def build(name: str) -> None:
    """Train the run's agents, test the last networks, and save them with their lineage card."""
    env_id, config = RUNS[name]
    checkpoint, curve_file = FOLDER / f"{name}.checkpoint", FOLDER / f"{name}.curve.json"
    curve = json.loads(curve_file.read_text()) if checkpoint.exists() and curve_file.exists() else {}
    for progress in train_dqn(config, env_id, SEEDS, SEED, RECORDS, checkpoint=checkpoint):
        if str(progress.step) in curve:  # the first record after an interruption is the checkpoint's own
            continue
        returns = evaluation.play_episodes(greedy(progress.network), env_id, SEEDS, 10, CURVE_SEED + progress.step)
        curve[str(progress.step)] = returns.mean(1).round(2).tolist()
        curve_file.write_text(json.dumps(curve))
        print(f"{name}: step {progress.step}, return {returns.mean():.1f}, {progress.cpu_seconds:.0f} s", flush=True)
    returns = evaluation.play_episodes(greedy(progress.network), env_id, SEEDS, EPISODES, TEST_SEED).mean(1)
    made = recipe(name) | {
        "recipe": recipe_hash(name),
        "versions": {package: version(package) for package in ("torch", "gymnasium", "numpy")},
        "episodes": EPISODES,
        "environment_steps": progress.step,
        "cpu_seconds": round(progress.cpu_seconds / SEEDS, 2),
        "curve_steps": [int(step) for step in curve],
        "curve_returns": np.array(list(curve.values())).T.tolist(),
    }
    card = storage.lineage_card(made.pop("environment"), None, returns, **made)
    storage.save_agent(FOLDER / f"{name}.safetensors", progress.network, card)
    checkpoint.unlink()
    curve_file.unlink()


def build_agent(name: str) -> None:
    """Make agents from others that are there already, test them, and save them with their lineage card."""
    env_id, parent, function, settings = distilled.AGENTS[name]
    started = time.process_time()
    network = function(**settings)
    seconds = time.process_time() - started
    returns = evaluation.play_episodes(greedy(network), env_id, network.shape["seeds"], EPISODES, TEST_SEED).mean(1)
    made = recipe(name) | {"recipe": recipe_hash(name), "episodes": EPISODES, "seed": SEED}
    made |= {"environment_steps": distilled.steps_of(settings), "cpu_seconds": round(seconds / len(returns), 2)}
    storage.save_agent(FOLDER / f"{name}.safetensors", network, storage.lineage_card(env_id, parent, returns, **made))
    print(f"{name}: return {returns.mean():.1f}, {seconds:.0f} s", flush=True)


def build_pool() -> None:
    """Many short runs of a few variants: tested along the way twice, on episodes to choose by and on fresh ones."""
    tensors = {}
    for arm, settings in POOL.items():
        config = DQNConfig(steps=POOL_STEPS, **settings)
        tests = {CURVE_SEED: [], SECOND_SEED: []}
        for progress in train_dqn(config, "CartPole-v1", POOL_SEEDS, SEED, POOL_RECORDS):
            act = greedy(progress.network)
            for seed, returns in tests.items():
                played = evaluation.play_episodes(act, "CartPole-v1", POOL_SEEDS, 10, seed + progress.step)
                returns.append(played.mean(1))
        last = evaluation.play_episodes(act, "CartPole-v1", POOL_SEEDS, EPISODES, TEST_SEED).mean(1)
        arrays = {"return": last, "tests": np.array(tests[CURVE_SEED]).T, "fresh": np.array(tests[SECOND_SEED]).T}
        tensors |= {f"{arm}.{name}": torch.tensor(array, dtype=torch.float32) for name, array in arrays.items()}
        print(f"cartpole_pool: {arm}, return {last.mean():.1f}, {progress.cpu_seconds:.0f} s", flush=True)
    facts = recipe("cartpole_pool") | {"recipe": recipe_hash("cartpole_pool"), "episodes": EPISODES}
    storage.save_tensors(FOLDER / "cartpole_pool.safetensors", tensors, facts)


def arms_of(study: str) -> dict:
    """The arms of a study: name → its function and settings."""
    return {arm: (function, settings) for arm, function, settings in STUDIES[study].STUDIES[study]()}


def arm_recipe(study: str, arm: str) -> dict:
    """What decides, beside what all arms have in common, what an arm gives."""
    function, settings = arms_of(study)[arm]
    return {"does": function.__name__, "settings": settings}


def run_arm(study: str, arm: str) -> tuple[dict[str, torch.Tensor], float]:
    """The arm's arrays as tensors, and the CPU seconds that it took."""
    function, settings = arms_of(study)[arm]
    started = time.process_time()
    arrays = {
        name: torch.as_tensor(np.asarray(array), dtype=torch.float32) for name, array in function(**settings).items()
    }
    return arrays, time.process_time() - started


def part_of(study: str, arm: str) -> Path:
    """Where an arm's result waits until its study is complete; another recipe has another place."""
    return FOLDER / "parts" / f"{study}.{hash_of(arm_recipe(study, arm) | STUDIES[study].fixed())}.safetensors"


def build_arm(study: str, arm: str) -> None:
    """One arm of a study, unless an interrupted build has left it."""
    if not part_of(study, arm).exists():
        tensors, seconds = run_arm(study, arm)
        storage.save_tensors(part_of(study, arm), tensors, {"cpu_seconds": round(seconds, 1)})
        print(f"{study}: {arm}, return {tensors['return'].mean():.1f}, {seconds:.0f} s", flush=True)


def join_study(study: str) -> None:
    """All arms of a study in one file."""
    tensors, seconds = {}, {}
    for arm in arms_of(study):
        part, facts = storage.load_tensors(part_of(study, arm))
        tensors |= {f"{arm}.{name}": tensor for name, tensor in part.items()}
        seconds[arm] = facts["cpu_seconds"]
    facts = recipe(study) | {"recipe": recipe_hash(study), "seeds": SEEDS, "cpu_seconds": seconds}
    storage.save_tensors(FOLDER / f"{study}.safetensors", tensors, facts | {"episodes": EPISODES})
    for arm in arms_of(study):
        part_of(study, arm).unlink(missing_ok=True)  # arms of the same recipe share their part


def recipe_of(path: Path) -> str:
    """The recipe hash that a file carries, in its lineage card or its facts."""
    facts = storage.load_tensors(path)[1]
    return facts.get("card", facts)["recipe"]


def write_manifest() -> None:
    """The size and SHA-256 of every file, and the recipe that it was made by."""
    manifest = {}
    for path in sorted(FOLDER.glob("*.safetensors")):
        manifest[path.name] = {**size_of(path), "recipe": recipe_of(path)}
    for name, made in taught.DEMONSTRATIONS.items():
        for path in sorted((FOLDER / "demonstrations" / name).rglob("*.*")):
            manifest[path.relative_to(FOLDER).as_posix()] = {**size_of(path), "recipe": hash_of(made)}
    unfinished = FOLDER / "manifest.unfinished"
    unfinished.write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    os.replace(unfinished, FOLDER / "manifest.json")


def size_of(path: Path) -> dict:
    """SHA-256 and bytes of a file."""
    return {"sha256": storage.sha256(path), "bytes": path.stat().st_size}


def side_by_side(calls: list[tuple]) -> None:
    """Call each function with its arguments, on two cores."""
    joblib.Parallel(n_jobs=2)(joblib.delayed(function)(*arguments) for function, *arguments in calls)


if __name__ == "__main__":
    names = sys.argv[1:] or [*RUNS, "cartpole_pool", *taught.DEMONSTRATIONS, *distilled.AGENTS, *STUDIES]
    pool = [(build_pool,)] if "cartpole_pool" in names else []
    side_by_side([(build, name) for name in reversed(RUNS) if name in names] + pool)  # the longest first
    for name in [name for name in taught.DEMONSTRATIONS if name in names]:
        taught.build_demonstrations(name)
    write_manifest()  # what follows reads what was made so far
    for name in [name for name in distilled.AGENTS if name in names]:
        build_agent(name)
    studies = [name for name in STUDIES if name in names]
    side_by_side([(build_arm, study, arm) for study in studies for arm in arms_of(study)])
    for study in studies:
        join_study(study)
    write_manifest()
