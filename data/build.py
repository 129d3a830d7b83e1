"""Make everything in this folder again: make data.

What was interrupted goes on from its checkpoint, or with the next arm of its study. The arms run
on two cores, or on a Dask cluster: make data CLUSTER=tcp://address:8786
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

import capstone
import checkpoints
import distilled
import joblib
import learned
import numpy as np
import seen
import taught
import torch
import tuned

from course_utils import evaluation, files, storage
from course_utils.learner import DQNConfig
from course_utils.teach.demonstrations import FILES
from course_utils.train import train_dqn

FOLDER = Path(__file__).parent
SEED, SEEDS, RECORDS, EPISODES = 0, 10, 40, 100  # tuned with seeds from 100 on
# Episodes along the way (plus the step), the fresh ones beside them, and those of the last network:
# never the same.
CURVE_SEED, SECOND_SEED, TEST_SEED = 1000, 10_000_000, 20_000_000

LUNAR_LANDER = {
    **{"width": 128, "n_steps": 5, "double": True, "environments": 16, "updates_per_step": 2},
    **{"exploration": 0.15, "target_period": 1, "target_rate": 0.01, "learning_starts": 4000},
    **{"replay_capacity": 100_000, "batch_size": 64},
}
MOUNTAIN_CAR = {"discount": 0.99, "steps": 60_000, "exploration": 0.5}
MOUNTAIN_CAR |= {"replay_capacity": 60_000, "batch_size": 64}
ACROBOT = {"discount": 0.99, "n_steps": 10, "steps": 60_000, "replay_capacity": 50_000}
RUNS = {
    "cartpole": ("CartPole-v1", DQNConfig()),
    "mountain_car_n1": ("MountainCar-v0", DQNConfig(**MOUNTAIN_CAR, n_steps=1)),
    "mountain_car_n10": ("MountainCar-v0", DQNConfig(**MOUNTAIN_CAR, n_steps=10)),
    "mountain_car_n1_often": (
        "MountainCar-v0",
        DQNConfig(**MOUNTAIN_CAR, n_steps=1, target_period=10),
    ),
    "lunar_lander_200k": ("LunarLander-v3", DQNConfig(**LUNAR_LANDER, steps=200_000)),
    "lunar_lander_320k": ("LunarLander-v3", DQNConfig(**LUNAR_LANDER, steps=320_000)),
    "acrobot": ("Acrobot-v1", DQNConfig(**ACROBOT)),
}

POOL = {
    "complete": {},
    "double": {"double": True},
    "dueling": {"dueling": True},
    "prioritised": {"priority_exponent": 0.6},
    "without LayerNorm": {"layer_norm": False},
}
POOL_SEEDS, POOL_STEPS, POOL_RECORDS = 100, 10_000, 10
LATER = {"observation_scale": True}  # younger than some files; the value is what was done before
STUDIES = {
    study: module
    for module in (learned, taught, tuned, distilled, seen, capstone)
    for study in module.STUDIES
}


# ---- recipes: all that decides what a file holds ----


def recipe(name: str) -> dict:
    """All that decides what a run gives."""
    if name == "cartpole_pool":
        arms = {arm: asdict(DQNConfig(steps=POOL_STEPS, **more)) for arm, more in POOL.items()}
        made = {"environment": "CartPole-v1", "arms": arms}
        made |= {"seeds": POOL_SEEDS, "records": POOL_RECORDS}
    elif name in STUDIES:
        module = STUDIES[name]
        common = module.fixed() | module.CHOSEN  # which of the swept values were chosen
        return {"arms": {arm: arm_recipe(name, arm) for arm in arms_of(name)}, "common": common}
    elif name in distilled.AGENTS:
        return distilled.agent_recipe(name)
    else:
        env_id, config = RUNS[name]
        made = {"environment": env_id, "config": asdict(config)}
        made |= {"seeds": SEEDS, "records": RECORDS}
    return made | {"seed": SEED, "test_seeds": [CURVE_SEED, SECOND_SEED, TEST_SEED]}


def recipe_hash(name: str) -> str:
    """The recipe as 16 hexadecimal digits: a file with another one is out of date."""
    return hash_of(recipe(name))


def hash_of(facts: dict) -> str:
    """JSON data as 16 hexadecimal digits; a setting added later counts where it was changed."""
    told = json.dumps(without_later(facts), sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def without_later(facts):
    """The same, but for settings of `LATER` that do what was done before there was a choice."""
    if not isinstance(facts, dict):
        return facts
    kept = {name: fact for name, fact in facts.items() if (name, fact) not in LATER.items()}
    return {name: without_later(fact) for name, fact in kept.items()}


def recipe_of(path: Path) -> str:
    """The recipe hash that a file carries, in its lineage card or its facts."""
    facts = storage.load_tensors(path)[1]
    return facts.get("card", facts)["recipe"]


# ---- agents ----


def build(name: str) -> None:
    """Train the run's agents, test the last networks, and save them with their lineage card."""
    env_id, config = RUNS[name]
    checkpoint, curve_file = FOLDER / f"{name}.checkpoint", FOLDER / f"{name}.curve.json"
    if not (checkpoint.exists() and curve_file.exists()):  # the one is nothing without the other
        checkpoint.unlink(missing_ok=True)
        files.write_whole(curve_file, b"{}")
    with storage.reading(curve_file) as content:
        curve = json.loads(content)
    for progress in checkpoints.train_dqn(checkpoint, config, env_id, SEEDS, SEED, RECORDS):
        step, network = progress.step, progress.network
        if str(step) in curve:  # the first record after an interruption is the checkpoint's own
            continue
        returns = evaluation.mean_returns(network, env_id, 10, CURVE_SEED + step)
        curve[str(step)] = returns.round(2).tolist()
        files.write_whole(curve_file, json.dumps(curve).encode())
        seconds = f"{progress.cpu_seconds:.0f} s"
        print(f"{name}: step {step}, return {returns.mean():.1f}, {seconds}", flush=True)
    returns = evaluation.mean_returns(network, env_id, EPISODES, TEST_SEED)
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
    storage.save_agent(FOLDER / f"{name}.safetensors", network, card)
    checkpoint.unlink()
    curve_file.unlink()


