"""What ships with the course is what its recipes make."""

import json
import shutil

import build
import distilled
import gymnasium as gym
import numpy as np
import pytest
import taught
import torch
import tuned

from course_utils import evaluation, storage
from course_utils.learner import DQNConfig
from course_utils.teach.demonstrations import FILES, damage, load_demonstrations
from course_utils.train import train_dqn

NAMES = [*build.RUNS, "cartpole_pool", *distilled.AGENTS, *build.STUDIES]
DATASETS = [
    f"demonstrations/{name}/data/{file}" for name in taught.DEMONSTRATIONS for file in FILES
]
MANIFEST = json.loads((storage.SHIPPED / "manifest.json").read_text(encoding="utf-8"))


def test_the_manifest_names_every_file_and_no_other():
    folder = storage.SHIPPED
    there = [*folder.glob("*.safetensors"), *folder.glob("demonstrations/**/data/*")]
    assert sorted(MANIFEST) == sorted(path.relative_to(folder).as_posix() for path in there)
    assert sorted(MANIFEST) == sorted([f"{name}.safetensors" for name in NAMES] + DATASETS)
    assert sum(entry["bytes"] for entry in MANIFEST.values()) < 20e6


def test_what_is_built_does_not_bless_what_somebody_has_damaged(tmp_path, monkeypatch):
    for name in ("acrobot", "cartpole"):
        shutil.copy(storage.SHIPPED / f"{name}.safetensors", tmp_path)
    shutil.copy(storage.SHIPPED / "manifest.json", tmp_path)
    monkeypatch.setattr(build, "FOLDER", tmp_path)
    before = (tmp_path / "manifest.json").read_bytes()
    build.write_manifest(["acrobot"])
    assert (tmp_path / "manifest.json").read_bytes() == before
    network, card = storage.load_agent(tmp_path / "acrobot.safetensors")
    storage.save_agent(tmp_path / "acrobot.safetensors", network, card | {"made": "anew"})
    (tmp_path / "cartpole.safetensors").write_bytes(b"damaged")
    build.write_manifest(["acrobot"])
    assert storage.shipped("acrobot.safetensors", tmp_path).exists()
    with pytest.raises(ValueError, match="data/cartpole.safetensors is damaged"):
        storage.shipped("cartpole.safetensors", tmp_path)
    (tmp_path / "manifest.json").unlink()
    build.write_manifest(["acrobot"])
    assert list(json.loads((tmp_path / "manifest.json").read_bytes())) == ["acrobot.safetensors"]


def test_a_name_without_a_recipe_is_told():
    with pytest.raises(ValueError, match="no recipe cartpol: choose from cartpole,|mountain"):
        build.main(["cartpol"])


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_whole_and_made_by_the_present_recipe(name):
    path = storage.shipped(f"{name}.safetensors")
    assert MANIFEST[path.name]["bytes"] == path.stat().st_size
    recipe = MANIFEST[path.name]["recipe"]
    assert recipe == build.recipe_of(path) == build.recipe_hash(name), "run `make data`"


@pytest.mark.parametrize("name", taught.DEMONSTRATIONS)
def test_demonstrations_are_sound_and_by_the_present_recipe(name):
    recipe = taught.DEMONSTRATIONS[name]
    episodes = load_demonstrations(name)
    assert len(episodes) == recipe["episodes"] >= 20
    actions = gym.spec(recipe["env_id"]).make().action_space.n
    assert {damage(episode, actions) for episode in episodes} == {""}
    for file in FILES:
        made = MANIFEST[f"demonstrations/{name}/data/{file}"]["recipe"]
        assert made == build.hash_of(recipe), "run `make data`"


@pytest.mark.parametrize("study", build.STUDIES)
def test_a_study_is_complete(study):
    tensors, facts = storage.load_tensors(storage.shipped(f"{study}.safetensors"))
    assert list(facts["arms"]) == list(build.arms_of(study))
    for arm in facts["arms"]:
        agents = len(tensors[f"{arm}.return"])
        assert agents == facts["arms"][arm]["settings"].get("seeds", 10) or (
            study in distilled.STUDIES and agents in (3, 9, 10, 12, 15, 30)
        )
        if study in ("continual", "orders"):
            assert tensors[f"{arm}.matrix"].shape == (10, 4, 3)
        if f"{arm}.curve" in tensors:
            assert tensors[f"{arm}.curve"].shape == (agents, len(tensors[f"{arm}.steps"]))


