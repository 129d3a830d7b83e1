"""A page with an agent in a world holds its numbers and the world's rules, and is alone."""

import json
import re

import gymnasium as gym
import numpy as np
import pytest
import torch

from course_utils.distil import page, ship
from course_utils.evaluation import record_episodes
from course_utils.networks import QNetwork, greedy
from course_utils.settings import configuration
from course_utils.worlds import WORLDS, kit
from course_utils.worlds.shop import Shop


@configuration
class Borrowed(Shop):
    """Its rules are in no file of JavaScript. </script> ends nothing."""


@pytest.fixture(autouse=True)
def borrowed(monkeypatch):
    """A world of a notebook: no script lies beside it."""
    monkeypatch.setattr(gym.envs.registration, "registry", dict(gym.registry))
    kit.register(Borrowed, "Borrowed-v0")


def agents_for(world, **more):
    size = len(world.observations), len(world.actions)
    stream = torch.Generator().manual_seed(0)
    return QNetwork(2, *size, 8, layer_norm=False, generator=stream, **more)


def facts_of(path):
    """What the page is told, and the page."""
    text = path.read_text(encoding="utf-8")
    script = r'<script id="facts" type="application/json">(.*?)</script>'
    return json.loads(re.search(script, text)[1]), text


@pytest.mark.parametrize("name", WORLDS)
def test_the_page_holds_weights_rules_and_settings_and_needs_nothing_else(name, tmp_path):
    world = WORLDS[name]
    network, more = agents_for(world), next(iter(world.changed.values()))
    page.write_page(tmp_path / "page.html", network, f"{name}-v0", 1, **more)
    facts, text = facts_of(tmp_path / "page.html")
    assert f"RULES.{name.lower()} =" in text and f"WORLDS.{name.lower()} =" in text
    assert not re.search(r"\{\{|https?://(?!www\.w3\.org)", text)
    assert facts["rules"] == name.lower() and facts["limit"] == world.limit
    assert more.items() <= facts["settings"].items()
    assert facts["observations"] == world.observations and facts["actions"] == world.actions
    for (weight, bias), told in zip(ship.layers_of(network, 1), facts["layers"], strict=True):
        np.testing.assert_array_equal(np.float32(told[0]), weight)
        np.testing.assert_array_equal(np.float32(told[1]), bias)


def test_a_world_of_ones_own_plays_recorded_episodes(tmp_path):
    network, path = agents_for(Borrowed), tmp_path / "page.html"
    [lived] = record_episodes(greedy(network.choose([0])), "Borrowed-v0", 1, 25, 0)
    with pytest.raises(ValueError, match="no rules in JavaScript: give episodes"):
        page.write_page(path, network, "Borrowed-v0")
    assert not path.exists()
    page.write_page(path, network, "Borrowed-v0", episodes=lived)
    facts, text = facts_of(path)
    assert facts["rules"] == "recorded" and len(facts["settings"]["episodes"]) == 20
    first = facts["settings"]["episodes"][0]
    np.testing.assert_allclose(first["observation"], lived[0].observation, atol=1e-5)
    assert np.sum(first["reward"]) == pytest.approx(lived[0].reward.sum(), abs=1e-2)
    assert facts["about"].startswith("Its rules") and "</script> ends" not in text


def test_what_does_not_fit_gets_a_sentence(tmp_path):
    network = agents_for(Shop)
    for env_id, told in {
        "CartPole-v1": "is no world of the kit",
        "Arm-v0": "has 10 observations and 9 actions, this network takes 3 and 11",
        "Ship-v0": "no world 'Ship-v0'",
    }.items():
        with pytest.raises(ValueError, match=told):
            page.write_page(tmp_path / "page.html", network, env_id)
    assert list(tmp_path.iterdir()) == []