def build_agent(name: str) -> None:
    """Make agents from others that are there, test them, and save them with their card."""
    env_id, parent, function, settings = distilled.AGENTS[name]
    started = time.process_time()
    network = function(**settings)
    seconds = time.process_time() - started
    returns = evaluation.mean_returns(network, env_id, EPISODES, TEST_SEED)
    made = recipe(name) | {"recipe": recipe_hash(name), "episodes": EPISODES, "seed": SEED}
    made |= {"environment_steps": distilled.steps_of(settings)}
    made |= {"cpu_seconds": round(seconds / len(returns), 2)}
    card = storage.lineage_card(env_id, parent, returns, **made)
    storage.save_agent(FOLDER / f"{name}.safetensors", network, card)
    print(f"{name}: return {returns.mean():.1f}, {seconds:.0f} s", flush=True)


def build_pool() -> None:
    """Many short runs of a few variants, tested along the way twice.

    Once on episodes to choose by, once on fresh ones.
    """
    tensors = {}
    for arm, settings in POOL.items():
        config = DQNConfig(steps=POOL_STEPS, **settings)
        tests = {CURVE_SEED: [], SECOND_SEED: []}
        for progress in train_dqn(config, "CartPole-v1", POOL_SEEDS, SEED, POOL_RECORDS):
            network, step = progress.network, progress.step
            for seed, returns in tests.items():
                returns.append(evaluation.mean_returns(network, "CartPole-v1", 10, seed + step))
        last = evaluation.mean_returns(network, "CartPole-v1", EPISODES, TEST_SEED)
        chosen, fresh = (np.array(tests[seed]).T for seed in (CURVE_SEED, SECOND_SEED))
        arrays = {"return": last, "tests": chosen, "fresh": fresh}
        tensors |= {f"{arm}.{name}": as_tensor(array) for name, array in arrays.items()}
        seconds = f"{progress.cpu_seconds:.0f} s"
        print(f"cartpole_pool: {arm}, return {last.mean():.1f}, {seconds}", flush=True)
    facts = recipe("cartpole_pool") | {"recipe": recipe_hash("cartpole_pool")}
    path = FOLDER / "cartpole_pool.safetensors"
    storage.save_tensors(path, tensors, facts | {"episodes": EPISODES})


def as_tensor(array) -> torch.Tensor:
    """Numbers as they are stored."""
    return torch.as_tensor(np.asarray(array), dtype=torch.float32)


# ---- studies: files with many arms ----


def arms_of(study: str) -> dict:
    """The arms of a study: name → its function and settings."""
    return {arm: (function, more) for arm, function, more in STUDIES[study].STUDIES[study]()}


def arm_recipe(study: str, arm: str) -> dict:
    """What decides, beside what all arms have in common, what an arm gives."""
    function, settings = arms_of(study)[arm]
    return {"does": function.__name__, "settings": settings}


def run_arm(study: str, arm: str) -> tuple[dict[str, torch.Tensor], float]:
    """The arm's arrays as tensors, and the CPU seconds that it took."""
    function, settings = arms_of(study)[arm]
    started = time.process_time()
    arrays = {name: as_tensor(array) for name, array in function(**settings).items()}
    return arrays, time.process_time() - started


def part_of(study: str, arm: str) -> Path:
    """Where an arm's result waits until its study is complete; another recipe, another place."""
    made = hash_of(arm_recipe(study, arm) | STUDIES[study].fixed())
    return FOLDER / "parts" / f"{study}.{made}.safetensors"