def test_what_was_chosen_was_tried():
    chosen = tuned.BEST_WEIGHTS.items()
    assert all(weight in tuned.WEIGHTS[method] for method, weight in chosen)
    rates = [*tuned.POLE_RATES.values()]
    rates += [tuned.BEST_RATES["adaptation"], tuned.BEST_RATES["on the moon"]]
    assert all(rate in tuned.RATES for ways in rates for rate in ways.values())


# ---- made again ----

QUICK = {
    "ingredients": "without LayerNorm, every 100",
    "rewards": "pole: SQIL, 4 episodes",
    "transfer": "CartPole-Reversed-v0: head, η = 0.0003",
    "adaptation": "CartPole-HighGravity-v0: head, η = 0.003",
    "continual": "one head: none",
    "orders": "nothing: 2, 1, 0",
    "several_teachers": "pole: λ = 0.1, until 0.25",
}
SLOW = [
    ("reach", "n = 1, every 50"),
    ("imitation", "DAgger, 2000 labels"),
    ("demonstrations", "car: complete"),
    ("adaptation", "CartPole-HighGravity-v0: LoRA 2, η = 0.01"),
    ("continual", "EWC, λ = 100"),
    ("distillation", "KL, 8-8, τ = 0.1"),
    ("several_teachers", "three worlds, 16-16"),
    ("robustness", "lunar_lander_320k: wind"),
    ("pixels", "one frame"),
]


def as_far_as_luck_allows(again: np.ndarray, shipped: np.ndarray) -> bool:
    """Whether two sets of runs may come from one recipe; the machine may round otherwise."""
    spread = ((again.var(ddof=1) + shipped.var(ddof=1)) / len(shipped)) ** 0.5
    spread = max(spread, 0.03 * abs(shipped.mean()), 3)
    return abs(again.mean() - shipped.mean()) < 5 * spread


def check_again(study, arm):
    """The numbers of the file to the last digit; on a machine that rounds otherwise, as luck."""
    shipped, _ = storage.load_tensors(storage.shipped(f"{study}.safetensors"))
    for name, again in build.run_arm(study, arm)[0].items():
        there = shipped[f"{arm}.{name}"]
        if name != "learning_seconds" and not torch.equal(again, there):
            returns = shipped[f"{arm}.return"].numpy()
            assert name != "return" or as_far_as_luck_allows(again.numpy(), returns), arm


@pytest.mark.slow
@pytest.mark.parametrize("study", QUICK)
def test_an_arm_of_a_study_runs_again(study):
    check_again(study, QUICK[study])


@pytest.mark.seeds
@pytest.mark.parametrize(("study", "arm"), SLOW)
def test_a_slow_arm_of_a_study_runs_again(study, arm):
    check_again(study, arm)


@pytest.mark.slow
@pytest.mark.parametrize("arm", ["complete", "prioritised"])
def test_a_sample_of_the_pool_runs_again(arm):
    """Ten other seeds of an arm: their mean is that of the hundred, as far as luck allows."""
    pool, facts = storage.load_tensors(storage.shipped("cartpole_pool.safetensors"))
    config = DQNConfig(**facts["arms"][arm])
    *_, last = train_dqn(config, "CartPole-v1", 10, 500, records=1)
    again = evaluation.mean_returns(last.network, "CartPole-v1", 50)
    hundred = pool[f"{arm}.return"].numpy()
    assert abs(again.mean() - hundred.mean()) < 4.5 * hundred.std() / 10**0.5, arm


@pytest.mark.slow
def test_a_cluster_makes_the_same_numbers():
    """Two workers on this machine, reached as `make data CLUSTER=tcp://…` reaches them."""
    distributed = pytest.importorskip("distributed")
    arms = ["CartPole-Reversed-v0: zero-shot", "CartPole-HighGravity-v0: zero-shot"]
    calls = [(build.run_arm, "transfer", arm) for arm in arms]
    wanted = {call: call[0](*call[1:])[0] for call in calls}
    quiet = {"dashboard_address": None, "threads_per_worker": 1}
    with distributed.LocalCluster(n_workers=2, **quiet) as cluster:
        found = {c: made for c, (made, _) in build.side_by_side(calls, cluster.scheduler_address)}
    assert found.keys() == wanted.keys()
    for call, tensors in wanted.items():
        assert all(torch.equal(found[call][name], tensor) for name, tensor in tensors.items())
