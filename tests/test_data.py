"""What ships with the course is what its recipes make, and does what its cards say."""

import json
import random
import sys

import gymnasium as gym
import numpy as np
import pytest

from course_utils import evaluation, storage
from course_utils.demonstrations import FILES, damage, load_demonstrations
from course_utils.dqn import DQNConfig, train_dqn
from course_utils.networks import greedy

sys.path.insert(0, str(storage.SHIPPED))
import build
import distilled
import taught
import tuned

NAMES = [*build.RUNS, "cartpole_pool", *distilled.AGENTS, *build.STUDIES]
DATASETS = [f"demonstrations/{name}/data/{file}" for name in taught.DEMONSTRATIONS for file in FILES]
MANIFEST = json.loads((storage.SHIPPED / "manifest.json").read_text(encoding="utf-8"))


def test_the_manifest_names_every_file_and_no_other():
    there = [*storage.SHIPPED.glob("*.safetensors"), *storage.SHIPPED.glob("demonstrations/**/data/*")]
    assert sorted(MANIFEST) == sorted(path.relative_to(storage.SHIPPED).as_posix() for path in there)
    assert sorted(MANIFEST) == sorted([f"{name}.safetensors" for name in NAMES] + DATASETS)
    assert sum(entry["bytes"] for entry in MANIFEST.values()) < 20e6


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_whole_and_made_by_the_present_recipe(name):
    path = storage.shipped(f"{name}.safetensors")
    assert MANIFEST[path.name]["bytes"] == path.stat().st_size
    assert MANIFEST[path.name]["recipe"] == build.recipe_of(path) == build.recipe_hash(name), "run `make data`"


@pytest.mark.parametrize("name", [*build.RUNS, *distilled.AGENTS])
def test_a_shipped_agent_does_what_its_card_says(name):
    """One agent, drawn anew each time the test is run, in episodes that it has not been tested on before."""
    network, card = storage.load_agent(storage.shipped(f"{name}.safetensors"))
    seed = random.randrange(card["seeds"])
    act = greedy(network.choose([seed]))
    played = evaluation.play_episodes(act, card["environment"], 1, 30, random.randrange(10**6))[0]
    spread = max(played.std(), 0.02 * abs(card["return"][seed]))
    assert abs(played.mean() - card["return"][seed]) < 5 * spread * (1 / 30 + 1 / card["episodes"]) ** 0.5


@pytest.mark.parametrize("name", build.RUNS)
def test_a_card_is_complete(name):
    _, card = storage.load_agent(storage.shipped(f"{name}.safetensors"))
    assert len(card["return"]) == card["seeds"] == 10 and card["episodes"] == 100
    assert np.allclose(card["interval"], evaluation.interval(card["return"]), atol=0.01)
    assert np.shape(card["curve_returns"]) == (10, len(card["curve_steps"]))
    assert card["cpu_seconds"] > 0 and card["parameters"] > 4000


@pytest.mark.parametrize("name", distilled.AGENTS)
def test_what_was_made_from_others_names_its_parent(name):
    _, card = storage.load_agent(storage.shipped(f"{name}.safetensors"))
    assert f"{card['parent']}.safetensors" in MANIFEST and card["parent"] == distilled.AGENTS[name][1]
    assert len(card["return"]) == card["seeds"] in (3, 30) and card["episodes"] == 100
    assert np.allclose(card["interval"], evaluation.interval(card["return"]), atol=0.01)
    assert card["cpu_seconds"] > 0 and card["environment_steps"] >= 10_000


def test_students_reach_their_teachers():
    """Interquartile mean of ten students of each of three teachers, as a share of their own teacher's return."""
    teachers = np.array(storage.load_agent(storage.shipped("lunar_lander_320k.safetensors"))[1]["return"][:3])
    for width, share in {32: 0.95, 16: 0.95, 8: 0.9}.items():
        card = storage.load_agent(storage.shipped(f"lunar_lander_students_{width}.safetensors"))[1]
        shares = np.reshape(card["return"], (3, 10)) / teachers[:, None]
        assert evaluation.stratified_interval(list(shares)).value >= share, width