def build_arms(studies: list[str], cluster: str | None = None) -> None:
    """All arms that an interrupted build has not left, each saved as soon as it is there."""
    arms = [(study, arm) for study in studies for arm in arms_of(study)]
    missing = [(run_arm, *pair) for pair in arms if not part_of(*pair).exists()]
    for (_, study, arm), (tensors, seconds) in side_by_side(missing, cluster):
        storage.save_tensors(part_of(study, arm), tensors, {"cpu_seconds": round(seconds, 1)})
        told = f"return {tensors['return'].mean():.1f}, {seconds:.0f} s"
        print(f"{study}: {arm}, {told}", flush=True)


def join_study(study: str) -> None:
    """All arms of a study in one file."""
    tensors, seconds = {}, {}
    for arm in arms_of(study):
        part, facts = storage.load_tensors(part_of(study, arm))
        tensors |= {f"{arm}.{name}": tensor for name, tensor in part.items()}
        seconds[arm] = facts["cpu_seconds"]
    facts = recipe(study) | {"recipe": recipe_hash(study), "seeds": SEEDS, "cpu_seconds": seconds}
    path = FOLDER / f"{study}.safetensors"
    storage.save_tensors(path, tensors, facts | {"episodes": EPISODES})
    for arm in arms_of(study):
        part_of(study, arm).unlink(missing_ok=True)  # arms of the same recipe share their part


# ---- the manifest, and who works ----


def write_manifest(made: list[str]) -> None:
    """Enter the files of these names: size, SHA-256, and the recipe that they were made by.

    Nothing changes for the others: a file that somebody has damaged is not blessed by the way.
    """
    path, manifest = FOLDER / "manifest.json", {}
    if path.exists():
        with storage.reading(path) as content:
            manifest = json.loads(content)
    recipes = {}
    for name in [*RUNS, "cartpole_pool", *distilled.AGENTS, *STUDIES]:
        file = f"{name}.safetensors"
        recipes[file] = recipe_of(FOLDER / file) if name in made else ""
    recipes = dict(sorted(recipes.items()))
    for name, made_so in taught.DEMONSTRATIONS.items():
        for file in FILES:
            known = f"demonstrations/{name}/data/{file}"
            recipes[known] = hash_of(made_so) if name in made else ""
    for file, recipe in recipes.items():
        if recipe:
            manifest[file] = {**size_of(FOLDER / file), "recipe": recipe}
    manifest = {file: manifest[file] for file in recipes if file in manifest}
    files.write_whole(path, (json.dumps(manifest, indent=2) + "\n").encode())


def size_of(path: Path) -> dict:
    """SHA-256 and bytes of a file."""
    return {"sha256": storage.sha256(path), "bytes": path.stat().st_size}


def side_by_side(calls: list[tuple], cluster: str | None = None):
    """Call each (function, *arguments): yields (call, result) in the order in which they end.

    cluster: address of a Dask scheduler; without it two processes of this machine.
    """
    if not cluster:
        yield from _parallel(calls, n_jobs=2)
        return
    from distributed import Client  # only here: the extra `cluster` of the package

    with Client(cluster), joblib.parallel_config("dask", wait_for_workers_timeout=60):
        yield from _parallel(calls)


def _parallel(calls, **settings):
    parallel = joblib.Parallel(return_as="generator_unordered", **settings)
    return parallel(joblib.delayed(answered)(*call) for call in calls)


def answered(function, *arguments):
    """A call and its result, as the results come in any order."""
    return (function, *arguments), function(*arguments)


def main(names: list[str], cluster: str | None = None) -> None:
    """Make the named files, or all: first what the others are made from."""
    everything = [*RUNS, "cartpole_pool", *taught.DEMONSTRATIONS, *distilled.AGENTS, *STUDIES]
    if unknown := sorted(set(names) - set(everything)):
        told = f"there is no recipe {', '.join(unknown)}"
        raise ValueError(f"{told}: choose from {', '.join(everything)}.")
    names = names or everything
    calls = [(build, name) for name in reversed(RUNS) if name in names]  # the longest first
    calls += [(build_pool,)] if "cartpole_pool" in names else []
    # These keep checkpoints in this folder, so they stay on this machine.
    for (_, *name), _ in side_by_side(calls):
        write_manifest(name or ["cartpole_pool"])  # what follows reads what was made so far
    for name in [name for name in taught.DEMONSTRATIONS if name in names]:
        taught.build_demonstrations(name)
        write_manifest([name])
    for name in [name for name in distilled.AGENTS if name in names]:
        build_agent(name)
        write_manifest([name])
    studies = [name for name in STUDIES if name in names]
    build_arms(studies, cluster)
    for study in studies:
        join_study(study)
        write_manifest([study])


if __name__ == "__main__":
    main(sys.argv[1:], os.environ.get("CLUSTER"))
