"""What ships with the course is what its recipes make, and does what its cards say."""

import importlib.util
import json
import random

import numpy as np
import pytest

from course_utils import evaluation, storage
from course_utils.dqn import DQNConfig, train_dqn
from course_utils.networks import greedy

specification = importlib.util.spec_from_file_location("build", storage.SHIPPED / "build.py")
build = importlib.util.module_from_spec(specification)
specification.loader.exec_module(build)
NAMES = [*build.RUNS, "cartpole_pool"]
MANIFEST = json.loads((storage.SHIPPED / "manifest.json").read_text(encoding="utf-8"))


def test_the_manifest_names_every_file_and_no_other():
    assert sorted(MANIFEST) == sorted(path.name for path in storage.SHIPPED.glob("*.safetensors"))
    assert sorted(MANIFEST) == sorted(f"{name}.safetensors" for name in NAMES)
    assert sum(entry["bytes"] for entry in MANIFEST.values()) < 5e6


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_whole_and_made_by_the_present_recipe(name):
    path = storage.shipped(f"{name}.safetensors")
    assert MANIFEST[path.name]["bytes"] == path.stat().st_size
    assert MANIFEST[path.name]["recipe"] == build.recipe_of(path) == build.recipe_hash(name), "run `make data`"


@pytest.mark.parametrize("name", build.RUNS)
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