def test_a_sample_of_the_pool_runs_again():
    """Ten other seeds of one arm: their mean is that of the hundred, as far as luck allows."""
    pool, facts = storage.load_tensors(storage.shipped("cartpole_pool.safetensors"))
    arm = random.choice(list(facts["arms"]))
    config = DQNConfig(**facts["arms"][arm])
    *_, last = train_dqn(config, "CartPole-v1", 10, random.randrange(100, 10**6), records=1)
    again = evaluation.play_episodes(greedy(last.network), "CartPole-v1", 10, 50).mean(1)
    hundred = pool[f"{arm}.return"].numpy()
    assert abs(again.mean() - hundred.mean()) < 4.5 * hundred.std() / 10**0.5, arm


def test_it_reaches_what_the_course_promises():
    levels = {"cartpole": 485, "mountain_car_n10": -125, "lunar_lander_200k": 200, "lunar_lander_320k": 235}
    for name, level in levels.items():
        card = storage.load_agent(storage.shipped(f"{name}.safetensors"))[1]
        assert card["interval"][0] >= level, name


def test_the_three_teachers_are_good_enough():
    card = storage.load_agent(storage.shipped("lunar_lander_320k.safetensors"))[1]
    assert min(card["return"][:3]) >= 220 and card["config"]["width"] <= 128


@pytest.mark.parametrize("name", taught.DEMONSTRATIONS)
def test_demonstrations_are_sound_and_by_the_present_recipe(name):
    recipe = taught.DEMONSTRATIONS[name]
    episodes = load_demonstrations(name)
    assert len(episodes) == recipe["episodes"] >= 20
    actions = gym.spec(recipe["env_id"]).make().action_space.n
    assert {damage(episode, actions) for episode in episodes} == {""}
    for file in FILES:
        assert MANIFEST[f"demonstrations/{name}/data/{file}"]["recipe"] == build.hash_of(recipe), "run `make data`"


@pytest.mark.parametrize("study", build.STUDIES)
def test_a_study_is_complete(study):
    tensors, facts = storage.load_tensors(storage.shipped(f"{study}.safetensors"))
    assert list(facts["arms"]) == list(build.arms_of(study))
    for arm in facts["arms"]:
        agents = len(tensors[f"{arm}.return"])
        assert agents == 10 or (study in distilled.STUDIES and agents in (3, 9, 12, 30))
        if study == "continual":
            assert tensors[f"{arm}.matrix"].shape == (10, 4, 3)
        if f"{arm}.curve" in tensors:
            assert tensors[f"{arm}.curve"].shape == (agents, len(tensors[f"{arm}.steps"]))


def test_what_was_chosen_was_tried():
    assert all(weight in tuned.WEIGHTS[method] for method, weight in tuned.BEST_WEIGHTS.items())
    rates = [*tuned.POLE_RATES.values(), tuned.BEST_RATES["adaptation"], tuned.BEST_RATES["on the moon"]]
    assert all(rate in tuned.RATES for ways in rates for rate in ways.values())


def test_a_sample_of_the_studies_runs_again(monkeypatch):
    """An arm that is not too long, drawn anew each time, with another base seed: its mean, as far as luck allows."""
    study = random.choice(list(build.STUDIES))
    tensors, facts = storage.load_tensors(storage.shipped(f"{study}.safetensors"))
    arm = random.choice([arm for arm, seconds in facts["cpu_seconds"].items() if seconds < 60])
    for module in (taught, tuned, distilled):
        monkeypatch.setattr(module, "SEED", random.randrange(100, 10**6))
        monkeypatch.setattr(module, "EPISODES", 20)
        monkeypatch.setattr(module, "TEST_SEED", random.randrange(10**6))
    again, shipped = build.run_arm(study, arm)[0]["return"].numpy(), tensors[f"{arm}.return"].numpy()
    spread = ((again.var(ddof=1) + shipped.var(ddof=1)) / len(shipped)) ** 0.5
    spread = max(spread, 0.03 * abs(shipped.mean()), 3)  # 20 episodes instead of 100 scatter, too
    assert abs(again.mean() - shipped.mean()) < 5 * spread, f"{study}: {arm}"
